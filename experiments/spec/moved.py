"""Finds the directory of an experiment's files after the project, with its results, has been moved."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...orchestrator.log.log import LogError
from ...orchestrator.log.reader import LogReader

MOST_NAMED_PARTS = 3
"""How many of the last parts of the recorded directory are looked for below the new one."""


def find_base(data: Mapping[str, Any], directory: Path) -> str | None:
    """Return the directory in which relative paths of an experiment start, as far as its YAML says so.

    A YAML in a results directory names it by its path when the experiment was run. If the results have moved since,
    the experiment's files may have moved with them. Then they are where they were, seen from the results.

    Args:
        data: The plain data of the YAML.
        directory: The directory of the YAML.

    Returns:
        The directory; None if the YAML does not name one.
    """
    base = data.get("base")
    if not isinstance(base, str) or not os.path.isabs(base):
        return base if isinstance(base, str) else None
    directory = directory.absolute()
    names = set(_list_file_names(data))
    wrote = _recorded_directory(directory)
    if wrote is not None and wrote != str(directory):
        moved = Path(os.path.normpath(directory / os.path.relpath(base, wrote)))
        if _has_files(moved, names):
            return str(moved)
    if not _has_files(Path(base), names):
        # Version 0.1 did not record where the results were.
        for moved in _list_candidates(Path(base), directory):
            if _has_files(moved, names):
                return str(moved)
    return base


def _recorded_directory(directory: Path) -> str | None:
    """Return where the results were when the log was begun; None if that is not known."""
    if not (directory / "log.sqlite").is_file():
        return None
    try:
        with LogReader(directory) as reader:
            sessions = reader.sessions
            found = (sessions[0].environment if sessions else reader.meta["environment"]).get("directory")
    except (LogError, KeyError, OSError):
        return None
    return found if isinstance(found, str) else None


def _list_candidates(base: Path, directory: Path) -> Iterator[Path]:
    """Yield the folders around a results directory that may be ``base`` under another path, the nearest first."""
    parts = base.parts[1:]
    for folder in directory.parents:
        yield folder
        for count in range(1, min(MOST_NAMED_PARTS, len(parts)) + 1):
            yield folder.joinpath(*parts[-count:])


def _list_file_names(data: Any) -> Iterator[str]:
    """Yield every text in plain data that may name a file by a relative path."""
    if isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _list_file_names(value)
    elif isinstance(data, str) and 0 < len(data) < 1000 and "\0" not in data:
        name = data.rpartition(":")[0] if ".py:" in data else data
        if not os.path.isabs(name) and not name.startswith("~"):
            yield name


def _has_files(folder: Path, names: set[str]) -> bool:
    """Return whether a folder has all Python files among these names and, if there are none, any of the names."""
    files = [name for name in names if name.endswith(".py")]
    try:
        return all((folder / name).is_file() for name in files) if files else any((folder / n).exists() for n in names)
    except OSError:
        return False
