"""Creates the directory that holds the results of an experiment, and writes files in it."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from pathlib import Path

from ...landscapes.landscape import Refusal
from ...orchestrator.command_line import format_command
from ...orchestrator.log.damage import salvage_log
from ...orchestrator.log.journal_mode import sync_path
from ...orchestrator.log.regular_files import read_regular_file

MOST_KEPT_BYTES = 10_000_000
"""Of an experiment's YAML, the most that is copied."""
SIGNATURE_NAME = "signature.json"
BEFORE_EXPERIMENT = {SIGNATURE_NAME, "signature.part", "experiment.part"}
"""What is written before experiment.yaml. Where there is nothing else, a run was killed before it began."""
MOST_STEM_BYTES = 200
"""A name of a file may have 255 bytes; the rest is for numbers and endings."""


class ResultsError(Refusal):
    """A results directory cannot be used. The message says why, and what to do."""


def experiment_file(directory: Path) -> Path:
    """Return the path of the YAML in a results directory.

    Raises:
        ResultsError: If there is none.
    """
    path = directory / "experiment.yaml"
    if not path.exists():
        raise ResultsError(
            f"results must be a directory that `searchparty run` made, got {directory}, which has no "
            "experiment.yaml. Give the path that the run printed."
        )
    return path


def salvage_results(directory: Path, out: Path) -> list[str]:
    """Write what is intact of a results directory with a damaged log into a new directory.

    Args:
        directory: The results directory. It is not changed.
        out: The new directory.

    Returns:
        What was saved, one line each.

    Raises:
        LogError: If nothing in the log is intact.
        ResultsError: If ``out`` exists and is not empty, or cannot be created.
    """
    create_results_directory(out, out.name)
    counts = salvage_log(directory / "log.sqlite", out / "log.sqlite")
    said = [f"Salvaged into {out}: {', '.join(f'{count} {table}' for table, count in counts.items())}."]
    try:
        text = read_regular_file(directory / "experiment.yaml", MOST_KEPT_BYTES)
    except OSError as error:
        said.append(f"experiment.yaml cannot be read ({error.strerror}): put the experiment's YAML there, then")
    else:
        write_atomically(out / "experiment.yaml", text.decode(errors="replace"))
    # It is checked before any code runs, against what is in the new directory.
    with contextlib.suppress(OSError):
        signature = read_regular_file(directory / SIGNATURE_NAME, MOST_KEPT_BYTES)
        write_atomically(out / SIGNATURE_NAME, signature.decode(errors="replace"))
    return [*said, f"Continue with: {format_command('resume', out)}"]


def create_results_directory(out: str | Path | None, name: str) -> Path:
    """Create the directory for the results of an experiment.

    Args:
        out: The directory, which must be empty or not exist, or have only what a run has left that was killed before it
            began. None chooses results/<name>-<n> with the first free n.
        name: The experiment's name.

    Returns:
        The path of the directory.

    Raises:
        ResultsError: If the directory is not empty, or cannot be created.
    """
    if out is not None:
        directory = Path(out)
        if directory.exists() and (
            not directory.is_dir() or any(path.name not in BEFORE_EXPERIMENT for path in directory.iterdir())
        ):
            raise ResultsError(
                f"--out must be an empty or a new directory, got {directory}, which is not empty. Name another, "
                f"or resume what is there: {format_command('resume', directory)}"
            )
        _make_directory(directory, exist_ok=True)
        for name in BEFORE_EXPERIMENT:
            (directory / name).unlink(missing_ok=True)
        return directory
    stem = directory_stem(name)
    number = 1
    while True:
        directory = Path("results") / f"{stem}-{number}"
        try:
            _make_directory(directory)
        except FileExistsError:
            number += 1
        else:
            return directory


def directory_stem(name: str) -> str:
    """Return the name of an experiment as a directory may have it: letters, marks and digits of any script, and ._-

    It has at most ``MOST_STEM_BYTES`` bytes. It is "experiment" if nothing is left, or if the file system's encoding
    has no such letters.

    Example:
        >>> directory_stem("Поиск 2: на/сфере"), directory_stem("探索"), directory_stem("🎯")
        ('Поиск-2-на-сфере', '探索', 'experiment')
    """
    kept = (c if unicodedata.category(c)[0] in "LMN" or c in "._-" else " " for c in unicodedata.normalize("NFC", name))
    stem = "-".join("".join(kept).split())
    try:
        short = os.fsencode(stem)[:MOST_STEM_BYTES].decode(sys.getfilesystemencoding(), "ignore")
    except UnicodeEncodeError:
        short = ""
    return short.strip("-.") or "experiment"


def _make_directory(directory: Path, exist_ok: bool = False) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=exist_ok)
    except FileExistsError:
        raise
    except OSError as error:
        raise ResultsError(
            f"results must be where a directory can be created, got {directory} ({error.strerror}). "
            "Name another directory: --out PATH."
        ) from None


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that it exists completely or not at all, whenever the machine stops.

    Raises:
        ResultsError: If the file cannot be written.
    """
    part = path.with_suffix(".part")
    try:
        part.write_text(text, encoding="utf-8")
        sync_path(part)
        part.replace(path)
        sync_path(path.parent)
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written ({error.strerror}). Free some space, or name another directory: --out PATH."
        ) from None
