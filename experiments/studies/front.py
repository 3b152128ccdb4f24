"""The Pareto front of loss against cost, its knee, and how sure it is that a setting lies on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array
from ..comparison.bootstrap import DRAWS

MOST_DRAWN = 4_000_000
"""The most settings in all draws together: with very many settings there are fewer draws."""


def find_front(costs: Array, losses: Array) -> NDArray[np.bool_]:
    """Return which points no other point dominates: none is at most as costly, at most as bad, and better in one.

    Args:
        costs: The cost of each point, shape (..., n).
        losses: Its loss, shape (..., n).

    Returns:
        Whether each is on the front, shape (..., n). Points that are equal are on it together.

    Example:
        >>> find_front(np.array([1.0, 2.0, 3.0]), np.array([5.0, 1.0, 2.0])).tolist()
        [True, True, False]
    """
    order = np.lexsort((losses, costs), axis=-1)
    cost, loss = np.take_along_axis(costs, order, -1), np.take_along_axis(losses, order, -1)
    # In this order only a point before another can dominate it: by a lower loss, or by the same loss at a lower cost.
    best = np.minimum.accumulate(loss, axis=-1)
    before = np.concatenate([np.full((*loss.shape[:-1], 1), np.inf), best[..., :-1]], axis=-1)
    # The first of those with the same loss is where the best loss was reached; the others must have its cost.
    reached = np.where(loss < before, cost, -np.inf)
    kept = (loss < before) | ((loss == before) & (cost == np.maximum.accumulate(reached, axis=-1)))
    found = np.empty_like(kept)
    np.put_along_axis(found, order, kept, -1)
    return found


def find_knee(costs: Array, losses: Array) -> int | None:
    """Return the place of the knee of a front: the point farthest below the chord between its two ends.

    Both quantities are scaled to the range between the ends (Das 1999, "On characterizing the 'knee' of the Pareto
    curve based on normal-boundary intersection"). What spans orders of magnitude is to be given as logarithms.

    Args:
        costs: The cost of each point of the front, shape (n,).
        losses: Its loss, shape (n,).

    Returns:
        The place; None if no point is below the chord: then no point is worth its cost more than others.

    Example:
        >>> find_knee(np.array([1.0, 2.0, 10.0]), np.array([10.0, 2.0, 1.0]))
        1
    """
    spans = float(np.ptp(costs)), float(np.ptp(losses))
    if len(costs) < 3 or 0.0 in spans:
        return None
    depths = 1.0 - (costs - costs.min()) / spans[0] - (losses - losses.min()) / spans[1]
    place = int(depths.argmax())
    return place if depths[place] > 1e-12 else None


def find_front_shares(costs: Sequence[Array], losses: Sequence[Array], random: np.random.Generator) -> Array:
    """Estimate the probability of each setting of being on the front, by a bootstrap of its runs.

    The median cost and the median loss of the drawn runs are compared. Settings with the same number of runs, which
    must then be in the same order of instances and repeats, get the same draws: they have common random numbers.

    Args:
        costs: The cost of each run of each setting, each of shape (runs,).
        losses: Its loss, likewise.
        random: Source of random numbers.

    Returns:
        Shares from 0 to 1, shape (settings,).
    """
    draws = min(DRAWS, MOST_DRAWN // len(costs))
    places = {count: random.integers(count, size=(draws, count)) for count in sorted({len(each) for each in costs})}
    drawn = []
    for cost, loss in zip(costs, losses, strict=True):
        chosen = places[len(cost)]
        drawn.append((np.median(cost[chosen], axis=-1), np.median(loss[chosen], axis=-1)))
    cost, loss = (np.stack([pair[part] for pair in drawn], axis=-1) for part in (0, 1))
    shares: Array = find_front(cost, loss).mean(axis=0)
    return shares
