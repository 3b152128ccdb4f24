"""What each part of a strategy is worth: how the ratio of running times changes without it, and what sharing brings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...landscapes.landscape import Array
from ..comparison.bootstrap import (
    DRAWS,
    Interval,
    combine_draws,
    count_sources,
    draw_means,
    seed_random,
    take_interval,
)
from ..comparison.comparison import Comparison
from ..comparison.problems import ComparedProblem
from ..comparison.ranking import Outcome
from ..comparison.verdict import Verdict, judge_pair
from ..results.run_summary import RunSummary
from .parts import MOST_SHARED_OUT, Parts, find_parts
from .shapley import ShapleyValue, compute_shapley_values

PartKind = Literal["member", "alone", "choice"]


@dataclass(frozen=True)
class Credit:
    """What the log credits a member with: its shares of the evaluations, the records and the gains of its team."""

    evaluations: float
    records: float
    gains: float


@dataclass(frozen=True)
class PartWorth:
    """What a part of a strategy is worth.

    Attributes:
        kind: "member": the team without it; "alone": it without the team; "choice": the policy without this choice.
        part: The member or the choice.
        verdict: The variant compared with the whole strategy: its ratio is above 1 if the whole needs fewer
            evaluations.
        credit: What the log credits a member of the whole strategy with; None for others.
    """

    kind: PartKind
    part: str
    verdict: Verdict
    credit: Credit | None


@dataclass(frozen=True)
class Saving:
    """What sharing cost and gained on a problem, against the same strategy with ``sharing: none``.

    Attributes:
        problem: The label of the problem.
        leases: The collected leases of all runs.
        sent: How many of them began at another's point.
        sent_records: How many of those improved the best loss of their run.
        own_records: How many of the others did.
        saved: The evaluations that a run saved until the loss that both it and its twin of the same repeat reached,
            with its interval; below 0 if it spent more. None if no pair found a finite loss.
        spreads: The mean spread of an agent's points before and after it was sent to another's point, and of all points
            in the second half of a run with sharing and without, in the unit cube; NaN where unknown.
        pairs: In how many pairs of a run and its twin both found a finite loss or one of them did.
        lower: In how many of them the run with sharing ended lower, and in how many the one without.
        solved: How many runs reached the target with sharing and without.
    """

    problem: str
    leases: int
    sent: int
    sent_records: int
    own_records: int
    saved: Interval | None
    spreads: tuple[float, float, float, float]
    pairs: int
    lower: tuple[int, int]
    solved: tuple[int, int]


@dataclass(frozen=True)
class StrategyWorth:
    """What the parts of a strategy are worth.

    Attributes:
        strategy: The name of the strategy.
        members: Its members.
        parts: What each part is worth.
        shapley: The Shapley values of its members; none unless the results have all coalitions.
        savings: What sharing cost and gained on each problem; none without a twin that shares nothing.
    """

    strategy: str
    members: tuple[str, ...]
    parts: Sequence[PartWorth]
    shapley: Sequence[ShapleyValue]
    savings: Sequence[Saving]


def study_worth(compared: Comparison) -> list[StrategyWorth]:
    """Study what the parts of strategies are worth, of all of which the results have variants.

    Args:
        compared: The comparison of the strategies.
    """
    return [_study_strategy(compared, parts) for parts in find_parts(compared.runs)]


def _study_strategy(compared: Comparison, parts: Parts) -> StrategyWorth:
    problems, whole = compared.problems, parts.strategy
    mine = [run for run in compared.runs if run.strategy == whole]
    variants: list[tuple[PartKind, str, str | None]] = []
    if len(parts.members) > 2:
        # Of two, the one without the other is the other one alone.
        variants += [("member", name, parts.without(name)) for name in parts.members]
    variants += [("alone", name, parts.alone(name)) for name in parts.members]
    variants += [("choice", choice, strategy) for choice, strategy in parts.choices.items()]
    found = [
        PartWorth(
            kind, part, judge_pair(problems, strategy, whole, compared.equivalence),
            None if kind == "choice" else _find_credit(mine, part),
        )
        for kind, part, strategy in variants
        if strategy is not None
    ]  # fmt: skip
    shapley = compute_shapley_values(problems, parts) if len(parts.members) <= MOST_SHARED_OUT else []
    twin = parts.choices.get("sharing")
    savings = [] if twin is None else [
        each for problem in problems if (each := _measure_saving(problem, whole, twin)) is not None
    ]  # fmt: skip
    return StrategyWorth(whole, parts.members, found, shapley, savings)


def _find_credit(runs: Sequence[RunSummary], member: str) -> Credit:
    totals: dict[str, Array] = {}
    for run in runs:
        for each in run.accounts:
            counts = np.array([each.evaluations, each.records, each.gains], dtype=float)
            totals[each.agent] = totals.get(each.agent, np.zeros(3)) + counts
    whole = np.sum(list(totals.values()), axis=0)
    shares = totals[member] / np.where(whole == 0, 1, whole)
    return Credit(*shares.tolist())


def _measure_saving(problem: ComparedProblem, strategy: str, twin: str) -> Saving | None:
    with_it, without = problem.outcomes.get(strategy, []), problem.outcomes.get(twin, [])
    accounts = [each.run.sharing for each in with_it if each.run.sharing is not None]
    others = [each.run.sharing for each in without if each.run.sharing is not None]
    if not accounts or not others:
        return None
    sent, sent_records = sum(each.sent for each in accounts), sum(each.sent_records for each in accounts)
    spreads = (
        _average(each.spread_before for each in accounts), _average(each.spread_after for each in accounts),
        _average(each.late_spread for each in accounts), _average(each.late_spread for each in others),
    )  # fmt: skip
    return Saving(
        problem.label, sum(each.leases for each in accounts), sent, sent_records,
        sum(each.records for each in accounts) - sent_records, _find_saved(problem, with_it, without), spreads,
        *_compare_ends(with_it, without),
        (sum(each.reached is not None for each in with_it), sum(each.reached is not None for each in without)),
    )  # fmt: skip


def _compare_ends(with_it: Sequence[Outcome], without: Sequence[Outcome]) -> tuple[int, tuple[int, int]]:
    """Return the number of pairs, and in how many the first and the second ended lower."""
    twins = {(each.run.landscape, each.run.repeat): each.run.final for each in without}
    ends = [
        (each.run.final, twins[each.run.landscape, each.run.repeat])
        for each in with_it
        if (each.run.landscape, each.run.repeat) in twins
    ]
    known = [(mine, other) for mine, other in ends if np.isfinite(min(mine, other))]
    return len(known), (sum(mine < other for mine, other in known), sum(other < mine for mine, other in known))


def _average(values: Iterable[float]) -> float:
    listed = np.array(list(values))
    known = listed[~np.isnan(listed)]
    return float(known.mean()) if len(known) else float("nan")


def _find_saved(problem: ComparedProblem, with_it: Sequence[Outcome], without: Sequence[Outcome]) -> Interval | None:
    """Return the evaluations saved until the loss that both of a pair reached, per run."""
    twins = {(each.run.landscape, each.run.repeat): each.run for each in without}
    saved = []
    for each in with_it:
        twin = twins.get((each.run.landscape, each.run.repeat))
        target = problem.goals[each.run.landscape].target
        if twin is None or not np.isfinite(max(each.run.final, twin.final)):
            continue
        level = max(each.run.final, twin.final, *(() if target is None else (target,)))
        mine, other = each.run.first_below(level), twin.first_below(level)
        if mine is not None and other is not None:
            saved.append(other - mine)
    if not saved:
        return None
    values = np.array(saved, dtype=float)
    random = seed_random(each.run.id for each in (*with_it, *without))
    draws = combine_draws(draw_means(values, DRAWS, random)[None], random)
    return take_interval(float(values.mean()), draws, count_sources(1, len(values)))
