"""The section of planes: what `searchparty landscape` evaluated and kept beside the results, drawn from its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..planes.paths import MINIMA_NAME
from ..planes.words import list_cautions, list_rows
from ..results.records.minima_record import MinimaRecordError, read_minima_record
from ..results.records.plane_record import PLANES_FOLDER, PlaneRecord, PlaneRecordError, read_plane_record

MOST_PLANES = 4
"""The most planes that a report shows: each takes up to half a megabyte."""


@dataclass(frozen=True)
class PlaneSection:
    """A plane as the report shows it.

    Attributes:
        title: The landscape, and what the plane is.
        sentences: What must be said of it.
        cautions: What it cannot say.
        rows: The best points beside it, as a table.
        map: The picture of the losses on it, as SVG.
        lines: The picture of true losses and distances, as SVG.
    """

    title: str
    sentences: Sequence[str]
    cautions: Sequence[str]
    rows: list[dict[str, str]]
    map: str
    lines: str


def list_planes(directories: Sequence[Path]) -> tuple[list[PlaneSection], list[str]]:
    """Return the first planes that lie beside results, by name, and the names of those that are left out.

    What is no record of a plane is neither.
    """
    found: list[PlaneSection] = []
    left = []
    for path, record in _read_planes(directories):
        if len(found) == MOST_PLANES:
            left.append(path.stem)
            continue
        # Drawing is imported only where there is something to draw: it takes a second.
        from ..drawing.plane import draw_svg

        name = f"{path.stem}-{len(found)}"
        found.append(
            PlaneSection(
                f"{record.landscape}: {record.text}", record.sentences, list_cautions(record), list_rows(record),
                draw_svg(record, name, "map"), draw_svg(record, name, "lines"),
            )
        )  # fmt: skip
    return found, left


def _read_planes(directories: Sequence[Path]) -> Iterator[tuple[Path, PlaneRecord]]:
    for path in (path for directory in directories for path in sorted((directory / PLANES_FOLDER).glob("*.json"))):
        # A record may come from elsewhere, or be of another kind.
        with suppress(PlaneRecordError):
            yield path, read_plane_record(path)


def list_unread(directories: Sequence[Path]) -> list[str]:
    """Return a sentence for each file in the folder of planes that is no record, as one that was cut off."""
    said = []
    for path in (path for directory in directories for path in sorted((directory / PLANES_FOLDER).glob("*.json"))):
        try:
            _ = read_minima_record(path) if path.stem == MINIMA_NAME else read_plane_record(path)
        except (PlaneRecordError, MinimaRecordError):
            said.append(f"{PLANES_FOLDER}/{path.name} cannot be read, and is left out. Write it again by `landscape`.")
    return said
