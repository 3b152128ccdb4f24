"""Groups runs by landscape and strategy, and makes a table of their convergence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...landscapes.landscape import Array
from .recorded_runs import RunData
from .table import Table

GRID_POINTS = 80

QUIETLY = np.errstate(all="ignore")
"""Losses near the largest float overflow in means and distances, which the tables then show as infinite."""


def landscape_labels(runs: Sequence[RunData]) -> list[str]:
    """Return the labels of the landscapes, in the order of the plan."""
    return list(dict.fromkeys(run.landscape for run in runs))


def strategy_names(runs: Sequence[RunData]) -> list[str]:
    """Return the names of the strategies, in the order of the plan."""
    return list(dict.fromkeys(run.strategy for run in runs))


def select_runs(runs: Sequence[RunData], landscape: str, strategy: str) -> list[RunData]:
    """Return the runs of one strategy on one landscape."""
    return [run for run in runs if run.landscape == landscape and run.strategy == strategy]


def group_runs(runs: Sequence[RunData]) -> dict[str, dict[str, list[RunData]]]:
    """Group runs by landscape, then by strategy, all in the order of the plan, in a single pass over the runs."""
    order = {strategy: place for place, strategy in enumerate(strategy_names(runs))}
    found: dict[str, dict[str, list[RunData]]] = {}
    for run in runs:
        found.setdefault(run.landscape, {}).setdefault(run.strategy, []).append(run)
    return {
        landscape: dict(sorted(groups.items(), key=lambda group: order[group[0]]))
        for landscape, groups in found.items()
    }


def quartiles(values: Array) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile of values, shape (n,).

    Quartiles are interpolated linearly; between a number and infinity the result is infinity.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    found = []
    for share in (0.25, 0.5, 0.75):
        position = share * (len(ordered) - 1)
        low, high = ordered[int(np.floor(position))], ordered[int(np.ceil(position))]
        part = position - np.floor(position)
        found.append(float(low if part == 0 else high if np.isinf(high) else low + part * (high - low)))
    return found[0], found[1], found[2]


@QUIETLY
def convergence_table(runs: Sequence[RunData]) -> Table:
    """Make a table of the best loss so far against evaluations: median and quartiles per landscape and strategy.

    The evaluations are a geometric grid of up to ``GRID_POINTS``. A run that stopped early (at a target) keeps its last
    loss. Losses are infinite before the first finite loss.
    """
    rows = []
    for landscape, groups in group_runs(runs).items():
        for strategy, listed in groups.items():
            group = [run for run in listed if run.evaluations]
            if not group:
                continue
            last = max(run.evaluations for run in group)
            grid = np.unique(np.round(np.geomspace(1, last, GRID_POINTS)).astype(int))
            curves = np.array([run.best_at(grid) for run in group])
            rows += [(landscape, strategy, int(x), *quartiles(curves[:, i])) for i, x in enumerate(grid)]
    return Table.from_rows(("landscape", "strategy", "evaluations", "lower_quartile", "median", "upper_quartile"), rows)
