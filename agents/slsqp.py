"""Sequential quadratic programming, with a first step of its own."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import Agent, Lease, Search
from .toolbox.callback import Objective
from .toolbox.local_solver import follow_solver


class Slsqp(Agent):
    """SLSQP (Kraft 1988) of ``scipy.optimize.minimize`` within the cube, by the landscape's gradients where it has
    them, else by finite differences.

    Before the solver, which knows nothing of the loss's scale, come two points of our own: one along the gradient,
    and from it the minimum of the parabola through both, or, where the loss falls as fast as the gradient says, the
    cube's corner. A round bowl and a slope need no more. Starts at the region's center and ends when the solver does.

    A start at the lease's incumbent means that a solver came to its end there. As that is often for want of scale,
    the loss is then scaled so that the curvature along the gradient is 1, as is the solver's first Hessian.
    """

    card: ClassVar[str] = (
        "Builds a model of the slope and curvature as it goes and jumps to the model's lowest point. On smooth "
        "landscapes it needs very few evaluations, and it ends in the nearest valley."
    )
    kind: Literal["slsqp"] = "slsqp"
    units: float = Field(
        20.0,
        gt=0,
        description="The cube's side in the solver's own variables, in which its first Hessian is the identity.",
    )
    first_step: float = Field(
        0.5, ge=0, le=1, description="Length of the first point along the gradient, in cube units; 0: none."
    )
    difference: float = Field(1e-10, gt=0, le=0.1, description="Distance of finite differences, in cube units.")
    tolerance: float = Field(1e-12, gt=0, lt=1, description="scipy's ftol: it ends at a gain of less.")

    def row_price(self, space: Space) -> int:
        return 1 + space.gradient_price if space.has_gradient else 1

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        again = lease.incumbent is not None and np.array_equal(lease.incumbent.point, lease.region.center)
        return (yield from follow_solver(partial(self._solve, exact=space.has_gradient, again=again), lease, rng))

    def _solve(self, objective: Objective, start: Array, radius: float, exact: bool, again: bool) -> str:
        # Imported here, as it takes long and few runs need it.
        from scipy.optimize import minimize

        slope = CachedObjective(objective, self.difference, exact)
        units, scale = self.units, 1.0
        if self.first_step:
            start, curvature = take_first_step(slope, start, self.first_step)
            scale = units**2 / curvature if again and 0.0 < curvature < np.inf else 1.0
        with np.errstate(all="ignore"):
            result = minimize(
                lambda y: scale * slope.loss(y / units),
                start * units,
                jac=lambda y: scale * slope.gradient(y / units) / units,
                method="SLSQP",
                bounds=[(0.0, units)] * len(start),
                options={"ftol": scale * self.tolerance, "maxiter": 1_000_000},
            )
        return f"slsqp: {result.message}".rstrip(".").lower()


class CachedObjective:
    """Loss and gradient of an objective; what was asked last is remembered, and what is known is not asked again."""

    def __init__(self, objective: Objective, difference: float, exact: bool) -> None:
        self._objective, self._difference, self._exact = objective, difference, exact
        self._last_point: Array | None = None
        self._value = np.inf
        self._last_gradient: Array | None = None

    def remember(self, x: Array, loss: float, gradient: Array | None = None) -> None:
        """Take note of a loss that is known, perhaps with its gradient."""
        self._last_point, self._value, self._last_gradient = x.copy(), loss, gradient

    def loss(self, x: Array) -> float:
        x = np.clip(x, 0.0, 1.0)
        if self._last_point is None or not np.array_equal(self._last_point, x):
            self.remember(x, self._objective(x))
        return self._value

    def gradient(self, x: Array) -> Array:
        x = np.clip(x, 0.0, 1.0)
        if self._exact:
            if self._last_point is None or not np.array_equal(self._last_point, x) or self._last_gradient is None:
                loss, steepness = self._objective.evaluate_with_gradient(x)
                self.remember(x, loss, steepness)
                return steepness
            return self._last_gradient
        here = self.loss(x)
        if self._last_gradient is None:
            # One batch; backwards where forwards is outside.
            points = x + np.diag(np.where(x + self._difference <= 1.0, self._difference, -self._difference))
            self._last_gradient = (self._objective.evaluate_batch(points) - here) / (points.diagonal() - x)
        return self._last_gradient


def take_first_step(slope: CachedObjective, start: Array, length: float) -> tuple[Array, float]:
    """The best of a start and two points along its gradient, made known to the slope; and the loss's curvature
    along the gradient, by the parabola through the first two, 0 where there is no gradient."""
    here, gradient = slope.loss(start), slope.gradient(start).copy()
    steepest = float(np.abs(gradient).max())
    if not 0.0 < steepest < np.inf:
        return start, 0.0
    tried = [(here, start)]

    def attempt(x: Array) -> float:
        tried.append((slope.loss(x), x))
        return tried[-1][0]

    there = np.clip(start - length * (gradient / steepest), 0.0, 1.0)
    loss = attempt(there)
    fall = float(gradient @ (there - start))
    bend = 2.0 * (loss - here - fall)
    if abs(bend) <= 1e-4 * abs(fall):
        corner = np.where(gradient > 0, 0.0, np.where(gradient < 0, 1.0, start))
        if not np.array_equal(corner, there):
            attempt(corner)
    elif bend > 0 and np.isfinite(bend):
        lowest = np.clip(start + min(-fall / bend, 4.0) * (there - start), 0.0, 1.0)
        if not np.array_equal(lowest, there):
            attempt(lowest)
    loss, best = min(tried, key=lambda entry: entry[0])
    if best is start:
        slope.remember(start, here, gradient)
    else:
        slope.remember(best, loss)
    return best, bend / float((there - start) @ (there - start) or np.inf)
