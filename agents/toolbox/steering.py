"""Where a search starts, and whether a lease calls it elsewhere."""

from __future__ import annotations

import numpy as np

from ...landscapes.landscape import Array
from ..agent import Lease, Region


def draw_points(region: Region, rng: np.random.Generator, n: int = 1) -> Array:
    """Points (n, D), uniform in the part of the region that lies within the cube."""
    lower, upper = region.lower, region.upper
    points: Array = lower + (upper - lower) * rng.random((n, len(lower)))
    return points


def start_point(region: Region, rng: np.random.Generator) -> Array:
    """Where a fresh search starts, (D,): at the region's center, as whoever chose the region chose that; but
    anywhere if the region is the whole cube, whose center means nothing."""
    if region.is_whole:
        return draw_points(region, rng)[0]
    return clip_to_cube(region.center)


def restart_point(lease: Lease) -> Array:
    """Where a search goes that the lease calls elsewhere, (D,): to the incumbent if it lies within the region, else
    to the region's center."""
    if lease.incumbent is not None and lies_within(lease.incumbent.point, lease.region):
        return clip_to_cube(lease.incumbent.point)
    return clip_to_cube(lease.region.center)


def clip_to_cube(point: Array) -> Array:
    """The nearest point of the cube, (D,), an array of its own."""
    nearest: Array = np.clip(point, 0.0, 1.0)
    return nearest


def lies_within(point: Array, region: Region) -> bool:
    """Whether a point (D,) lies in the region, give or take rounding."""
    return bool((np.abs(point - region.center) <= region.radius + 1e-15).all())


def same_region(one: Region, other: Region) -> bool:
    """Whether two regions are equal."""
    return one is other or (one.radius == other.radius and np.array_equal(one.center, other.center))


def is_called_away(lease: Lease, region: Region, point: Array) -> bool:
    """Whether the lease's region is another than the one searched so far, and does not hold the point (D,)."""
    return not same_region(lease.region, region) and not lies_within(point, lease.region)
