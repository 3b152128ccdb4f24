"""Tables of a comparison: what each strategy achieved on each problem, and how sure differences are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import log
from typing import Any

import numpy as np

from ..results.curves import QUIETLY, quartiles
from ..results.table import Table
from .bootstrap import pair_up, seed_random
from .comparison import Comparison
from .goals import Goal
from .problems import ComparedProblem
from .ranking import Outcome, rank_outcomes, rank_values
from .running_time import (
    AREAS,
    expected_running_time,
    measure_areas,
    median_of_successes,
    wilson_interval,
)
from .signed_ranks import bayesian_signed_rank, friedman_p_value, signed_rank_p_value
from .significance import ALPHA, adjust_p_values, effect_size, rank_sum_p_value
from .verdict import LEAST_RUNS


@QUIETLY
def make_comparison_table(problems: Sequence[ComparedProblem]) -> Table:
    """Make a table of each strategy on each problem: quartiles of the result, success at the target, running times.

    ``best`` and the quartiles are of the best loss at the common budget: of its gap above the minimum where that is
    known (``quantity`` is "gap"), else of the loss itself. They are None for several instances with unknown minima,
    whose losses cannot be pooled. ``ert`` is the expected running time, and ``median_evaluations`` the median of the
    runs that reached the target. Success rates, with Wilson's interval, are None where the target is relative. ``area``
    is the mean area over the convergence curve, ``area_at_lease_ends`` the same where points count from the end of
    their lease on, and ``area_in_time`` that against simulated seconds, up to the end of the longest run; ``rank`` is
    the mean rank of the runs (``mean_ranks``).
    """
    names = (
        "problem", "group", "dimension", "strategy", "instances", "runs", "quantity", "best", "lower_quartile",
        "median", "upper_quartile", "target", "target_from", "successes", "success_rate", "success_low",
        "success_high", "median_evaluations", "ert", "evaluations", "area", "area_at_lease_ends",
        "area_in_time", "rank",
    )  # fmt: skip
    return Table.from_rows(names, [row for problem in problems for row in _compare_strategies(problem)])


def _compare_strategies(problem: ComparedProblem) -> list[tuple[Any, ...]]:
    ranks = mean_ranks(problem)
    goals = list(problem.goals.values())
    rows = []
    for strategy, outcomes in problem.outcomes.items():
        hits, spent = [each.reached for each in outcomes], [each.spent for each in outcomes]
        successes = sum(hit is not None for hit in hits)
        rated = not problem.relative and any(goal.target is not None for goal in goals)
        success: tuple[Any, ...] = (None, None, None, None)
        if rated:
            success = (successes, successes / len(hits), *wilson_interval(successes, len(hits)))
        rows.append((
            problem.label, problem.group, problem.dimension, strategy, len({each.run.landscape for each in outcomes}),
            len(outcomes), *_summarize_results(problem, outcomes), *_describe_target(goals), *success,
            median_of_successes(hits), expected_running_time(hits, spent),
            float(np.mean([each.run.evaluations for each in outcomes])), *_mean_areas(problem, outcomes),
            ranks[strategy],
        ))  # fmt: skip
    return rows


def _summarize_results(problem: ComparedProblem, outcomes: Sequence[Outcome]) -> tuple[Any, ...]:
    """Return what is summarized ("gap" or "loss"), the best of it, and its quartiles."""
    if problem.known:
        values = np.array([find_gap(problem, each) for each in outcomes])
        return ("gap", float(values.min()), *quartiles(values))
    if len(problem.goals) > 1:
        return ("loss", None, None, None, None)
    values = np.array([each.loss for each in outcomes])
    return ("loss", float(values.min()), *quartiles(values))


def find_gap(problem: ComparedProblem, outcome: Outcome) -> float:
    """Return how far the best loss of a run at the common budget is above the known minimum."""
    minimum = problem.goals[outcome.run.landscape].minimum
    assert minimum is not None
    # Rounding may take a loss slightly below the minimum.
    return max(outcome.loss - minimum, 0.0)


def _describe_target(goals: Sequence[Goal]) -> tuple[float | None, str]:
    """Return the target of a problem, as a gap where the minimum is known, and where it comes from."""
    goal = goals[0]
    if goal.target is None or goal.minimum is None:
        return (goal.target if len(goals) == 1 else None), goal.describe()
    gaps = [each.target - each.minimum for each in goals if each.target is not None and each.minimum is not None]
    # The gaps of several instances differ by rounding, as their minima do.
    alike = len(gaps) == len(goals) and max(gaps) - min(gaps) <= 0.01 * abs(max(gaps))
    return (float(f"{gaps[0]:.3g}") if alike else None), goal.describe()


def _mean_areas(problem: ComparedProblem, outcomes: Sequence[Outcome]) -> list[float | None]:
    """Return the mean areas against evaluations, at lease ends and in simulated time; None where they are unknown."""
    if not problem.known:
        return [None, None, None]
    found = (measure_areas(problem, outcomes, over) for over in AREAS)
    return [float(areas.mean()) if len(areas) else None for areas in found]


def mean_ranks(problem: ComparedProblem) -> dict[str, float]:
    """Compute the mean rank (1 is best) of each strategy's runs among the runs of the same landscape and repeat.

    Repeats that not all strategies have are left out, unless there is no other.
    """
    return {strategy: float(np.mean(values)) for strategy, values in list_run_ranks(problem).items()}


def list_run_ranks(problem: ComparedProblem) -> dict[str, list[float]]:
    """Return the rank (1 is best) of each run of each strategy, as ``mean_ranks`` has their means."""
    blocks: dict[tuple[str, int], list[Outcome]] = {}
    for outcomes in problem.outcomes.values():
        for each in outcomes:
            blocks.setdefault((each.run.landscape, each.run.repeat), []).append(each)
    whole = [block for block in blocks.values() if len(block) == len(problem.outcomes)]
    ranks: dict[str, list[float]] = {strategy: [] for strategy in problem.outcomes}
    for block in whole or blocks.values():
        for each, rank in zip(block, rank_outcomes(block), strict=True):
            ranks[each.run.strategy].append(float(rank))
    return ranks


def make_verdicts_table(compared: Comparison) -> Table:
    """Make a table of every other strategy against the baseline, the best first.

    ``ratio`` is the geometric mean of the ratios of expected running times over the problems that both solve, and
    ``bounded_ratio`` over those that at least one solves, with bounds; each with the ends of its 95 % interval.
    ``area`` is the difference of the areas over the convergence curve. ``solved_alone`` and
    ``solved_by_baseline_alone`` count problems.
    """
    names = (
        "strategy", "baseline", "verdict", "basis", "why", "ratio", "ratio_low", "ratio_high", "bounded_ratio",
        "bounded_low", "bounded_high", "area", "area_low", "area_high", "problems", "solved_by_both", "solved_alone",
        "solved_by_baseline_alone", "runs",
    )  # fmt: skip
    rows = []
    for each in compared.verdicts:
        intervals = [
            value
            for found in (each.ratio, each.bounded, each.area)
            for value in ((None, None, None) if found is None else (found.estimate, found.low, found.high))
        ]
        rows.append((
            each.first, each.second, each.decision, each.basis, each.why, *intervals, each.problems, each.both,
            each.only_first, each.only_second, each.runs,
        ))  # fmt: skip
    return Table.from_rows(names, rows)


def make_power_table(compared: Comparison) -> Table:
    """Make a table of how often an experiment with more repeats would settle each verdict that is not settled.

    ``power`` is the share of simulated experiments with so many repeats, and so many runs of each strategy on each
    problem, that settle it; the last row of a strategy is the first with a power of 0.8, if there is one.
    """
    names = ("strategy", "baseline", "repeats", "runs", "power")
    rows = [(each.strategy, compared.baseline, each.repeats, each.runs, each.power) for each in compared.powers]
    return Table.from_rows(names, rows)


def make_standings_table(compared: Comparison) -> Table:
    """Make a table of each strategy over all problems, the best mean rank first.

    It has the problems that the strategy ran on, solved (at least one run reached the target) and led (it has the best
    mean rank), and the mean of its mean ranks.
    """
    ranks: dict[str, list[float]] = {name: [] for name in compared.strategies}
    solved, led = dict.fromkeys(ranks, 0), dict.fromkeys(ranks, 0)
    for problem in compared.problems:
        found = mean_ranks(problem)
        for strategy, rank in found.items():
            ranks[strategy].append(rank)
            solved[strategy] += any(each.reached is not None for each in problem.outcomes[strategy])
            led[strategy] += rank == min(found.values()) and len(found) > 1
    rows = [
        (name, len(listed), solved[name], led[name], float(np.mean(listed))) for name, listed in ranks.items() if listed
    ]
    names = ("strategy", "problems", "solved", "led", "mean_rank")
    return Table.from_rows(names, sorted(rows, key=lambda row: row[-1]))


def make_tests_table(compared: Comparison) -> Table:
    """Make a table of tests of each strategy against the baseline on each problem.

    ``effect`` is the probability that a run is better than one of the baseline (Vargha and Delaney's A12). ``p`` is
    that of the two-sided rank-sum test of the runs in the one order, adjusted by Holm's method for all strategies and
    problems; None with fewer than five runs of either. ``verdict`` is "better" or "worse" where p is below 0.05.
    """
    rows: list[list[Any]] = []
    for problem in compared.problems:
        base = problem.outcomes.get(compared.baseline, [])
        for strategy, outcomes in problem.outcomes.items():
            if strategy == compared.baseline or not base:
                continue
            keys = _list_places([*outcomes, *base])
            mine, others = keys[: len(outcomes)], keys[len(outcomes) :]
            enough = min(len(mine), len(others)) >= LEAST_RUNS
            p = rank_sum_p_value(mine, others) if enough else None
            rows.append([problem.label, strategy, compared.baseline, len(mine), effect_size(mine, others), p])
    adjusted = adjust_p_values([row[-1] for row in rows])
    names = ("problem", "strategy", "baseline", "runs", "effect", "p", "verdict")
    return Table.from_rows(
        names, [(*row[:-1], p, _name_difference(row[4], p)) for row, p in zip(rows, adjusted, strict=True)]
    )


def _list_places(outcomes: Sequence[Outcome]) -> list[float]:
    """Return the places of runs in the one order, equal for runs that are level."""
    return [float(rank) for rank in rank_outcomes(outcomes)]


def _name_difference(effect: float, p: float | None) -> str:
    if p is None:
        return "too few runs"
    if p >= ALPHA:
        return "no difference shown"
    return "better" if effect > 0.5 else "worse"


@QUIETLY
def make_rank_tests_table(compared: Comparison) -> Table:
    """Make a table of tests over problems, with one row for each pair of strategies.

    ``p`` is that of the signed-rank test of the logarithms of the ratios of running times, adjusted by Holm's method;
    ``better``, ``equivalent`` and ``worse`` are the probabilities of the Bayesian signed-rank test for the first
    strategy. Problems that neither solves count as equal. ``friedman_p`` is p of Friedman's test of all strategies, the
    same in each row; None for two strategies.
    """
    random = seed_random(run.id for run in compared.runs)
    rows: list[list[Any]] = []
    for first, second in combinations(compared.strategies, 2):
        pairs = pair_up(compared.problems, first, second)
        if not pairs:
            continue
        differences = [pair.log_ratio if pair.solved else 0.0 for pair in pairs]
        belief = bayesian_signed_rank(differences, -log(compared.equivalence), random)
        p = signed_rank_p_value(differences)
        rows.append([first, second, len(pairs), belief.better, belief.equivalent, belief.worse, p])
    adjusted = adjust_p_values([row[-1] for row in rows])
    overall = compute_friedman(compared)
    names = ("first", "second", "problems", "better", "equivalent", "worse", "p", "friedman_p")
    return Table.from_rows(names, [(*row[:-1], p, overall) for row, p in zip(rows, adjusted, strict=True)])


def find_disagreement(compared: Comparison, tests: Table) -> list[str]:
    """Return the strategies on which the verdict against the baseline and the signed-rank test disagree.

    They disagree where one of them settles the comparison and the other does not, or the other way round. Few problems
    cannot give the test a p below 0.05, whatever they are: there is no disagreement then.

    Args:
        compared: The comparison.
        tests: The table of tests over problems (``make_rank_tests_table``).
    """
    rows = tests.rows()
    tested = {row["first"] if row["second"] == compared.baseline else row["second"]: row for row in rows
              if compared.baseline in (row["first"], row["second"])}  # fmt: skip
    return [
        verdict.first
        for verdict in compared.verdicts
        if verdict.basis == "running times"
        and verdict.decision != "equivalent"
        and verdict.first in tested
        and 2.0 ** (1 - verdict.problems) * len(rows) < ALPHA
        and (verdict.decision != "not settled") != (tested[verdict.first]["p"] < ALPHA)
    ]


def compute_friedman(compared: Comparison) -> float | None:
    """Compute p of Friedman's test that all strategies are alike, over the problems that all of them ran on."""
    names = compared.strategies
    found = [mean_ranks(problem) for problem in compared.problems]
    ranks = [rank_values([each[name] for name in names]) for each in found if all(name in each for name in names)]
    return friedman_p_value(np.array(ranks)) if len(ranks) > 1 else None


def make_ratios_table(compared: Comparison) -> Table:
    """Make a table of the ratio of each strategy's expected running time to the baseline's, by problem.

    ``bound`` says which of the two times is only bounded, because that strategy never reached the target: "",
    "strategy" (the ratio is at least this), "baseline" (at most this) or "both" (the ratio is None).
    """
    rows = []
    for problem in compared.problems:
        base = problem.outcomes.get(compared.baseline)
        for strategy in problem.outcomes:
            if strategy == compared.baseline or not base:
                continue
            (pair,) = pair_up([problem], strategy, compared.baseline)
            bounds = {(True, True): "", (False, True): "strategy", (True, False): "baseline", (False, False): "both"}
            bound = bounds[pair.first.solved, pair.second.solved]
            ratio = None if bound == "both" else float(np.exp(pair.log_ratio))
            rows.append((problem.label, problem.group, strategy, compared.baseline, ratio, bound))
    return Table.from_rows(("problem", "group", "strategy", "baseline", "ratio", "bound"), rows)
