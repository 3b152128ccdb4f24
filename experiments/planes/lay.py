"""Lays planes: random and filter-normalised, by principal components, along the Hessian, or through minima."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...landscapes.geometry.filters import FilteredProblem, find_filters
from ...landscapes.geometry.framed_plane import FramedPlane, Window, find_scale
from ...landscapes.geometry.hessian import GeometryError
from ...landscapes.landscape import Array, Problem
from ...landscapes.planes import EDGE_TOLERANCE, Plane, plane_along
from .paths import AgentPath

PLANE_CHOICES = ("pca", "best", "hessian", "random", "through")
WINDOW_MARGIN = 0.15
"""What a window shows beyond the points that it has to show, as a part of their extent."""
WALKS = 8
"""Random walks whose principal components are compared with those of a path."""
MOST_STEPS = 2_000_000
"""The most coordinates of such a walk; beyond, it is taken in fewer dimensions, where components hold a little more."""


@dataclass(frozen=True)
class LaidPlane:
    """A plane, and what a reader must know of it.

    Attributes:
        framed: The rectangle of the plane.
        sentences: What must be said of it, in sentences.
        facts: The same as numbers, by name.
    """

    framed: FramedPlane
    sentences: tuple[str, ...] = ()
    facts: dict[str, float] = field(default_factory=dict)


def lay_principal(problem: Problem, path: Sequence[AgentPath]) -> LaidPlane:
    """Lay a plane through the best point of a run, along the two principal components of its path.

    The components are those of the Gram matrix of the points, which is the same in any dimension. A random walk with
    steps of the same lengths shows what share of the spread two components would hold by chance (Antognini &
    Sohl-Dickstein 2018).

    Args:
        problem: The problem.
        path: The path of one agent, or those of the agents of one run.

    Raises:
        GeometryError: The log keeps fewer than three different points.
    """
    cube = np.concatenate([each.cube for each in path])
    share, (first, second) = find_components(cube)
    best = min(path, key=lambda each: each.loss)
    plane = None if first is None else plane_along(best.end, first, second)
    if plane is None:
        raise GeometryError(
            f"plane pca needs three points of a run that are not on a line, got {len(np.unique(cube, axis=0))} that "
            f"the path of {_name_run(path)} has. Choose another run or plane, or keep more points (log: {{keep}})."
        )
    by_chance = measure_walk_share([each.cube for each in path])
    meaning = "no more than chance" if share <= by_chance + 0.02 else "only what is beyond that says something"
    text = (
        f"The two principal components of {len(cube)} points of {_name_run(path)} hold {share:.1%} of their spread. A "
        f"random walk with steps of the same lengths in {cube.shape[1]:,} dimensions holds {by_chance:.1%} in its own: "
        f"{meaning}."
    )
    framed = _frame(problem, plane, cube, ("first component", "second component"), f"components of {_name_run(path)}")
    return LaidPlane(framed, (text,), {"points": float(len(cube)), "share": share, "walk share": by_chance})


def find_components(cube: Array) -> tuple[float, tuple[Array | None, Array]]:
    """Return the share of the spread of points (n, D) along their first two components, and these (D,).

    None in place of the first component if the points span no plane.
    """
    spread = cube - cube.mean(axis=0)
    values, mixtures = np.linalg.eigh(spread @ spread.T)
    total = float(values.sum())
    if len(cube) < 3 or total <= 0 or values[-2] <= max(1e-12 * values[-1], len(cube) * EDGE_TOLERANCE**2):
        return 1.0, (None, np.zeros(cube.shape[1]))
    first, second = (spread.T @ mixtures[:, column] for column in (-1, -2))
    # The sign of a component is arbitrary: points move on along the first, and to the right of it.
    first, second = (each * (1.0 if each @ (cube[-1] - cube[0]) >= 0 else -1.0) for each in (first, second))
    return float(values[-2:].sum()) / total, (first, second)


def measure_walk_share(paths: Sequence[Array]) -> float:
    """Return the mean share of the spread that two components hold of random walks with steps of given lengths.

    Args:
        paths: The points of each path, shape (k, D). Each walk begins where its path begins.
    """
    dimension = paths[0].shape[1]
    count = sum(len(path) for path in paths)
    drawn = min(dimension, max(count, MOST_STEPS // count))
    rng = np.random.default_rng(0)
    starts = np.array([path[0] for path in paths])
    # Distances between the starts are kept: their Gram matrix has a root with as many columns as there are paths.
    values, vectors = np.linalg.eigh((starts - starts[0]) @ (starts - starts[0]).T)
    offsets = np.zeros((len(paths), drawn))
    offsets[:, : min(drawn, len(paths))] = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, -min(drawn, len(paths)) :]
    shares = []
    for _ in range(WALKS):
        walks = []
        for path, offset in zip(paths, offsets, strict=True):
            lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
            steps = rng.standard_normal((len(lengths), drawn))
            steps *= (lengths / np.linalg.norm(steps, axis=1))[:, None]
            walks.append(offset + np.concatenate([np.zeros((1, drawn)), np.cumsum(steps, axis=0)]))
        shares.append(find_components(np.concatenate(walks))[0])
    return float(np.mean(shares))


def lay_random(problem: Problem, center: AgentPath, seed: int) -> LaidPlane:
    """Lay a plane through an agent's best point along two random directions, normalised by filters (Li et al. 2018).

    Raises:
        GeometryError: All weights of the point are zero.
    """
    rng = np.random.default_rng(seed)
    one, other = (_draw_direction(problem, center.end, rng) for _ in range(2))
    plane = plane_along(center.end, one, other)
    if plane is None:
        raise GeometryError(
            f"plane random needs a point whose filters are not zero, got that of {center.name}. Choose another point."
        )
    reach = float(max(np.linalg.norm(one), np.linalg.norm(other)))
    kept = int(find_filters(problem).offsets.sum())
    if _has_weights(problem):
        how = "each filter of which has the norm of the filter of the point"
    else:
        how = f"half as long as a side of the {'box' if find_scale(problem.space) else 'unit cube'}"
    sentences = [
        f"Two random directions (seed {seed}), {how}"
        + (f"; the {kept:,} biases and gains do not change along them." if kept else ".")
    ]
    framed = _frame_around(problem, plane, reach, ("random direction", "another"), f"random, around {center.name}")
    return LaidPlane(framed, tuple(sentences), {"seed": float(seed), "reach": reach * (framed.scale or 1.0)})


def lay_through(problem: Problem, ends: Sequence[AgentPath], seed: int) -> LaidPlane:
    """Lay a plane through the best points of three agents, or of two and along a random direction.

    Raises:
        GeometryError: Two of the points are equal, or all three lie on a line.
    """
    points = [each.end for each in ends]
    for number, (path, point) in enumerate(zip(ends, points, strict=True)):
        for other, before in zip(ends[:number], points, strict=False):
            if np.linalg.norm(point - before) < EDGE_TOLERANCE:
                raise GeometryError(
                    f"plane through must have different points, got that of {other.name} again for {path.name}. "
                    "Choose others."
                )
    sentences = []
    if len(ends) == 2:
        across = _draw_direction(problem, points[0], np.random.default_rng(seed))
        sentences.append(f"Across, it goes along a random direction (seed {seed}).")
    else:
        across = points[2] - points[0]
    plane = plane_along(points[0], points[1] - points[0], across)
    if plane is None:
        raise GeometryError(
            f"plane through must have points that are not on a line, got {', '.join(each.name for each in ends)}. "
            "Choose others."
        )
    apart = [
        f"{one.name} and {other.name}: {space_distance(problem, one.end, other.end):.3g}"
        for number, one in enumerate(ends)
        for other in ends[number + 1 :]
    ]
    sentences.insert(0, f"Distances between the points: {'; '.join(apart)}.")
    names = (f"towards {ends[1].name}", "random direction" if len(ends) == 2 else f"towards {ends[2].name}")
    text = f"through the best points of {', '.join(each.name for each in ends)}"
    return LaidPlane(_frame(problem, plane, np.array(points), names, text), tuple(sentences))


def lay_along(problem: Problem, center: AgentPath, first: Array, second: Array, fall: float, rates: Array) -> LaidPlane:
    """Lay a plane through an agent's best point along the two directions in which the loss curves most.

    Args:
        problem: The problem.
        center: The path at whose best point it is laid.
        first: The eigenvector of the largest eigenvalue of the Hessian, shape (D,), in the landscape's units.
        second: That of the second largest.
        fall: How much loss the path lost: the window reaches as far as a parabola rises by so much.
        rates: The two eigenvalues.
    """
    scale, least = find_scale(problem.space), float(rates.min())
    if not scale:
        raise GeometryError(
            "plane hessian needs axes with one unit, whose bounds are equally far apart, got others. Choose another."
        )
    plane = plane_along(center.end, first / scale, second / scale)
    if plane is None or not least > 0:
        raise GeometryError(
            f"plane hessian needs a point where the loss curves upwards in two directions, got eigenvalues "
            f"{rates[0]:.3g} and {rates[1]:.3g} at the best point of {center.name}. Choose another point or plane."
        )
    reach = float(np.sqrt(2.0 * max(fall, 1e-12) / least)) / scale
    text = f"Along the two largest eigenvalues of the Hessian there, {rates[0]:.4g} and {rates[1]:.4g}."
    framed = _frame_around(
        problem, plane, reach, ("largest curvature", "second largest"), f"Hessian, around {center.name}"
    )
    return LaidPlane(framed, (text,), {"first eigenvalue": float(rates[0]), "second eigenvalue": float(rates[1])})


def _draw_direction(problem: Problem, center: Array, rng: np.random.Generator) -> Array:
    """Draw a direction (D,) in cube units: of weights normalised by filters, else half as long as a side."""
    space = problem.space
    drawn = rng.standard_normal(space.dimension)
    if not _has_weights(problem):
        # How far a point is from 0 says nothing of a plain function: 0 may be its minimizer, or anywhere.
        return drawn / (2.0 * np.linalg.norm(drawn))
    return find_filters(problem).normalise_direction(drawn, space.to_box(center)) / find_scale(space)


def _has_weights(problem: Problem) -> bool:
    """Return whether the axes are weights with filters, and have one unit."""
    return isinstance(problem, FilteredProblem) and find_scale(problem.space) > 0


def space_distance(problem: Problem, one: Array, other: Array) -> float:
    """Return the distance of two points of the cube, in the landscape's units where all axes have the same."""
    return float(np.linalg.norm(one - other)) * (find_scale(problem.space) or 1.0)


def _name_run(path: Sequence[AgentPath]) -> str:
    return path[0].name if len(path) == 1 else f"{path[0].strategy}#{path[0].repeat}"


def _frame(problem: Problem, plane: Plane, cube: Array, names: tuple[str, str], text: str) -> FramedPlane:
    """Return the square of a plane that shows points (n, D) and a margin around them."""
    u, v, _ = plane.project(cube)
    side = (1.0 + 2.0 * WINDOW_MARGIN) * max(float(np.ptp(u)), float(np.ptp(v)))
    across, up = (float(ends.min() + ends.max()) / 2.0 for ends in (u, v))
    window: Window = (across - side / 2, across + side / 2, up - side / 2, up + side / 2)
    return FramedPlane(plane, window, find_scale(problem.space), names, text)


def _frame_around(problem: Problem, plane: Plane, reach: float, names: tuple[str, str], text: str) -> FramedPlane:
    return FramedPlane(plane, (-reach, reach, -reach, reach), find_scale(problem.space), names, text)
