"""The losses on which searches are driven, over points (n, D) of the unit cube, with their gradients per cube unit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...landscapes.landscape import Array

LOWEST_AT = 0.3713
"""Every coordinate of the minimum of the bowl."""


def bowl(points: Array) -> Array:
    """Return the squared distance from the minimum, shape (n,)."""
    found: Array = ((points - LOWEST_AT) ** 2).sum(axis=1)
    return found


def bowl_gradient(points: Array) -> Array:
    """Return the gradient of the bowl, shape (n, D)."""
    return 2 * (points - LOWEST_AT)


def plateau(points: Array) -> Array:
    """Return the same loss for every point, shape (n,)."""
    return np.full(len(points), 3.0)


def all_failing(points: Array) -> Array:
    """Return infinity for every point, shape (n,), as if all evaluations failed."""
    return np.full(len(points), np.inf)


def bowl_with_holes(points: Array) -> Array:
    """Return the bowl, and infinity here and there, shape (n,), as if some evaluations failed."""
    return np.where(np.sin(30 * points).sum(axis=1) > 0.9, np.inf, bowl(points))


def gradient_with_holes(points: Array) -> Array:
    """Return the gradient of the bowl with holes, shape (n, D); NaN where evaluations fail."""
    return np.where(np.isinf(bowl_with_holes(points))[:, None], np.nan, bowl_gradient(points))


def missing_gradient(points: Array) -> Array:
    """Return NaN, shape (n, D), as if every gradient failed."""
    return np.full(points.shape, np.nan)


LOSSES: dict[str, Callable[[Array], Array]] = {
    "bowl": bowl,
    "plateau": plateau,
    "every evaluation fails": all_failing,
    "bowl with holes": bowl_with_holes,
}
GRADIENTS: dict[str, Callable[[Array], Array] | None] = {
    "none": None,
    "exact": bowl_gradient,
    "exact, with holes": gradient_with_holes,
    "every gradient fails": missing_gradient,
    "zero": np.zeros_like,
}
