"""Trust-region search on a smooth model that passes through the points it has tried, for small budgets."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import Agent, Converged, Lease, Search
from .gaussian_process import level_losses
from .toolbox.cubic_model import CubicModel
from .toolbox.steering import center_point, draw_points, is_called_away, restart_point, scale_step

NEIGHBOURS = 5
"""The model passes through the nearest points, this many times D, and one more."""
SPLINE_REACH = 8.0
"""Points that are farther from the best one than this many radii do not count, if there are D + 2 nearer ones."""
LEAST_MOVE = 1e-3
"""A point as near as this to one that was tried, in radii, would tell nothing."""
EQUAL, NONE = 1e-3, 1e-9
"""Bends along two axes that differ by less than this fraction are equal, and one is none that is smaller than this
fraction of the greatest change of the loss."""
SPARE = 30
"""Places that are drawn where the model's lowest point would tell nothing, of which the loneliest is tried."""


class Splines(Agent):
    """Lays a cubic spline through what it has tried and steps to where that is lowest, within a trust region.

    Use it where the budget is small (up to some 20 D) and the loss is smooth, or has many small valleys: the spline
    uses every point nearby, however it came about. The agent starts at the region's center and takes one step of
    ``step`` times the region's radius along each axis, from the best point so far, and one to the other side if that is
    no better; if all were better, it takes one more step along one of them. The next point is the minimum of a round
    bowl that fits these, as far as axes were tried both ways, or the corner to which the loss falls if it has no bends;
    once two axes bend equally, the others need one step each. Losses above the median count by their logarithm, so that
    high walls do not bend the model in the valley. The trust region is twice as wide after a better point at its edge,
    and half as wide after a point that is no better. The agent ends when it is narrower than ``tolerance``. If a
    lease's region no longer contains its best point, it starts again at the incumbent if that lies in the region, else
    at the region's center. A point takes it some milliseconds, up to 20 dimensions.

    Source: Wild, Regis & Shoemaker 2008 (ORBIT).
    """

    card: ClassVar[str] = (
        "Lays a smooth surface through all points it has tried nearby and steps to the lowest place of that. It finds "
        "much with very few evaluations, and thinks a little for each."
    )
    kind: Literal["splines"] = "splines"

    step: float = Field(
        0.4, gt=0, le=1, description="First steps, as a fraction of the region's radius; at most 0.25 cube units."
    )
    tolerance: float = Field(
        1e-9, gt=0, lt=0.1, description="Radius of the trust region, in cube units, below which it ends."
    )
    levels: bool = Field(True, description="Whether losses above the median count by their logarithm.")

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        start = center_point(lease.region, rng, space.init)
        while True:
            region, radius, best, loss = lease.region, self._radius(lease), start, np.inf
            points, losses = np.empty((0, space.dimension)), np.empty(0)
            untried = [(axis, side) for axis in range(space.dimension) for side in (1, -1)]
            sweep = AxisSweep(space.dimension)
            while radius >= self.tolerance or not loss < np.inf:
                if not untried:
                    untried = sweep.step_on(best, radius)
                axis, promising, stepping = -1, True, loss < np.inf and bool(untried)
                if not loss < np.inf:
                    # Where the start fails, another one is drawn.
                    proposal = start if not len(losses) else draw_points(region, rng)[0]
                    points, losses = points[:0], losses[:0]
                elif stepping:
                    (axis, side), *untried = untried
                    proposal = best.copy()
                    proposal[axis] += side * radius
                    if not 0.0 <= proposal[axis] <= 1.0:
                        continue
                elif (lowest := sweep.find_lowest(best, radius)) is not None:
                    proposal = lowest
                else:
                    proposal, promising = self._choose_point(points, losses, best, radius, rng)
                told = yield proposal[None].copy()
                lease = told.lease
                points, losses = np.vstack([points, proposal]), np.append(losses, told.losses)
                better = bool(losses[-1] < loss)
                if stepping:
                    sweep.note(axis, side, float(losses[-1]) - loss)
                if stepping and (better or sweep.is_even()):
                    untried = [one for one in untried if one[0] != axis]
                elif not stepping and loss < np.inf:
                    radius = resize_radius(radius, promising and better, np.abs(proposal - best).max())
                if better:
                    best, loss = proposal.copy(), float(losses[-1])
                if is_called_away(lease, region, best):
                    start = restart_point(lease)
                    break
            else:
                return Converged(best, loss, f"trust region narrower than {self.tolerance:.3g}")

    def _radius(self, lease: Lease) -> float:
        """Return the first radius of the trust region, in cube units."""
        return max(min(scale_step(self.step, lease.region.radius), 0.25), self.tolerance)

    def _choose_point(
        self, points: Array, losses: Array, best: Array, radius: float, rng: np.random.Generator
    ) -> tuple[Array, bool]:  # fmt: skip
        """Return the next point (D,), and whether the model promises that it is better than the best one."""
        low, high = np.maximum(-best / radius, -1.0), np.minimum((1.0 - best) / radius, 1.0)
        near = choose_neighbours(points, losses, best, radius)
        values = level_losses(losses[near]) if self.levels else losses[near] - losses[near].min()
        with np.errstate(over="ignore"):
            spread = float(values.std()) or 1.0
        model = CubicModel.fit((points[near] - best) / radius, values / spread)
        place = model.find_lowest(low, high) if model is not None else np.zeros(len(best))
        chosen = np.clip(best + radius * place, 0.0, 1.0)
        if np.abs(points - chosen).max(axis=1).min() >= LEAST_MOVE * radius:
            return chosen, True
        places = best + radius * rng.uniform(low, high, (SPARE, len(best)))
        gaps = ((places[:, None] - points) ** 2).sum(axis=2).min(axis=1)
        return np.clip(places[gaps.argmax()], 0.0, 1.0), False


