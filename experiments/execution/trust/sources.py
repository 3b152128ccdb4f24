"""Finds and digests the files of code that an experiment's YAML names, without running any of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Any

from ....landscapes.neighbours import CODE_SUFFIXES, with_local_imports
from ....landscapes.user_code import is_python_file, resolve_path
from ..staging import find_uninstalled_files

DATA_KEYS = {"name", "description", "base", "file", "files"}
"""Keys whose values name no code."""
LONGEST_NAME = 4096


def digest_sources(data: Any, base: str | None) -> dict[str, str]:
    """Digest the files that plain data name as code, and the modules that these import from beside them.

    Names are those that the data use, so that they do not change when files move together with the results.

    Args:
        data: The plain data of an experiment's YAML.
        base: The directory in which relative paths start.

    Returns:
        The SHA-256 of each file, by name.
    """
    found: dict[str, str] = {}
    for text in dict.fromkeys(_list_texts(data)):
        place, _, name = text.rpartition(":")
        if place and name.isidentifier() and not is_python_file(place):
            found |= _digest_module(place)
            continue
        named = place if is_python_file(place) else text
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            path = resolve_path(named, base).absolute()
            if path.is_file():
                for each in _list_code(path):
                    beside = f"{os.path.relpath(each, path.parent)}, beside {named}"
                    found[named if each == path else beside] = _digest_file(each)
    return found


def _list_texts(data: Any) -> Iterator[str]:
    """Yield every text in plain data that may name code."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in DATA_KEYS or isinstance(value, dict):
                yield from _list_texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _list_texts(value)
    elif isinstance(data, str) and 0 < len(data) <= LONGEST_NAME and "\0" not in data:
        yield data


def _digest_module(place: str) -> dict[str, str]:
    """Digest the files of a module that is on Python's path, but not installed. Finding it does not import it."""
    top = place.partition(".")[0]
    try:
        files = list(find_uninstalled_files(top))
    except Exception:
        # Such a module cannot be imported either.
        return {}
    return {f"{os.path.relpath(path, home)} of {place}": _digest_file(path) for home, path in files}


def _list_code(path: Path) -> Iterator[Path]:
    """Yield a file, and the modules among what it imports from beside it; data beside them are none."""
    yield from (each for each in with_local_imports(path) if each == path or each.suffix in CODE_SUFFIXES)


def _digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
