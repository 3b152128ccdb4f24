"""Grid search that zooms in on the best point."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.axis import Axis
from ..landscapes.landscape import Array, Space
from .agent import MOST_AT_ONCE, Agent, Converged, Lease, Region, Search
from .toolbox.steering import same_region


class Grid(Agent):
    """Evaluates a grid on its region, then a smaller grid around the best point, and so on down to a resolution.

    Use it in few dimensions, where a plain and thorough search is affordable. The grid spans the part of the region
    that lies within the cube, its faces included. If it would have more than ``max_points`` points, the setting
    ``beyond`` says what is evaluated instead. Points that also belong to the previous grid are not evaluated again
    (with 5 points per axis and a shrink of 0.5, most of 3 to the power of D points; Sobol points never coincide).

    With ``move_at_edge``, a new best point on a face of the region that is not a face of the cube moves the region
    without shrinking it, because the minimum may lie outside. Where lines along the axes replace a grid, the region
    shrinks after all of them have been evaluated. If a lease changes the region, it is followed after the current grid
    or line. The agent ends when the next radius would be below ``resolution``.

    On an axis with finitely many values, the grid consists of those in the region, at most ``points_per_axis`` of them;
    of an axis without order, it has all values.
    """

    card: ClassVar[str] = (
        "Evaluates a grid of points on its region, moves to the best of them, shrinks the region and starts the next "
        "grid. A coarse grid may miss the best valley, and once the region has shrunk, there is no way back."
    )
    on_choices: ClassVar[str] = "Of a choice, it tries all values, also those beyond its region."
    kind: Literal["grid"] = "grid"
    points_per_axis: int = Field(
        5, ge=2, le=MOST_AT_ONCE, description="Grid points along each axis, both faces included."
    )
    shrink: float = Field(0.5, gt=0, lt=1, description="Ratio of the radius of a grid to that of the previous one.")
    resolution: float = Field(
        1e-6, gt=0, le=0.5, description="Radius, in cube units, below which no further grid is evaluated."
    )
    max_points: int = Field(256, ge=2, le=MOST_AT_ONCE, description="The most points that a full grid may have.")
    beyond: Literal["sobol", "coordinate"] = Field(
        "coordinate",
        description="What replaces a full grid of more than max_points. coordinate: points_per_axis along one axis "
        "after the other, each through the best point so far. sobol: scrambled Sobol points, the greatest power of two "
        "within max_points.",
    )
    order: Literal["lexicographic", "random"] = Field(
        "lexicographic", description="Order in which the points of a grid are evaluated."
    )
    move_at_edge: bool = Field(
        True, description="Whether a new best point on a face of the region moves it without shrinking."
    )

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        region = followed = lease.region
        point, loss = np.clip(region.center, 0.0, 1.0), np.inf
        known: dict[bytes, float] = {}
        parts = self._count_parts(space)
        part, on_edge = 0, False
        while True:
            points = self._lay_points(space, region, part, rng)
            # Rounded, because the same point reached from two centers may differ in its last bit; + 0.0 removes -0.0.
            keys = [row.tobytes() for row in np.round(points, 12) + 0.0]
            new = [i for i, key in enumerate(keys) if key not in known]
            if new:
                told = yield points[new]
                lease = told.lease
                known.update(zip([keys[i] for i in new], told.losses.tolist(), strict=True))
            losses = np.array([known[key] for key in keys])
            known = dict(zip(keys, losses.tolist(), strict=True))
            row = nearest_best(points, losses, region.center)
            improved = bool(losses[row] < loss)
            if improved:
                point, loss = points[row].copy(), float(losses[row])
                on_edge = on_edge or lies_on_face(point, region)
            part = (part + 1) % parts
            if not same_region(lease.region, followed):
                region = followed = lease.region
                point, loss, on_edge = np.clip(region.center, 0.0, 1.0), np.inf, False
            elif part or (on_edge and self.move_at_edge):
                region, on_edge = Region(point, region.radius), on_edge and part > 0
            elif region.radius * self.shrink >= self.resolution:
                region, on_edge = Region(point, region.radius * self.shrink), False
            elif loss < np.inf:
                return Converged(point, loss, f"grid resolution {self.resolution:.3g} reached")
            else:
                return None

    def _count_parts(self, space: Space) -> int:
        """Return how many grids or lines are evaluated before the region shrinks."""
        return 1 if self._is_full(space) or self.beyond == "sobol" else space.dimension

    def _is_full(self, space: Space) -> bool:
        """Return whether a full grid has at most ``max_points`` points."""
        counts = (
            (self._count_points(axis) for axis in space.axes)
            if space.axes
            else (self.points_per_axis for _ in range(space.dimension))
        )
        return math.prod(counts) <= self.max_points

    def _count_points(self, axis: Axis) -> int:
        """Return how many points a grid has along an axis, at most."""
        if not axis.is_stepped:
            return self.points_per_axis
        return min(axis.steps, self.points_per_axis) if axis.is_ordered else axis.steps

    def _lay_points(self, space: Space, region: Region, part: int, rng: np.random.Generator) -> Array:
        """Return points (n, D) on the region, in the order in which they are to be evaluated."""
        lower, upper = region.lower, region.upper
        if self._is_full(space):
            points = full_grid(self._lay_lines(space, lower, upper))
        elif self.beyond == "sobol":
            points = lower + (upper - lower) * sobol_points(len(lower), self.max_points, rng)
        else:
            line = self._lay_lines(space, lower, upper)[part]
            points = np.tile(np.clip(region.center, 0.0, 1.0), (len(line), 1))
            points[:, part] = line
        return rng.permutation(points) if self.order == "random" else points

    def _lay_lines(self, space: Space, lower: Array, upper: Array) -> list[Array]:
        """Return the coordinates of a grid along each axis, D arrays."""
        lines = list(np.linspace(lower, upper, self.points_per_axis, axis=1))
        for index, axis in enumerate(space.axes):
            if axis.is_stepped:
                lines[index] = place_on_steps(axis, lower[index], upper[index], self._count_points(axis))
        return lines


def place_on_steps(axis: Axis, lower: float, upper: float, most: int) -> Array:
    """Return the coordinates of values of a stepped axis, at most ``most``, evenly chosen from those in an interval.

    Of an axis without order, they are chosen from all values: an interval of it means nothing.
    """
    first, last = (axis.to_number(x) for x in ((lower, upper) if axis.is_ordered else (0.0, 1.0)))
    numbers = np.unique(np.round(np.linspace(first, last, min(most, round(last - first) + 1))))
    return np.array([axis.to_coordinate(number) for number in numbers.tolist()])


def full_grid(lines: list[Array]) -> Array:
    """Return all points of a grid with these coordinates along its axes, shape (n, D); the last axis varies fastest."""
    return np.stack([axis.ravel() for axis in np.meshgrid(*lines, indexing="ij")], axis=1)


def sobol_points(dimension: int, most: int, rng: np.random.Generator) -> Array:
    """Return scrambled Sobol points in [0, 1), shape (n, D), where n is the greatest power of two within ``most``.

    Source: Owen 1998, "Scrambling Sobol' and Niederreiter-Xing points".
    """
    # Imported here, because the import takes a second and most grids never need it.
    from scipy.stats import qmc

    # Seeded by a number: from a generator scipy would spawn another, which is impossible without a seed sequence.
    seed = int(rng.integers(2**63))
    points: Array = qmc.Sobol(dimension, scramble=True, seed=seed).random_base2(most.bit_length() - 1)
    return points


def nearest_best(points: Array, losses: Array, center: Array) -> int:
    """Return the row of the least loss, or of several the one nearest the center, so that a plateau moves nothing."""
    ties = np.flatnonzero(losses == losses.min())
    if len(ties) == 1:
        return int(ties[0])
    return int(ties[np.square(points[ties] - center).sum(axis=1).argmin()])


def lies_on_face(point: Array, region: Region) -> bool:
    """Return whether a point (D,) lies on a face of the region that is not a face of the cube."""
    lower, upper = region.lower, region.upper
    slack = 1e-9 * region.radius
    at_lower = (point <= lower + slack) & (lower > 0.0)
    at_upper = (point >= upper - slack) & (upper < 1.0)
    return bool((at_lower | at_upper).any())
