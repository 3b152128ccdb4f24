"""Tables of what is reached by when: fixed targets, fixed budgets, and distributions of running times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..results.curves import QUIETLY, quartiles
from ..results.table import Table
from .problems import ComparedProblem
from .ranking import Outcome
from .running_time import (
    TARGET_GAPS,
    data_profile,
    expected_running_time,
    find_running_times,
    list_evaluations,
    median_of_successes,
    runtime_distribution,
)

FIXED_TARGETS = tuple(10.0**power for power in range(1, -9, -1))
"""The distances above the known minimum, 10 to 1e-8, of the table of fixed targets."""
FIXED_BUDGETS = (10, 30, 100, 300, 1000, 3000, 10_000)
"""The evaluations per axis of the table of fixed budgets."""


@QUIETLY
def make_targets_table(problems: Sequence[ComparedProblem]) -> Table:
    """Make a table of fixed targets: how many runs of each strategy reach each target, and at what cost.

    Targets are gaps of 10 to 1e-8 above the known minimum. Where it is unknown, they are losses that half, a quarter
    and a tenth of all runs reached (``quantile``), which are relative, or the stop target (neither ``gap`` nor
    ``quantile``), where the experiment sets one. ``share`` is the share of runs that reached the target within the
    common budget, ``evaluations`` the median over these, and ``ert`` the expected running time.
    """
    rows: list[tuple[Any, ...]] = []
    for problem in problems:
        for strategy, outcomes in problem.outcomes.items():
            for gap, quantile, hits in _reach_targets(problem, outcomes):
                spent = [
                    min(each.run.evaluations, problem.goals[each.run.landscape].budget) if hit is None else hit
                    for each, hit in zip(outcomes, hits, strict=True)
                ]
                share = sum(hit is not None for hit in hits) / len(hits)
                rows.append((problem.label, strategy, gap, quantile, share, median_of_successes(hits),
                             expected_running_time(hits, spent)))  # fmt: skip
    return Table.from_rows(("problem", "strategy", "gap", "quantile", "share", "evaluations", "ert"), rows)


def _reach_targets(
    problem: ComparedProblem, outcomes: Sequence[Outcome]
) -> list[tuple[float | None, float | None, list[int | None]]]:
    """Return the fixed targets of a problem, as gaps or quantiles, and when each run reached them."""
    if problem.known:
        gaps = np.array(FIXED_TARGETS)
        times = np.array([find_times(problem, each, gaps) for each in outcomes])
        return [
            (gap, None, [int(time) if np.isfinite(time) else None for time in times[:, place]])
            for place, gap in enumerate(FIXED_TARGETS)
        ]
    quantiles = next(iter(problem.goals.values())).quantiles
    if not quantiles:
        return [(None, None, [each.reached for each in outcomes])]
    shares = [share for share, loss in quantiles if np.isfinite(loss)]
    return [(None, share, [_reach_quantile(problem, each, share) for each in outcomes]) for share in shares]


def find_times(problem: ComparedProblem, outcome: Outcome, gaps: Any = TARGET_GAPS) -> Any:
    """Return when a run was first within each gap of the known minimum, shape (m,); infinite if not in the budget."""
    goal = problem.goals[outcome.run.landscape]
    assert goal.minimum is not None
    times = find_running_times(outcome.run, goal.minimum, gaps)
    return np.where(times <= goal.budget, times, np.inf)


def _reach_quantile(problem: ComparedProblem, outcome: Outcome, share: float) -> int | None:
    goal = problem.goals[outcome.run.landscape]
    target = dict(goal.quantiles).get(share)
    hit = None if target is None else outcome.run.first_below(target)
    return hit if hit is not None and hit <= goal.budget else None


@QUIETLY
def make_budgets_table(problems: Sequence[ComparedProblem]) -> Table:
    """Make a table of fixed budgets: quartiles of the best gap (or loss) after 10, 30, 100, ... evaluations per axis.

    Losses of several instances with unknown minima cannot be pooled and are left out.
    """
    rows: list[tuple[Any, ...]] = []
    for problem in problems:
        if not problem.known and len(problem.goals) > 1:
            continue
        common = min(goal.budget for goal in problem.goals.values())
        budgets = [each * problem.dimension for each in FIXED_BUDGETS if each * problem.dimension < common]
        for strategy, outcomes in problem.outcomes.items():
            curves = np.array([each.run.best_at(np.array([*budgets, common])) for each in outcomes])
            lowest = [problem.goals[each.run.landscape].minimum or 0.0 for each in outcomes]
            values = curves - np.array(lowest)[:, None]
            for place, budget in enumerate([*budgets, common]):
                rows.append((problem.label, strategy, budget, "gap" if problem.known else "loss",
                             *quartiles(values[:, place])))  # fmt: skip
    names = ("problem", "strategy", "evaluations", "quantity", "lower_quartile", "median", "upper_quartile")
    return Table.from_rows(names, rows)


def make_runtimes_table(problems: Sequence[ComparedProblem]) -> Table:
    """Make a table of running-time distributions: the share of all (run, target) pairs solved within evaluations per D.

    There is one distribution per strategy for each group and dimension, and one over all (group "all", dimension None).
    The targets are 51 gaps from 1e2 to 1e-8; where the minimum is unknown, the three relative targets.
    """
    most = max((goal.budget / each.dimension for each in problems for goal in each.goals.values()), default=1.0)
    at = list_evaluations(most)
    times: dict[tuple[str, int | None], dict[str, list[Any]]] = {}
    for problem in problems:
        for strategy, outcomes in problem.outcomes.items():
            found = [_list_times(problem, each) / problem.dimension for each in outcomes]
            for place in ((problem.group, problem.dimension), ("all", None)):
                times.setdefault(place, {}).setdefault(strategy, []).extend(found)
    rows = [
        (group, dimension, strategy, float(x), float(share))
        for (group, dimension), listed in times.items()
        for strategy, found in listed.items()
        for x, share in zip(at, runtime_distribution(np.concatenate(found), at), strict=True)
    ]
    return Table.from_rows(("group", "dimension", "strategy", "evaluations_per_axis", "share"), rows)


def make_profiles_table(problems: Sequence[ComparedProblem]) -> Table:
    """Make a table of data profiles: the share of runs that reach the target within a number of simplex gradients.

    A simplex gradient is D + 1 evaluations (More & Wild 2009), so that problems of different dimensions count alike.
    The target is that of the order of runs.
    """
    most = max((goal.budget / (each.dimension + 1) for each in problems for goal in each.goals.values()), default=1.0)
    at = list_evaluations(most)
    costs: dict[str, list[float]] = {}
    dimensions: dict[str, list[int]] = {}
    for problem in problems:
        for strategy, outcomes in problem.outcomes.items():
            costs.setdefault(strategy, []).extend(np.inf if o.reached is None else float(o.reached) for o in outcomes)
            dimensions.setdefault(strategy, []).extend([problem.dimension] * len(outcomes))
    rows = [
        (strategy, float(x), float(share))
        for strategy, found in costs.items()
        for x, share in zip(at, data_profile(np.array(found), np.array(dimensions[strategy]), at), strict=True)
    ]
    return Table.from_rows(("strategy", "simplex_gradients", "share"), rows)


def _list_times(problem: ComparedProblem, outcome: Outcome) -> Any:
    if problem.known:
        return find_times(problem, outcome)
    shares = [share for share, loss in problem.goals[outcome.run.landscape].quantiles if np.isfinite(loss)]
    if not shares:
        return np.array([np.inf if outcome.reached is None else float(outcome.reached)])
    hits = [_reach_quantile(problem, outcome, share) for share in shares]
    return np.array([np.inf if hit is None else float(hit) for hit in hits])
