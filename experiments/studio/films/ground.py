"""The surface that a page draws below a run's points: the losses of its landscape on the plane shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from ....landscapes.landscape import Array
from ....landscapes.planes import Plane
from ...results.pictures.background import interpolate_points
from ...results.pictures.surfaces import surface_on_plane
from ...results.run_header import RunHeader

RESOLUTION = 81
"""Number of losses along each side of the surface."""
MOST_INTERPOLATED = 4000
"""Maximum number of points that are used for interpolation."""

SurfaceSource = Literal["landscape", "points"]


class PointGroup(Protocol):
    """Points with their losses: ``cube`` (n, D) in the unit cube, ``losses`` (n,)."""

    cube: Array
    losses: Array


def compute_surface(
    header: RunHeader, plane: Plane, parts: Sequence[PointGroup]
) -> tuple[Array | None, SurfaceSource | None]:
    """Return the losses (n, n) of the surface, one row per v, and their source.

    They are those of the landscape if it is one of the package, or if they were recorded when the run ended.
    Otherwise, in two dimensions, they are interpolated between the points found. Returns None and None if neither is
    possible.
    """
    known = surface_on_plane(header, plane, RESOLUTION)
    if known is not None:
        return known, "landscape"
    if header.space.dimension != 2 or not parts:
        return None, None
    cube, losses = (np.concatenate([getattr(part, name) for part in parts]) for name in ("cube", "losses"))
    step = -(-len(losses) // MOST_INTERPOLATED)
    # In two dimensions, every plane is that of the two axes.
    axes = int(plane.first.argmax()), int(plane.second.argmax())
    surface = interpolate_points(header.space, axes, cube[::step], losses[::step], RESOLUTION)
    return (surface, "points") if np.isfinite(surface).any() else (None, None)
