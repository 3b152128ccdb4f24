"""How many repeats would settle a comparison, estimated from the runs at hand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log
from typing import Literal

import numpy as np

from ...landscapes.landscape import Array
from .bootstrap import Pair, combine_draws, count_sources, find_ends, pair_up, seed_random, take_interval
from .problems import ComparedProblem
from .verdict import EQUIVALENCE, LEAST_RUNS, Verdict, decide, has_enough_runs

POWER = 0.8
"""How often an experiment with the advised number of repeats settles the comparison."""
EXPERIMENTS = 200
"""Experiments that are simulated for each number of runs ..."""
INNER_DRAWS = 4000
"""... with so many bootstrap draws, which are the same for all of them."""
MOST_DRAWS, PAIR_DRAWS = 5000, 100_000
"""Draws of the runs on each problem, and on all problems together: more problems need fewer draws of each."""
FREE_PROBLEMS = 150
"""For up to so many problems, advice takes less than a second of CPU, and is given without being asked for."""
CANDIDATES = (5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100)
"""The numbers of runs on each problem that are considered."""


@dataclass(frozen=True)
class Advice:
    """What would settle a comparison.

    Attributes:
        need: What is missing: repeats, problems, or nothing; "pilot" if there are too few runs to estimate it, "many"
            if it is more repeats than are considered, and "power" if the estimate takes long and was not asked for.
        repeats: The number of repeats that settles it with a probability of ``POWER``, in all; None if it is not known.
        present: The number of repeats that there are.
        evaluations: About how many evaluations the repeats take that are not there, over all strategies.
    """

    need: Literal["nothing", "pilot", "repeats", "many", "problems", "power"]
    repeats: int | None = None
    present: int = 0
    evaluations: float = 0.0


@dataclass(frozen=True)
class Power:
    """How often an experiment of some size would settle what the runs at hand do not.

    Attributes:
        strategy: The strategy that is compared with the baseline.
        repeats: The number of repeats.
        runs: The number of runs of each strategy on each problem: repeats times instances.
        power: The share of simulated experiments of that size that settle the comparison, 0 to 1.
    """

    strategy: str
    repeats: int
    runs: int
    power: float


def advise_repeats(
    problems: Sequence[ComparedProblem],
    verdict: Verdict,
    equivalence: float = EQUIVALENCE,
    most_problems: int | None = FREE_PROBLEMS,
) -> Advice:
    """Advise how many repeats would settle a comparison.

    For each number of runs, experiments are simulated with the runs at hand as the truth, and each is judged as
    ``judge_pair`` judges: the advice is the least number with which 80 % of them settle the comparison. The bootstrap
    within a simulated experiment is that of the runs at hand, moved to the experiment's estimate.

    Args:
        problems: The problems.
        verdict: The comparison.
        equivalence: As in ``judge_pair``.
        most_problems: Of more problems nothing is estimated; None: there is no limit, and the advice is the last of
            ``estimate_powers``. With a limit, the least number is found by halving, as more runs almost always settle
            more.
    """
    pairs = _find_open_pairs(problems, verdict)
    if isinstance(pairs, Advice):
        return pairs
    if most_problems is not None and len(pairs) > most_problems:
        return Advice("power")
    margin = -log(equivalence)

    def settles(runs: int) -> bool:
        return _estimate_power(pairs, runs, margin, verdict) >= POWER

    candidates = _list_candidates(verdict)
    if most_problems is None:
        place = next((place for place, runs in enumerate(candidates) if settles(runs)), len(candidates))
    else:
        place = bisect_left(candidates, True, key=settles)
    if place == len(candidates):
        return Advice("many" if _settle_exactly(pairs, margin, seed_random([verdict.first])) else "problems")
    return _advise_runs(problems, "repeats", candidates[place])


def estimate_powers(
    problems: Sequence[ComparedProblem], verdict: Verdict, equivalence: float = EQUIVALENCE
) -> list[Power]:
    """Estimate how often experiments of growing size would settle a comparison, up to the first that is large enough.

    Nothing is estimated where ``advise_repeats`` simulates nothing either. The arguments are the same.
    """
    pairs = _find_open_pairs(problems, verdict)
    if isinstance(pairs, Advice):
        return []
    found = []
    for runs in _list_candidates(verdict):
        power = _estimate_power(pairs, runs, -log(equivalence), verdict)
        found.append(Power(verdict.first, _count_repeats(problems, runs), runs, power))
        if power >= POWER:
            break
    return found


def _find_open_pairs(problems: Sequence[ComparedProblem], verdict: Verdict) -> list[Pair] | Advice:
    """Return the pairs of runs from which power is estimated, or the advice where there is nothing to estimate."""
    if verdict.decision != "not settled":
        return Advice("nothing")
    if not verdict.problems:
        return Advice("problems")
    pairs = [pair for pair in pair_up(problems, verdict.first, verdict.second) if pair.solved]
    if verdict.runs < 2 or not (pairs or has_enough_runs(verdict.problems, verdict.runs)):
        return _advise_runs(problems, "pilot", LEAST_RUNS)
    if not pairs or verdict.only_first * verdict.only_second or verdict.contradicted:
        return Advice("problems")
    return pairs


def _list_candidates(verdict: Verdict) -> list[int]:
    return [runs for runs in CANDIDATES if runs > verdict.runs]


def _count_repeats(problems: Sequence[ComparedProblem], runs: int) -> int:
    """Return how many repeats give at least so many runs on each problem: always more than there are."""
    instances = min((len(problem.goals) for problem in problems), default=1)
    return max(ceil(runs / instances), _count_present(problems) + 1)


def _count_present(problems: Sequence[ComparedProblem]) -> int:
    return max((each.run.repeat + 1 for p in problems for found in p.outcomes.values() for each in found), default=0)


def _advise_runs(problems: Sequence[ComparedProblem], need: Literal["pilot", "repeats"], runs: int) -> Advice:
    """Advise the repeats that give at least so many runs on each problem, with what they take."""
    repeats = _count_repeats(problems, runs)
    spent: dict[tuple[str, str], list[int]] = {}
    for problem in problems:
        for strategy, outcomes in problem.outcomes.items():
            for each in outcomes:
                spent.setdefault((strategy, each.run.landscape), []).append(each.run.evaluations)
    more = sum(sum(found) / len(found) * max(repeats - len(found), 0) for found in spent.values())
    return Advice(need, repeats, _count_present(problems), more)


def _settle_exactly(pairs: Sequence[Pair], margin: float, random: np.random.Generator) -> bool:
    """Return whether the comparison would be settled if the running times on these problems were known exactly."""
    ratios = np.array([pair.log_ratio for pair in pairs])
    draws = combine_draws(np.tile(ratios[:, None], INNER_DRAWS), random)
    interval = take_interval(float(ratios.mean()), draws, count_sources(len(pairs), CANDIDATES[-1]))
    return decide(interval.low, interval.high, margin) != "not settled"


def _estimate_power(pairs: Sequence[Pair], runs: int, margin: float, verdict: Verdict) -> float:
    """Estimate how often an experiment with so many runs on each problem settles the comparison."""
    if not has_enough_runs(len(pairs), runs):
        return 0.0
    random = seed_random([verdict.first, verdict.second, str(runs)])
    draws = EXPERIMENTS * min(max(PAIR_DRAWS // (EXPERIMENTS * len(pairs)), 1), MOST_DRAWS // EXPERIMENTS)
    drawn = np.array([pair.draw_log_ratios(draws, random, runs) for pair in pairs])
    shares, noise = _draw_weights(drawn - drawn.mean(axis=1, keepdims=True), random)
    # The draws within an experiment differ from those within another by its estimates alone.
    estimates = np.ascontiguousarray(drawn[:, :EXPERIMENTS].T)
    low, high = find_ends(estimates @ shares.T + noise, count_sources(len(pairs), runs))
    settled = (high < -margin) | (low > margin) | ((-margin <= low) & (high <= margin))
    return float(settled.mean())


def _draw_weights(spread: Array, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw problems, and runs within them, for the bootstrap of any experiment, as ``combine_draws`` does.

    Args:
        spread: How much the logarithm of the ratio varies on each problem, shape (problems, draws).
        random: Source of random numbers.

    Returns:
        The share of each problem in each draw, shape (draws, problems), and what the runs add to it, shape (draws,).
    """
    problems, draws = spread.shape
    size = (INNER_DRAWS, problems)
    chosen = np.zeros(size, dtype=np.int64) if problems == 1 else random.integers(problems, size=size)
    within = random.integers(draws, size=size)
    places = chosen + problems * np.arange(INNER_DRAWS)[:, None]
    counts = np.bincount(places.ravel(), minlength=INNER_DRAWS * problems).reshape(size)
    return counts / problems, spread[chosen, within].mean(axis=1)
