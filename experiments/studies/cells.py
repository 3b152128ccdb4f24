"""What each setting of a sweep achieved on each problem: the loss at which its runs ended, and what that cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ...landscapes.landscape import Array
from ..comparison.goals import PRECISION
from ..comparison.problems import ComparedProblem
from ..comparison.ranking import Outcome, find_median
from ..comparison.running_time import expected_running_time
from ..results.run_summary import RunSummary
from .settings import Sweep, SweptSetting

SETTLED = 1.01
"""A run has settled where its gap is at most so many times the gap at its end: later records change nothing."""
SMALL_PART = 0.01
"""Where the minimum is unknown, gaps that differ by less than this part of a median gap are alike."""


@dataclass(frozen=True)
class Cell:
    """The runs of one setting on one problem.

    Attributes:
        setting: The setting.
        gaps: How far the best loss of each run at its end is above the known minimum, or else above the best loss that
            any run on its landscape found, shape (runs,); at least the least gap that counts.
        costs: The evaluations after which each run had settled: its gap was within 1 % of the last one, or its target
            was reached, shape (runs,).
        ert: The expected running time until the target; None if no run reached it.
        successes: How many runs reached the target.
        middle: The middle run in the order of runs, which is replayed.
        runs: All runs, in the order of ``gaps``.
    """

    setting: SweptSetting
    gaps: Array
    costs: Array
    ert: float | None
    successes: int
    middle: RunSummary
    runs: tuple[RunSummary, ...]

    @property
    def gap(self) -> float:
        """The median of the gaps."""
        return float(np.median(self.gaps))

    @property
    def cost(self) -> float:
        """The median of the costs, in evaluations."""
        return float(np.median(self.costs))


def measure_cells(problem: ComparedProblem, sweep: Sweep) -> list[Cell]:
    """Measure every setting of a sweep that has runs on a problem, in the order of the sweep.

    Args:
        problem: The problem, with the outcomes of all strategies.
        sweep: The sweep.
    """
    scales = {
        label: _find_scale(problem, label, [o for listed in problem.outcomes.values() for o in listed])
        for label in problem.goals
    }
    return [
        _measure_cell(each, problem.outcomes[each.strategy], scales)
        for each in sweep.settings
        if each.strategy in problem.outcomes
    ]


def _find_scale(problem: ComparedProblem, landscape: str, outcomes: Iterable[Outcome]) -> tuple[float, float]:
    """Return the loss above which gaps are measured on a landscape, and the least gap that counts."""
    minimum = problem.goals[landscape].minimum
    if minimum is not None:
        return minimum, PRECISION
    finals = np.array([each.run.final for each in outcomes if each.run.landscape == landscape])
    finite = finals[np.isfinite(finals)]
    if not len(finite):
        return 0.0, 0.0
    lowest = float(finite.min())
    return lowest, SMALL_PART * float(np.median(finite) - lowest)


def _measure_cell(setting: SweptSetting, outcomes: Sequence[Outcome], scales: dict[str, tuple[float, float]]) -> Cell:
    # The same order for all settings: those of common random numbers are drawn together.
    listed = sorted(outcomes, key=lambda each: (each.run.landscape, each.run.repeat))
    settled = [settle_run(each.run, *scales[each.run.landscape]) for each in listed]
    hits = [each.reached for each in listed]
    return Cell(
        setting,
        np.array([gap for gap, _ in settled]),
        np.array([cost for _, cost in settled]),
        expected_running_time(hits, [each.spent for each in listed]),
        sum(hit is not None for hit in hits),
        find_median(listed).run,
        tuple(each.run for each in listed),
    )


def settle_run(run: RunSummary, lowest: float, least: float) -> tuple[float, float]:
    """Return the gap at which a run ended, and after how many evaluations it had settled there.

    Args:
        run: The run.
        lowest: The loss above which gaps are measured.
        least: The least gap that counts.

    Returns:
        The gap, at least ``least``; infinite if there is no finite loss. The evaluations; all of them in this case.
    """
    if not len(run.record_losses):
        return np.inf, float(run.evaluations)
    gaps = run.record_losses - lowest
    level = max(float(gaps[-1]) * SETTLED, least)
    if run.target is not None:
        level = max(level, run.target - lowest)
    return max(float(gaps[-1]), least), float(run.record_evaluations[int(np.argmax(gaps <= level))])
