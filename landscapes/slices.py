"""Losses on lines and planes through a landscape, for pictures."""

from __future__ import annotations

import numpy as np

from .landscape import Array, EvaluationError, Problem, known_minimizers

CHUNK_POINTS = 4096
"""Points evaluated at a time: bounds the memory of functions with large intermediate arrays."""


def evaluate_line(
    problem: Problem, resolution: int = 400, axis: int = 0, at: Array | None = None
) -> tuple[Array, Array]:
    """Coordinates (resolution,) along an axis, in the box's units, and the losses there. ``at`` (D,) is a point on
    the line, by default a known minimizer or the middle. Failed points are NaN."""
    points = np.tile(slice_point(problem, at), (resolution, 1))
    points[:, axis] = np.linspace(problem.space.lower[axis], problem.space.upper[axis], resolution)
    return points[:, axis].copy(), evaluate_in_chunks(problem, points)


def evaluate_grid(
    problem: Problem, resolution: int = 160, axes: tuple[int, int] = (0, 1), at: Array | None = None
) -> tuple[Array, Array, Array]:
    """x (resolution,), y (resolution,) and losses (resolution, resolution), row by y, on the plane of two axes
    through ``at`` (D,), by default a known minimizer or the middle. Failed points are NaN."""
    first, second = axes
    x = np.linspace(problem.space.lower[first], problem.space.upper[first], resolution)
    y = np.linspace(problem.space.lower[second], problem.space.upper[second], resolution)
    points = np.tile(slice_point(problem, at), (resolution * resolution, 1))
    points[:, first], points[:, second] = np.tile(x, resolution), np.repeat(y, resolution)
    return x, y, evaluate_in_chunks(problem, points).reshape(resolution, resolution)


def slice_point(problem: Problem, at: Array | None) -> Array:
    """The point a slice goes through."""
    if at is not None:
        return np.asarray(at, dtype=float)
    known = known_minimizers(problem)
    if known is not None:
        first: Array = known[0]
        return first
    return problem.space.to_box(np.full(problem.space.dimension, 0.5))


def interpolate_losses(
    points: Array, losses: Array, extent: tuple[float, float, float, float], resolution: int
) -> Array:
    """Losses (resolution, resolution), row by v, interpolated between points (n, 2) on an extent (least and greatest u,
    least and greatest v); NaN outside their hull, everywhere where they are too few or all on a line."""
    # A second to import, which only pictures of landscapes that may not be evaluated need.
    from scipy.interpolate import griddata
    from scipy.spatial import QhullError

    left, right, bottom, top = extent
    u, v = np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
    good = np.isfinite(losses)
    try:
        found: Array = griddata(points[good], losses[good], (u[None, :], v[:, None]))
    except (QhullError, ValueError):
        return np.full((resolution, resolution), np.nan)
    return found


def evaluate_in_chunks(problem: Problem, points: Array) -> Array:
    """Losses (n,) of points (n, D), a piece at a time; NaN where the evaluation failed."""
    parts = []
    for start in range(0, len(points), CHUNK_POINTS):
        piece = np.ascontiguousarray(points[start : start + CHUNK_POINTS])
        try:
            parts.append(np.asarray(problem.evaluate(piece), dtype=float))
        except EvaluationError as error:
            parts.append(np.asarray(error.losses, dtype=float))
        except Exception:
            parts.append(np.full(len(piece), np.nan))
    return np.concatenate(parts)
