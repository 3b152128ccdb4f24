"""Grid search that zooms in."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import Agent, Converged, Lease, Region, Search
from .toolbox.steering import same_region


class Grid(Agent):
    """Lays a grid on its region, evaluates it, recentres on the best point and shrinks, until the grid is as fine as
    ``resolution``.

    The grid spans the part of the region that lies within the cube, its faces included. Where it would have more
    than ``max_points``, ``beyond`` says what is laid instead. Points of the grid before that would come again are
    not evaluated again (with 5 points an axis and shrink 0.5, most of 3 to the D of them; Sobol points never
    coincide). With ``move_at_edge``, a new best on a face of the region, away from the cube's own, moves the region
    without shrinking it: the minimum may lie outside. Where lines along the axes stand in for a grid, the region
    shrinks once all were laid. A lease that changes the region is followed once the grid or line in hand is done.
    """

    card: ClassVar[str] = (
        "Lays a grid of points on its region, moves to the best of them, shrinks the region and lays the next grid. "
        "A coarse grid may miss the best valley; once the region has shrunk round another, there is no way back."
    )
    kind: Literal["grid"] = "grid"
    points_per_axis: int = Field(5, ge=2, description="Grid points along each axis, both faces included.")
    shrink: float = Field(0.5, gt=0, lt=1, description="Radius of a grid over that of the one before.")
    resolution: float = Field(
        1e-6, gt=0, le=0.5, description="It ends when the next radius would be below, in cube units."
    )
    max_points: int = Field(256, ge=2, description="Most points of a full grid.")
    beyond: Literal["sobol", "coordinate"] = Field(
        "coordinate",
        description="Where a full grid has more than max_points. coordinate: points_per_axis along one axis after the "
        "other, each through the best point so far. sobol: scrambled Sobol points, the greatest power of two within "
        "max_points.",
    )
    order: Literal["lexicographic", "random"] = Field(
        "lexicographic", description="Order in which a grid is evaluated."
    )
    move_at_edge: bool = Field(True, description="Move without shrinking when a new best lies on the region's face.")

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        region = followed = lease.region
        point, loss = np.clip(region.center, 0.0, 1.0), np.inf
        known: dict[bytes, float] = {}
        parts = self._count_parts(space.dimension)
        part, on_edge = 0, False
        while True:
            points = self._lay_points(region, part, rng)
            # Rounded, as the same point reached from two centers may differ in its last bit; + 0.0 for -0.0.
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
        """How many lattices are laid before the region shrinks."""
        full = self.points_per_axis**dimension <= self.max_points
        return 1 if full or self.beyond == "sobol" else dimension

    def _lay_points(self, region: Region, part: int, rng: np.random.Generator) -> Array:
        """Points (n, D) on the region, in the order in which they are to be evaluated."""
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
    """All points of a grid on a box, (per_axis^D, D), the last axis fastest."""
    axes = np.linspace(lower, upper, per_axis, axis=1)
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


def sobol_points(dimension: int, most: int, rng: np.random.Generator) -> Array:
    """The greatest power of two of scrambled Sobol points within ``most``, (n, D) in [0, 1). (Owen 1998,
    "Scrambling Sobol' and Niederreiter-Xing points".)"""
    # Imported here: it takes a second, and most grids never need it.
    from scipy.stats import qmc

    # By a number, as scipy would spawn from a generator, which one keyed without a seed sequence cannot.
    seed = int(rng.integers(2**63))
    points: Array = qmc.Sobol(dimension, scramble=True, seed=seed).random_base2(most.bit_length() - 1)
    return points


def nearest_best(points: Array, losses: Array, center: Array) -> int:
    """The row of the least loss; of several, the one nearest the center, so that a plateau moves nothing."""
    ties = np.flatnonzero(losses == losses.min())
    if len(ties) == 1:
        return int(ties[0])
    return int(ties[np.square(points[ties] - center).sum(axis=1).argmin()])


def lies_on_face(point: Array, region: Region) -> bool:
    """Whether a point (D,) lies on a face of the region that is not one of the cube's."""
    lower, upper = region.lower, region.upper
    slack = 1e-9 * region.radius
    at_lower = (point <= lower + slack) & (lower > 0.0)
    at_upper = (point >= upper - slack) & (upper < 1.0)
    return bool((at_lower | at_upper).any())
