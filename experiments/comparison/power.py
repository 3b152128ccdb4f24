"""How many repeats would settle a comparison, estimated from the runs at hand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log
from typing import Literal

import numpy as np

from ...landscapes.landscape import Array
from .bootstrap import Pair, combine_draws, count_sources, pair_up, seed_random, take_interval
from .problems import ComparedProblem
from .verdict import EQUIVALENCE, LEAST_RUNS, Verdict, decide, has_enough_runs

POWER = 0.8
"""How often an experiment with the advised number of repeats settles the comparison."""
EXPERIMENTS = 200
"""Experiments that are simulated for each number of runs ..."""
INNER_DRAWS = 500
"""... each with so many bootstrap draws."""
CANDIDATES = (5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100)
"""The numbers of runs on each problem that are considered."""


@dataclass(frozen=True)
class Advice:
    """What would settle a comparison.

    Attributes:
        need: What is missing: repeats, problems, or nothing; "pilot" if there are too few runs to estimate it, and
            "many" if it is more repeats than are considered.
        repeats: The number of repeats that settles it with a probability of ``POWER``; None if it is not known.
    """

    need: Literal["nothing", "pilot", "repeats", "many", "problems"]
    repeats: int | None = None


def advise_repeats(problems: Sequence[ComparedProblem], verdict: Verdict, equivalence: float = EQUIVALENCE) -> Advice:
    """Advise how many repeats would settle a comparison.

    For each number of runs, experiments are simulated with the runs at hand as the truth, and each is judged as
    ``judge_pair`` judges: the advice is the least number with which 80 % of them settle the comparison. The bootstrap
    within a simulated experiment is that of the runs at hand, moved to the experiment's estimate.

    Args:
        problems: The problems.
        verdict: The comparison.
        equivalence: As in ``judge_pair``.
    """
    if verdict.decision != "not settled":
        return Advice("nothing")
    instances = min((len(problem.goals) for problem in problems), default=1)
    present = max((each.run.repeat + 1 for p in problems for found in p.outcomes.values() for each in found), default=0)
    pairs = [pair for pair in pair_up(problems, verdict.first, verdict.second) if pair.solved]
    if verdict.runs < 2 or not (pairs or has_enough_runs(verdict.problems, verdict.runs)):
        return Advice("pilot", max(ceil(LEAST_RUNS / instances), present + 1))
    if not pairs or verdict.only_first * verdict.only_second or verdict.contradicted:
        return Advice("problems")
    random = seed_random([verdict.first, verdict.second])
    margin = -log(equivalence)

    def settles(runs: int) -> bool:
        return _estimate_power(pairs, runs, margin, random) >= POWER

    # More runs settle more: the first number that is enough is found by halving.
    candidates = [runs for runs in CANDIDATES if runs > verdict.runs]
    place = bisect_left(candidates, True, key=settles)
    if place == len(candidates):
        return Advice("many" if _settle_exactly(pairs, margin, random) else "problems")
    return Advice("repeats", max(ceil(candidates[place] / instances), present + 1))


def _settle_exactly(pairs: Sequence[Pair], margin: float, random: np.random.Generator) -> bool:
    """Return whether the comparison would be settled if the running times on these problems were known exactly."""
    ratios = np.array([pair.log_ratio for pair in pairs])
    draws = combine_draws(np.tile(ratios[:, None], INNER_DRAWS), random)
    interval = take_interval(float(ratios.mean()), draws, count_sources(len(pairs), CANDIDATES[-1]))
    return decide(interval.low, interval.high, margin) != "not settled"


def _estimate_power(pairs: Sequence[Pair], runs: int, margin: float, random: np.random.Generator) -> float:
    """Estimate how often an experiment with so many runs on each problem settles the comparison."""
    if not has_enough_runs(len(pairs), runs):
        return 0.0
    drawn = np.array([pair.draw_log_ratios(EXPERIMENTS * 5, random, runs) for pair in pairs])
    spread = drawn - drawn.mean(axis=1, keepdims=True)
    settled = 0
    for number in range(EXPERIMENTS):
        estimates = drawn[:, number]
        draws = _draw_experiment(estimates, spread, random)
        interval = take_interval(float(estimates.mean()), draws, count_sources(len(pairs), runs))
        settled += decide(interval.low, interval.high, margin) != "not settled"
    return settled / EXPERIMENTS


def _draw_experiment(estimates: Array, spread: Array, random: np.random.Generator) -> Array:
    chosen = random.integers(spread.shape[1], size=(len(spread), INNER_DRAWS))
    inner = estimates[:, None] + np.take_along_axis(spread, chosen, axis=1)
    return combine_draws(inner, random)
