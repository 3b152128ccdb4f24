"""Sequential quadratic programming, with a special first step."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ..landscapes.landscape import Array, Space
from .agent import SLOPES_ON_CHOICES, Agent, Incumbent, Lease, Search
from .toolbox.callback import Objective
from .toolbox.local_solver import follow_solver
from .toolbox.model_solver import solve_without_gradients
from .toolbox.slopes import CachedObjective, CoarseLosses
from .toolbox.steering import center_point

TINY = 1e-8
"""Differences over longer steps, which a user has chosen, are taken as they are."""
SUSPICIOUS = 1e-5
"""If a step changes the loss by less than this fraction of what the slope predicts, the slope may be noise."""

ATTEMPTS = 5
"""How often SLSQP forgets its model and tries again before it ends; scipy's code has this number."""
FAINT, USUAL = 1e-3, 10.0
"""A slope below the first, in units of the loss a side of the cube, is taken to be that of a loss that is small in its
units, and seen by the solver as the second."""
FAILURES = range(3, 8)
"""Exit modes of SLSQP that say that a quadratic program was not solved, though a step within a box always exists."""
EVEN, EVEN_MANY, FLATTER = 1.15, 1.12, 1e4
"""Where the spread of the curvatures that a step has met is at most ``EVEN``, they are taken to be about equal (in
``MANY`` dimensions or more: ``EVEN_MANY``); elsewhere other directions are taken to be flatter than the steepest one by
the factor ``FLATTER``, since a model that is too flat is corrected sooner than one that is too steep."""
MANY = 20
"""In fewer dimensions the first step tells no smaller scale: there a model is soon corrected."""
ONWARD = 0.3
"""Length of the solver's first step, in cube units, where the search goes on from another agent's best point."""
RESCALED = 0.1
"""The scale of the loss with which the solver is started again is at most this fraction of the last."""


