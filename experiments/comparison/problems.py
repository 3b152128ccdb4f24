"""Groups runs: landscapes that differ in their instance alone are one problem, and problems of a family are a group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ..results.grouping import name_problem, problem_key, strategy_names
from ..results.run_summary import RunSummary
from .goals import Goal, choose_goal
from .ranking import Outcome, judge_runs

BBOB_GROUPS = (
    (5, "bbob separable"),
    (9, "bbob moderate conditioning"),
    (14, "bbob high conditioning"),
    (19, "bbob multimodal"),
    (24, "bbob weak structure"),
)
"""The five groups of the BBOB suite, each with its last function (Hansen et al. 2009)."""


@dataclass(frozen=True)
class ComparedProblem:
    """A problem, and what each strategy's runs on all of its instances achieved.

    Attributes:
        label: A short name.
        group: The family of the problem.
        dimension: The number of axes, D.
        goals: The goal of each landscape (instance), by its label.
        outcomes: The outcomes of each strategy, in the order of the plan.
    """

    label: str
    group: str
    dimension: int
    goals: dict[str, Goal]
    outcomes: dict[str, list[Outcome]]

    @property
    def relative(self) -> bool:
        """Whether success is relative to what the strategies found."""
        return any(goal.origin == "relative" for goal in self.goals.values())

    @property
    def known(self) -> bool:
        """Whether the minimum of every instance is known."""
        return all(goal.minimum is not None for goal in self.goals.values())

    @property
    def same_budgets(self) -> bool:
        """Whether all runs on a landscape had the same budget."""
        return self._agree(lambda run: run.budget)

    @property
    def same_targets(self) -> bool:
        """Whether all runs on a landscape had the same stop target."""
        return self._agree(lambda run: run.target)

    def _agree(self, read: Callable[[RunSummary], float | None]) -> bool:
        found: dict[str, set[float | None]] = {}
        for outcomes in self.outcomes.values():
            for each in outcomes:
                found.setdefault(each.run.landscape, set()).add(read(each.run))
        return all(len(values) == 1 for values in found.values())


@dataclass(frozen=True)
class Identity:
    """Two strategies some of whose runs are equal to the last bit.

    Attributes:
        problem: The label of the problem.
        first: One strategy.
        second: The other.
        identical: How many pairs of runs of the same landscape and repeat are equal.
        pairs: How many pairs there are.
    """

    problem: str
    first: str
    second: str
    identical: int
    pairs: int


def form_problems(runs: Sequence[RunSummary]) -> list[ComparedProblem]:
    """Form problems of all runs that have ended, in the order of the plan.

    Each run is judged by the goal of its landscape. Runs that have not ended are left out: what they would find in the
    rest of their budget is not known. A run that failed counts, with what it found and spent.
    """
    order = strategy_names(runs)
    gathered: dict[str, list[RunSummary]] = {}
    for run in runs:
        if run.stopped is not None:
            gathered.setdefault(problem_key(run), []).append(run)
    return [_form_problem(listed, order) for listed in gathered.values()]


def _form_problem(runs: list[RunSummary], order: Sequence[str]) -> ComparedProblem:
    landscapes: dict[str, list[RunSummary]] = {}
    for run in runs:
        landscapes.setdefault(run.landscape, []).append(run)
    goals, outcomes = dict[str, Goal](), dict[str, list[Outcome]]()
    for label, listed in landscapes.items():
        goals[label] = choose_goal(listed)
        for outcome in judge_runs(listed, goals[label]):
            outcomes.setdefault(outcome.run.strategy, []).append(outcome)
    return ComparedProblem(
        name_problem(runs), name_group(runs[0].settings["landscape"]), runs[0].dimension, goals,
        {strategy: outcomes[strategy] for strategy in order if strategy in outcomes},
    )  # fmt: skip


def name_group(landscape: dict[str, Any]) -> str:
    """Return the family of a landscape, by its settings: one of BBOB's five groups, or else its kind.

    Example:
        >>> name_group({"kind": "bbob", "function": 8}), name_group({"kind": "sphere"})
        ('bbob moderate conditioning', 'sphere')
    """
    function = landscape.get("function")
    if landscape["kind"] == "bbob" and isinstance(function, int):
        return next(name for last, name in BBOB_GROUPS if function <= last)
    return str(landscape["kind"])


def find_identical_runs(problems: Iterable[ComparedProblem]) -> list[Identity]:
    """Find pairs of strategies whose runs of the same landscape and repeat tried the same points, to the last bit."""
    found = []
    for problem in problems:
        digests = {strategy: _list_digests(outcomes) for strategy, outcomes in problem.outcomes.items()}
        for (first, one), (second, other) in combinations(digests.items(), 2):
            pairs = one.keys() & other.keys()
            same = sum(one[pair] == other[pair] for pair in pairs)
            if same:
                found.append(Identity(problem.label, first, second, same, len(pairs)))
    return found


def _list_digests(outcomes: Iterable[Outcome]) -> dict[tuple[str, int], str]:
    """Return the digest of each run that has points, by its landscape and repeat."""
    return {(each.run.landscape, each.run.repeat): each.run.digest for each in outcomes if each.run.points}


def count_twins(problems: Iterable[ComparedProblem], first: str, second: str) -> int:
    """Return in how many pairs two strategies tried the same points, to the last bit, if they did in all; else 0."""
    pairs = 0
    for problem in problems:
        one, other = (problem.outcomes.get(name, []) for name in (first, second))
        if one and other:
            digests = _list_digests(one)
            if len(digests) < len(one) or digests != _list_digests(other):
                return 0
            pairs += len(one)
    return pairs
