"""The best loss over evaluations, of many runs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array
from .grouping import group_problems
from .run_summary import RunSummary
from .table import Table

CURVE_POINTS = 80
QUIETLY = np.errstate(all="ignore")
"""Losses near the largest float overflow in means and distances, which the tables then show as infinite."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The quartiles of the best loss of several runs, after some numbers of evaluations.

    Attributes:
        evaluations: The evaluations, shape (m,), increasing.
        lower: The lower quartile of the best loss, shape (m,).
        median: The median, shape (m,).
        upper: The upper quartile, shape (m,); infinite where so many runs have no finite loss yet.
    """

    evaluations: NDArray[np.int64]
    lower: Array
    median: Array
    upper: Array


def quartile_curve(runs: Sequence[RunSummary]) -> Curve:
    """Return the quartiles of the best loss of runs on a geometric grid of up to ``CURVE_POINTS`` evaluations.

    A run that stopped early keeps its last loss. Quartiles are interpolated linearly; between a number and infinity the
    result is infinity. The runs must have spent an evaluation.
    """
    last = max(run.evaluations for run in runs)
    grid = np.unique(np.round(np.geomspace(1, last, CURVE_POINTS)).astype(np.int64))
    losses = np.sort([run.best_at(grid) for run in runs], axis=0)
    return Curve(grid, *(_select_quantile(losses, share) for share in (0.25, 0.5, 0.75)))


def quartiles(values: Array) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile of values, shape (n,).

    Quartiles are interpolated linearly; between a number and infinity the result is infinity.
    """
    ordered = np.sort(np.asarray(values, dtype=float))[:, None]
    low, middle, high = (float(_select_quantile(ordered, share)[0]) for share in (0.25, 0.5, 0.75))
    return low, middle, high


def _select_quantile(ordered: Array, share: float) -> Array:
    """Return a quantile of each column of sorted values (n, m), shape (m,)."""
    position = share * (len(ordered) - 1)
    low, high = ordered[int(np.floor(position))], ordered[int(np.ceil(position))]
    part = position - np.floor(position)
    if part == 0:
        return low
    # numpy cannot enter one errstate twice.
    with np.errstate(all="ignore"):
        found: Array = np.where(np.isinf(high), high, low + part * (high - low))
    return found


def draw_curves(runs: Sequence[RunSummary]) -> dict[str, dict[str, Curve]]:
    """Return the quartiles of the best loss over evaluations, by problem and strategy. See ``group_problems``."""
    groups = group_problems([run for run in runs if run.evaluations])
    return {
        problem: {strategy: quartile_curve(group) for strategy, group in found.items()}
        for problem, found in groups.items()
    }


def tabulate_curves(curves: dict[str, dict[str, Curve]]) -> Table:
    """Return the curves of problems and strategies as a table, one row for each number of evaluations."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("problem", "strategy", "evaluations", "lower_quartile", "median", "upper_quartile")
    }
    for problem, found in curves.items():
        for strategy, curve in found.items():
            columns["problem"] += [problem] * len(curve.evaluations)
            columns["strategy"] += [strategy] * len(curve.evaluations)
            columns["evaluations"] += curve.evaluations.tolist()
            columns["lower_quartile"] += curve.lower.tolist()
            columns["median"] += curve.median.tolist()
            columns["upper_quartile"] += curve.upper.tolist()
    return Table(columns)
