"""Intervals by a bootstrap in two stages: problems are drawn first, then runs within them.

Davison & Hinkley 1997, "Bootstrap methods and their application", section 3.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from math import cos, pi, sin, sqrt, tan
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array
from .problems import ComparedProblem
from .ranking import Outcome

DRAWS = 4000
LEVEL = 0.95
FEW_PROBLEMS = 5
"""With fewer problems, an interval is about these problems; from here on, about problems of their kind."""


@dataclass(frozen=True)
class Interval:
    """An estimate, and the ends of the interval that covers the true value with a probability of ``LEVEL``."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Sample:
    """The runs of one strategy on one problem, as a bootstrap draws from them.

    Attributes:
        spent: The evaluations of each run until it reached the target or its end, shape (n,), at least 1.
        success: Whether it reached the target, shape (n,).
        budget: The common budget of each run, shape (n,): what runs without a success count for together.
    """

    spent: Array
    success: NDArray[np.bool_]
    budget: Array

    @property
    def solved(self) -> bool:
        """Whether any run reached the target."""
        return bool(self.success.any())

    @property
    def log_time(self) -> float:
        """The logarithm of the expected running time; without a success, of its bound."""
        return float(np.log(self.spent.sum() / self.success.sum() if self.solved else self.budget.sum()))

    def draw_log_times(self, draws: int, random: np.random.Generator, size: int | None = None) -> Array:
        """Draw runs with replacement, and return the logarithm of their expected running time per draw, shape (draws,).

        Where no drawn run reached the target, the expected running time is infinite. It is replaced by a bound: the
        whole budget of the drawn runs, also of those that gave up before its end.

        Args:
            draws: The number of draws.
            random: Source of random numbers.
            size: How many runs a draw has. Default: as many as there are.
        """
        count = len(self.spent)
        chosen = random.integers(count, size=(draws, size or count))
        successes = self.success[chosen].sum(axis=1)
        times = self.spent[chosen].sum(axis=1) / np.maximum(successes, 1)
        found: Array = np.log(np.where(successes > 0, times, self.budget[chosen].sum(axis=1)))
        return found


def take_sample(outcomes: Sequence[Outcome], budgets: Mapping[str, int]) -> Sample:
    """Return the sample of the outcomes of one strategy on one problem.

    Args:
        outcomes: The outcomes.
        budgets: The common budget of each landscape.
    """
    spent = np.array([max(each.spent, 1) for each in outcomes], dtype=float)
    budget = np.array([max(budgets[each.run.landscape], 1) for each in outcomes], dtype=float)
    return Sample(spent, np.array([each.reached is not None for each in outcomes]), budget)


@dataclass(frozen=True)
class Pair:
    """The runs of two strategies on one problem."""

    first: Sample
    second: Sample

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


def pair_up(problems: Iterable[ComparedProblem], first: str, second: str) -> list[Pair]:
    """Return the pairs of two strategies, one for each problem on which both have runs."""
    found = []
    for problem in problems:
        if first in problem.outcomes and second in problem.outcomes:
            budgets = {landscape: goal.budget for landscape, goal in problem.goals.items()}
            samples = [take_sample(problem.outcomes[name], budgets) for name in (first, second)]
            found.append(Pair(*samples))
    return found


def draw_means(values: Array, draws: int, random: np.random.Generator) -> Array:
    """Draw from values (n,) with replacement, and return the mean of each draw, shape (draws,)."""
    found: Array = values[random.integers(len(values), size=(draws, len(values)))].mean(axis=1)
    return found


def combine_draws(inner: Array, random: np.random.Generator) -> Array:
    """Draw problems with replacement, and return the mean over them per draw, shape (draws,).

    Args:
        inner: What was drawn within each problem, shape (problems, draws).
        random: Source of random numbers.
    """
    problems, draws = inner.shape
    if problems == 1:
        return inner[0]
    chosen = random.integers(problems, size=(draws, problems))
    # A problem that is drawn twice has other runs each time.
    within = random.integers(draws, size=(draws, problems))
    found: Array = inner[chosen, within].mean(axis=1)
    return found


