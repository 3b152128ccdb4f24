"""The verdict on two strategies: which needs fewer evaluations over all problems, by how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Literal

import numpy as np

from ...landscapes.landscape import Array
from ..results.curves import QUIETLY
from .bootstrap import DRAWS, Interval, Sample, combine_draws, seed_random, take_interval, take_sample
from .problems import ComparedProblem
from .ranking import Outcome
from .running_time import area_over_convergence

EQUIVALENCE = 0.9
"""Two strategies are equivalent in practice if the ratio of their running times lies between this and its inverse."""
EQUIVALENT_AREA = 0.02
"""Areas over the convergence curve that differ by up to this are equivalent in practice."""
LEAST_RUNS = 5
"""With fewer runs of a strategy on a problem, nothing is settled ..."""
LEAST_PROBLEMS = 8
"""... unless there are at least so many problems."""
SOLVES_MORE = "solves"
"""The word of doubts that no repeat removes, because one solves problems that the other never does."""
FEW_PROBLEMS = 5
"""With fewer problems, a verdict is about these problems; from here on, about problems of their kind."""

Decision = Literal["better", "equivalent", "worse", "not settled"]


@dataclass(frozen=True)
class Verdict:
    """How one strategy compares with another over all problems that both ran on.

    Attributes:
        first: The name of the strategy.
        second: The name of the strategy that it is compared with.
        decision: Whether the first is better, equivalent or worse, or the runs do not settle it.
        basis: What decides: the ratio of running times, or the area over the convergence curve where no problem was
            solved; "nothing" where neither can be computed.
        why: Why nothing is settled; "" if something is.
        ratio: The geometric mean of the ratios of expected running times over the problems that both solve; below 1 if
            the first needs fewer evaluations. None if there are none.
        bounded: The same over all problems that at least one of them solves, with the bound of a running time where one
            has no success. It decides.
        area: The mean difference of the areas over the convergence curve, above 0 if the first is better; None if a
            minimum is unknown.
        problems: The number of problems.
        both: The number of problems that both solve.
        only_first: The number of problems that only the first solves.
        only_second: The number of problems that only the second solves.
        runs: The least number of runs of either strategy on a problem.
        relative: Whether success is relative to what all strategies found, on any of the problems.
    """

    first: str
    second: str
    decision: Decision
    basis: Literal["running times", "areas", "nothing"]
    why: str
    ratio: Interval | None
    bounded: Interval | None
    area: Interval | None
    problems: int
    both: int
    only_first: int
    only_second: int
    runs: int
    relative: bool

    @property
    def neither(self) -> int:
        """The number of problems that neither solves."""
        return self.problems - self.both - self.only_first - self.only_second

    def turn(self) -> Verdict:
        """Return the same verdict with the two strategies exchanged."""
        turned: dict[Decision, Decision] = {"better": "worse", "worse": "better"}
        ratio, bounded = (
            found and Interval(1 / found.estimate, _divide_one(found.high), _divide_one(found.low))
            for found in (self.ratio, self.bounded)
        )
        area = self.area and Interval(-self.area.estimate, -self.area.high, -self.area.low)
        return replace(
            self, first=self.second, second=self.first, decision=turned.get(self.decision, self.decision), ratio=ratio,
            bounded=bounded, area=area, only_first=self.only_second, only_second=self.only_first,
        )  # fmt: skip


def _divide_one(end: float) -> float:
    return np.inf if end == 0 else 1 / end


@dataclass(frozen=True)
class Pair:
    """The runs of two strategies on one problem, as samples of running times and as areas (None if unknown)."""

    first: Sample
    second: Sample
    areas: tuple[Array, Array] | None

    @property
    def log_ratio(self) -> float:
        """The logarithm of the ratio of expected running times; bounds stand for infinite ones."""
        return self.first.log_time - self.second.log_time

    @property
    def solved(self) -> bool:
        """Whether either solves the problem."""
        return self.first.solved or self.second.solved

    @property
    def runs(self) -> int:
        """The lesser number of runs."""
        return min(len(self.first.spent), len(self.second.spent))

    def draw_log_ratios(self, draws: int, random: np.random.Generator, size: int | None = None) -> Array:
        """Draw runs, and return the logarithm of the ratio of running times per draw, shape (draws,)."""
        return self.first.draw_log_times(draws, random, size) - self.second.draw_log_times(draws, random, size)

    def draw_areas(self, draws: int, random: np.random.Generator) -> Array:
        """Draw runs, and return the difference of their mean areas per draw, shape (draws,)."""
        assert self.areas is not None
        one, other = (
            values[random.integers(len(values), size=(draws, len(values)))].mean(axis=1) for values in self.areas
        )
        found: Array = one - other
        return found


def pair_up(problems: Iterable[ComparedProblem], first: str, second: str) -> list[Pair]:
    """Return the pairs of two strategies, one for each problem on which both have runs."""
    found = []
    for problem in problems:
        if first in problem.outcomes and second in problem.outcomes:
            one, other = problem.outcomes[first], problem.outcomes[second]
            budgets = {landscape: goal.budget for landscape, goal in problem.goals.items()}
            areas = _measure_areas(problem, one, other)
            found.append(Pair(take_sample(one, budgets), take_sample(other, budgets), areas))
    return found


def _measure_areas(
    problem: ComparedProblem, first: Sequence[Outcome], second: Sequence[Outcome]
) -> tuple[Array, Array] | None:
    if not problem.known:
        return None
    one, other = (np.array([measure_area(problem, each) for each in outcomes]) for outcomes in (first, second))
    return one, other


@QUIETLY
def measure_area(problem: ComparedProblem, outcome: Outcome) -> float:
    """Measure the area over the convergence curve of a run on a problem whose minimum is known."""
    goal = problem.goals[outcome.run.landscape]
    assert goal.minimum is not None
    return area_over_convergence(outcome.run, goal.minimum, goal.budget)


def judge_pair(
    problems: Sequence[ComparedProblem], first: str, second: str, equivalence: float = EQUIVALENCE
) -> Verdict:
    """Compare two strategies over all problems.

    The interval is that of a bootstrap in two stages (``bootstrap``). The first is better if the whole interval of the
    bounded ratio lies below the region of practical equivalence, worse if it lies above it, and equivalent if it lies
    within it. Bounds cannot tell how much a problem that was never solved would have cost. So a strategy is never
    better on the whole if the other alone solves as many problems or more, and two are never equivalent if one alone
    solves any.

    Args:
        problems: The problems.
        first: A strategy.
        second: Another one.
        equivalence: Ratios between this and its inverse count as equivalent.
    """
    pairs = pair_up(problems, first, second)
    ids = (each.run.id for problem in problems for name in (first, second) for each in problem.outcomes.get(name, ()))
    random = seed_random(ids)
    solved = [pair for pair in pairs if pair.solved]
    both = [pair for pair in solved if pair.first.solved and pair.second.solved]
    only_first = sum(not pair.second.solved for pair in solved)
    runs = min((pair.runs for pair in pairs), default=0)
    ratio = _find_ratio(both, random)
    bounded = ratio if len(both) == len(solved) else _find_ratio(solved, random)
    area = _compare_areas(pairs, random)
    only_second = len(solved) - len(both) - only_first
    margin = -log(equivalence)
    basis: Literal["running times", "areas", "nothing"] = "nothing"
    decision: Decision = "not settled"
    if bounded is not None:
        basis, decision = "running times", decide(_take_log(bounded.low), _take_log(bounded.high), margin)
    elif area is not None:
        # A larger area is better, a larger ratio is worse.
        basis, decision = "areas", decide(-area.high, -area.low, EQUIVALENT_AREA)
    counted = len(solved) if basis == "running times" else len(pairs)
    why = _find_doubt(decision, basis, (len(pairs), counted, runs), only_first, only_second)
    relative = any(problem.relative for problem in problems)
    return Verdict(
        first, second, "not settled" if why else decision, basis, why, ratio, bounded, area, len(pairs), len(both),
        only_first, only_second, runs, relative,
    )  # fmt: skip


def decide(low: float, high: float, margin: float) -> Decision:
    """Decide by the interval of a difference, which is negative if the first is better, and a margin of equivalence.

    Example:
        >>> decide(-2.0, -0.5, 0.1), decide(-0.05, 0.05, 0.1), decide(-2.0, 0.0, 0.1)
        ('better', 'equivalent', 'not settled')
    """
    if high < -margin:
        return "better"
    if low > margin:
        return "worse"
    return "equivalent" if -margin <= low and high <= margin else "not settled"


def _take_log(ratio: float) -> float:
    return log(ratio) if ratio > 0 else -np.inf


def has_enough_runs(problems: int, runs: int) -> bool:
    """Return whether there are enough problems, or runs on each, for an interval that can be trusted."""
    return problems > 0 and (runs >= LEAST_RUNS or problems >= LEAST_PROBLEMS)


def _find_doubt(decision: Decision, basis: str, counts: tuple[int, int, int], only_first: int, only_second: int) -> str:
    """Return why nothing is settled; "" if something is. ``counts``: problems, those that decide, and runs on each."""
    problems, counted, runs = counts
    if not problems:
        return "no problem has finished runs of both"
    if basis == "nothing":
        return "neither reached the target on any problem"
    if not has_enough_runs(counted, runs):
        count = "1 run" if runs == 1 else f"{runs} runs"
        return f"{count} of each on a problem cannot tell: it takes {LEAST_RUNS}, or {LEAST_PROBLEMS} problems"
    alone, lost = (only_first, only_second) if decision == "better" else (only_second, only_first)
    if decision in ("better", "worse") and lost and lost >= alone:
        return f"the slower one alone {SOLVES_MORE} {lost} of the problems"
    if decision == "equivalent" and (only_first or only_second):
        return f"one alone {SOLVES_MORE} {only_first or only_second} of the problems"
    return "the interval reaches into the region of equivalence" if decision == "not settled" else ""


def _find_ratio(pairs: Sequence[Pair], random: np.random.Generator) -> Interval | None:
    if not pairs:
        return None
    inner = np.array([pair.draw_log_ratios(DRAWS, random) for pair in pairs])
    estimate = float(np.mean([pair.log_ratio for pair in pairs]))
    found = take_interval(estimate, combine_draws(inner, random), count_sources(pairs))
    return Interval(exp(found.estimate), float(np.exp(found.low)), float(np.exp(found.high)))


def count_sources(pairs: Sequence[Pair]) -> int:
    """Return how many values an interval rests on.

    From ``FEW_PROBLEMS`` on it is the number of problems, which are a sample of their kind. Fewer are taken as they
    are, and the runs on each count if they are more.
    """
    return len(pairs) if len(pairs) >= FEW_PROBLEMS else max(len(pairs), min(pair.runs for pair in pairs))


def _compare_areas(pairs: Sequence[Pair], random: np.random.Generator) -> Interval | None:
    if not pairs or any(pair.areas is None for pair in pairs):
        return None
    # Areas of zero say only that nobody came within the largest gap.
    if not any(part.any() for pair in pairs for part in pair.areas or ()):
        return None
    inner = np.array([pair.draw_areas(DRAWS, random) for pair in pairs])
    estimate = float(np.mean([pair.areas[0].mean() - pair.areas[1].mean() for pair in pairs if pair.areas]))
    return take_interval(estimate, combine_draws(inner, random), count_sources(pairs))


def judge_against(
    problems: Sequence[ComparedProblem], baseline: str, equivalence: float = EQUIVALENCE
) -> list[Verdict]:
    """Compare every other strategy with the baseline; the best comes first."""
    names = dict.fromkeys(name for problem in problems for name in problem.outcomes)
    found = [judge_pair(problems, name, baseline, equivalence) for name in names if name != baseline]
    return sorted(found, key=_order_key)


def _order_key(verdict: Verdict) -> tuple[float, float]:
    ratio = np.inf if verdict.bounded is None else verdict.bounded.estimate
    return ratio, 0.0 if verdict.area is None else -verdict.area.estimate


def choose_headline(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict of the best strategy: against the baseline, or of the baseline against the best other one.

    Args:
        verdicts: All strategies against the baseline, the best first (``judge_against``).
    """
    if not verdicts:
        return None
    best = verdicts[0]
    ahead = best.bounded.estimate > 1 if best.bounded else (best.area is not None and best.area.estimate < 0)
    return best.turn() if ahead else best
