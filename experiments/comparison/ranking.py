"""The one order of runs, which ranks, medians, winners and tests use.

Of two runs on a landscape the better one reached the common target in fewer evaluations; one that reached it is better
than one that did not; of two that did not, the one with the lower loss at the common budget is better (Hansen, Auger,
Ros, Finck & Posik 2010, "Comparing results of 31 algorithms from the black-box optimization benchmarking BBOB-2009",
section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...landscapes.landscape import Array
from ..results.run_summary import RunSummary
from .goals import Goal, loss_at, round_loss


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run achieved, by the goal of its landscape.

    Attributes:
        run: The run.
        reached: The evaluations after which it reached the target; None if it did not within the common budget.
        spent: The evaluations until it reached the target, or until its end or the common budget.
        loss: The best loss at the common budget; infinite if there is none.
        level: What is compared of runs that did not reach the target. The gap above the known minimum, or the share of
            all runs on the landscape with a lower loss: both can be compared between instances of a landscape.
    """

    run: RunSummary
    reached: int | None
    spent: int
    loss: float
    level: float

    @property
    def key(self) -> tuple[float, float]:
        """What runs are ordered by, with the best first. Runs with the same key are level."""
        return (np.inf, self.level) if self.reached is None else (float(self.reached), 0.0)


def judge_runs(runs: Sequence[RunSummary], goal: Goal) -> list[Outcome]:
    """Judge all runs on a landscape by its goal, in their order.

    Losses are clipped at the target, and rounded to nine significant digits, as gaps where the minimum is known.
    """
    losses = [loss_at(run, goal.budget) for run in runs]
    levels = _find_levels(losses, goal)
    return [_judge_run(run, loss, level, goal) for run, loss, level in zip(runs, losses, levels, strict=True)]


def _judge_run(run: RunSummary, loss: float, level: float, goal: Goal) -> Outcome:
    hit = None if goal.target is None else run.first_below(goal.target)
    reached = hit if hit is not None and hit <= goal.budget else None
    return Outcome(run, reached, min(run.evaluations, goal.budget) if reached is None else reached, loss, level)


def _find_levels(losses: Sequence[float], goal: Goal) -> list[float]:
    clipped = [loss if goal.target is None else max(loss, goal.target) for loss in losses]
    if goal.minimum is not None:
        return [round_loss(loss - goal.minimum) for loss in clipped]
    rounded = np.array([round_loss(loss) for loss in clipped])
    return [float(np.mean(rounded < loss)) for loss in rounded]


def rank_outcomes(outcomes: Sequence[Outcome]) -> Array:
    """Return the ranks of runs in the one order, 1 for the best, shape (n,). Runs that are level share their mean rank.

    Example:
        >>> rank_outcomes([])
        array([], dtype=float64)
    """
    keys = [outcome.key for outcome in outcomes]
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    return rank_values([places[key] for key in keys])


def rank_values(values: Sequence[float]) -> Array:
    """Return the ranks of values, shape (n,), from 1 on. Equal values share their mean rank."""
    # scipy's rankdata takes ten times as long for the few values of a repeat, and there may be ten thousand repeats.
    _, places, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    found: Array = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return found


def find_median(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the middle run in the one order; of an even number, the better of the two in the middle."""
    return sorted(outcomes, key=lambda outcome: outcome.key)[(len(outcomes) - 1) // 2]