def count_sources(problems: int, runs: int) -> int:
    """Return how many values an interval rests on, for so many problems and so many runs on each.

    From ``FEW_PROBLEMS`` on it is the number of problems, which are a sample of their kind. Fewer are taken as they
    are, and the runs on each count if they are more.
    """
    return problems if problems >= FEW_PROBLEMS else max(problems, runs)


def take_interval(estimate: float, draws: Array, sources: int) -> Interval:
    """Return an estimate with the interval of its bootstrap draws, shape (draws,), as ``find_ends`` finds it."""
    low, high = find_ends(draws, sources)
    return Interval(estimate, float(low), float(high))


def find_ends(draws: Array, sources: int) -> tuple[Array, Array]:
    """Return the ends of the expanded percentile intervals of bootstrap draws.

    Percentile intervals are too narrow for small samples. Their shares are therefore widened as Student's distribution
    is wider than the normal one (Hesterberg 2015, "What teachers should know about the bootstrap", section 4.5.2).

    Args:
        draws: The bootstrap draws, shape (..., draws).
        sources: How many values the draws come from (``count_sources``).

    Returns:
        The lower and the upper ends, each of shape (...); infinite for a single source.
    """
    if sources < 2:
        return np.full(draws.shape[:-1], -np.inf), np.full(draws.shape[:-1], np.inf)
    wide = sqrt(sources / (sources - 1)) * find_student_quantile(sources - 1, 0.5 + LEVEL / 2)
    tail = NormalDist().cdf(-wide)
    # To sort is faster than numpy's quantile, which selects.
    ordered = np.sort(draws, axis=-1)
    return _interpolate(ordered, tail), _interpolate(ordered, 1 - tail)


def _interpolate(ordered: Array, share: float) -> Array:
    """Return a quantile of sorted values, shape (..., n), by linear interpolation, shape (...)."""
    place = share * (ordered.shape[-1] - 1)
    below = int(place)
    low, high = ordered[..., below], ordered[..., min(below + 1, ordered.shape[-1] - 1)]
    found: Array = low + (place - below) * (high - low)
    return found


@lru_cache
def find_student_quantile(freedom: int, share: float) -> float:
    """Return a quantile of Student's distribution, for whole degrees of freedom, by halving.

    scipy has the same, and takes a quarter of a second to be imported.

    Args:
        freedom: The degrees of freedom, at least 1.
        share: The share of the distribution below the quantile, from 0.5 to 1.

    Example:
        >>> round(find_student_quantile(4, 0.975), 4)
        2.7764
    """
    low, high = 0.0, pi / 2
    # The distribution is a sum of powers of the cosine of an angle, the arc tangent of t / sqrt(freedom).
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if _find_student_share(freedom, middle) < share else (low, middle)
    return tan(high) * sqrt(freedom)


def _find_student_share(freedom: int, angle: float) -> float:
    """Return the share of Student's distribution below t (Abramowitz & Stegun 1964, equations 26.7.3 and 26.7.4)."""
    odd = freedom % 2
    term, total = (cos(angle), 0.0) if odd else (1.0, 0.0)
    for power in range(odd, freedom - 1, 2):
        total += term
        term *= cos(angle) ** 2 * (power + 1) / (power + 2)
    inner = (angle + sin(angle) * total) * 2 / pi if odd else sin(angle) * total
    return 0.5 + inner / 2


def seed_random(ids: Iterable[str]) -> np.random.Generator:
    """Return a source of random numbers that depends on the ids of the runs alone: a report says the same each time."""
    return np.random.default_rng(int.from_bytes(sha256("\n".join(sorted(ids)).encode()).digest()[:8], "big"))
