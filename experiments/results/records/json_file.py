"""Reads files of JSON that may have come from anywhere: they are data, and are checked before they are used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record")


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
