"""Evaluates a plane: the losses on it, and beside each point of a path its true loss and its distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...landscapes.geometry.framed_plane import FramedPlane, evaluate_framed
from ...landscapes.landscape import Array, MeasuredProblem, Problem
from ...landscapes.planes import EDGE_TOLERANCE
from ...landscapes.slices import evaluate_in_chunks
from ..results.records.plane_record import DIMENSIONS, WEIGHT_UNIT, PlaneRecord, ProjectedPath
from .lay import LaidPlane
from .paths import AgentPath

PLANE_RESOLUTION = 51
NOISY = (
    "The landscape is noisy: each loss here was drawn once, anew, so what is smaller than the noise says nothing, and "
    "true losses are others than those in the log."
)


def evaluate_plane(
    problem: Problem,
    laid: LaidPlane,
    choice: str,
    label: str,
    guides: Sequence[AgentPath],
    others: Sequence[AgentPath] = (),
    resolution: int = PLANE_RESOLUTION,
) -> PlaneRecord:
    """Evaluate a plane and the paths beside it.

    Args:
        problem: The problem that it cuts.
        laid: The plane.
        choice: How it was laid.
        label: The label of the landscape.
        guides: The paths through which it was laid.
        others: Other paths to show.
        resolution: The points along each of its sides.
    """
    framed = laid.framed
    pairs = [*((path, True) for path in guides), *((path, False) for path in others)]
    return PlaneRecord(
        choice, framed.text, label, find_unit(problem, framed), framed.names, framed.bounds,
        evaluate_framed(problem, framed, resolution), tuple(_project(problem, framed, *pair) for pair in pairs),
        (*laid.sentences, NOISY) if problem.space.noisy else laid.sentences,
        laid.facts | {DIMENSIONS: float(problem.space.dimension)},
    )  # fmt: skip


def find_unit(problem: Problem, framed: FramedPlane) -> str:
    """Return what coordinates on a plane are counted in."""
    if not framed.scale:
        return "sides of the unit cube"
    return WEIGHT_UNIT if problem.space.init is not None else "units of the landscape"


def _project(problem: Problem, framed: FramedPlane, path: AgentPath, guides: bool) -> ProjectedPath:
    plane, unit = framed.plane, framed.unit
    u, v, distance = plane.project(path.cube)
    # What is nearer lies on the plane, but for rounding.
    distance[distance < EDGE_TOLERANCE] = 0.0
    losses = evaluate_in_chunks(problem, problem.space.to_box(path.cube))
    nearest = plane.points(u, v)
    inside = ((nearest >= 0.0) & (nearest <= 1.0)).all(axis=1)
    shadow = np.full(len(u), np.nan)
    if inside.any():
        shadow[inside] = evaluate_in_chunks(problem, problem.space.to_box(nearest[inside]))
    measured = isinstance(problem, MeasuredProblem) and path.best is not None
    measures = problem.measure(problem.space.to_box(path.end)) if measured else {}  # type: ignore[attr-defined]
    u, v, distance = (unit * each for each in (u, v, distance))
    return ProjectedPath(
        path.run, path.name, path.evaluations.tolist(), _list(u), _list(v), _list(distance), _list(losses),
        _list(shadow), -1 if path.best is None else path.best, guides, dict(measures),
    )  # fmt: skip


def _list(values: Array) -> list[float]:
    """Return numbers as a list, with NaN in place of those that are infinite."""
    found: list[float] = np.where(np.isfinite(values), values, np.nan).tolist()
    return found
