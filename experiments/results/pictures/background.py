"""The losses of a landscape on a grid, for the backgrounds of pictures."""

from __future__ import annotations

import numpy as np

from ....landscapes.landscape import Array, Space
from ....landscapes.slices import evaluate_grid, interpolate_losses
from ..recorded_runs import RunData
from .picture_space import move_to_values
from .surfaces import find_losses

CONTOUR_POINTS = 140
"""Points along each side of the grid."""


def background_grid(
    run: RunData, axes: tuple[int, int] = (0, 1), at: Array | None = None
) -> tuple[Array, Array, Array]:
    """Return x (k,), y (k,) and losses (k, k), one row per y, on the plane of two axes through ``at`` (D,).

    x and y are numbers of the run's picture; ``at`` is in the landscape's units. The losses are those of the landscape
    if it is one of the package, or if they were recorded when the run ended. Otherwise they are interpolated between
    the points found in two dimensions, and NaN in more. NaN marks places where the loss is unknown.
    """
    first, second = axes
    space, shown = run.space, run.picture
    if run.problem is not None and not space.axes:
        return evaluate_grid(run.problem, CONTOUR_POINTS, axes, at)
    x, y = (np.linspace(shown.lower[axis], shown.upper[axis], CONTOUR_POINTS) for axis in axes)
    recorded = _find_recorded(run, axes, at)
    z = np.full(CONTOUR_POINTS**2, np.nan) if recorded is None else recorded
    z = z.reshape(CONTOUR_POINTS, CONTOUR_POINTS)
    if recorded is None and space.dimension == 2:
        z = interpolate_points(space, (first, second), run.points.cube, run.points.losses, CONTOUR_POINTS)
    return x, y, z


def interpolate_points(space: Space, axes: tuple[int, int], cube: Array, losses: Array, resolution: int) -> Array:
    """Interpolate losses (n,) of points (n, 2) of the unit cube in two dimensions.

    On an axis with finitely many values, the cell of a value has the losses there. Nothing lies between two choices.

    Args:
        space: The space, of two dimensions.
        axes: The axes that are drawn from left to right, and upwards.
        cube: The points.
        losses: Their losses; those that are not finite are left out.
        resolution: Number of points along each side of the cube.

    Returns:
        Losses, shape (resolution, resolution), one row for each place upwards; NaN where the loss is unknown.
    """
    # Interpolate in the unit cube: both axes have the same length there, so distances are comparable.
    across, up = axes
    sides = move_to_values(space, np.tile(np.linspace(0.0, 1.0, resolution)[:, None], 2))
    ordered = tuple(axis.is_ordered for axis in space.axes) or (True, True)
    points = move_to_values(space, cube)[:, [across, up]]
    return interpolate_losses(points, losses, sides[:, across], sides[:, up], (ordered[across], ordered[up]))


def is_evaluated(run: RunData, axes: tuple[int, ...] = (0, 1), at: Array | None = None) -> bool:
    """Return whether the background of a picture shows losses of the landscape, not what lies between the points."""
    return run.problem is not None or _find_recorded(run, axes, at) is not None


def _find_recorded(run: RunData, axes: tuple[int, ...], at: Array | None) -> Array | None:
    # In 100,000 dimensions the points of the grid take 15 GB: they are made only where there is something to look up.
    if run.problem is None and not run.surfaces:
        return None
    return find_losses(run, _grid_points(run.space, axes, at))


def _grid_points(space: Space, axes: tuple[int, ...], at: Array | None) -> Array:
    """Return the points of the background's grid in the unit cube, one row after the other; of a line for one axis."""
    start = np.full(space.dimension, 0.5) if at is None else space.to_cube(at)
    side = np.linspace(0.0, 1.0, CONTOUR_POINTS)
    points = np.tile(start, (CONTOUR_POINTS ** len(axes), 1))
    points[:, axes[0]] = np.tile(side, CONTOUR_POINTS ** (len(axes) - 1))
    if len(axes) == 2:
        points[:, axes[1]] = np.repeat(side, CONTOUR_POINTS)
    return points
