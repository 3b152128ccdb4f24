"""Makes tables that compare strategies: what each found, at what cost, and how significant that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb
from typing import Any

import numpy as np

from ...landscapes.landscape import Array
from .recorded_runs import RunData
from .table import Table

DEFAULT_PRECISION = 1e-3
"""The distance of the target from the known minimum, where an experiment sets no target."""
ALPHA = 0.05
GRID_POINTS = 80
THRESHOLD_GAPS = tuple(10.0**power for power in range(1, -9, -1))
"""The distances above the known minimum, 10 to 1e-8, of the table of thresholds."""


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


def success_target(runs: Sequence[RunData], landscape: str) -> tuple[float, str]:
    """Return the loss that counts as success on a landscape, and a text that says where it comes from.

    It is the experiment's target, or else ``DEFAULT_PRECISION`` above the known minimum, or else the best median that
    any strategy reached.
    """
    return _target_among(group_runs(runs)[landscape])


def _target_among(groups: dict[str, list[RunData]]) -> tuple[float, str]:
    """Return the target of one landscape and its origin, as ``success_target``, from its runs by strategy."""
    here = [run for group in groups.values() for run in group]
    targets = [run.target for run in here if run.target is not None]
    if targets:
        return max(targets), "set by the experiment"
    if here[0].minimum is not None:
        return here[0].minimum + DEFAULT_PRECISION, f"{DEFAULT_PRECISION:g} above the known minimum"
    medians = [np.median([run.final for run in group]) for group in groups.values()]
    best = float(min(medians))
    # With a target of infinity, every run that found nothing would count as a success.
    return (best, "the best median reached") if np.isfinite(best) else (-np.inf, "none: no median is finite")


@QUIETLY
def comparison_table(runs: Sequence[RunData]) -> Table:
    """Make a table of each strategy on each landscape: quartiles of the best loss, and success at the target.

    ``ert`` is the expected running time: all evaluations spent before success or the end, divided by the number of
    successes (Hansen et al. 2010, "Comparing results of 31 algorithms from BBOB-2009"). It is None without a success.
    """
    names = (
        "landscape", "strategy", "runs", "best", "lower_quartile", "median", "upper_quartile", "minimum", "median_gap",
        "target", "target_from", "successes", "success_rate", "evaluations_to_target", "ert", "evaluations", "rank",
    )  # fmt: skip
    rows = []
    for landscape, groups in group_runs(runs).items():
        target, origin = _target_among(groups)
        ranks = mean_ranks(groups)
        for strategy, group in groups.items():
            finals = np.array([run.final for run in group])
            hits = [run.first_below(target) for run in group]
            reached = [hit for hit in hits if hit is not None]
            paid = sum(run.evaluations if hit is None else hit for run, hit in zip(group, hits, strict=True))
            low, middle, high = quartiles(finals)
            known = group[0].minimum
            rows.append((
                landscape, strategy, len(group), float(finals.min()), low, middle, high, known,
                None if known is None else middle - known, target, origin, len(reached), len(reached) / len(group),
                float(np.median(reached)) if reached else None, paid / len(reached) if reached else None,
                float(np.mean([run.evaluations for run in group])), ranks[strategy],
            ))  # fmt: skip
    return Table.from_rows(names, rows)


@QUIETLY
def thresholds_table(runs: Sequence[RunData]) -> Table:
    """Make a table of thresholds, with one row per landscape with a known minimum, strategy and gap.

    It has the share of runs that came within the gap above the minimum, and the median of the evaluations that these
    runs took (None if there are none).
    """
    rows: list[tuple[Any, ...]] = []
    for landscape, groups in group_runs(runs).items():
        for strategy, group in groups.items():
            if group[0].minimum is None:
                continue
            for gap in THRESHOLD_GAPS:
                hits = [hit for run in group if (hit := run.first_below(group[0].minimum + gap)) is not None]
                median = float(np.median(hits)) if hits else None
                rows.append((landscape, strategy, gap, len(hits) / len(group), median))
    return Table.from_rows(("landscape", "strategy", "gap", "share", "evaluations"), rows)


@QUIETLY
def standings_table(runs: Sequence[RunData]) -> Table:
    """Make a table of each strategy over all landscapes that it searched, with the best rank first.

    It has the number of landscapes on which the strategy had the best median, the number on which it won significantly,
    and the mean of its mean ranks.
    """
    compared, leading = comparison_table(runs).columns, winners_table(runs).columns
    led, won = Counter(leading["leader"]), Counter(leading["winner"])
    ranks: dict[str, list[float]] = {strategy: [] for strategy in strategy_names(runs)}
    for strategy, rank in zip(compared["strategy"], compared["rank"], strict=True):
        ranks[strategy].append(rank)
    rows = [(name, len(found), led[name], won[name], float(np.mean(found))) for name, found in ranks.items()]
    names = ("strategy", "landscapes", "led", "won", "mean_rank")
    return Table.from_rows(names, sorted(rows, key=lambda row: float(row[-1])))


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


def mean_ranks(groups: dict[str, list[RunData]]) -> dict[str, float]:
    """Compute the mean rank (1 is best) of each strategy's final losses among all runs of the same repeat."""
    finals: dict[int, dict[str, float]] = {}
    for strategy, group in groups.items():
        for run in group:
            finals.setdefault(run.repeat, {})[strategy] = run.final
    ranks: dict[str, list[float]] = {strategy: [] for strategy in groups}
    for _, found in sorted(finals.items()):
        for strategy, rank in zip(found, rank_values(list(found.values())), strict=True):
            ranks[strategy].append(float(rank))
    return {strategy: float(np.mean(values)) for strategy, values in ranks.items()}


