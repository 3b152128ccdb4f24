"""Sequential quadratic programming, with a special first step."""

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
    """Jumps to the lowest point of a quadratic model that it builds as it goes (SLSQP).

    Use it on smooth landscapes, where it reaches the nearest minimum with very few evaluations. It is SLSQP of
    ``scipy.optimize.minimize``, within the cube, with the landscape's gradients if it has any, else with finite
    differences. It starts at the region's center, and the agent ends when the solver does. If a lease's region no
    longer contains its best point, the solver is started again at the incumbent if that lies in the region, else at the
    region's center.

    The solver does not know the scale of the loss. Two points are therefore evaluated before it starts: one along the
    gradient, and then the minimum of the parabola through both, or the corner of the cube if the loss falls as fast as
    the gradient predicts. A round bowl or a slope needs no more points than these.

    If the search starts at the lease's incumbent, a solver has already ended there. The reason is often the scale, so
    the loss is then scaled so that the curvature along the gradient is 1, as in the solver's first Hessian.

    Source: Kraft 1988.
    """

    card: ClassVar[str] = (
        "Builds a model of the slope and curvature as it goes, and jumps to the model's lowest point. On smooth "
        "landscapes it needs very few evaluations, and it ends in the nearest valley."
    )
    kind: Literal["slsqp"] = "slsqp"
    units: float = Field(
        20.0,
        gt=0,
        le=1e100,
        description="Side of the cube in the solver's variables, in which its first Hessian is the identity.",
    )
    first_step: float = Field(
        0.5, ge=0, le=1, description="Distance of the first point along the gradient, in cube units; 0: no such point."
    )
    difference: float = Field(1e-10, gt=0, le=0.1, description="Step of finite differences, in cube units.")
    tolerance: float = Field(
        1e-12, gt=0, lt=1, description="Tolerance, passed to scipy as ftol: the gain below which it ends."
    )

    def row_price(self, space: Space) -> int:
        """Return the price of a row, with its gradient if the landscape has gradients."""
        return 1 + space.gradient_price if space.has_gradient else 1

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        again = lease.incumbent is not None and np.array_equal(lease.incumbent.point, lease.region.center)
        return (yield from follow_solver(partial(self._solve, exact=space.has_gradient, again=again), lease, rng))

    def _solve(self, objective: Objective, start: Array, radius: float, exact: bool, again: bool) -> str:
        # Imported here, because the import is slow and few runs need it.
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
    """Loss and gradient of an objective, with a memory of the last point so that it is not evaluated again.

    Args:
        objective: The objective.
        difference: Step of finite differences, in cube units.
        exact: Whether to use the landscape's gradients instead of finite differences.
    """

    def __init__(self, objective: Objective, difference: float, exact: bool) -> None:
        self._objective, self._difference, self._exact = objective, difference, exact
        self._last_point: Array | None = None
        self._value = np.inf
        self._last_gradient: Array | None = None

    def remember(self, x: Array, loss: float, gradient: Array | None = None) -> None:
        """Store a loss that is known, with its gradient if that is known too."""
        self._last_point, self._value, self._last_gradient = x.copy(), loss, gradient

    def loss(self, x: Array) -> float:
        """Return the loss at a point (D,), clipped to the cube."""
        x = np.clip(x, 0.0, 1.0)
        if self._last_point is None or not np.array_equal(self._last_point, x):
            self.remember(x, self._objective(x))
        return self._value

    def gradient(self, x: Array) -> Array:
        """Return the gradient (D,) per cube unit at a point (D,), clipped to the cube."""
        x = np.clip(x, 0.0, 1.0)
        if self._exact:
            if self._last_point is None or not np.array_equal(self._last_point, x) or self._last_gradient is None:
                loss, steepness = self._objective.evaluate_with_gradient(x)
                self.remember(x, loss, steepness)
                return steepness
            return self._last_gradient
        here = self.loss(x)
        if self._last_gradient is None:
            # One batch, with backward differences where forward ones would leave the cube.
            points = x + np.diag(np.where(x + self._difference <= 1.0, self._difference, -self._difference))
            self._last_gradient = (self._objective.evaluate_batch(points) - here) / (points.diagonal() - x)
        return self._last_gradient


def take_first_step(slope: CachedObjective, start: Array, length: float) -> tuple[Array, float]:
    """Try up to two points along the gradient at a start, and leave the best point in the memory of ``slope``.

    Args:
        slope: The loss and its gradient.
        start: Where to start, shape (D,), in the unit cube.
        length: Distance of the first point, in cube units, measured along the axis of the greatest slope.

    Returns:
        The best of the start and the points tried, shape (D,); and the curvature of the loss along the gradient, from
        the parabola through the first two, or 0 if there is no gradient.
    """
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
