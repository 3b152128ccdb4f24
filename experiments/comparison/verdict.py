"""The verdict on two strategies: which needs fewer evaluations over all problems, by how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Literal

import numpy as np

from .bootstrap import (
    DRAWS,
    Interval,
    Pair,
    combine_draws,
    count_sources,
    draw_means,
    pair_up,
    seed_random,
    take_interval,
)
from .problems import ComparedProblem, count_twins
from .running_time import measure_areas

EQUIVALENCE = 0.9
"""Two strategies are equivalent in practice if the ratio of their running times lies between this and its inverse."""
EQUIVALENT_AREA = 0.02
"""Areas over the convergence curve that differ by up to this are equivalent in practice."""
LEAST_RUNS = 5
"""With fewer runs of a strategy on a problem, nothing is settled ..."""
LEAST_PROBLEMS = 8
"""... unless there are at least so many problems."""
ALIKE = Interval(1.0, 1.0, 1.0)
"""The ratio of the running times of runs that are equal to the last bit ..."""
NO_DIFFERENCE = Interval(0.0, 0.0, 0.0)
"""... and the difference of their areas."""

Decision = Literal["better", "equivalent", "worse", "not settled"]
Basis = Literal["running times", "areas", "nothing"]


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
            minimum is unknown, or if nobody asked for it and running times decide.
        problems: The number of problems.
        both: The number of problems that both solve.
        only_first: The number of problems that only the first solves.
        only_second: The number of problems that only the second solves.
        runs: The least number of runs of either strategy on a problem.
        relative: Whether success is relative to what all strategies found, on any of the problems.
        contradicted: Whether nothing is settled because one alone solves problems that the other never does, which more
            repeats do not change.
        twins: The number of pairs of runs, of the same landscape and repeat, if both strategies tried the same points
            in all of them, to the last bit: what sets the two apart did nothing there. Else 0.
    """

    first: str
    second: str
    decision: Decision
    basis: Basis
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
    contradicted: bool = False
    twins: int = 0

    @property
    def neither(self) -> int:
        """The number of problems that neither solves."""
        return self.problems - self.both - self.only_first - self.only_second

    @property
    def lacks_runs(self) -> bool:
        """Whether nothing is settled because there are too few runs, whatever the interval says."""
        solved = self.both + self.only_first + self.only_second
        counted = solved if self.basis == "running times" else self.problems
        return self.decision == "not settled" and self.basis != "nothing" and not has_enough_runs(counted, self.runs)

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


def judge_pair(
    problems: Sequence[ComparedProblem],
    first: str,
    second: str,
    equivalence: float = EQUIVALENCE,
    with_area: bool = True,
) -> Verdict:
    """Compare two strategies over all problems.

    The interval is that of a bootstrap in two stages (``bootstrap``). The first is better if the whole interval of the
    bounded ratio lies below the region of practical equivalence, worse if it lies above it, and equivalent if it lies
    within it. Bounds cannot tell how much a problem that was never solved would have cost. So a strategy is never
    better on the whole if the other alone solves as many problems or more, and two are never equivalent if one alone
    solves any. Of runs that are equal to the last bit in every pair there is nothing to draw: their ratio is exactly 1.

    Args:
        problems: The problems.
        first: A strategy.
        second: Another one.
        equivalence: Ratios between this and its inverse count as equivalent.
        with_area: Whether to compare the areas over the convergence curve even where running times decide.
    """
    pairs = pair_up(problems, first, second)
    ids = (each.run.id for problem in problems for name in (first, second) for each in problem.outcomes.get(name, ()))
    random = seed_random(ids)
    solved = [pair for pair in pairs if pair.solved]
    both = [pair for pair in solved if pair.first.solved and pair.second.solved]
    only_first = sum(not pair.second.solved for pair in solved)
    only_second = len(solved) - len(both) - only_first
    runs = min((pair.runs for pair in pairs), default=0)
    ratio = _find_ratio(both, random)
    bounded = ratio if len(both) == len(solved) else _find_ratio(solved, random)
    area = _compare_areas(problems, first, second, random) if with_area or bounded is None else None
    twins = count_twins(problems, first, second)
    if twins:
        ratio, bounded, area = ratio and ALIKE, bounded and ALIKE, area and NO_DIFFERENCE
    basis, decision = _decide_by(bounded, area, equivalence)
    counted = len(solved) if basis == "running times" else len(pairs)
    why = _find_doubt(decision, basis, (len(pairs), counted, runs), only_first, only_second)
    relative = any(problem.relative for problem in problems)
    return Verdict(
        first, second, "not settled" if why else decision, basis, why, ratio, bounded, area, len(pairs), len(both),
        only_first, only_second, runs, relative, _is_contradicted(decision, only_first, only_second), twins,
    )  # fmt: skip


