"""Writes and reads files of JSON. They may come from anywhere: they are data, and are checked before they are used."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record")


def format_record(data: Mapping[str, Any]) -> str:
    """Return data as JSON, in which null is a number that there is not (NaN or infinite)."""
    return json.dumps(_hide_unknown(data), allow_nan=False) + "\n"


def _hide_unknown(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, Mapping):
        return {key: _hide_unknown(value) for key, value in data.items()}
    return [_hide_unknown(each) for each in data] if isinstance(data, list | tuple) else data


def read_record(
    path: Path, most_bytes: int, what: str, parse: Callable[[Any], Record], error: type[ValueError]
) -> Record:
    """Read and parse a file. Nothing in it can be run.

    Args:
        path: The file.
        most_bytes: A larger one is not read.
        what: What it should be, for the message.
        parse: Makes the record of the data, or raises what such functions raise where data do not fit.
        error: What is raised if it is no such file.
    """
    try:
        if not path.is_file() or path.stat().st_size > most_bytes:
            raise error(f"it is no file of at most {most_bytes:,} bytes")
        return parse(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as found:
        raise error(f"{path} is no record of {what} ({found})") from None