def rank_values(values: Sequence[float]) -> Array:
    """Return the ranks of values, shape (n,), from 1 on. Equal values share their mean rank."""
    # scipy's rankdata takes ten times as long for the few values of a repeat, and there may be ten thousand repeats.
    _, places, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    found: Array = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return found


@QUIETLY
def winners_table(runs: Sequence[RunData]) -> Table:
    """Make a table of the leading strategy of each landscape, tested against the runner-up.

    The leader has the best median. The test is the two-sided Mann-Whitney U test, with p-values adjusted over the
    landscapes by Holm's method. ``winner`` is None where the difference is not significant at the level ``ALPHA``.
    """
    found: list[list[Any]] = []
    for landscape, groups in group_runs(runs).items():
        finals = [(strategy, [run.final for run in group]) for strategy, group in groups.items()]
        finals.sort(key=lambda each: (float(np.median(each[1])), float(np.mean(each[1]))))
        first = finals[0]
        second = finals[1] if len(finals) > 1 else None
        p = None if second is None else rank_sum_p_value(first[1], second[1])
        found.append([landscape, first[0], None if second is None else second[0], p])
    adjusted = adjust_p_values([row[3] for row in found])
    return Table.from_rows(
        ("landscape", "leader", "runner_up", "p", "winner"),
        [
            (la, a, b, p, a if p is not None and p < ALPHA else None)
            for (la, a, b, _), p in zip(found, adjusted, strict=True)
        ],
    )


def rank_sum_p_value(first: Sequence[float], second: Sequence[float]) -> float:
    """Compute p of the two-sided Mann-Whitney U test; 1 if all values are equal."""
    if len(set(first) | set(second)) == 1:
        return 1.0
    # The import takes half a second; only callers that compare should wait for it.
    from scipy.stats import mannwhitneyu

    # The test depends on ranks only, and unlike infinities, ranks can be subtracted.
    ranks = rank_values([*first, *second])
    return float(mannwhitneyu(ranks[: len(first)], ranks[len(first) :], alternative="two-sided").pvalue)


def least_p_value(first: int, second: int) -> float:
    """Return the smallest p that the test can give for groups of these sizes, i.e. for completely separated groups."""
    return min(1.0, 2 / comb(first + second, first))


def adjust_p_values(values: Sequence[float | None]) -> list[float | None]:
    """Adjust p-values for the number of tests by Holm's method (Holm 1979). None stays None, and is not counted."""
    tested = sorted((p, i) for i, p in enumerate(values) if p is not None)
    adjusted: list[float | None] = [None] * len(values)
    worst = 0.0
    for place, (p, i) in enumerate(tested):
        worst = max(worst, min(1.0, p * (len(tested) - place)))
        adjusted[i] = worst
    return adjusted


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
