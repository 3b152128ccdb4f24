"""Saddle points: the direction along which the loss falls from a point without a slope."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

import numpy as np

from ...landscapes.landscape import Array
from ..agent import Lease, Proposal, Told, WithGradient

MOST_PRODUCTS = 20
"""So many products with the Hessian are estimated at most, each by two gradients."""
DIFFERENCE = 1e-4
"""Step of the differences of gradients, in cube units."""
LEAST_SHARE = 1e-3
"""A curvature counts as negative from this share of the greatest on."""
PROBES = (1e-2, 1e-3)
"""How far along the direction the loss must fall, in cube units."""
FACE = 1e-6
"""Axes on which the point is this close to a face of the cube are left out."""


class WayDown(NamedTuple):
    """A way down from a saddle.

    Attributes:
        direction: The direction of the least curvature, shape (D,), a unit vector in the cube; the loss falls along it.
        least: The curvature along it, below 0, per cube unit squared.
        greatest: The greatest curvature that was found.
    """

    direction: Array
    least: float
    greatest: float


def find_way_down(
    point: Array, loss: float, rng: np.random.Generator
) -> Generator[Proposal, Told, tuple[WayDown | None, Lease | None]]:
    """Look for the direction of the least curvature at a point, by Lanczos's method on differences of gradients.

    It proposes at most ``MOST_PRODUCTS`` pairs of points with gradients, and then points along the direction, both
    ways, to see whether the loss falls there.

    Args:
        point: The point, shape (D,), in the unit cube, where the gradient is about zero.
        loss: Its loss.
        rng: Random numbers, for the first direction.

    Returns:
        The way down; None if the curvature is nowhere negative, the loss does not fall, or a gradient failed. And the
        lease in force, None if nothing was proposed.

    Source: Lanczos 1950, with full reorthogonalisation; Golub and Van Loan, Matrix Computations, 10.1.
    """
    free = (point > FACE) & (point < 1.0 - FACE)
    if not free.any():
        return None, None
    apart = min(DIFFERENCE, 0.5 * float(np.minimum(point, 1.0 - point)[free].min()))
    basis: list[Array] = []
    products: list[Array] = []
    vector = rng.standard_normal(len(point)) * free
    while len(basis) < min(MOST_PRODUCTS, int(free.sum())) and (length := float(np.linalg.norm(vector))) > 0.0:
        basis.append(vector / length)
        told = yield WithGradient(point + apart * np.stack([basis[-1], -basis[-1]]))
        assert told.gradients is not None
        if not np.isfinite(told.gradients).all():
            return None, told.lease
        products.append(free * (told.gradients[0] - told.gradients[1]) / (2 * apart))
        vector = _subtract_parts(products[-1], basis)
        if float(np.linalg.norm(vector)) <= 1e-9 * float(np.abs(products).max()):
            break
    small = np.array(basis) @ np.array(products).T
    values, vectors = np.linalg.eigh((small + small.T) / 2)
    least, greatest = float(values[0]), float(values[-1])
    if not least < -LEAST_SHARE * float(np.abs(values).max()):
        return None, told.lease
    direction = np.array(basis).T @ vectors[:, 0]
    steps = np.array([way * step for step in PROBES for way in (1.0, -1.0)])
    told = yield np.clip(point + steps[:, None] * direction, 0.0, 1.0)
    way = steps[int(np.argmin(told.losses))]
    if not told.losses.min() < loss:
        return None, told.lease
    return WayDown(np.sign(way) * direction, least, greatest), told.lease


def _subtract_parts(vector: Array, basis: list[Array]) -> Array:
    """Return what remains of a vector (D,) without its parts along the vectors of a basis, which have length 1."""
    for _ in range(2):
        for each in basis:
            vector = vector - (each @ vector) * each
    return vector