def _decide_by(bounded: Interval | None, area: Interval | None, equivalence: float) -> tuple[Basis, Decision]:
    """Decide by the ratio of running times, or by the area where there is no ratio; return what decides, too."""
    if bounded is not None:
        return "running times", decide(_take_log(bounded.low), _take_log(bounded.high), -log(equivalence))
    if area is not None:
        # A larger area is better, a larger ratio is worse.
        return "areas", decide(-area.high, -area.low, EQUIVALENT_AREA)
    return "nothing", "not settled"


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
    if _is_contradicted(decision, only_first, only_second):
        return "one alone solves problems that the other never does"
    return "the interval reaches into the region of equivalence" if decision == "not settled" else ""


def _is_contradicted(decision: Decision, only_first: int, only_second: int) -> bool:
    """Return whether what each alone solves forbids a decision by the ratio. More repeats do not change that."""
    if decision == "equivalent":
        return bool(only_first or only_second)
    alone, lost = (only_first, only_second) if decision == "better" else (only_second, only_first)
    return decision != "not settled" and 0 < lost >= alone


def _find_ratio(pairs: Sequence[Pair], random: np.random.Generator) -> Interval | None:
    if not pairs:
        return None
    inner = np.array([pair.draw_log_ratios(DRAWS, random) for pair in pairs])
    estimate = float(np.mean([pair.log_ratio for pair in pairs]))
    found = take_interval(estimate, combine_draws(inner, random), count_sources(len(pairs), min(p.runs for p in pairs)))
    return Interval(exp(found.estimate), float(np.exp(found.low)), float(np.exp(found.high)))


def _compare_areas(
    problems: Sequence[ComparedProblem], first: str, second: str, random: np.random.Generator
) -> Interval | None:
    shared = [problem for problem in problems if first in problem.outcomes and second in problem.outcomes]
    if not shared or not all(problem.known for problem in shared):
        return None
    areas = [[measure_areas(problem, problem.outcomes[name]) for name in (first, second)] for problem in shared]
    # Areas of zero say only that nobody came within the largest gap.
    if not any(part.any() for pair in areas for part in pair):
        return None
    inner = np.array([draw_means(one, DRAWS, random) - draw_means(other, DRAWS, random) for one, other in areas])
    estimate = float(np.mean([one.mean() - other.mean() for one, other in areas]))
    runs = min(len(part) for pair in areas for part in pair)
    return take_interval(estimate, combine_draws(inner, random), count_sources(len(areas), runs))


def judge_against(
    problems: Sequence[ComparedProblem], baseline: str, equivalence: float = EQUIVALENCE
) -> list[Verdict]:
    """Compare every other strategy with the baseline: the best first, those that share no problem with it last."""
    names = dict.fromkeys(name for problem in problems for name in problem.outcomes)
    found = [judge_pair(problems, name, baseline, equivalence) for name in names if name != baseline]
    return sorted(found, key=_order_key)


def _order_key(verdict: Verdict) -> tuple[bool, float, float]:
    ratio = np.inf if verdict.bounded is None else verdict.bounded.estimate
    return not verdict.problems, ratio, 0.0 if verdict.area is None else -verdict.area.estimate


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
