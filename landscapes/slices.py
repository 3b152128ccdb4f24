"""Losses on lines and planes through a landscape, for figures."""

from __future__ import annotations

import numpy as np

from .landscape import Array, EvaluationError, Problem, known_minimizers

CHUNK_POINTS = 4096
"""Points evaluated at a time. This limits the memory of functions with large intermediate arrays."""


def evaluate_line(
    problem: Problem, resolution: int = 400, axis: int = 0, at: Array | None = None
) -> tuple[Array, Array]:
    """Evaluate a line along one axis.

    Args:
        problem: The problem to evaluate.
        resolution: How many points to evaluate, evenly spaced between the bounds.
        axis: Number of the axis, from 0.
        at: A point on the line, shape (D,), in the landscape's units; by default a known minimizer, or else the middle
            of the box.

    Returns:
        Coordinates along the axis, in the landscape's units, and the losses there, both of shape (resolution,). Failed
        points are NaN.
    """
    points = np.tile(slice_point(problem, at), (resolution, 1))
    points[:, axis] = np.linspace(problem.space.lower[axis], problem.space.upper[axis], resolution)
    return points[:, axis].copy(), evaluate_in_chunks(problem, points)


def evaluate_grid(
    problem: Problem, resolution: int = 160, axes: tuple[int, int] = (0, 1), at: Array | None = None
) -> tuple[Array, Array, Array]:
    """Evaluate a grid on the plane of two axes.

    Args:
        problem: The problem to evaluate.
        resolution: How many points to evaluate along each of the two axes, evenly spaced between the bounds.
        axes: Numbers of the two axes, from 0.
        at: A point on the plane, shape (D,), in the landscape's units; by default a known minimizer, or else the middle
            of the box.

    Returns:
        x and y, of shape (resolution,), in the landscape's units, and the losses, of shape (resolution, resolution),
        with one row for each y. Failed points are NaN.
    """
    first, second = axes
    x = np.linspace(problem.space.lower[first], problem.space.upper[first], resolution)
    y = np.linspace(problem.space.lower[second], problem.space.upper[second], resolution)
    points = np.tile(slice_point(problem, at), (resolution * resolution, 1))
    points[:, first], points[:, second] = np.tile(x, resolution), np.repeat(y, resolution)
    return x, y, evaluate_in_chunks(problem, points).reshape(resolution, resolution)


def slice_point(problem: Problem, at: Array | None) -> Array:
    """Return the point (D,) that a slice goes through: ``at``, else a known minimizer, else the middle of the box."""
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
    """Interpolate losses between scattered points of a plane.

    Args:
        points: Coordinates u and v of the points, shape (n, 2).
        losses: Their losses, shape (n,); those that are not finite are left out.
        extent: The least and greatest u, and the least and greatest v, of the result.
        resolution: Number of points along each of u and v.

    Returns:
        Losses, shape (resolution, resolution), one row for each v. They are NaN outside the convex hull of the points,
        and everywhere if the points are too few or all lie on a line.
    """
    # The import takes a second, and only figures of landscapes that must not be evaluated need it.
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import ConvexHull, Delaunay, QhullError

    left, right, bottom, top = extent
    u, v = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    grid, good = np.column_stack([u.ravel(), v.ravel()]), np.isfinite(losses)
    found = np.full(len(grid), np.nan)
    try:
        hull, triangles = ConvexHull(points[good]), Delaunay(points[good])
    except (QhullError, ValueError):
        return found.reshape(u.shape)
    # Each point outside the hull would be looked for in every triangle: that took nearly all of the time.
    beyond = 1e-6 * np.ptp(points[good], axis=0).max()
    inside = (grid @ hull.equations[:, :2].T + hull.equations[:, 2] <= beyond).all(axis=1)
    found[inside] = LinearNDInterpolator(triangles, losses[good])(grid[inside])
    return found.reshape(u.shape)


def evaluate_in_chunks(problem: Problem, points: Array) -> Array:
    """Evaluate points (n, D) in chunks and return their losses (n,).

    They are NaN where the evaluation failed, and where a point breaks a condition: no search evaluates it there.
    """
    conditions = problem.space.conditions
    if conditions is not None:
        allowed = np.array([not conditions.broken_by(point) for point in points], dtype=bool)
        if not allowed.all():
            losses = np.full(len(points), np.nan)
            losses[allowed] = _evaluate_pieces(problem, points[allowed])
            return losses
    return _evaluate_pieces(problem, points)


def _evaluate_pieces(problem: Problem, points: Array) -> Array:
    parts = [np.empty(0)]
    for start in range(0, len(points), CHUNK_POINTS):
        piece = np.ascontiguousarray(points[start : start + CHUNK_POINTS])
        try:
            parts.append(np.asarray(problem.evaluate(piece), dtype=float))
        except EvaluationError as error:
            parts.append(np.asarray(error.losses, dtype=float))
        except Exception:
            parts.append(np.full(len(piece), np.nan))
    return np.concatenate(parts)
