"""Ways down from a point along one direction: whether what its eigenvalues call a saddle is one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..landscape import Array, Problem
from ..slices import evaluate_in_chunks

HALVINGS = 22
"""The shortest step is the way to the bound, halved so often."""
ROUNDINGS = 16.0
"""Sums over rows of data are taken to be exact up to so many roundings."""


@dataclass(frozen=True, slots=True)
class Escape:
    """How far the loss falls along a line through a point, before it rises.

    Attributes:
        fall: By how much it falls, 0 or more.
        distance: How far from the point it is that low, in the landscape's units; 0 if it does not fall.
        precision: What the loss is exact to: no smaller fall is one.
        both_ways: Whether it falls by more than that the other way, too.
    """

    fall: float
    distance: float
    precision: float
    both_ways: bool = False

    @property
    def is_confirmed(self) -> bool:
        """Whether the loss falls by more than rounding explains both ways: on a slope it falls one way."""
        return self.both_ways


def follow_direction(problem: Problem, point: Array, direction: Array) -> Escape:
    """Follow a direction from a point, both ways, until the loss rises or the line leaves the box.

    Args:
        problem: Any opened landscape. It is evaluated 90 times; nothing is charged.
        point: The point, shape (D,), in the box and the landscape's units.
        direction: The direction, shape (D,), such as ``Extremes.escape``.

    Returns:
        The deeper fall of both. A valley beyond a rise does not count.

    Example:
        >>> class Ridge:
        ...     space = Space(np.full(2, -1.0), np.full(2, 1.0))
        ...     def evaluate(self, points):
        ...         return points[:, 0] ** 2 - points[:, 1] ** 2
        >>> found = follow_direction(Ridge(), np.zeros(2), np.array([0.0, 1.0]))
        >>> found.fall, found.distance, found.is_confirmed
        (1.0, 1.0, True)
    """
    unit = direction / np.linalg.norm(direction)
    parts = 2.0 ** (-0.5 * np.arange(2 * HALVINGS, -1, -1))
    ways = []
    for way in (unit, -unit):
        steps = parts * _measure_reach(problem, point, way)
        places = np.clip(point + steps[:, None] * way, problem.space.lower, problem.space.upper)
        losses = evaluate_in_chunks(problem, np.concatenate([point[None], places]))
        ways.append(_find_fall(losses, np.concatenate([[0.0], steps])))
    best = max(ways, key=lambda each: (each.fall, each.precision))
    return replace(best, both_ways=all(each.fall > each.precision for each in ways))


def find_precision(losses: Array) -> float:
    """Return what losses (n,) are exact to: some roundings of the greatest, in single precision if all fit that."""
    known = losses[np.isfinite(losses)]
    if not len(known):
        return 0.0
    with np.errstate(over="ignore"):
        single = bool((known.astype(np.float32) == known).all())
    return ROUNDINGS * float(np.finfo(np.float32 if single else np.float64).eps) * float(np.abs(known).max())


def _measure_reach(problem: Problem, point: Array, way: Array) -> float:
    """Return how far from a point (D,) the box ends along a unit vector (D,)."""
    space = problem.space
    moved = np.abs(way) > 1e-300
    gaps = np.where(way > 0, space.upper - point, point - space.lower)[moved] / np.abs(way[moved])
    return max(0.0, float(gaps.min()))


def _find_fall(losses: Array, steps: Array) -> Escape:
    """Return the fall along a way, given losses (n,) and how far (n,), the point itself first."""
    if not np.isfinite(losses[0]):
        return Escape(0.0, 0.0, 0.0)
    falling = [0]
    for number in range(1, len(losses)):
        low = losses[falling[-1]]
        if not losses[number] <= low + find_precision(losses[: number + 1]):
            break
        if losses[number] <= low:
            falling.append(number)
    last = falling[-1]
    return Escape(float(losses[0] - losses[last]), float(steps[last]), find_precision(losses[: last + 2]))
