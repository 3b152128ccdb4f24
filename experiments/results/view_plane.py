"""On which plane a run of many dimensions is looked at: two coordinates, PCA of its points, its best points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, Space
from ...landscapes.planes import EDGE_TOLERANCE, Plane, axes_plane, plane_along
from ..spec.errors import SpecError

PLANE_KINDS = "best, pca, or axes:I:J with the numbers of two coordinates, counted from 0"
LINE_TOLERANCE = 1e-12
"""Points whose spread across is less than this share of that along them (both squared) lie on a line."""
NARROWEST_EXTENT = 0.05
"""A plane whose part in the cube is narrower than this (in cube units) only touches it."""


@dataclass(frozen=True)
class AxisScale:
    """How one direction of a plane is labelled: its name, and value = offset + scale * coordinate."""

    name: str
    offset: float
    scale: float


@dataclass(frozen=True)
class ViewPlane:
    """A plane, what it was asked for by, how its two directions are labelled, and what it is in words."""

    spec: str
    plane: Plane
    ticks: tuple[AxisScale, AxisScale]
    text: str


@dataclass(frozen=True)
class SampledPoints:
    """The points that a plane is chosen by: ``cube`` (n, D), ``losses`` (n,), ``agent`` (n,) indices into ``team``."""

    cube: Array
    losses: Array
    agent: NDArray[np.int64]
    team: Sequence[str]


def default_plane_spec(dimension: int) -> str:
    """What is looked at where nothing is asked for."""
    return "axes:0:0" if dimension == 1 else "axes:0:1" if dimension == 2 else "best"


def choose_plane(spec: str, space: Space, seen: SampledPoints) -> ViewPlane:
    """The plane that a spec asks for, by the points seen so far. Raises SpecError for a spec that there is not."""
    axes = re.fullmatch(r"axes:(\d{1,4}):(\d{1,4})", spec)
    finite = np.flatnonzero(np.isfinite(seen.losses))
    if axes:
        return _axes_view(int(axes[1]), int(axes[2]), space, seen, finite)
    if spec not in ("best", "pca"):
        raise SpecError([f"plane must be {PLANE_KINDS}, got {spec!r}. Choose one of them."])
    if len(finite) < 3 or space.dimension < 3:
        # Not enough to span a plane, or but one plane there is.
        return _axes_view(0, min(1, space.dimension - 1), space, seen, finite)
    found = _best_points_view(seen, finite) if spec == "best" else None
    return found or _principal_view(seen, finite) or _axes_view(0, 1, space, seen, finite)


def _axes_view(i: int, j: int, space: Space, seen: SampledPoints, finite: NDArray[np.int64]) -> ViewPlane:
    dimension = space.dimension
    if not (i < dimension and j < dimension and (i != j or dimension == 1)):
        several = f"name two different coordinates from 0 to {dimension - 1}"
        got, rule = f"axes:{i}:{j}", "be axes:0:0 where there is one coordinate" if dimension == 1 else several
        raise SpecError([f"plane must {rule}, got {got!r}. Choose others."])
    origin = seen.cube[finite[np.argmin(seen.losses[finite])]] if len(finite) else np.full(dimension, 0.5)
    one, two = (AxisScale(f"x{k + 1}", float(space.lower[k]), float(space.upper[k] - space.lower[k])) for k in (i, j))
    text = f"coordinates x{i + 1} and x{j + 1}"
    if dimension == 1:
        # The second direction leads nowhere.
        two, text = AxisScale("", 0.0, 1.0), "coordinate x1"
    if dimension > 2:
        text += ", the others as at the best point found"
    return ViewPlane(f"axes:{i}:{j}", axes_plane(origin, i, j), (one, two), text)


def _best_points_view(seen: SampledPoints, finite: NDArray[np.int64]) -> ViewPlane | None:
    """Through the best points of three agents, the best one first; None where they do not span a plane."""
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
    """The plane along which the run's points spread most, through its best point; through the middle of all where that
    would but touch the cube, as it may when the best point lies on the cube's edge. None where they do not span one."""
    cube = seen.cube[finite]
    middle = np.clip(cube.mean(axis=0), 0.0, 1.0)
    spread = cube - middle
    values, vectors = np.linalg.eigh(np.einsum("ni,nj->ij", spread, spread))
    # An eigenvector has no sign of its own: point it where its greatest coordinate is positive.
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


def _plane_width(plane: Plane) -> float:
    """The shorter side of the plane's part in the cube."""
    left, right, bottom, top = plane.extent
    return min(right - left, top - bottom)
