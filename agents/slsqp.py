"""Sequential quadratic programming, with a special first step."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ..landscapes.landscape import Array, Space
from .agent import Agent, Lease, Search
from .toolbox.callback import Objective
from .toolbox.local_solver import follow_solver
from .toolbox.model_solver import solve_without_gradients
from .toolbox.slopes import CachedObjective, CoarseLosses
from .toolbox.steering import center_point

TINY = 1e-8
"""Differences over longer steps, which a user has chosen, are taken as they are."""
SUSPICIOUS = 1e-5
"""If a step changes the loss by less than this fraction of what the slope predicts, the slope may be noise."""


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

    Finite differences tell no slopes where losses are rounded, as those of networks (single precision) and of programs
    that print them are, or noisy. The losses of the first gradient show it: they all have few digits; or the first step
    belies them by far, and the start, evaluated again, has another loss. The search then goes on by BOBYQA, whose
    models span longer distances (``coarse``).

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
    coarse: Literal["bobyqa", "slsqp"] = Field(
        "bobyqa",
        description="The solver where losses are rounded or noisy, so that differences over at most 1e-8 tell no "
        "slopes.",
    )

    @model_serializer(mode="wrap")
    def _omit_default(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what earlier versions did not have: a run's id and its random streams are keyed by the settings."""
        return {key: value for key, value in dump(self).items() if (key, value) != ("coarse", "bobyqa")}

    def row_price(self, space: Space) -> int:
        """Return the price of a row, with its gradient if the landscape has gradients."""
        return 1 + space.gradient_price if space.has_gradient else 1

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        again = lease.incumbent is not None and np.array_equal(lease.incumbent.point, lease.region.center)
        solve = partial(self._solve, exact=space.has_gradient, again=again)
        return (yield from follow_solver(solve, lease, rng, center_point(lease.region, rng, space.init)))

    def _solve(self, objective: Objective, start: Array, radius: float, exact: bool, again: bool) -> str:
        checks = self.coarse == "bobyqa" and not exact and self.difference <= TINY
        slope = CachedObjective(objective, self.difference, exact)
        try:
            if checks:
                slope.check_rounding(start)
            return self._follow_slopes(slope, start, again, checks)
        except CoarseLosses as found:
            why = solve_without_gradients(slope.loss, start, "bobyqa", min(0.5 * radius, 0.25), 1e-10)
            return f"{found}, {why}"

    def _follow_slopes(self, slope: CachedObjective, start: Array, again: bool, checks: bool) -> str:
        # Imported here, because the import is slow and few runs need it.
        from scipy.optimize import minimize

        units, scale = self.units, 1.0
        if self.first_step:
            start, curvature = take_first_step(slope, start, self.first_step, checks)
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


def take_first_step(
    slope: CachedObjective, start: Array, length: float, checks: bool = False
) -> tuple[Array, float]:  # fmt: skip
    """Try up to two points along the gradient at a start, and leave the best point in the memory of ``slope``.

    Args:
        slope: The loss and its gradient.
        start: Where to start, shape (D,), in the unit cube.
        length: Distance of the first point, in cube units, measured along the axis of the greatest slope.
        checks: Whether to evaluate the start again if the first point belies the slope by far, which noise may do.

    Returns:
        The best of the start and the points tried, shape (D,); and the curvature of the loss along the gradient, from
        the parabola through the first two, or 0 if there is no gradient.

    Raises:
        CoarseLosses: The start has another loss when it is evaluated again.
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
    if checks and abs(loss - here) < SUSPICIOUS * abs(fall):
        slope.check_noise(start, here, loss)
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