class Slsqp(Agent):
    """Jumps to the lowest point of a quadratic model that it builds as it goes (SLSQP).

    Use it on smooth landscapes, where it reaches the nearest minimum with very few evaluations. It is SLSQP of
    ``scipy.optimize.minimize``, within the cube, with the landscape's gradients if it has any, else with finite
    differences. It starts at the region's center, and the agent ends when the solver does. If a lease's region no
    longer contains its best point, the solver is started again at the incumbent if that lies in the region, else at the
    region's center.

    The solver does not know the scale of the loss. Two points are therefore evaluated before it starts: one along the
    gradient, and then the minimum of the parabola through both, or the corner of the cube if the loss falls as fast as
    the gradient predicts. A round bowl or a slope needs no more points than these. Where slopes are very small, the
    loss is taken to be in units in which it is small, and the solver sees it in others.

    If the search starts at the lease's incumbent, a solver has already ended there. The reason is often the scale, so
    the loss is then scaled so that the curvature along the gradient is 1, as in the solver's first Hessian. If another
    agent has found that point, it is no solver's end, and with ``goes_on`` the search goes on there at once.

    Finite differences tell no slopes where losses are rounded, as those of networks (single precision) and of programs
    that print them are, or noisy. The losses of the first gradient show it: they all have few digits; or the first step
    belies them by far, and the start, evaluated again, has another loss. The search then goes on by BOBYQA, whose
    models span longer distances (``coarse``).

    In some forty dimensions or more, where the loss is steep, the solver's quadratic programs can fail: it finds no
    step, forgets its model five times, and reports success. It is then started again from there with a smaller scale of
    the loss, after another step along the gradient. Where the first step shows such steepness, and that other
    directions are flatter, it begins with a smaller scale, in 20 dimensions or more (``rescales``).

    With several lanes, the points of a gradient are proposed together with the point at which it is measured, if that
    takes fewer rounds: gradients that are not needed then cost evaluations, and no time.

    Source: Kraft 1988.
    """

    card: ClassVar[str] = (
        "Builds a model of the slope and curvature as it goes, and jumps to the model's lowest point. On smooth "
        "landscapes it needs very few evaluations, and it ends in the nearest valley."
    )
    on_choices: ClassVar[str] = SLOPES_ON_CHOICES
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

    rescales: bool = Field(
        True,
        description="Whether the solver has a smaller scale of the loss on a steep slope: from the first step on where "
        "that shows curvatures that differ, else once it finds no step; this needs ``first_step``.",
    )

    goes_on: bool = Field(
        False,
        description="Whether a search that starts at another agent's best point begins without the first step, and "
        f"with a scale by which the solver's own first step is {ONWARD} cube units long; this needs ``first_step``.",
    )

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what earlier versions did not have: a run's id and its random streams are keyed by the settings."""
        added = {"coarse": "bobyqa", "rescales": True, "goes_on": False}
        return {key: value for key, value in dump(self).items() if key not in added or value != added[key]}

    def row_price(self, space: Space) -> int:
        """Return the price of a row, with its gradient if the landscape has gradients."""
        return 1 + space.gradient_price if space.has_gradient else 1

    def most_lanes(self, space: Space) -> int:
        """Return the number of points of a gradient by differences, with that at which it is measured."""
        return 1 if space.has_gradient else 1 + space.dimension

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        known = lease.incumbent
        again = known is not None and np.array_equal(known.point, lease.region.center)
        goes_on = self.goes_on and self.first_step > 0 and again and known is not None and known.agent != lease.agent
        solve = partial(
            self._solve, exact=space.has_gradient, again=again, lanes=lease.lanes, known=known if goes_on else None
        )
        return (yield from follow_solver(solve, lease, rng, center_point(lease.region, rng, space.init)))

    def _solve(
        self, objective: Objective, start: Array, radius: float, exact: bool, again: bool, lanes: int,
        known: Incumbent | None = None,
    ) -> str:  # fmt: skip
        checks = self.coarse == "bobyqa" and not exact and self.difference <= TINY
        slope = CachedObjective(objective, self.difference, exact, lanes)
        try:
            if checks:
                slope.check_rounding(start)
                if known is not None and np.array_equal(known.point, start) and slope.loss(start) != known.loss:
                    slope.check_noise(start, slope.loss(start), known.loss)
            return self._follow_slopes(slope, start, again, known is not None, checks)
        except CoarseLosses as found:
            why = solve_without_gradients(slope.loss, start, "bobyqa", min(0.5 * radius, 0.25), 1e-10)
            return f"{found}, {why}"

    def _follow_slopes(self, slope: CachedObjective, start: Array, again: bool, goes_on: bool, checks: bool) -> str:
        units, scale, faint = self.units, 1.0, 1.0
        if goes_on:
            scale, faint = scale_to_length(slope.gradient(start), units), measure_faintness(slope.gradient(start))
        elif self.first_step:
            begin, _, slant = start, slope.loss(start), slope.gradient(start).copy()
            # A search from its own best point has small slopes in any units.
            faint = 1.0 if again else measure_faintness(slant)
            start, curvature = take_first_step(slope, start, self.first_step, checks)
            if again:
                scale = units**2 / curvature if 0.0 < curvature < np.inf else 1.0
            elif self.rescales and start is not begin and len(start) >= MANY:
                # As the solver will see it, or it would evaluate it again.
                seen = start * units / units
                slope.loss(seen)
                scale = self._limit_scale(seen - begin, (slope.gradient(seen) - slant) / faint)
            scale /= faint
        remark = "steep, so with a smaller scale: " if scale < 1.0 and not again else ""
        while True:
            end, words = run_slsqp(slope, start, units, scale, faint * self.tolerance)
            limit = units**2 / scale if scale > 0 else np.inf
            if end is None or not (self.rescales and self.first_step and is_steep(slope, end, limit)):
                return f"slsqp: {remark}{words}".rstrip(".").lower()
            start, scale = self._rescale(slope, end, scale)
            remark = "too steep for its first scale, with a smaller one: "

    def _limit_scale(self, step: Array, change: Array) -> float:
        """Choose a scale of the loss by how the gradient changes over the first step; both ends are needed anyway.

        It is 1, or less where curvatures differ and the steepest is more than ``FLATTER`` times that of the first
        model.
        """
        if not measure_spread(step, change) > EVEN_MANY:
            return 1.0
        curvature = float(step @ change) / float(step @ step)
        return min(1.0, FLATTER * self.units**2 / curvature) if curvature > 0 else 1.0

    def _rescale(self, slope: CachedObjective, start: Array, scale: float) -> tuple[Array, float]:
        """Take a step from where the solver failed, and choose a smaller scale of the loss by what the step tells.

        With the scale, the curvature of the flatter directions is about 1, as in the solver's first Hessian.

        Returns:
            Where to start, shape (D,); and the scale, at most a tenth of the last one.
        """
        gradient = slope.gradient(start).copy()
        there, curvature = take_first_step(slope, start, self.first_step)
        spread = measure_spread(there - start, slope.gradient(there) - gradient)
        if not 0.0 < curvature < np.inf or not np.isfinite(spread):
            return there, RESCALED * scale
        even = EVEN_MANY if len(start) >= MANY else EVEN
        wanted = self.units**2 / curvature * (FLATTER if spread > even else 1.0)
        return there, min(wanted, RESCALED * scale)


