"""What is kept of a plane that was evaluated: all that its pictures and pages show, as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ....landscapes.landscape import Array
from .json_file import format_record, read_record

FORMAT = 1
PLANES_FOLDER = "planes"
"""Where planes lie beside results."""
MOST_BYTES = 50_000_000
"""A larger file is no record of a plane."""
MOST_RESOLUTION = 1000
MOST_RECORDED_EVALUATIONS = 10**15
MOST_RECORDED_PATHS, MOST_RECORDED_POINTS = 64, 10_000


WEIGHT_UNIT = "units of a weight"
"""The unit of landscapes whose axes are weights."""
DIMENSIONS = "dimensions"
"""The fact that tells how many axes the landscape has."""


class PlaneRecordError(ValueError):
    """A file is no record of a plane. The message says why."""


@dataclass(frozen=True)
class ProjectedPath:
    """The path of an agent beside a plane; lists have one entry for each of its points.

    Attributes:
        run: The id of the run.
        name: Strategy, repeat and agent in short.
        evaluations: What the run had spent.
        u: Coordinate along the first direction, of the nearest point of the plane.
        v: Coordinate along the second direction.
        distance: Distance from the plane.
        loss: The true loss at the point; NaN if it has none.
        shadow: The loss at the nearest point of the plane; NaN if it has none.
        best: The place of the agent's best point; -1 if it is not among them.
        guides: Whether the plane was laid through it.
        measures: What the landscape measures at the best point, by name.
    """

    run: str
    name: str
    evaluations: list[int]
    u: list[float]
    v: list[float]
    distance: list[float]
    loss: list[float]
    shadow: list[float]
    best: int
    guides: bool
    measures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PlaneRecord:
    """A plane that was evaluated.

    Attributes:
        choice: How it was laid: pca, best, hessian, random or through.
        text: What it is.
        landscape: The label of the landscape.
        unit: What coordinates and distances are counted in.
        names: What its two directions are.
        bounds: The least and greatest u, and the least and greatest v.
        losses: The losses on a grid over it, shape (n, n), one row for each v; NaN in holes.
        paths: The paths of agents, those through which it was laid first.
        sentences: What must be said of it.
        facts: The same as numbers, by name.
    """

    choice: str
    text: str
    landscape: str
    unit: str
    names: tuple[str, str]
    bounds: tuple[float, float, float, float]
    losses: Array
    paths: tuple[ProjectedPath, ...]
    sentences: tuple[str, ...]
    facts: dict[str, float]

    @property
    def is_network(self) -> bool:
        """Whether the axes of the landscape are weights."""
        return self.unit == WEIGHT_UNIT

    @property
    def holes(self) -> int:
        """At how many points of the grid there is no loss."""
        return int(np.isnan(self.losses).sum())

    def to_json(self) -> str:
        """Return the record as JSON, in which null is a number that there is not."""
        data = asdict(self) | {"format": FORMAT, "losses": self.losses.tolist()}
        return format_record(data)


def read_plane_record(path: Path) -> PlaneRecord:
    """Read a record. Nothing in it can be run.

    Raises:
        PlaneRecordError: The file cannot be read, or holds something else.
    """
    return read_record(path, MOST_BYTES, "a plane", _parse, PlaneRecordError)


def _parse(data: Mapping[str, Any]) -> PlaneRecord:
    if data["format"] != FORMAT:
        raise PlaneRecordError(f"its format is {data['format']!r}, not {FORMAT}")
    losses = np.array(data["losses"], dtype=float)
    if losses.ndim != 2 or not 2 <= len(losses) <= MOST_RESOLUTION or losses.shape[1] != len(losses):
        raise PlaneRecordError("its losses are no square")
    left, right, bottom, top = (float(edge) for edge in data["bounds"])
    if not (left < right and bottom < top and math.isfinite(right - left + top - bottom)):
        raise PlaneRecordError("its bounds have no area")
    if len(data["paths"]) > MOST_RECORDED_PATHS:
        raise PlaneRecordError(f"it has more than {MOST_RECORDED_PATHS} paths")
    one, other = (str(name) for name in data["names"])
    return PlaneRecord(
        str(data["choice"]), str(data["text"]), str(data["landscape"]), str(data["unit"]), (one, other),
        (left, right, bottom, top), losses, tuple(_parse_path(each) for each in data["paths"]),
        tuple(str(each) for each in data["sentences"]), {str(name): float(x) for name, x in data["facts"].items()},
    )  # fmt: skip


def _parse_path(data: Mapping[str, Any]) -> ProjectedPath:
    lists = {
        name: [math.nan if x is None else float(x) for x in data[name]]
        for name in ("u", "v", "distance", "loss", "shadow")
    }
    evaluations = [int(each) for each in data["evaluations"]]
    best = int(data["best"])
    if {len(each) for each in lists.values()} != {len(evaluations)} or not -1 <= best < len(evaluations):
        raise PlaneRecordError("the lists of a path differ in length")
    if not all(0 <= spent <= MOST_RECORDED_EVALUATIONS for spent in evaluations):
        raise PlaneRecordError(f"evaluations are not from 0 to {MOST_RECORDED_EVALUATIONS:,}")
    if not 0 < len(evaluations) <= MOST_RECORDED_POINTS:
        raise PlaneRecordError(f"a path has {len(evaluations)} points, not 1 to {MOST_RECORDED_POINTS:,}")
    measures = {str(name): math.nan if x is None else float(x) for name, x in data["measures"].items()}
    run, name, guides = str(data["run"]), str(data["name"]), bool(data["guides"])
    return ProjectedPath(run, name, evaluations, **lists, best=best, guides=guides, measures=measures)
