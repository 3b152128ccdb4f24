"""What the runs on a landscape are judged by: the common target and the common budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...landscapes.landscape import Array
from ..results.run_summary import RunSummary

PRECISION = 1e-8
"""The distance of the target from the known minimum where no run has a target: the one of BBOB."""
COMPARED_DIGITS = 9
"""Losses are compared to so many significant digits."""
QUANTILES = (0.5, 0.25, 0.1)
"""The shares of all final losses that are at or below the relative targets of a landscape with an unknown minimum."""
LEAST_SHARE = 0.25
"""The target that counts in the order of runs and in running times is reached by at least this share of all runs."""

Origin = Literal["experiment", "minimum", "relative", "none"]


@dataclass(frozen=True)
class Goal:
    """What the runs on a landscape are judged by.

    Attributes:
        target: The loss that counts as success; None if no run found a finite loss.
        origin: Where it comes from: set by the experiment, ``PRECISION`` above the known minimum, relative to what all
            strategies found, or none.
        budget: The common budget in evaluations; what runs find later does not count.
        minimum: The known minimum; None if it is unknown.
        quantiles: The relative targets by quantile, where the minimum is unknown and the experiment sets no target.
        share: The share of all runs that reached a relative target at least; 0 for other targets.
        seconds: The common time in simulated seconds, that of the longest run: a run that ended earlier keeps its last
            loss. None if no run has times.
    """

    target: float | None
    origin: Origin
    budget: int
    minimum: float | None
    quantiles: tuple[tuple[float, float], ...] = ()
    share: float = 0.0
    seconds: float | None = None

    def describe(self) -> str:
        """Return where the target comes from, in words."""
        return {
            "experiment": "set by the experiment",
            "minimum": f"{PRECISION:g} above the known minimum",
            "relative": f"relative: reached by {100 * self.share:.0f} % of all runs",
            "none": "none: too few runs found a finite loss",
        }[self.origin]


def choose_goal(runs: Sequence[RunSummary]) -> Goal:
    """Choose the common target and the common budget of the runs of all strategies on one landscape.

    The target is the loosest of the runs' stop targets. Where none is set it is ``PRECISION`` above the known minimum,
    and where that is unknown the loss that the best quarter of the runs reached, or the best half of two strategies and
    the best third of three: whatever all runs of one strategy reach, and no other, then counts as a success of each. It
    is a target that the runs themselves decide, and is therefore marked as relative. The common budget is the least
    budget among the runs.

    Args:
        runs: All finished runs on the landscape, at least one.
    """
    budget = min(run.budget for run in runs)
    times = [run.clock.makespan for run in runs if run.clock is not None]
    seconds = max(times, default=None)
    minimum = next((run.minimum for run in runs if run.minimum is not None), None)
    targets = [run.target for run in runs if run.target is not None]
    if targets:
        return Goal(max(targets), "experiment", budget, minimum, seconds=seconds)
    if minimum is not None:
        return Goal(minimum + PRECISION, "minimum", budget, minimum, seconds=seconds)
    losses = np.array([loss_at(run, budget) for run in runs])
    quantiles = tuple((share, loosen_loss(round_loss(_find_quantile(losses, share)))) for share in QUANTILES)
    share = _choose_share(len({run.strategy for run in runs}))
    main = loosen_loss(round_loss(_find_quantile(losses, share)))
    # Infinity is no target.
    if not np.isfinite(main):
        return Goal(None, "none", budget, None, seconds=seconds)
    return Goal(main, "relative", budget, None, quantiles, share, seconds)


def _choose_share(strategies: int) -> float:
    """Return the share of all runs that a relative target is reached by: that of one strategy, or ``LEAST_SHARE``.

    With a smaller share than a strategy has, not even one that always ended lowest would reach the target in all of its
    runs, and no number of its wins would settle a comparison of few repeats.
    """
    return max(LEAST_SHARE, 1 / strategies) if strategies > 1 else LEAST_SHARE


def loss_at(run: RunSummary, evaluations: int) -> float:
    """Return the best loss of a run after a number of evaluations; infinite if there is no finite one."""
    return float(run.best_at(np.array([evaluations], dtype=np.int64))[0])


def _find_quantile(losses: Array, share: float) -> float:
    """Return the lowest loss that at least this share of the losses is at or below."""
    return float(np.sort(losses)[max(int(np.ceil(share * len(losses) - 1e-9)) - 1, 0)])


def round_loss(loss: float) -> float:
    """Round a loss, or a gap, to ``COMPARED_DIGITS`` significant digits."""
    return float(f"{loss:.{COMPARED_DIGITS - 1}e}")


def loosen_loss(loss: float) -> float:
    """Return the highest loss that rounds to the same digits: losses that count as equal reach a target alike."""
    return (
        loss + 0.5 * 10.0 ** (np.floor(np.log10(abs(loss))) - COMPARED_DIGITS + 1)
        if loss and np.isfinite(loss)
        else loss
    )
