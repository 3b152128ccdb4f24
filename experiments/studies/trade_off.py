"""The trade-off of loss and cost on one problem: which settings are worth their cost, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array
from ..comparison.bootstrap import seed_random
from ..comparison.problems import ComparedProblem
from .cells import Cell, measure_cells
from .front import find_front, find_front_shares, find_knee
from .settings import Sweep

LEAST_DRAWN_RUNS = 2
"""With fewer runs of each setting, draws say nothing of how sure a front is."""


@dataclass(frozen=True)
class TradeOff:
    """Loss against cost of all settings of a sweep on a problem.

    Attributes:
        problem: The label of the problem.
        known: Whether gaps are above the known minimum; else they are above the best loss that any run found.
        cells: What each setting achieved.
        on_front: Whether each is on the Pareto front of the median gap against the median cost, shape (settings,).
        knee: The place of the knee among the cells; None if the front has none.
        shares: The probability of each of being on the front, shape (settings,); None with a single run of each.
    """

    problem: str
    known: bool
    cells: Sequence[Cell]
    on_front: NDArray[np.bool_]
    knee: int | None
    shares: Array | None

    @property
    def front(self) -> list[int]:
        """The places of the settings on the front, the cheapest first; of equal ones, that which spent least."""
        return sorted(np.flatnonzero(self.on_front).tolist(), key=lambda place: self._rate(place))

    @property
    def best(self) -> int:
        """The place of the setting with the least gap; of equal ones, the cheapest."""
        return min(self.front, key=lambda place: (self.cells[place].gap, self._rate(place)))

    @property
    def chosen(self) -> int:
        """The place of the setting that is worth its cost: the knee; without one, the setting with the least gap."""
        return self.best if self.knee is None else self.knee

    def list_level(self, place: int) -> list[int]:
        """Return the places of the settings that are level with one, it among them, that which spent least first.

        They have the same median gap, the same median cost and the same expected running time.
        """
        level = [other for other in range(len(self.cells)) if self._measure(other) == self._measure(place)]
        return sorted(level, key=lambda other: self._rate(other))

    def _measure(self, place: int) -> tuple[float, float, float]:
        cell = self.cells[place]
        return cell.cost, cell.gap, inf if cell.ert is None else cell.ert

    def _rate(self, place: int) -> tuple[float, float, float, float]:
        """Return what orders settings: the cost first, the evaluations spent in all where all else is equal."""
        return *self._measure(place), float(np.median([run.evaluations for run in self.cells[place].runs]))


def weigh_settings(problem: ComparedProblem, sweep: Sweep) -> TradeOff | None:
    """Weigh the loss of each setting of a sweep against its cost on a problem.

    Args:
        problem: The problem.
        sweep: The sweep.

    Returns:
        The trade-off; None if fewer than two settings have a finite loss on the problem.
    """
    cells = [cell for cell in measure_cells(problem, sweep) if np.isfinite(cell.gap)]
    if len(cells) < 2:
        return None
    costs, gaps = np.array([cell.cost for cell in cells]), np.array([cell.gap for cell in cells])
    on_front = find_front(costs, gaps)
    front = np.flatnonzero(on_front)
    # Both span orders of magnitude. A gap of 0 is the best of all runs, where the minimum is unknown.
    floor = gaps[gaps > 0].min() if (gaps > 0).any() else 1.0
    knee = find_knee(np.log10(np.maximum(costs[front], 1.0)), np.log10(np.maximum(gaps[front], floor)))
    shares = None
    if min(len(cell.gaps) for cell in cells) >= LEAST_DRAWN_RUNS:
        random = seed_random(run.id for cell in cells for run in cell.runs)
        shares = find_front_shares([cell.costs for cell in cells], [cell.gaps for cell in cells], random)
    found = TradeOff(problem.label, problem.known, cells, on_front, None if knee is None else int(front[knee]), shares)
    return found if found.knee is None else replace(found, knee=found.list_level(found.knee)[0])
