"""The ground on which a page draws a run: its landscape's losses over the plane it is looked at on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from ....landscapes.landscape import Array
from ....landscapes.planes import Plane
from ....landscapes.slices import interpolate_losses
from ...results.run_header import RunHeader

RESOLUTION = 81
"""Losses along each side."""
MOST_INTERPOLATED = 4000
"""So many points at most are interpolated between."""

SurfaceSource = Literal["landscape", "points"]


class PointGroup(Protocol):
    """Points of one agent: ``cube`` (n, D), ``losses`` (n,)."""

    cube: Array
    losses: Array


def compute_surface(
    header: RunHeader, plane: Plane, parts: Sequence[PointGroup]
) -> tuple[Array | None, SurfaceSource | None]:
    """Losses (n, n), row by v, and where they come from: the landscape where a picture may evaluate it; else, in two
    dimensions, interpolated between the points found. None and None where there is neither."""
    if header.problem is not None and header.pictured:
        return plane.evaluate_surface(header.problem, RESOLUTION), "landscape"
    if header.space.dimension != 2 or not parts:
        return None, None
    cube, losses = (np.concatenate([getattr(part, name) for part in parts]) for name in ("cube", "losses"))
    step = -(-len(losses) // MOST_INTERPOLATED)
    u, v, _ = plane.project(cube[::step])
    surface = interpolate_losses(np.column_stack([u, v]), losses[::step], plane.extent, RESOLUTION)
    return (surface, "points") if np.isfinite(surface).any() else (None, None)
