"""Grid search that zooms in on the best point."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

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
    """

    card: ClassVar[str] = (
        "Evaluates a grid of points on its region, moves to the best of them, shrinks the region and starts the next "
        "grid. A coarse grid may miss the best valley, and once the region has shrunk, there is no way back."
    )
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
        parts = self._count_parts(space.dimension)
        part, on_edge = 0, False
        while True:
            points = self._lay_points(region, part, rng)
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

    def _count_parts(self, dimension: int) -> int:
        """Return how many grids or lines are evaluated before the region shrinks."""
        full = self.points_per_axis**dimension <= self.max_points
        return 1 if full or self.beyond == "sobol" else dimension

    def _lay_points(self, region: Region, part: int, rng: np.random.Generator) -> Array:
        """Return points (n, D) on the region, in the order in which they are to be evaluated."""
        lower, upper = region.lower, region.upper
        dimension = len(lower)
        if self.points_per_axis**dimension <= self.max_points:
            points = full_grid(lower, upper, self.points_per_axis)
        elif self.beyond == "sobol":
            points = lower + (upper - lower) * sobol_points(dimension, self.max_points, rng)
        else:
            points = np.tile(np.clip(region.center, 0.0, 1.0), (self.points_per_axis, 1))
            points[:, part] = np.linspace(lower[part], upper[part], self.points_per_axis)
        return rng.permutation(points) if self.order == "random" else points


def full_grid(lower: Array, upper: Array, per_axis: int) -> Array:
    """Return all points of a grid on a box, shape (per_axis^D, D); the last axis varies fastest."""
    axes = np.linspace(lower, upper, per_axis, axis=1)
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


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