def run_slsqp(
    slope: CachedObjective, start: Array, units: float, scale: float, tolerance: float
) -> tuple[Array | None, str]:  # fmt: skip
    """Run scipy's SLSQP within the cube.

    Args:
        slope: The loss and its gradient.
        start: Where to start, shape (D,), in the unit cube.
        units: Side of the cube in the solver's variables.
        scale: Factor of the loss that the solver sees.
        tolerance: The gain, in units of the loss, below which it ends.

    Returns:
        Where the solver failed, shape (D,), in the unit cube, or None if it ended otherwise: its last quadratic
        programs gave no direction in which the loss falls; and what it says of its end.
    """
    # Imported here, because the import is slow and few runs need it.
    from scipy.optimize import minimize

    iterations: list[Array] = []
    with np.errstate(all="ignore"):
        result = minimize(
            lambda y: scale * slope.loss(y / units),
            start * units,
            jac=lambda y: scale * slope.gradient(y / units) / units,
            method="SLSQP",
            bounds=[(0.0, units)] * len(start),
            options={"ftol": scale * tolerance, "maxiter": 1_000_000},
            callback=iterations.append,
        )
    # It counts every attempt, and reports the iterations in which it evaluates a point.
    failed = result.status in FAILURES or result.nit - len(iterations) >= ATTEMPTS - 1
    return np.clip(result.x / units, 0.0, 1.0) if failed else None, str(result.message)


def scale_to_length(gradient: Array, units: float) -> float:
    """Return the scale of the loss by which the solver's first step is ``ONWARD`` cube units long; 1 if there is none.

    Without it, the units of the loss would decide how far the solver goes.

    Args:
        gradient: The gradient of the loss per cube unit, shape (D,).
        units: Side of the cube in the solver's variables.

    Example:
        >>> scale_to_length(np.array([3.0, 4.0]), 1.0)
        0.06
    """
    length = float(np.linalg.norm(gradient))
    return ONWARD * units**2 / length if 0.0 < length < np.inf else 1.0


def measure_faintness(gradient: Array) -> float:
    """Return by what a loss is smaller than the solver takes losses to be: 1, or less for slopes below ``FAINT``.

    Without it, a loss in units in which it is small would end the solver at once. It is a power of 2, so that the same
    loss in units that are 2, 4, 8 ... times as large gives the same points, to the last bit.

    Args:
        gradient: The gradient of the loss per cube unit, shape (D,).

    Example:
        >>> measure_faintness(np.array([-2.0, 0.5])), measure_faintness(np.array([FAINT / 4, 0.0]))
        (1.0, 0.25)
    """
    steepest = float(np.abs(gradient).max(initial=0.0))
    if not 0.0 < steepest < FAINT:
        return 1.0
    return 2.0 ** math.floor(math.log2(steepest / USUAL))


def is_steep(slope: CachedObjective, point: Array, limit: float) -> bool:
    """Return whether the loss falls by more than ``limit`` per side of the cube, along an axis.

    Only axes along which the point can move count. Where a slope is steeper than the squared side of the cube in the
    solver's variables over the scale of the loss, the solver's first step down would be longer than that side.

    Args:
        slope: The loss and its gradient.
        point: Shape (D,), in the unit cube, the last point of which the gradient is known; else the answer is False.
        limit: In units of the loss per side of the cube.
    """
    gradient = slope.known_gradient(point)
    if gradient is None:
        return False
    free = np.where(gradient > 0, point > 0.0, point < 1.0)
    return bool(np.abs(gradient[free]).max(initial=0.0) > limit)


def measure_spread(step: Array, change: Array) -> float:
    """Measure how unequal the curvatures are that a step meets.

    Args:
        step: The step, shape (D,).
        change: By how much the gradient changes over the step, shape (D,).

    Returns:
        The squared length of both over the square of their product: 1 if the step lies along one axis of the curvature,
        and more the more unequal the curvatures are; NaN or infinity if there is no step or no curvature.

    Example:
        >>> measure_spread(np.array([1.0, 1.0]), np.array([2.0, 2.0]))
        1.0
        >>> measure_spread(np.array([1.0, 1.0]), np.array([3.0, 1.0]))
        1.25
    """
    with np.errstate(all="ignore"):
        return float((step @ step) * (change @ change) / (step @ change) ** 2)


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
        slope.remember(best, loss, slope.recall_gradient(best))
    return best, bend / float((there - start) @ (there - start) or np.inf)
