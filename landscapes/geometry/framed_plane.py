"""A part of a plane through a landscape, and the losses on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..landscape import Array, Problem, Space
from ..planes import EDGE_TOLERANCE, Plane
from ..slices import CHUNK_POINTS, evaluate_in_chunks

Window = tuple[float, float, float, float]
"""The least and greatest u, and the least and greatest v."""
CHUNK_COORDINATES = 1 << 21
"""The most coordinates of points that are made at a time."""


@runtime_checkable
class PlanarProblem(Protocol):
    """Protocol of a problem that evaluates many points of one plane faster than as many points anywhere.

    Example:
        >>> class Bowl:
        ...     space = Space(np.full(2, -1.0), np.full(2, 1.0))
        ...     def evaluate(self, points):
        ...         return (points**2).sum(axis=1)
        ...     def evaluate_plane(self, vectors, u, v):
        ...         points = vectors[0] + u[None, :, None] * vectors[1] + v[:, None, None] * vectors[2]
        ...         return (points**2).sum(axis=2)
        >>> Bowl().evaluate_plane(np.array([[0, 0], [1, 0], [0, 1]]), np.array([0.0, 1.0]), np.array([0.5])).tolist()
        [[0.25, 1.25]]
    """

    def evaluate_plane(self, vectors: Array, u: Array, v: Array) -> Array:
        """Evaluate a grid on a plane.

        Args:
            vectors: A point of the plane and its two directions, shape (3, D), in the landscape's units.
            u: Coordinates along the first direction, shape (k,).
            v: Coordinates along the second direction, shape (m,).

        Returns:
            The losses, shape (m, k): one row for each v. They may differ from those of ``evaluate`` by rounding.
        """
        ...


@dataclass(frozen=True)
class FramedPlane:
    """A rectangle of a plane.

    Attributes:
        plane: The plane, in cube units.
        window: The rectangle, in cube units.
        scale: The landscape's units in one cube unit, the same for all axes; 0 if the axes differ, and coordinates are
            told in cube units.
        names: What its two directions are.
        text: What the plane is.

    Example:
        >>> plane = Plane(np.full(2, 0.5), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
        >>> framed = FramedPlane(plane, (-0.5, 0.5, -0.25, 0.25), 6.0, ("x1", "x2"), "both coordinates")
        >>> framed.bounds
        (-3.0, 3.0, -1.5, 1.5)
    """

    plane: Plane
    window: Window
    scale: float
    names: tuple[str, str]
    text: str

    @property
    def unit(self) -> float:
        """What a cube unit is in the units in which coordinates on the plane are told."""
        return self.scale or 1.0

    @property
    def bounds(self) -> Window:
        """The rectangle in the units in which coordinates are told."""
        left, right, bottom, top = (self.unit * edge for edge in self.window)
        return left, right, bottom, top

    def list_coordinates(self, resolution: int) -> tuple[Array, Array]:
        """Return u and v, each (resolution,), of a grid over the rectangle, in cube units."""
        left, right, bottom, top = self.window
        return np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)


def find_scale(space: Space) -> float:
    """Return the landscape's units in one cube unit if all axes are plain and equally wide, and else 0.

    Example:
        >>> find_scale(Space(np.full(3, -3.0), np.full(3, 3.0)))
        6.0
        >>> find_scale(Space(np.zeros(2), np.array([1.0, 2.0])))
        0.0
    """
    widths = space.upper - space.lower
    plain = all(axis.is_plain for axis in space.axes)
    return float(widths[0]) if plain and np.ptp(widths) <= EDGE_TOLERANCE * widths[0] else 0.0


def evaluate_framed(problem: Problem, framed: FramedPlane, resolution: int) -> Array:
    """Evaluate a grid over a rectangle of a plane.

    Args:
        problem: The problem.
        framed: The rectangle.
        resolution: The number of points along each of u and v.

    Returns:
        The losses, shape (resolution, resolution), one row for each v. NaN outside the cube and where an evaluation
        failed: these are holes, which nothing may fill.
    """
    u, v = framed.list_coordinates(resolution)
    inside = find_inside(framed.plane, u, v)
    if isinstance(problem, PlanarProblem) and framed.scale:
        plane = framed.plane
        vectors = np.stack(
            [problem.space.to_box(plane.origin), framed.scale * plane.first, framed.scale * plane.second]
        )
        losses = np.asarray(problem.evaluate_plane(vectors, u, v), dtype=float)
        return np.where(inside & np.isfinite(losses), losses, np.nan)
    return _evaluate_rows(problem, framed.plane, u, v, inside)


def _evaluate_rows(problem: Problem, plane: Plane, u: Array, v: Array, inside: NDArray[np.bool_]) -> Array:
    losses = np.full(inside.shape, np.nan)
    places = np.argwhere(inside)
    chunk = max(1, min(CHUNK_POINTS, CHUNK_COORDINATES // len(plane.origin)))
    for start in range(0, len(places), chunk):
        rows, columns = places[start : start + chunk].T
        cube = np.clip(plane.points(u[columns], v[rows]), 0.0, 1.0)
        found = evaluate_in_chunks(problem, problem.space.to_box(cube))
        losses[rows, columns] = np.where(np.isfinite(found), found, np.nan)
    return losses


def find_inside(plane: Plane, u: Array, v: Array) -> NDArray[np.bool_]:
    """Return which points of a grid lie in the cube, shape (m, k), given u (k,) and v (m,).

    Example:
        >>> plane = Plane(np.full(2, 0.5), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
        >>> find_inside(plane, np.array([0.0, 0.6]), np.array([0.0, 0.5, 0.7])).tolist()
        [[True, False], [True, False], [False, False]]
    """
    low, high = np.full(len(v), -np.inf), np.full(len(v), np.inf)
    moves = plane.first != 0
    for number, place in enumerate(v.tolist()):
        across = plane.origin + place * plane.second
        fixed = across[~moves]
        if (fixed < -EDGE_TOLERANCE).any() or (fixed > 1.0 + EDGE_TOLERANCE).any():
            low[number], high[number] = np.inf, -np.inf
            continue
        ends = np.sort(((np.array([[0.0], [1.0]]) - across[moves]) / plane.first[moves]), axis=0)
        low[number], high[number] = ends[0].max(), ends[1].min()
    found: NDArray[np.bool_] = (u >= low[:, None] - EDGE_TOLERANCE) & (u <= high[:, None] + EDGE_TOLERANCE)
    return found
