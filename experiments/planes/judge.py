"""What the runs say of strategies, sharpness and held-out data, in sentences that may be "no"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...landscapes.landscape import Array
from ..comparison.ranking import rank_values
from ..comparison.significance import ALPHA, rank_sum_p_value
from ..results.measures import BOOTSTRAP_DRAWS, is_higher_better
from ..results.records.minima_record import BestPointRecord
from .best_points import HELD_OUT

FEWEST_REPEATS = 5
"""With fewer runs of a strategy a difference between strategies is not settled, whatever a test says."""
FEWEST_POINTS = 5
"""Fewer points have no rank correlation worth an interval."""


def judge_points(points: Sequence[BestPointRecord], is_network: bool) -> list[str]:
    """Say how strategies differ in sharpness, whether sharper points are worse on held-out data, and what is not known.

    Args:
        points: The best points.
        is_network: Whether their axes are weights.
    """
    sharpness = PointSharpness(is_network)
    measured = [point for point in points if np.isfinite(sharpness.of(point))]
    name = _choose_measure(points)
    said = list(_compare_medians(measured, sharpness, name))
    if len(said) and name:
        said += _relate_sharpness(measured, sharpness, name)
    return said + (list(_list_confounders(measured, sharpness)) if said else [])


@dataclass(frozen=True)
class PointSharpness:
    """What tells how sharp a point is: of weights relative to their filters, else the largest eigenvalue.

    How long the way from 0 is, by which filters are measured, says nothing of a point of a plain function.

    Attributes:
        is_network: Whether the axes are weights.
    """

    is_network: bool

    @property
    def name(self) -> str:
        """What it is called."""
        return "filter sharpness" if self.is_network else "the largest eigenvalue"

    def of(self, point: BestPointRecord) -> float:
        """Return it for a point; NaN if it was not measured."""
        found = point.curvature
        if found is None:
            return float("nan")
        return found.filter_sharpness if self.is_network else max(found.largest, default=float("nan"))

    def measure(self, points: Sequence[BestPointRecord]) -> Array:
        """Return it for each of these points, shape (n,)."""
        return np.array([self.of(point) for point in points])


def _choose_measure(points: Sequence[BestPointRecord]) -> str:
    """Return the name of the measure that tells of held-out data; empty if there is none."""
    return next((name for name in points[0].measures if name.startswith(HELD_OUT)), "")


def _compare_medians(points: Sequence[BestPointRecord], sharpness: PointSharpness, name: str) -> Iterator[str]:
    groups: dict[str, list[BestPointRecord]] = {}
    for point in points:
        groups.setdefault(point.strategy, []).append(point)
    if not groups:
        return
    what = f"{sharpness.name} and {name}" if name else sharpness.name
    yield f"Medians of {what}: {'; '.join(_describe_strategy(*pair, sharpness, name) for pair in groups.items())}."
    if len(groups) < 2:
        return
    # Agents of one run are no repeats of each other.
    runs = [len({point.run for point in listed}) for listed in groups.values()]
    samples = {sharpness.name: [sharpness.measure(listed).tolist() for listed in groups.values()]}
    if name:
        samples[name] = [[each.measures[name] for each in listed] for listed in groups.values()]
    for what, values in samples.items():
        yield _word_difference(what, compare_groups(values), len(groups), sum(runs), min(runs))


def _describe_strategy(strategy: str, points: Sequence[BestPointRecord], sharpness: PointSharpness, name: str) -> str:
    held = f" and {np.median([each.measures[name] for each in points]):.3g}" if name else ""
    slopes = sum(is_on_slope(each) for each in points)
    note = f", {slopes} on a slope" if slopes else ""
    runs = _count(len({point.run for point in points}), "run")
    counted = runs if runs == _count(len(points), "run") else f"{_count(len(points), 'agent')} of {runs}"
    return f"{strategy} {np.median(sharpness.measure(points)):.3g}{held} ({counted}{note})"


def is_on_slope(point: BestPointRecord) -> bool:
    """Return whether a point's gradient is not small: it is no minimum, whatever else it is."""
    return point.curvature is not None and point.curvature.kind == "slope"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _word_difference(what: str, p: float, groups: int, runs: int, few: int) -> str:
    test = f"p = {p:.2g}, rank test over {groups} strategies and {runs} runs"
    if few < FEWEST_REPEATS:
        return (
            f"Whether strategies differ in {what} is not settled: a strategy has {_count(few, 'repeat')} here, "
            f"and at least {FEWEST_REPEATS} are needed ({test})."
        )
    if p <= ALPHA:
        return f"Strategies differ in {what} among these runs ({test}): not which of them, nor why."
    return f"No: that strategies differ in {what} is not shown by these runs ({test})."


