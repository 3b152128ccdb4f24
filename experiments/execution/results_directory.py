"""The directory that holds the results of an experiment."""

from __future__ import annotations

import re
from pathlib import Path

from ...orchestrator.log.journal_mode import sync_path


class ResultsError(ValueError):
    """A results directory cannot be used; the message says why and what to do."""


def experiment_file(directory: Path) -> Path:
    """The YAML in a results directory. Raises ResultsError where there is none."""
    path = directory / "experiment.yaml"
    if not path.exists():
        raise ResultsError(
            f"results must be a directory that `searchparty run` made, got {directory}, which has no "
            "experiment.yaml. Give the path that the run printed."
        )
    return path


def create_results_directory(out: str | Path | None, name: str) -> Path:
    """``out``, which must be empty or not exist; by default results/<name>-<n> with the first n that is free."""
    if out is not None:
        directory = Path(out)
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise ResultsError(
                f"--out must be an empty or a new directory, got {directory}, which is not empty. Name another, "
                f"or go on with what is there: searchparty resume {directory}"
            )
        _make_directory(directory, exist_ok=True)
        return directory
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "experiment"
    number = 1
    while True:
        directory = Path("results") / f"{stem}-{number}"
        try:
            _make_directory(directory)
        except FileExistsError:
            number += 1
        else:
            return directory


def _make_directory(directory: Path, exist_ok: bool = False) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=exist_ok)
    except FileExistsError:
        raise
    except OSError as error:
        raise ResultsError(
            f"results must go where a directory can be made, got {directory} ({error.strerror}). "
            "Name another place: --out PATH."
        ) from None


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that it is there whole, whenever the machine stops, or not at all."""
    part = path.with_suffix(".part")
    try:
        part.write_text(text, encoding="utf-8")
        sync_path(part)
        part.replace(path)
        sync_path(path.parent)
    except OSError as error:
        raise ResultsError(
            f"{path} must be written, and cannot be ({error.strerror}). Free some space, or name "
            "another place: --out PATH."
        ) from None
