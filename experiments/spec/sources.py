"""Finds and reads the text of an experiment: a file, or a bundled name."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from ...orchestrator.log.regular_files import read_regular_file
from .errors import SpecError, format_problem, suggest

MOST_YAML_BYTES = 1_000_000
SOURCE_RULE = "be a YAML file or a bundled name"


def bundled_files() -> dict[str, Path]:
    """Return the file of each bundled experiment, by name."""
    folder = Path(str(resources.files((__package__ or "").rpartition(".")[0]).joinpath("library")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_experiment_file(source: str | Path) -> Path:
    """Find the file of an experiment: an existing path, or else a bundled name.

    Raises:
        SpecError: If it is neither. The message suggests a file or a name that is near.
    """
    path, name = Path(source), str(source).removesuffix(".yaml")
    try:
        if path.is_file():
            return path
        directory = path.is_dir()
        if path.exists() and not directory:
            # What it is instead of a regular file is said when it is read.
            return path
        siblings = sorted(p.name for p in (path if directory else path.parent).glob("*.y*ml"))
    except (OSError, ValueError):
        # A name that no file system accepts cannot exist.
        directory, siblings = False, []
    if name in bundled_files():
        return bundled_files()[name]
    if directory:
        cure = f"Name a file in it: {', '.join(siblings[:5])}." if siblings else "Name a YAML file."
        raise SpecError([format_problem("experiment", SOURCE_RULE, f"a directory, {path}", "", cure)])
    close = get_close_matches(path.name, siblings, n=1)
    cure = f"Did you mean {str(path.parent / close[0])!r}?" if close else suggest(name, bundled_files())
    raise SpecError([format_problem("experiment", SOURCE_RULE, f"{str(source)!r}, which does not exist", "", cure)])


def read_text_file(path: Path) -> str:
    """Read the text of a file.

    Raises:
        SpecError: If the file cannot be read, is no regular file, has more than ``MOST_YAML_BYTES``
            bytes, or is not UTF-8.
    """
    try:
        raw = read_regular_file(path, MOST_YAML_BYTES)
    except OSError as error:
        got = f"{path} ({error.strerror})"
        raise SpecError(
            [
                format_problem(
                    "experiment", "be a readable file", got, "", "Check its permissions, and that it is a regular file."
                )
            ]
        ) from None
    if len(raw) > MOST_YAML_BYTES:
        rule, got = f"be at most {MOST_YAML_BYTES:,} bytes", f"{path.stat().st_size:,}"
        raise SpecError([format_problem("experiment", rule, got, f" ({path})", "Split it into several.")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f" ({path}:{raw[: error.start].count(bytes([10])) + 1})"
        got = f"byte 0x{raw[error.start]:02x}"
        raise SpecError([format_problem("experiment", "be UTF-8 text", got, place, "Save it as UTF-8.")]) from None
