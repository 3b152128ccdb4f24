"""Chooses the plane on which a run is viewed: two coordinates, the PCA of its points, or its best points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....landscapes.axis import Axis
from ....landscapes.landscape import Array, Space
from ....landscapes.planes import EDGE_TOLERANCE, Plane, axes_plane, plane_along
from ...spec.errors import SpecError
from .picture_space import picture_space

PLANE_KINDS = "best, pca, or axes:I:J with the numbers of two coordinates, counted from 0"
LINE_TOLERANCE = 1e-12
"""Points lie on a line if their variance across it is at most this share of their variance along it."""
MOST_PRODUCTS = 400
"""Coordinates, or points, whose products with each other are computed to find the principal components."""
NARROWEST_EXTENT = 0.05
"""A plane whose part in the cube is narrower than this (in cube units) only touches the cube."""


@dataclass(frozen=True)
class AxisScale:
    """The labels of one direction of a plane: its name, and value = offset + scale * coordinate.

    Attributes:
        name: The name of the direction, e.g. "x1".
        offset: The value at coordinate 0.
        scale: The change of the value per unit of the coordinate.
        axis: The axis along which it goes, if that has a kind of its own. The value of a logarithmic one is then the
            number's logarithm to base 10, that of a choice its position from 0.
    """

    name: str
    offset: float
    scale: float
    axis: Axis | None = None


@dataclass(frozen=True)
class ViewPlane:
    """A plane on which a run is viewed.

    Attributes:
        spec: The spec of the plane, e.g. "axes:0:1", "best" or "pca".
        plane: The plane in the unit cube.
        ticks: The labels of its two directions.
        text: A description of the plane.
    """

    spec: str
    plane: Plane
    ticks: tuple[AxisScale, AxisScale]
    text: str


@dataclass(frozen=True)
class SampledPoints:
    """The points from which a plane is chosen.

    Attributes:
        cube: The points in the unit cube, shape (n, D).
        losses: Their losses, shape (n,); not finite for failed evaluations.
        agent: The agent of each point, as an index into ``team``, shape (n,).
        team: The names of the agents.
    """

    cube: Array
    losses: Array
    agent: NDArray[np.int64]
    team: Sequence[str]


def default_plane_spec(dimension: int) -> str:
    """Return the spec of the plane that is used where none is given."""
    return "axes:0:0" if dimension == 1 else "axes:0:1" if dimension == 2 else "best"


def choose_plane(spec: str, space: Space, seen: SampledPoints) -> ViewPlane:
    """Choose the plane that a spec asks for.

    Args:
        spec: "best", "pca", or "axes:I:J" with the numbers of two coordinates, counted from 0.
        space: The dimension and bounds of the landscape.
        seen: The points found so far. With fewer than three finite losses, or where the points do not span a plane, the
            first two coordinates are used.

    Raises:
        SpecError: If there is no such plane.
    """
    axes = re.fullmatch(r"axes:(\d{1,4}):(\d{1,4})", spec)
    finite = np.flatnonzero(np.isfinite(seen.losses))
    if axes:
        return _axes_view(int(axes[1]), int(axes[2]), space, seen, finite)
    if spec not in ("best", "pca"):
        raise SpecError([f"plane must be {PLANE_KINDS}, got {spec!r}. Choose one of them."])
    if len(finite) < 3 or space.dimension < 3:
        # There are too few points to span a plane, or there is only one plane.
        return _axes_view(0, min(1, space.dimension - 1), space, seen, finite)
    found = _best_points_view(seen, finite) if spec == "best" else None
    return found or _principal_view(seen, finite) or _axes_view(0, 1, space, seen, finite)


def _axes_view(i: int, j: int, space: Space, seen: SampledPoints, finite: NDArray[np.int64]) -> ViewPlane:
    dimension = space.dimension
    if not (i < dimension and j < dimension and (i != j or dimension == 1)):
        several = f"name two different coordinates from 0 to {dimension - 1}"
        got, rule = f"axes:{i}:{j}", "be axes:0:0 where there is only one coordinate" if dimension == 1 else several
        raise SpecError([f"plane must {rule}, got {got!r}. Choose others."])
    origin = seen.cube[finite[np.argmin(seen.losses[finite])]] if len(finite) else np.full(dimension, 0.5)
    shown = picture_space(space)
    one, two = (
        AxisScale(shown.names[k], float(shown.lower[k]), float(shown.upper[k] - shown.lower[k]), axis)
        for k, axis in ((k, space.axes[k] if space.axes else None) for k in (i, j))
    )
    text = f"coordinates {space.names[i]} and {space.names[j]}"
    if dimension == 1:
        # There is no second direction.
        two, text = AxisScale("", 0.0, 1.0), f"coordinate {space.names[0]}"
    if dimension > 2:
        text += ", the others as at the best point found"
    return ViewPlane(f"axes:{i}:{j}", axes_plane(origin, i, j), (one, two), text)


def _best_points_view(seen: SampledPoints, finite: NDArray[np.int64]) -> ViewPlane | None:
    """Return the plane through the best points of three agents, the best agents first; None if no three span one."""
    order = finite[np.argsort(seen.losses[finite], kind="stable")]
    _, firsts = np.unique(seen.agent[order], return_index=True)
    rows = order[np.sort(firsts)]
    origin = seen.cube[rows[0]]
    for second in range(1, len(rows)):
        for third in range(second + 1, len(rows)):
            plane = plane_along(origin, seen.cube[rows[second]] - origin, seen.cube[rows[third]] - origin)
            if plane is not None:
                a, b, c = (seen.team[seen.agent[row]] for row in (rows[0], rows[second], rows[third]))
                text = f"the plane through the best points of {a}, {b} and {c}"
                return ViewPlane(
                    "best", plane, (AxisScale(f"towards {b}", 0.0, 1.0), AxisScale(f"towards {c}", 0.0, 1.0)), text
                )
    return None


def _principal_view(seen: SampledPoints, finite: NDArray[np.int64]) -> ViewPlane | None:
    """Return the plane along which the run's points spread most (their two principal components).

    It goes through the best point. If that plane would only touch the cube, as it may when the best point lies on the
    cube's edge, it goes through the mean of all points. None if the points do not span a plane.
    """
    cube = seen.cube[finite]
    middle = np.clip(cube.mean(axis=0), 0.0, 1.0)
    spread = cube - middle
    values, vectors = _find_principal_axes(spread)
    # The sign of an eigenvector is arbitrary: choose the one whose largest coordinate is positive.
    first, second = (v * np.sign(v[np.argmax(np.abs(v))]) for v in (vectors[:, -1], vectors[:, -2]))
    if values[-2] <= max(LINE_TOLERANCE * values[-1], len(cube) * EDGE_TOLERANCE**2):
        return None
    plane = plane_along(cube[np.argmin(seen.losses[finite])], first, second)
    if plane is not None and _plane_width(plane) < NARROWEST_EXTENT:
        plane = plane_along(middle, first, second)
    if plane is None:
        return None
    share = float(values[-2:].sum() / values.sum())
    text = f"the two principal components of all points, with {share:.0%} of their spread"
    return ViewPlane(
        "pca", plane, (AxisScale("first component", 0.0, 1.0), AxisScale("second component", 0.0, 1.0)), text
    )


def _find_principal_axes(spread: Array) -> tuple[Array, Array]:
    """Return the sums of squares along the principal axes of points, in ascending order, and the axes as columns.

    In many dimensions, the products of points are decomposed instead of those of coordinates, and if there are more
    than ``MOST_PRODUCTS`` points, of as many of them, evenly chosen.
    """
    count, dimension = spread.shape
    if dimension <= MOST_PRODUCTS:
        return np.linalg.eigh(np.einsum("ni,nj->ij", spread, spread))
    chosen = spread[np.linspace(0, count - 1, min(count, MOST_PRODUCTS)).astype(int)]
    values, mixtures = np.linalg.eigh(chosen @ chosen.T)
    axes = chosen.T @ mixtures[:, -2:]
    lengths = np.linalg.norm(axes, axis=0)
    return np.maximum(values, 0.0) * (count / len(chosen)), axes / np.where(lengths > 0, lengths, 1.0)


def _plane_width(plane: Plane) -> float:
    """Return the shorter side of the plane's part in the cube."""
    left, right, bottom, top = plane.extent
    return min(right - left, top - bottom)
