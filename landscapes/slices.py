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
    points: Array, losses: Array, u: Array, v: Array, ordered: tuple[bool, bool] = (True, True)
) -> Array:
    """Interpolate losses between scattered points of a plane.

    Args:
        points: Coordinates u and v of the points, shape (n, 2).
        losses: Their losses, shape (n,); those that are not finite are left out.
        u: Where losses are wanted along u, shape (k,).
        v: Where they are wanted along v, shape (m,).
        ordered: Whether coordinates u, and v, that are near each other are alike. Between those that are not, such as
            the values of a choice, nothing is interpolated: only points with exactly the wanted coordinate count.

    Returns:
        Losses, shape (m, k), one row for each v. They are NaN outside the convex hull of the points, and everywhere if
        the points are too few or all lie on a line.
    """
    if not ordered[1]:
        lines = {each: points[:, 1] == each for each in set(v.tolist())}
        drawn = {each: _interpolate_line(points[mine, 0], losses[mine], u, ordered[0]) for each, mine in lines.items()}
        return np.array([drawn[each] for each in v.tolist()])
    if not ordered[0]:
        return interpolate_losses(points[:, ::-1], losses, v, u, ordered[::-1]).T
    # The import takes a second, and only figures of landscapes that must not be evaluated need it.
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import ConvexHull, Delaunay, QhullError

    grid, good = np.column_stack([np.tile(u, len(v)), np.repeat(v, len(u))]), np.isfinite(losses)
    shape, found = (len(v), len(u)), np.full(len(grid), np.nan)
    try:
        hull, triangles = ConvexHull(points[good]), Delaunay(points[good])
    except (QhullError, ValueError):
        return found.reshape(shape)
    # Each point outside the hull would be looked for in every triangle: that took nearly all of the time.
    beyond = 1e-6 * np.ptp(points[good], axis=0).max()
    inside = (grid @ hull.equations[:, :2].T + hull.equations[:, 2] <= beyond).all(axis=1)
    found[inside] = LinearNDInterpolator(triangles, losses[good])(grid[inside])
    return found.reshape(shape)


def _interpolate_line(points: Array, losses: Array, wanted: Array, ordered: bool) -> Array:
    """Interpolate losses (n,) of points (n,) of a line where they are wanted, (k,); NaN beyond the points.

    Several losses of one place count with their mean. Where places are not ordered, only the same place counts.
    """
    good = np.isfinite(losses)
    places, number = np.unique(points[good], return_inverse=True)
    if not len(places):
        return np.full(len(wanted), np.nan)
    means = np.bincount(number, losses[good]) / np.bincount(number)
    found: Array = np.interp(wanted, places, means, left=np.nan, right=np.nan)
    return found if ordered else np.where(np.isin(wanted, places), found, np.nan)


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
