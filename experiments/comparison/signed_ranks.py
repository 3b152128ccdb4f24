"""Tests over problems: Friedman's of all strategies, and the signed-rank tests, frequentist and Bayesian, of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array
from .ranking import rank_values

MOST_EXACT_PAIRS = 200
"""Up to so many differences, the distribution of the signed rank sum is computed exactly."""
PRIOR_STRENGTH = 0.5
"""The weight of the prior's one observation, which lies in the region of practical equivalence."""
SAMPLES = 4000


def friedman_p_value(ranks: Array) -> float | None:
    """Compute p of Friedman's test that all strategies are alike (Friedman 1937; with ties, Conover 1999, section 5.8).

    Args:
        ranks: The rank of each strategy on each problem, shape (problems, strategies); ties share their mean rank.

    Returns:
        p by the chi-squared approximation; None for fewer than two problems or three strategies, which it is not for.
    """
    problems, strategies = ranks.shape
    if problems < 2 or strategies < 3:
        return None
    middle = (strategies + 1) / 2
    spread = float(((ranks - middle) ** 2).sum())
    if spread == 0:
        return 1.0
    between = float(((ranks.mean(axis=0) - middle) ** 2).sum())
    return find_chi_squared_tail(strategies - 1, (strategies - 1) * problems**2 * between / spread)


def find_chi_squared_tail(freedom: int, value: float) -> float:
    """Return the share of the chi-squared distribution above a value (Abramowitz & Stegun 1964, 26.4.4 and 26.4.5).

    scipy has the same, and takes a quarter of a second to be imported.

    Args:
        freedom: The degrees of freedom, at least 1.
        value: The value, at least 0.

    Example:
        >>> round(find_chi_squared_tail(3, 7.815), 4)
        0.05
    """
    half = value / 2
    # The first term of either sum, and the power of half the value in the next one.
    found, power = (erfc(sqrt(half)), 0.5) if freedom % 2 else (exp(-half), 1.0)
    while power < freedom / 2:
        found += exp(power * log(half) - half - lgamma(power + 1)) if half else 0.0
        power += 1
    return min(found, 1.0)


def signed_rank_p_value(differences: Sequence[float]) -> float:
    """Compute p of the two-sided signed-rank test that differences lie evenly about zero (Wilcoxon 1945).

    Differences of zero share their ranks between both signs (Pratt 1959 leaves their ranks out of the sums, and so does
    this). For up to ``MOST_EXACT_PAIRS`` differences p is exact for the ranks at hand, ties included; for more it is
    that of the normal approximation.
    """
    values = np.asarray(differences, dtype=float)
    # Twice a rank is a whole number.
    ranks = np.round(2 * rank_values(np.abs(values).tolist())).astype(int)[values != 0]
    if not len(ranks):
        return 1.0
    positive = int(ranks[values[values != 0] > 0].sum())
    total = int(ranks.sum())
    least = min(positive, total - positive)
    if len(ranks) > MOST_EXACT_PAIRS:
        deviation = float(np.sqrt((ranks.astype(float) ** 2).sum() / 4))
        return min(1.0, 2 * NormalDist().cdf((least - total / 2) / deviation))
    shares = np.zeros(total + 1)
    shares[0] = 1.0
    for rank in ranks.tolist():
        shares = shares / 2 + np.concatenate([np.zeros(rank), shares[: total + 1 - rank]]) / 2
    return float(min(1.0, 2 * shares[: least + 1].sum()))


@dataclass(frozen=True)
class Belief:
    """The probabilities that the first strategy is better, that both are equivalent, and that the second is better."""

    better: float
    equivalent: float
    worse: float


def bayesian_signed_rank(differences: Sequence[float], margin: float, random: np.random.Generator) -> Belief:
    """Compute the posterior of the Bayesian signed-rank test, with a region of practical equivalence.

    Benavoli, Corani, Demsar & Zaffalon 2017, "Time for a change: a tutorial for comparing multiple classifiers through
    Bayesian analysis", section 4.2: a Dirichlet process whose prior has one observation within the region. Each
    probability is the share of posterior samples in which that outcome is the most likely one.

    Args:
        differences: Differences of the two strategies, one per problem, e.g. of the logarithms of their running times;
            negative where the first is better.
        margin: Differences up to this size are equivalent.
        random: Source of the posterior samples.
    """
    values = np.concatenate([[0.0], np.asarray(differences, dtype=float)])
    weights = random.dirichlet([PRIOR_STRENGTH, *[1.0] * len(differences)], SAMPLES)
    sums = (values[:, None] + values[None, :]) / 2
    shares = np.array([_weigh(weights, sums < -margin), np.zeros(SAMPLES), _weigh(weights, sums > margin)])
    shares[1] = 1 - shares[0] - shares[2]
    won = np.bincount(shares.argmax(axis=0), minlength=3) / SAMPLES
    return Belief(float(won[0]), float(won[1]), float(won[2]))


def _weigh(weights: Array, chosen: NDArray[np.bool_]) -> Array:
    """Return, per sample, the weight of the chosen pairs."""
    found: Array = ((weights @ chosen) * weights).sum(axis=1)
    return found