def compare_groups(groups: Sequence[Sequence[float]]) -> float:
    """Return p of a rank test whether groups differ: exact for two, else that of Kruskal and Wallis (1952).

    Args:
        groups: The values of each group.
    """
    from scipy.stats import kruskal

    if len(groups) == 2:
        return rank_sum_p_value(*groups)
    joined = [value for group in groups for value in group]
    return 1.0 if len(set(joined)) == 1 else float(kruskal(*groups).pvalue)


def _relate_sharpness(points: Sequence[BestPointRecord], sharpness: PointSharpness, name: str) -> list[str]:
    """Say whether sharper points are worse on held-out data, among those whose gradient is small."""
    settled = [point for point in points if not is_on_slope(point)]
    if len(settled) < FEWEST_POINTS:
        return [
            f"Whether sharper points are worse on held-out data is not said: {len(settled)} of {len(points)} points "
            f"have a small gradient, and at least {FEWEST_POINTS} are needed."
        ]
    sign = -1.0 if is_higher_better(name) else 1.0
    worse = sign * np.array([point.measures[name] for point in settled])
    rho, low, high = correlate_ranks(sharpness.measure(settled), worse)
    left = f"; {len(points) - len(settled)} on a slope are left out" if len(settled) < len(points) else ""
    among = f"Spearman's rho {rho:.2f}, 95 % interval {low:.2f} to {high:.2f}, {len(settled)} points{left}"
    if low > 0:
        return [f"Yes, among these runs sharper points are worse on held-out data, by {name} ({among})."]
    if high < 0:
        return [f"No: among these runs sharper points are better on held-out data, by {name} ({among})."]
    return [f"No: that sharper points are worse on held-out data, by {name}, is not shown by these runs ({among})."]


def correlate_ranks(one: Array, other: Array) -> tuple[float, float, float]:
    """Return Spearman's rank correlation of values (n,), and the ends of its 95 % interval.

    The interval is a percentile interval of 4,000 seeded draws of the pairs; draws without any spread count as 0.
    """
    rng = np.random.Generator(np.random.Philox(0))
    draws = [_find_rho(one[rows], other[rows]) for rows in rng.integers(len(one), size=(BOOTSTRAP_DRAWS, len(one)))]
    low, high = np.quantile(draws, (0.025, 0.975))
    return _find_rho(one, other), float(low), float(high)


def _find_rho(one: Array, other: Array) -> float:
    ranks = [rank_values(each.tolist()) - (len(each) + 1) / 2 for each in (one, other)]
    spread = float(np.sqrt((ranks[0] @ ranks[0]) * (ranks[1] @ ranks[1])))
    return float(ranks[0] @ ranks[1]) / spread if spread > 0 else 0.0


def _list_confounders(points: Sequence[BestPointRecord], sharpness: PointSharpness) -> Iterator[str]:
    if len(points) >= FEWEST_POINTS:
        values = sharpness.measure(points)
        size = _find_rho(values, np.array([point.length for point in points]))
        loss = _find_rho(values, np.array([point.loss for point in points]))
        length = (
            f" {size:.2f} with the length of the point (how large its weights are) and" if sharpness.is_network else ""
        )
        yield (
            f"What is mixed in: over all {len(points)} points, {sharpness.name} has the rank correlation{length} "
            f"{loss:.2f} with the loss."
        )
    scale = (
        "Sharpness depends on the scale of weights: eigenvalues change if one layer is multiplied and the next "
        "divided, which changes no output, and filter sharpness if single units are."
    )
    yield (
        f"{scale if sharpness.is_network else 'Eigenvalues depend on the units of the axes.'} Strategies may differ in "
        "several settings at once: these runs alone cannot say which of them makes a point sharp."
    )
