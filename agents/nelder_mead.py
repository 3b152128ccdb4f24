"""The downhill simplex method."""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import Agent, Converged, Lease, Proposal, Search, Told
from .toolbox.steering import is_called_away, restart_point, scale_step, start_point


class NelderMead(Agent):
    """Moves a simplex downhill by replacing its worst corner.

    Use it for a local search without gradients in few dimensions. The first simplex has a corner at the region's center
    (anywhere if the region is the whole cube) and edges along the axes; all corners are clipped to the cube. When the
    simplex has shrunk below ``tolerance``, a new one is placed around its best corner, so that a simplex that has
    become flat is not mistaken for a minimum; the agent ends when the new one finds nothing better. If a lease's region
    no longer contains the best corner, a new simplex is placed at the incumbent if that lies in the region, else at the
    region's center.

    Source: Nelder and Mead 1965, with the adaptive parameters of Gao and Han 2012 (eq. 4.1).
    """

    card: ClassVar[str] = (
        "Moves a simplex, a triangle in two dimensions, downhill by flipping over its worst corner. It needs no "
        "gradient and ends in the nearest valley."
    )
    kind: Literal["nelder-mead"] = "nelder-mead"
    step: float = Field(0.2, gt=0, le=1, description="First simplex's edge, as a fraction of the region's radius.")
    tolerance: float = Field(1e-8, gt=0, le=0.1, description="Width of a converged simplex, in cube units.")

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        point, loss = start_point(lease.region, rng, space.init), np.inf
        while True:
            before, region = loss, lease.region
            point, loss, lease = yield from self._shrink(point, lease)
            if is_called_away(lease, region, point):
                point, loss = restart_point(lease), np.inf
            elif not loss < before:
                if loss < np.inf:
                    return Converged(point, loss, f"the simplex shrank to {self.tolerance:.2g}, twice at this point")
                return None

    def _shrink(self, point: Array, lease: Lease) -> Generator[Proposal, Told, tuple[Array, float, Lease]]:
        """Follow a simplex from a point until it is small or a lease calls it away.

        Returns the best corner (D,), its loss and the lease in force.
        """
        n, region = len(point), lease.region
        # Gao and Han's parameters; in one dimension those for two, as their own would flatten the simplex.
        m = max(n, 2)
        expand, contract, shrink = 1 + 2 / m, 0.75 - 1 / (2 * m), 1 - 1 / m
        corners = simplex(point, scale_step(self.step, region.radius))
        told = yield corners.copy()
        losses = told.losses.copy()
        while True:
            order = losses.argsort(kind="stable")
            corners, losses = corners[order], losses[order]
            small = float(np.abs(corners[1:] - corners[0]).max()) <= self.tolerance
            if small or is_called_away(told.lease, region, corners[0]):
                return corners[0], float(losses[0]), told.lease
            center, worst = corners[:-1].mean(axis=0), corners[-1]
            reflected = np.clip(2 * center - worst, 0.0, 1.0)
            told = yield reflected[None].copy()
            trial, loss = reflected, told.losses[0]
            if loss < losses[0]:
                further = np.clip(center + expand * (reflected - center), 0.0, 1.0)
                told = yield further[None].copy()
                if told.losses[0] < loss:
                    trial, loss = further, told.losses[0]
            elif not loss < losses[-2]:
                # Contract towards the better of the worst corner and its reflection.
                outside = loss < losses[-1]
                end, most = (reflected, loss) if outside else (worst, losses[-1])
                trial = np.clip(center + contract * (end - center), 0.0, 1.0)
                told = yield trial[None].copy()
                loss = told.losses[0]
                if not loss < most:
                    corners[1:] = corners[0] + shrink * (corners[1:] - corners[0])
                    told = yield corners[1:].copy()
                    losses[1:] = told.losses
                    continue
            corners[-1], losses[-1] = trial, loss


def simplex(point: Array, edge: float) -> Array:
    """Return the corners (D + 1, D) of a simplex: a point, and one more along each axis, at a distance of ``edge``.

    An edge points down its axis where the cube leaves no room upwards.
    """
    edges = np.where(point + edge <= 1.0, edge, -edge)
    corners: Array = np.clip(np.vstack([point, point + np.diag(edges)]), 0.0, 1.0)
    return corners
