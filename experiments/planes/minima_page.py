"""The page of what lies between minima, and its tables, which reports show, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from jinja2 import Environment

from ..drawing.minima import MINIMA_FIGURES, draw_minima_svg, measure_least_width
from ..execution.results_directory import write_atomically
from ..results.records.minima_record import BestPointRecord, MinimaRecord, PointCurvature, TrackRecord

Rows = list[dict[str, str]]
MOST_HALF = 610
"""The most pixels of a picture beside which there is room for another."""


def list_minima_cautions(record: MinimaRecord) -> list[str]:
    """Return what the numbers cannot say, in sentences: of networks, or of plain functions."""
    network = record.is_network
    alike = ": of networks that are trained alike, most minima are joined by some path without one" if network else ""
    newton = "" if network else " and Newton's step from there is shorter than 1 % of the way to them"
    rows = " over all training rows" if network else ""
    held_out = ", and flatness says little of held-out data by itself" if network else ""
    return [
        f"A barrier on a straight line says nothing of other paths{alike}. No barrier says that two points are of one "
        "basin only within what was evaluated: 51 points of a line, between which a narrow peak is not seen.",
        f"A point is called a minimum or a saddle if its gradient is below 1 % of those at five starts{newton}. Where "
        "these are very steep, what is left may still be a slope: look at its length in the table.",
        f"Eigenvalues are of the loss{rows} at one point. They say how the loss bends there, not how wide the basin is"
        f"{held_out}.",
        "Runs of the same repeat draw from the same random streams, so that agents of one kind set out from the same "
        "place: no barrier between two of them may come from that.",
        "What differs between strategies differs in all their settings at once, over the few runs that there are. Rank "
        "tests and intervals take runs as independent; those of one repeat, and of one strategy, are not quite.",
    ]


def write_minima_page(record: MinimaRecord, path: Path) -> Path:
    """Write the page and return its path."""
    text = files(__package__).joinpath("templates", "minima.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text).render(
        record=record, figures=list_minima_figures(record, path.stem), tables=list_minima_tables(record),
        cautions=list_minima_cautions(record), noticed=list_noticed(record),
    )  # fmt: skip
    write_atomically(path, page)
    return path


@dataclass(frozen=True)
class MinimaFigure:
    """A picture of a page.

    Attributes:
        label: What it shows.
        svg: The picture.
        width: How many pixels wide it must be for its texts to be read.
    """

    label: str
    svg: str
    width: int

    @property
    def is_wide(self) -> bool:
        """Whether it needs the whole width of a page."""
        return self.width > MOST_HALF


def list_minima_figures(record: MinimaRecord, name: str) -> list[MinimaFigure]:
    """Return the pictures, without those that have no data; ``name`` tells the pictures of a page apart."""
    drawn = [
        MinimaFigure(label, draw_minima_svg(record, name, what), measure_least_width(record, what))
        for what, label in MINIMA_FIGURES.items()
    ]
    return [figure for figure in drawn if figure.svg]


def list_minima_tables(record: MinimaRecord) -> list[tuple[str, Rows]]:
    """Return the tables, each with its title."""
    tables = [
        ("Best points", [_describe_best_point(record, point) for point in record.points]),
        ("Who ended in whose basin", _list_basins(record.points)),
        ("Curvature over the run", [row for track in record.tracks for row in _list_places(track)]),
    ]
    return [(title, rows) for title, rows in tables if rows]


def list_noticed(record: MinimaRecord) -> list[str]:
    """Return what was noticed of agents beside what the curvature there shows, in sentences."""
    return [f"{track.name}: {each}" for track in record.tracks for each in track.noticed]


def _describe_best_point(record: MinimaRecord, point: BestPointRecord) -> dict[str, str]:
    row = {"agent": point.name, "loss": _format(point.loss)}
    row |= {name: _format(point.measures.get(name, np.nan)) for name in record.points[0].measures}
    row["basin"] = str(point.basin + 1)
    if record.curvature:
        return row
    found = point.curvature or PointCurvature("-", np.nan, [], np.nan, np.nan, np.nan)
    row["point"] = found.kind
    row["way down"] = _format(found.fall) if found.kind == "saddle" else "-"
    if record.is_network:
        row["filter sharpness"] = _format(found.filter_sharpness)
    row["largest eigenvalues"] = ", ".join(f"{each:.3g}" for each in found.largest) or "-"
    row["least"] = _format(found.least)
    row["trace (95 %)"] = _format_estimate(found.trace)
    row["share below zero (95 %)"] = _format_estimate(found.negative)
    return row


def _list_basins(points: Sequence[BestPointRecord]) -> Rows:
    rows = []
    for number in sorted({point.basin for point in points}):
        inside = sorted((point for point in points if point.basin == number), key=lambda point: point.loss)
        losses = [point.loss for point in inside]
        span = _format(losses[0]) if len(losses) == 1 else f"{_format(losses[0])} to {_format(losses[-1])}"
        names = ", ".join(point.name for point in inside)
        rows.append({"basin": str(number + 1), "losses": span, "points": str(len(inside)), "who ended in it": names})
    return rows


def _list_places(track: TrackRecord) -> Rows:
    rows = []
    for place, word in enumerate(track.words):
        product = track.rates[place] * track.largest[place]
        rows.append(
            {
                "agent": track.name,
                "evaluations": f"{track.evaluations[place]:,}",
                "loss": _format(track.losses[place]),
                "length of gradient": _format(track.gradients[place]),
                "largest, at least": _format(track.largest[place]),
                "least, at most": _format(track.least[place]),
                "rate x largest": _format(product),
                "its limit": _format(track.limit),
                "point": word,
            }
        )
    return rows


def _format(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "-"


def _format_estimate(ends: Sequence[float]) -> str:
    if not ends:
        return "-"
    value, low, high = ends
    return f"{value:.3g}" if low == high else f"{value:.3g} ({low:.3g} to {high:.3g})"
