"""Shapley values of the members of a team: what each adds, on average over all orders in which the team may form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Literal

import numpy as np

from ...landscapes.landscape import Array
from ..comparison.bootstrap import (
    DRAWS,
    Interval,
    Sample,
    combine_draws,
    count_sources,
    draw_means,
    seed_random,
    take_interval,
    take_sample,
)
from ..comparison.problems import ComparedProblem
from ..comparison.running_time import measure_areas
from .parts import Parts


@dataclass(frozen=True)
class ShapleyValue:
    """What a member adds to its team.

    Attributes:
        member: Its name.
        value: The value with its interval: a factor by which it divides the expected running time, or an area over
            the convergence curve that it adds.
        share: Its share of what the whole team is worth; None if that is nothing, or there is a single repeat.
        basis: Whether values are of running times, or of areas where no coalition reached a target.
        runs: The least number of runs of a coalition on a problem.
    """

    member: str
    value: Interval
    share: float | None
    basis: Literal["running times", "areas"]
    runs: int


def compute_shapley_values(problems: Sequence[ComparedProblem], parts: Parts) -> list[ShapleyValue]:
    """Compute the Shapley value of each member, by all coalitions (Frechette, Kotthoff, Michalak, Rahwan, Hoos &
    Leyton-Brown 2016, "Using the Shapley value to analyze algorithm portfolios").

    The worth of a coalition on a problem is the logarithm of by how much its expected running time is below its bound,
    the whole budget of its runs. A coalition without a success, and the empty one, are worth 0. Where none has any, it
    is the area over the convergence curve.

    Args:
        problems: The problems, with the outcomes of all strategies.
        parts: A strategy with all its coalitions (``Parts.is_complete``).

    Returns:
        The values, in the order of the team; none if no problem has runs of all coalitions, or there is nothing to
        measure.
    """
    names = parts.coalitions.values()
    shared = [problem for problem in problems if all(name in problem.outcomes for name in names)]
    if not shared or not parts.is_complete:
        return []
    random = seed_random(each.run.id for problem in shared for name in names for each in problem.outcomes[name])
    runs = min(len(problem.outcomes[name]) for problem in shared for name in names)
    samples = [_take_samples(problem, parts) for problem in shared]
    if any(sample.solved for each in samples for sample in each.values()):
        measured = [
            {key: (_find_worth(s), _find_bound(s) - s.draw_log_times(DRAWS, random)) for key, s in each.items()}
            for each in samples
        ]
        return _share_out(parts, measured, runs, random, "running times")
    if all(problem.known for problem in shared):
        return _share_out(
            parts, [_measure_coalitions(problem, parts, random) for problem in shared], runs, random, "areas"
        )
    return []


Worths = dict[frozenset[str], tuple[float, Array]]
"""The worth of each coalition on a problem: the estimate, and its bootstrap draws."""


def _take_samples(problem: ComparedProblem, parts: Parts) -> dict[frozenset[str], Sample]:
    budgets = {landscape: goal.budget for landscape, goal in problem.goals.items()}
    return {key: take_sample(problem.outcomes[name], budgets) for key, name in parts.coalitions.items()}


def _find_bound(sample: Sample) -> float:
    return float(np.log(sample.budget.sum()))


def _find_worth(sample: Sample) -> float:
    return _find_bound(sample) - sample.log_time


def _measure_coalitions(problem: ComparedProblem, parts: Parts, random: np.random.Generator) -> Worths:
    areas = {key: measure_areas(problem, problem.outcomes[name]) for key, name in parts.coalitions.items()}
    return {key: (float(each.mean()), draw_means(each, DRAWS, random)) for key, each in areas.items()}


def _share_out(
    parts: Parts,
    measured: Sequence[Worths],
    runs: int,
    random: np.random.Generator,
    basis: Literal["running times", "areas"],
) -> list[ShapleyValue]:
    whole = float(np.mean([each[frozenset(parts.members)][0] for each in measured]))
    sources = count_sources(len(measured), runs)
    bend: Callable[[float], float] = (lambda value: float(np.exp(value))) if basis == "running times" else float
    found = []
    for member in parts.members:
        weights = _weigh_coalitions(parts.members, member)
        estimates = [sum(weight * each[key][0] for key, weight in weights.items()) for each in measured]
        draws = np.array([sum(weight * each[key][1] for key, weight in weights.items()) for each in measured])
        value = take_interval(float(np.mean(estimates)), combine_draws(draws, random), sources)
        # A single repeat says nothing of how far shares are chance.
        share = value.estimate / whole if runs > 1 and abs(whole) > 1e-12 else None
        bent = Interval(bend(value.estimate), bend(value.low), bend(value.high))
        found.append(ShapleyValue(member, bent, share, basis, runs))
    return found


def _weigh_coalitions(members: Sequence[str], member: str) -> dict[frozenset[str], float]:
    """Return the weight of each coalition in the value of a member; the empty coalition, which is worth 0, is left out.

    A coalition with the member counts for what it is worth, and the same one without it against that.
    """
    others, count = [name for name in members if name != member], len(members)
    weights: dict[frozenset[str], float] = {}
    for size in range(count):
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        for chosen in combinations(others, size):
            weights[frozenset(chosen) | {member}] = weight
            if chosen:
                weights[frozenset(chosen)] = -weight
    return weights
