"""Gradients by finite differences."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ...landscapes.landscape import Array
from ..agent import Lease, Proposal, Told


def estimate_gradient(
    point: Array, loss: float, apart: float, central: bool
) -> Generator[Proposal, Told, tuple[Array, Lease]]:
    """Estimate the gradient at a point by finite differences, forward or central.

    At a face of the cube, differences point inwards.

    Args:
        point: The point, shape (D,), in the unit cube.
        loss: Its loss.
        apart: The step of the differences, in cube units.
        central: Whether to use central differences, with 2 D points, instead of forward ones, with D.

    Returns:
        The gradient per cube unit, shape (D,), not finite where a point of the stencil failed; and the lease in force.
    """
    offsets = np.diag(np.full(len(point), apart))
    if central:
        up, down = np.minimum(point + offsets, 1.0), np.maximum(point - offsets, 0.0)
        told = yield np.concatenate([up, down])
        high, low = np.split(told.losses, 2)
        run = up.diagonal() - down.diagonal()
    else:
        stencil = np.where(point + offsets <= 1.0, point + offsets, point - offsets)
        told = yield stencil
        high, low, run = told.losses, np.full(len(point), loss), stencil.diagonal() - point
    # Failed points (+inf) on both sides give NaN.
    with np.errstate(invalid="ignore"):
        gradient: Array = (high - low) / run
    return gradient, told.lease
