"""Tests whether the runs of two strategies differ, and measures by how much."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from statistics import NormalDist

import numpy as np

from ...landscapes.landscape import Array
from .ranking import rank_values

ALPHA = 0.05
MOST_EXACT = 5_000
"""Up to this product of the size of the smaller group and of both together, all assignments of the ranks are counted.
It takes a tenth of a second."""


def rank_sum_p_value(first: Sequence[float], second: Sequence[float]) -> float:
    """Compute p of the two-sided rank-sum test (Wilcoxon, Mann and Whitney), exactly for the ranks at hand.

    Every assignment of the ranks, ties with their mean rank, to groups of these sizes is as likely as any other. p is
    twice the share of those with a rank sum as low, or as high, as the observed one, whichever is less. So it is never
    below ``least_p_value``. For large groups (``MOST_EXACT``), p is that of the normal approximation.
    """
    small, large = sorted((first, second), key=len)
    size, total = len(small), len(small) + len(large)
    # Ranks, unlike infinities, can be added; twice a rank is a whole number.
    ranks = np.round(2 * rank_values([*small, *large])).astype(int)
    observed = int(ranks[:size].sum())
    if len(set(ranks.tolist())) == 1:
        return 1.0
    if size * total <= MOST_EXACT:
        share = _distribute_rank_sums(ranks, size)
        p = 2 * min(share[: observed + 1].sum(), share[observed:].sum())
    else:
        p = _approximate_p_value(ranks / 2, size)
    return float(min(1.0, max(p, least_p_value(size, total - size))))


def _approximate_p_value(ranks: Array, size: int) -> float:
    """Return p of the first ``size`` ranks by the normal approximation, with ties and a correction for continuity."""
    total = len(ranks)
    middle = size * (total + 1) / 2
    ties = np.unique(ranks, return_counts=True)[1].astype(float)
    variance = size * (total - size) / 12 * (total + 1 - (ties**3 - ties).sum() / (total * (total - 1)))
    distance = max(abs(float(ranks[:size].sum()) - middle) - 0.5, 0.0) / float(np.sqrt(variance))
    return 2 * NormalDist().cdf(-distance)


def _distribute_rank_sums(ranks: Array, size: int) -> Array:
    """Return, for each possible sum of ``size`` of these whole numbers, the share of the selections that have it."""
    most = int(np.sort(ranks)[-size:].sum())
    # counts[k, s]: how many selections of k of the numbers so far have the sum s.
    counts = np.zeros((size + 1, most + 1))
    counts[0, 0] = 1.0
    for rank in ranks.tolist():
        # The right side is computed before it is added, so that no number is selected twice.
        counts[1:, rank:] += counts[:-1, : most + 1 - rank]
    share: Array = counts[size] / counts[size].sum()
    return share


def least_p_value(first: int, second: int) -> float:
    """Return the smallest p that the test can give for groups of these sizes, i.e. for completely separated groups."""
    return min(1.0, 2 / comb(first + second, first))


def adjust_p_values(values: Sequence[float | None]) -> list[float | None]:
    """Adjust p-values for the number of tests by Holm's method (Holm 1979). None stays None, and is not counted."""
    tested = sorted((p, i) for i, p in enumerate(values) if p is not None)
    adjusted: list[float | None] = [None] * len(values)
    worst = 0.0
    for place, (p, i) in enumerate(tested):
        worst = max(worst, min(1.0, p * (len(tested) - place)))
        adjusted[i] = worst
    return adjusted


def effect_size(first: Sequence[float], second: Sequence[float]) -> float:
    """Compute the probability that a run of the first is better than one of the second, ties counted half (A12).

    0.5: no difference; 1: each run of the first is better, i.e. has the lower value (Vargha & Delaney 2000, "A critique
    and improvement of the CL common language effect size statistics").

    Example:
        >>> effect_size([1.0, 2.0], [2.0, 3.0])
        0.875
    """
    ranks = rank_values([*first, *second])
    size, other = len(first), len(second)
    lower = ranks[:size].sum() - size * (size + 1) / 2
    return float(1 - lower / (size * other))