class AxisSweep:
    """What first steps of equal length along the axes tell: a round bowl that bends like the loss, or a slope.

    Where an axis was tried both ways, the changes of the loss add up to its bend.

    Args:
        dimension: The number of axes.

    Example:
        >>> sweep, weights = AxisSweep(2), np.array([0.5, 0.25])
        >>> for axis in range(2):
        ...     for side in (1, -1):  # The loss is the squared distance from the weights, at 0 and a step away.
        ...         sweep.note(axis, side, 1.0 - 2.0 * side * weights[axis])
        >>> sweep.is_even(), sweep.find_lowest(np.zeros(2), 1.0).tolist()
        (True, [0.5, 0.25])
    """

    def __init__(self, dimension: int) -> None:
        self._changes: list[dict[int, float]] = [{} for _ in range(dimension)]

    def note(self, axis: int, side: int, change: float) -> None:
        """Note by how much the loss has changed with a step up (``side`` 1) or down (-1) an axis."""
        self._changes[axis][side] = change

    def is_even(self) -> bool:
        """Return whether two bends or more are known and all are equal."""
        bends, least = self._measure_bends()
        return len(bends) > 1 and bool(np.ptp(bends) <= max(EQUAL * np.abs(bends).max(), least))

    def step_on(self, best: Array, step: float) -> list[tuple[int, int]]:
        """Return the (axis, side) of a further step, as a list, if every axis was better with its only one; else [].

        No bend is known then, as where the minimum lies above the start on all axes. The further step tells one.

        Args:
            best: The best point, shape (D,), which all steps have led to.
            step: The length of a step, in cube units.
        """
        known = [next(iter(of_axis.items())) for of_axis in self._changes if len(of_axis) == 1]
        if not known or len(known) < len(self._changes) or not all(change < 0.0 for _, change in known):
            return []
        for axis, (side, change) in enumerate(known):
            if np.isfinite(change) and 0.0 <= best[axis] + side * step <= 1.0:
                self._changes[axis] = {-side: -change}
                return [(axis, side)]
        return []

    def find_lowest(self, best: Array, step: float) -> Array | None:
        """Return the lowest point (D,) in the cube of what the steps tell, once; None if they tell neither.

        The bowl's bend is the mean of those that are known, all upward. It is a slope if two are known at least, and
        all are none.

        Args:
            best: The best point, shape (D,): each step started from the best one so far.
            step: The length of the steps, in cube units.
        """
        (bends, least), changes = self._measure_bends(), self._changes
        self._changes = []
        slants = len(bends) > 1 and bool((np.abs(bends) <= least).all())
        if not all(changes) or not len(bends) or not (slants or (bends > least).all()):
            return None
        bend = 0.0 if slants else float(bends.mean())
        # In units of the loss a step, at the best point.
        slopes = np.zeros(len(best))
        for axis, of_axis in enumerate(changes):
            side, change = min(of_axis.items(), key=lambda tried: tried[1])
            slopes[axis] = side * (change + (0.5 if change < 0.0 else -0.5) * bend)
        if slants:
            return np.where(slopes > 0.0, 0.0, np.where(slopes < 0.0, 1.0, best))
        lowest: Array = np.clip(best - step * slopes / bend, 0.0, 1.0)
        return lowest

    def _measure_bends(self) -> tuple[Array, float]:
        """Return the bends that are known, shape (n,), none if a point failed; and how small one is that is none."""
        bends = np.array([sum(of_axis.values()) for of_axis in self._changes if len(of_axis) > 1])
        changes = np.array([change for of_axis in self._changes for change in of_axis.values()])
        if not np.isfinite(changes).all():
            return np.empty(0), 0.0
        return bends, NONE * float(np.abs(changes).max(initial=0.0))


def choose_neighbours(points: Array, losses: Array, best: Array, radius: float) -> NDArray[np.int64]:
    """Return the numbers of the points that a model around the best one passes through, nearest first, shape (m,).

    Args:
        points: All points, shape (n, D).
        losses: Their losses, shape (n,); those of failed points are not finite, and they are left out.
        best: The best point, shape (D,).
        radius: The radius of the trust region, in cube units.
    """
    gaps = np.where(np.isfinite(losses), np.abs(points - best).max(axis=1), np.inf)
    order = np.argsort(gaps, kind="stable")[: NEIGHBOURS * len(best) + 1]
    order = order[np.isfinite(gaps[order])]
    enough = max(int((gaps[order] <= SPLINE_REACH * radius).sum()), len(best) + 2)
    return order[:enough]


def resize_radius(radius: float, better: bool, length: float) -> float:
    """Return the next radius of the trust region, in cube units, at most half of the cube.

    Args:
        radius: The present radius.
        better: Whether the step found a better point.
        length: The length of the step along its longest axis.

    Example:
        >>> resize_radius(0.125, True, 0.125), resize_radius(0.125, True, 0.0625), resize_radius(0.125, False, 0.125)
        (0.25, 0.125, 0.0625)
    """
    if not better:
        return 0.5 * radius
    return min(2.0 * radius, 0.5) if length > 0.9 * radius else radius
