"""Decide where a search starts, and whether a lease calls it away from where it is."""

from __future__ import annotations

import numpy as np

from ...landscapes.landscape import Array, InitialPoints
from ..agent import Lease, Region

LEAST_STEP = float(np.finfo(float).tiny)
"""The least step that solvers take: with a smaller one they would divide by zero."""


def draw_points(region: Region, rng: np.random.Generator, n: int = 1) -> Array:
    """Draw points uniformly from the part of a region that lies within the unit cube.

    Args:
        region: The region.
        rng: Random numbers.
        n: How many points to draw.

    Returns:
        The points, shape (n, D), float64.

    Example:
        >>> draw_points(Region.whole(2), np.random.default_rng(0), 3).shape
        (3, 2)
    """
    lower, upper = region.lower, region.upper
    points: Array = lower + (upper - lower) * rng.random((n, len(lower)))
    return points


def start_point(region: Region, rng: np.random.Generator, init: InitialPoints | None = None) -> Array:
    """Return where a fresh search starts: at the region's center, or anywhere if the region is the whole cube.

    A policy that chose a smaller region chose its center too; the center of the whole cube means nothing.

    Args:
        region: The region of the fresh lease.
        rng: Random numbers; they are drawn only if the region is the whole cube.
        init: The space's rule for where searches start (``space.init``), which "anywhere" then follows.

    Returns:
        The point, shape (D,), in the unit cube.

    Example:
        >>> start_point(Region(np.array([0.25, 0.5]), 0.1), np.random.default_rng(0)).tolist()
        [0.25, 0.5]
    """
    if region.is_whole:
        return draw_points(region, rng)[0] if init is None else clip_to_cube(init.draw(rng))
    return clip_to_cube(region.center)


def center_point(region: Region, rng: np.random.Generator, init: InitialPoints | None) -> Array:
    """Return where a fresh search starts that starts in the middle: at the region's center.

    If the region is the whole cube and the space has a rule for where searches start, that rule says where.

    Args:
        region: The region of the fresh lease.
        rng: Random numbers; they are drawn only by the rule.
        init: The space's rule (``space.init``).

    Returns:
        The point, shape (D,), in the unit cube.

    Example:
        >>> center_point(Region.whole(2), np.random.default_rng(0), None).tolist()
        [0.5, 0.5]
    """
    return clip_to_cube(region.center) if init is None else start_point(region, rng, init)


def first_point(lease: Lease, rng: np.random.Generator, init: InitialPoints | None) -> Array:
    """Return where a fresh search starts that goes on from the points of others: at one that the lease hands over.

    Args:
        lease: The fresh lease.
        rng: Random numbers.
        init: The space's rule for where searches start (``space.init``).

    Returns:
        The incumbent if the lease hands it over, else as ``start_point`` says; shape (D,), in the unit cube.

    Example:
        >>> lease = Lease(0, "scout", 10, Region(np.array([0.25]), 0.1), "nothing shared", fresh=True)
        >>> first_point(lease, np.random.default_rng(0), None).tolist()
        [0.25]
    """
    if lease.takes_over and lease.incumbent is not None:
        return clip_to_cube(lease.incumbent.point)
    return start_point(lease.region, rng, init)


def restart_point(lease: Lease) -> Array:
    """Return where a search continues that a lease calls away.

    Args:
        lease: The lease in force.

    Returns:
        The incumbent if it lies in the lease's region, else the region's center; shape (D,), in the unit cube.

    Example:
        >>> restart_point(Lease(1, "scout", 10, Region(np.array([0.25, 0.5]), 0.1), "nothing shared")).tolist()
        [0.25, 0.5]
    """
    if lease.incumbent is not None and lies_within(lease.incumbent.point, lease.region):
        return clip_to_cube(lease.incumbent.point)
    return clip_to_cube(lease.region.center)


def scale_step(share: float, radius: float) -> float:
    """Return a first step as a share of a region's radius, which is never rounded to zero.

    Args:
        share: The step as a fraction of the radius, > 0.
        radius: The radius, in cube units, > 0.

    Returns:
        The step, in cube units, > 0.

    Example:
        >>> scale_step(0.5, 0.5), scale_step(5e-324, 0.5) > 0
        (0.25, True)
    """
    return max(share * radius, LEAST_STEP)


def clip_to_cube(point: Array) -> Array:
    """Return the point of the unit cube that is nearest to a point.

    Args:
        point: The point, shape (D,).

    Returns:
        The nearest point, shape (D,); always a new array.

    Example:
        >>> clip_to_cube(np.array([-0.5, 0.25])).tolist()
        [0.0, 0.25]
    """
    nearest: Array = np.clip(point, 0.0, 1.0)
    return nearest


def lies_within(point: Array, region: Region) -> bool:
    """Return whether a point lies in a region, up to rounding (1e-15).

    Args:
        point: The point, shape (D,), in the unit cube.
        region: The region.

    Returns:
        True if no coordinate is farther from the region's center than its radius.

    Example:
        >>> lies_within(np.array([0.5, 0.75]), Region(np.array([0.5, 0.5]), 0.25))
        True
    """
    return bool((np.abs(point - region.center) <= region.radius + 1e-15).all())


def same_region(one: Region, other: Region) -> bool:
    """Return whether two regions have the same center and radius.

    Args:
        one: A region.
        other: Another region.

    Returns:
        True if the centers and the radii are exactly equal.

    Example:
        >>> same_region(Region.whole(2), Region(np.array([0.5, 0.5]), 0.5))
        True
    """
    return one is other or (one.radius == other.radius and np.array_equal(one.center, other.center))


def is_handed_over(lease: Lease, last: Lease) -> bool:
    """Return whether a lease hands over its incumbent: the agent is to go on from there, wherever its own point is.

    In spaces of thousands of axes, points that differ much lie close together in the measure of regions, so that a
    region cannot call a search away. A policy that sends an agent to a point there says so (``lease.takes_over``).

    Args:
        lease: The lease in force.
        last: The lease under which the search has worked so far.

    Returns:
        True if this is another lease, and its policy hands its incumbent over.

    Example:
        >>> from searchparty import Incumbent
        >>> first = Lease(0, "scout", 10, Region.whole(1), "first lease")
        >>> better = Incumbent("other", 1, 0, np.array([0.25]), 0.5)
        >>> is_handed_over(Lease(2, "scout", 10, Region.whole(1), "shared", incumbent=better, takes_over=True), first)
        True
    """
    return lease is not last and lease.takes_over


def is_called_away(lease: Lease, region: Region, point: Array) -> bool:
    """Return whether a lease calls a search away from its current point.

    Args:
        lease: The lease in force.
        region: The region that the search has followed so far.
        point: The current point of the search, shape (D,), in the unit cube.

    Returns:
        True if the lease's region differs from ``region`` and does not contain the point.

    Example:
        >>> lease = Lease(1, "scout", 10, Region(np.array([0.25, 0.5]), 0.1), "closer to the incumbent")
        >>> is_called_away(lease, Region.whole(2), np.array([0.75, 0.5]))
        True
    """
    return not same_region(lease.region, region) and not lies_within(point, lease.region)
