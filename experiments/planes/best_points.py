"""The best points of runs: which are studied, and what is measured at each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from ...landscapes.geometry.curvature import Curvature, Sharpness, measure_curvature, measure_sharpness
from ...landscapes.geometry.escape import Escape, follow_direction
from ...landscapes.geometry.hessian import GeometryError
from ...landscapes.landscape import Array, MeasuredProblem, Problem
from ..results.records.minima_record import MOST_MINIMA, BestPointRecord, PointCurvature
from .paths import AgentPath, find_path, require_best

MOST_SPECTRA = 6
"""At how many points the whole spectrum is estimated: the best of each strategy."""
HELD_OUT = "held-out"


def choose_best_points(paths: Sequence[AgentPath], references: Sequence[str]) -> tuple[list[AgentPath], list[str]]:
    """Return the paths whose best points are studied, and what must be said of the choice, in sentences.

    Args:
        paths: The paths of all agents of all runs.
        references: RUN or RUN:AGENT. Without any: of each run the path with its best point.

    Raises:
        GeometryError: One of them names no such path, or there are too many, or too few.
    """
    sentences = []
    if references:
        chosen = list(
            {(path.run, path.agent): path for path in (find_path(paths, each) for each in references)}.values()
        )
        require_best(chosen)
        if len(chosen) > MOST_MINIMA:
            raise GeometryError(f"--minima must be given at most {MOST_MINIMA} runs, got {len(chosen)}. Name fewer.")
    else:
        known = sorted((path for path in paths if path.best is not None), key=lambda path: path.loss)
        best = {path.run: path for path in reversed(known)}
        every = [best[run] for run in dict.fromkeys(path.run for path in paths) if run in best]
        # As many repeats of each strategy as there is room for: a choice by loss would prefer some strategies.
        kept = {path.run for path in sorted(every, key=lambda path: path.repeat)[:MOST_MINIMA]}
        strategies = list(dict.fromkeys(path.strategy for path in every))
        chosen = [path for each in strategies for path in every if path.strategy == each and path.run in kept]
        if len(chosen) < len(every):
            sentences.append(
                f"Of {len(every)} runs {len(chosen)} are studied, the first repeats of each strategy. Name runs to "
                "study others."
            )
    if len(chosen) < 2:
        raise GeometryError(
            f"--minima needs the best points of at least two runs, got {len(chosen)}. Name others, or run more repeats "
            "or strategies."
        )
    return chosen, sentences


def choose_representatives(chosen: Sequence[AgentPath]) -> list[int]:
    """Return the numbers of the best path of each strategy, the best first."""
    found: dict[str, int] = {}
    for number in sorted(range(len(chosen)), key=lambda number: chosen[number].loss):
        found.setdefault(chosen[number].strategy, number)
    return list(found.values())


def measure_best_point(problem: Problem, path: AgentPath, whole: bool, curved: bool, seed: int) -> BestPointRecord:
    """Measure the best point of a path. Its basin is not known yet.

    Args:
        problem: The problem.
        path: The path.
        whole: Whether the whole spectrum is estimated, too.
        curved: Whether curvature is measured.
        seed: Which random vectors are used.
    """
    point = problem.space.to_box(path.end)
    measures = dict(problem.measure(point)) if isinstance(problem, MeasuredProblem) else {}
    # What is held out first, and of that the loss, which tells more than how many rows are right.
    ordered = dict(sorted(measures.items(), key=lambda item: (HELD_OUT not in item[0], "loss" not in item[0])))
    curvature = None
    if curved:
        # As where a derivative is infinite: the point keeps its loss, and has no curvature.
        with suppress(GeometryError):
            curvature = _measure_point(problem, point, whole, seed)
    length = float(np.linalg.norm(point))
    return BestPointRecord(
        path.run, path.name, path.strategy, path.repeat, path.loss, length, 0, ordered, curvature
    )  # fmt: skip


def _measure_point(problem: Problem, point: Array, whole: bool, seed: int) -> PointCurvature:
    found = (measure_curvature if whole else measure_sharpness)(problem, point, seed)
    escape = follow_direction(problem, point, found.extremes.escape) if found.kind == "saddle" else None
    return _make_record(found, escape)


def _make_record(found: Curvature | Sharpness, escape: Escape | None) -> PointCurvature:
    extremes = found.extremes
    record = PointCurvature(
        found.kind, found.gradient, extremes.largest.tolist(), extremes.least, extremes.residual, found.filter_sharpness
    )
    if isinstance(found, Curvature):
        trace, negative = ([each.value, each.low, each.high] for each in (found.trace, found.negative))
        values, weights = found.spectrum.values.tolist(), found.spectrum.weights.tolist()
        record = replace(record, trace=trace, negative=negative, values=values, weights=weights)
    if escape is not None:
        record = replace(
            record, fall=escape.fall, distance=escape.distance, precision=escape.precision, both_ways=escape.both_ways
        )
    return record
