"""The section of minima: what `searchparty landscape --minima` measured and kept beside the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..planes.paths import MINIMA_NAME
from ..results.records.minima_record import MinimaRecordError, read_minima_record
from ..results.records.plane_record import PLANES_FOLDER

if TYPE_CHECKING:
    from ..planes.minima_page import MinimaFigure


@dataclass(frozen=True)
class MinimaSection:
    """What lies between minima, as the report shows it.

    Attributes:
        title: The landscape.
        verdicts: What the runs say, in sentences.
        sentences: What was found.
        noticed: What was noticed of agents, and what the curvature there shows.
        cautions: What it cannot say.
        figures: The pictures.
        tables: The tables, each with its title.
    """

    title: str
    verdicts: Sequence[str]
    sentences: Sequence[str]
    noticed: Sequence[str]
    cautions: Sequence[str]
    figures: Sequence[MinimaFigure]
    tables: Sequence[tuple[str, list[dict[str, str]]]]


def list_minima(directories: Sequence[Path]) -> list[MinimaSection]:
    """Return what lies beside results, one section for each directory; what is no record of minima is left out."""
    found: list[MinimaSection] = []
    for directory in directories:
        path = directory / PLANES_FOLDER / f"{MINIMA_NAME}.json"
        try:
            record = read_minima_record(path)
        except MinimaRecordError:
            # Most results have none; one that comes from elsewhere may be of another kind.
            continue
        # Drawing is imported only where there is something to draw: it takes a second.
        from ..planes.minima_page import list_minima_cautions, list_minima_figures, list_minima_tables, list_noticed

        found.append(
            MinimaSection(
                record.landscape, record.verdicts, record.sentences, list_noticed(record),
                list_minima_cautions(record),
                list_minima_figures(record, f"minima-{len(found)}"), list_minima_tables(record),
            )
        )  # fmt: skip
    return found
