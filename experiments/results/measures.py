"""What landscapes tell of the best points of runs besides their losses, such as the loss on held-out data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...landscapes.landscape import Array
from .grouping import group_problems
from .run_summary import RunSummary
from .table import Table

BOOTSTRAP_DRAWS = 4000
HIGHER_IS_BETTER = "accuracy"
"""The last word of the name of a measure of which more is better; of all others less is."""


@dataclass(frozen=True, slots=True)
class MeasureGroup:
    """The values of one measure at the best points of the runs of one strategy on one problem.

    Attributes:
        problem: The problem.
        measure: The name of the measure.
        strategy: The strategy.
        values: The values, shape (n,).
    """

    problem: str
    measure: str
    strategy: str
    values: Array

    @property
    def mean(self) -> float:
        """The mean over the runs."""
        return float(self.values.mean())


@dataclass(frozen=True, slots=True)
class MeasureDifference:
    """How far a strategy's mean of a measure is from another's.

    Attributes:
        estimate: The first mean minus the second.
        low: The lower end of its 95 % interval; NaN where a strategy has fewer than two runs.
        high: The upper end.
    """

    estimate: float
    low: float
    high: float


def group_measures(runs: Sequence[RunSummary]) -> list[MeasureGroup]:
    """Return the measures at the best points of runs, by problem, measure and strategy, in the order of the plan."""
    found = []
    for problem, strategies in group_problems([run for run in runs if run.measures]).items():
        names = dict.fromkeys(name for listed in strategies.values() for run in listed for name in run.measures)
        for name in names:
            for strategy, listed in strategies.items():
                values = [run.measures[name][1][-1] for run in listed if len(run.measures.get(name, ((), ()))[1])]
                if values:
                    found.append(MeasureGroup(problem, name, strategy, np.array(values)))
    return found


def compare_measures(first: MeasureGroup, second: MeasureGroup) -> MeasureDifference:
    """Return the difference of two means, with a percentile bootstrap interval from 4,000 seeded draws of the runs."""
    estimate = first.mean - second.mean
    if min(len(first.values), len(second.values)) < 2:
        return MeasureDifference(estimate, np.nan, np.nan)
    rng = np.random.Generator(np.random.Philox(0))
    means = [
        each.values[rng.integers(len(each.values), size=(BOOTSTRAP_DRAWS, len(each.values)))].mean(axis=1)
        for each in (first, second)
    ]
    low, high = np.quantile(means[0] - means[1], (0.025, 0.975))
    return MeasureDifference(estimate, float(low), float(high))


def tabulate_measures(runs: Sequence[RunSummary]) -> Table:
    """Return the measures at the best points of runs as a table.

    Its columns are ``problem``, ``measure``, ``strategy``, ``runs``, ``mean``, ``deviation`` (between runs), and the
    ``difference`` to the best of the other strategies with its 95 % interval, ``low`` to ``high``: better is less, and
    of an accuracy more.
    """
    groups = group_measures(runs)
    rows = []
    for group in groups:
        other = _find_best_other(group, groups)
        difference = MeasureDifference(np.nan, np.nan, np.nan) if other is None else compare_measures(group, other)
        deviation = float(group.values.std(ddof=1)) if len(group.values) > 1 else np.nan
        numbers = (group.mean, deviation, difference.estimate, difference.low, difference.high)
        cells = [None if np.isnan(number) else number for number in numbers]
        rows.append((group.problem, group.measure, group.strategy, len(group.values), *cells))
    columns = ("problem", "measure", "strategy", "runs", "mean", "deviation", "difference", "low", "high")
    return Table.from_rows(columns, rows)


def describe_measures(runs: Sequence[RunSummary]) -> Iterator[str]:
    """Yield a sentence for each problem and measure: which strategy has the best mean, by how much, and how sure."""
    groups = group_measures(runs)
    for problem, measure in dict.fromkeys((group.problem, group.measure) for group in groups):
        listed = [group for group in groups if (group.problem, group.measure) == (problem, measure)]
        best = _find_best(listed)
        other = _find_best_other(best, listed)
        where = f"{measure} on {problem}" if len({group.problem for group in groups}) > 1 else measure
        if other is None:
            yield f"{where}: {best.strategy} has {best.mean:.4g}."
            continue
        found = compare_measures(best, other)
        if not found.estimate:
            yield f"{where}: no strategy has a better mean than {best.strategy} and {other.strategy}, {best.mean:.4g}."
            continue
        settled = found.low > 0 or found.high < 0
        sure = "" if np.isnan(found.low) else f" (95 % interval of the difference: {found.low:.2g} to {found.high:.2g})"
        verdict = "is ahead" if settled else "has the best mean, which may be chance"
        yield f"{where}: {best.strategy} {verdict}, {best.mean:.4g} against {other.mean:.4g} of {other.strategy}{sure}."


def trace_measure(runs: Sequence[RunSummary], name: str) -> tuple[list[int], list[float]]:
    """Return the median of a measure of the best point so far over runs, and the evaluations at which it changes."""
    traced = [run.measures[name] for run in runs if name in run.measures]
    places = np.unique(np.concatenate([evaluations for evaluations, _ in traced]))
    begun = places[places >= max(evaluations[0] for evaluations, _ in traced)]
    values = [found[np.searchsorted(evaluations, begun, side="right") - 1] for evaluations, found in traced]
    return begun.tolist(), np.median(values, axis=0).tolist()


def is_higher_better(measure: str) -> bool:
    """Return whether more of a measure is better.

    Example:
        >>> is_higher_better("held-out accuracy"), is_higher_better("held-out loss")
        (True, False)
    """
    return measure.split()[-1] == HIGHER_IS_BETTER


def _find_best(groups: Sequence[MeasureGroup]) -> MeasureGroup:
    sign = -1 if is_higher_better(groups[0].measure) else 1
    return min(groups, key=lambda group: sign * group.mean)


def _find_best_other(group: MeasureGroup, groups: Sequence[MeasureGroup]) -> MeasureGroup | None:
    """Return the best of the other strategies with a measure on a problem; None if there is none."""
    key = (group.problem, group.measure)
    others = [each for each in groups if (each.problem, each.measure) == key and each is not group]
    return _find_best(others) if others else None
