"""The losses of landscapes on planes, for pictures: evaluated, or as they were recorded when a run ended.

Code of a user is run while its experiment runs, and never to read results. So what pictures need of a landscape that a
user wrote, and that says it may be evaluated for pictures (``pictured``), is recorded when its run ends.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from ....landscapes.landscape import Array, Problem, Space
from ....landscapes.opening import open_problem
from ....landscapes.planes import Plane, axes_plane
from ....landscapes.slices import evaluate_in_chunks
from ....orchestrator.landscape_record import StoredSurface, describe_landscape
from ....orchestrator.log.log_file import LogFile, RunLog
from ....orchestrator.log.reader import Points, collect_points
from ....orchestrator.log.tables import RunRecord
from ....orchestrator.run_spec import RunSpec
from ...spec import catalogue
from .view_plane import SampledPoints, choose_plane, default_plane_spec

LINE_POINTS, WHOLE_POINTS, SLICE_POINTS = 400, 140, 81
"""Points along each side of a recorded surface: in one dimension, in two, and in more."""
ON_PLANE = 1e-7
"""The distance in cube units up to which a point lies on a plane."""
MOST_DIMENSIONS = 1000
MOST_RUNS = 40
"""The most runs in more than two dimensions whose surfaces are recorded; in fewer, one serves all runs."""
MOST_SECONDS = 10.0
"""Seconds that the surfaces of a session may take."""
TRIED_POINTS = 20
COARSEST = 0.4
"""Where points take long, a surface has fewer along each side, but at least so many times the usual ones."""


class Pictured(Protocol):
    """What is needed to know losses for a picture: an opened landscape of the package, or recorded surfaces."""

    @property
    def space(self) -> Space: ...
    @property
    def problem(self) -> Problem | None: ...
    @property
    def surfaces(self) -> tuple[StoredSurface, ...]: ...


def find_losses(run: Pictured, cube: Array) -> Array | None:
    """Return the losses (n,) of a landscape at points (n, D) of the unit cube, NaN where they are unknown.

    They are evaluated if the landscape is one of the package, and otherwise taken from a recorded surface on which all
    the points lie. None if there is none.
    """
    if run.problem is not None:
        return evaluate_in_chunks(run.problem, run.problem.space.to_box(np.clip(cube, 0.0, 1.0)))
    for surface in run.surfaces:
        losses = sample_surface(surface, cube)
        if losses is not None:
            return losses
    return None


def sample_surface(surface: StoredSurface, cube: Array) -> Array | None:
    """Interpolate a recorded surface at points (n, D) of the unit cube; None unless all of them lie on its plane."""
    u, v, distance = surface.plane.project(cube)
    if not len(cube) or distance.max() > ON_PLANE * np.sqrt(cube.shape[1]):
        return None
    left, right, bottom, top = surface.plane.extent
    rows, columns = surface.losses.shape
    return _interpolate(surface.losses, _to_index(u, left, right, columns), _to_index(v, bottom, top, rows))


def _to_index(place: Array, low: float, high: float, count: int) -> Array:
    """Return where places between two bounds lie among the points of a grid, as fractions of an index."""
    if high <= low or count < 2:
        return np.zeros(len(place))
    found: Array = np.clip((place - low) / (high - low) * (count - 1), 0.0, count - 1.0)
    # A place on the grid is that of a point, so that unknown losses beside it do not count.
    nearest = np.round(found)
    return np.where(np.abs(found - nearest) < 1e-6, nearest, found)


def _interpolate(losses: Array, column: Array, row: Array) -> Array:
    """Interpolate linearly between the points of a grid."""
    left, low = np.floor(column).astype(int), np.floor(row).astype(int)
    right, high = np.ceil(column).astype(int), np.ceil(row).astype(int)
    across, up = column - left, row - low
    below = _mix(losses[low, left], losses[low, right], across)
    above = _mix(losses[high, left], losses[high, right], across)
    return _mix(below, above, up)


def _mix(one: Array, other: Array, part: Array) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(part == 0.0, one, (1.0 - part) * one + part * other)


def record_surfaces(log: LogFile, runs: Sequence[RunSpec], remark: Callable[[str], None] = lambda _: None) -> None:
    """Record the surfaces of those landscapes of runs that a user wrote and that pictures may evaluate.

    Args:
        log: The log of the runs, some of which may not have ended.
        runs: The runs.
        remark: Receives a remark if not all surfaces could be recorded.
    """
    wanted = [run for run in runs if run.landscape.pictured and not catalogue.is_installed(run.landscape)]
    ended = log.stopped_run_ids() if wanted else set()
    records = {record.id: record for record in log.runs()} if wanted else {}
    began, several, seen = time.monotonic(), 0, set[int]()
    for run in wanted:
        dimension = run.facts.space.dimension
        shared = dimension <= 2
        if run.id not in ended or dimension > MOST_DIMENSIONS or (shared and id(run.landscape) in seen):
            continue
        several += not shared
        if several > MOST_RUNS:
            continue
        seen.add(id(run.landscape))
        if not _record_surface(log.run(run), records[run.id], run, MOST_SECONDS - (time.monotonic() - began)):
            remark(
                f"{run.landscape.label} takes too long to be evaluated for pictures, though its class says pictured = "
                "True: they show the points found."
            )
            return


def _record_surface(log: RunLog, record: RunRecord, run: RunSpec, seconds: float) -> bool:
    """Evaluate and record the surfaces of a run; return False if that would take longer than ``seconds``."""
    described = describe_landscape(run)
    try:
        problem = open_problem(run.landscape)
        points = collect_points(record, log.events(), log.all_rows()).select_whole()
        planes = _choose_planes(described.space, points, run.team)
        counts = {1: LINE_POINTS, 2: WHOLE_POINTS**2}
        total = len(planes) * counts.get(described.space.dimension, SLICE_POINTS**2)
        tried = problem.space.to_box(np.full((TRIED_POINTS, described.space.dimension), 0.5))
        # The first point may take seconds, in which a program is compiled.
        evaluate_in_chunks(problem, tried[:1])
        began = time.monotonic()
        evaluate_in_chunks(problem, tried)
        taken = (time.monotonic() - began) / TRIED_POINTS * total
        if taken * COARSEST**2 > seconds:
            return False
        finest = min(1.0, math.sqrt(seconds / taken)) if taken else 1.0
        surfaces = tuple(_evaluate_surface(problem, plane, finest) for plane in planes)
    except Exception:
        # A landscape of a user may raise anything, and the run has ended: its findings do not depend on pictures.
        return True
    # What is recorded besides, such as sandboxes, stays.
    log.record_about({**record.about, **described.with_surfaces(surfaces).to_data()})
    return True


def _choose_planes(space: Space, points: Points, team: Sequence[tuple[str, object]]) -> list[Plane]:
    """Choose the planes on which pictures show a run: in more than two dimensions, that of the film and the slice."""
    cube = points.cube if len(points.losses) else np.empty((0, space.dimension))
    seen = SampledPoints(cube, points.losses, points.agent, [name for name, _ in team])
    planes = [choose_plane(default_plane_spec(space.dimension), space, seen).plane]
    if space.dimension > 2 and np.isfinite(points.losses).any():
        planes.append(axes_plane(points.cube[points.losses.argmin()], 0, 1))
    return planes


def _evaluate_surface(problem: Problem, plane: Plane, finest: float) -> StoredSurface:
    """Evaluate a surface with so many times the usual points along each side."""
    if len(plane.origin) == 1:
        left, right, _, _ = plane.extent
        cube = plane.points(np.linspace(left, right, LINE_POINTS), np.zeros(LINE_POINTS))
        line = evaluate_in_chunks(problem, problem.space.to_box(np.clip(cube, 0.0, 1.0)))
        return StoredSurface(plane, line[None, :])
    resolution = WHOLE_POINTS if len(plane.origin) == 2 else SLICE_POINTS
    return StoredSurface(plane, plane.evaluate_surface(problem, int(resolution * finest)))


def surface_on_plane(run: Pictured, plane: Plane, resolution: int) -> Array | None:
    """Return the losses (n, n) of a landscape on a grid over a plane's extent, one row per v; None if unknown.

    NaN outside the cube and where a loss is unknown.
    """
    if run.problem is not None:
        return plane.evaluate_surface(run.problem, resolution)
    if not run.surfaces:
        # In many dimensions, the points of a grid take gigabytes.
        return None
    left, right, bottom, top = plane.extent
    u, v = np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
    losses = find_losses(run, plane.points(np.tile(u, resolution), np.repeat(v, resolution)))
    return None if losses is None else losses.reshape(resolution, resolution)
