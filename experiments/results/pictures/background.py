"""The losses of a landscape on a grid, for the backgrounds of pictures."""

from __future__ import annotations

import numpy as np

from ....landscapes.landscape import Array, Space
from ....landscapes.slices import evaluate_grid, interpolate_losses
from ..recorded_runs import RunData
from .surfaces import find_losses

CONTOUR_POINTS = 140
"""Points along each side of the grid."""


def background_grid(
    run: RunData, axes: tuple[int, int] = (0, 1), at: Array | None = None
) -> tuple[Array, Array, Array]:
    """Return x (k,), y (k,) and losses (k, k), one row per y, on the plane of two axes through ``at`` (D,).

    The losses are those of the landscape if it is one of the package, or if they were recorded when the run ended.
    Otherwise they are interpolated between the points found in two dimensions, and NaN in more. NaN marks places where
    the loss is unknown.
    """
    first, second = axes
    if run.problem is not None:
        return evaluate_grid(run.problem, CONTOUR_POINTS, axes, at)
    space, shown = run.space, run.picture
    x, y = (np.linspace(shown.lower[axis], shown.upper[axis], CONTOUR_POINTS) for axis in axes)
    recorded = _find_recorded(run, axes, at)
    z = np.full(CONTOUR_POINTS**2, np.nan) if recorded is None else recorded
    z = z.reshape(CONTOUR_POINTS, CONTOUR_POINTS)
    if recorded is None and space.dimension == 2:
        # Interpolate in the unit cube: both axes have the same length there, so distances are comparable.
        z = interpolate_losses(
            run.points.cube[:, [first, second]], run.points.losses, (0.0, 1.0, 0.0, 1.0), CONTOUR_POINTS
        )
    return x, y, z


def is_evaluated(run: RunData, axes: tuple[int, ...] = (0, 1), at: Array | None = None) -> bool:
    """Return whether the background of a picture shows losses of the landscape, not what lies between the points."""
    return run.problem is not None or _find_recorded(run, axes, at) is not None


def _find_recorded(run: RunData, axes: tuple[int, ...], at: Array | None) -> Array | None:
    # In 100,000 dimensions the points of the grid take 15 GB: they are made only where there is something to look up.
    return find_losses(run, _grid_points(run.space, axes, at)) if run.surfaces else None


def _grid_points(space: Space, axes: tuple[int, ...], at: Array | None) -> Array:
    """Return the points of the background's grid in the unit cube, one row after the other; of a line for one axis."""
    start = np.full(space.dimension, 0.5) if at is None else space.to_cube(at)
    side = np.linspace(0.0, 1.0, CONTOUR_POINTS)
    points = np.tile(start, (CONTOUR_POINTS ** len(axes), 1))
    points[:, axes[0]] = np.tile(side, CONTOUR_POINTS ** (len(axes) - 1))
    if len(axes) == 2:
        points[:, axes[1]] = np.repeat(side, CONTOUR_POINTS)
    return points
