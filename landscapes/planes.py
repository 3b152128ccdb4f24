"""Planes through the unit cube, and the losses of a landscape on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .landscape import Array, Problem
from .slices import evaluate_in_chunks

EDGE_TOLERANCE = 1e-9
"""How far outside the cube a point of a plane may lie and still count as lying on its face, in cube units."""

BLOCK_AXES = 4096
"""Of more axes, so many are worked on at a time: arrays of 100,000 numbers are given back to the operating system, and
asked for again, with every step, which takes far longer than to add their numbers up."""


@dataclass(frozen=True)
class Plane:
    """The plane of the points origin + u first + v second.

    u and v are in cube units, and so is the (Euclidean) distance of a point from the plane. In one dimension ``second``
    is zero: v changes nothing, and extends half a cube to either side so that the figure has an area.

    Attributes:
        origin: A point of the plane, shape (D,), in the cube.
        first: The direction of u, shape (D,), of length 1.
        second: The direction of v, shape (D,), of length 1 and orthogonal to ``first``, or zero in one dimension.
    """

    origin: Array
    first: Array
    second: Array

    def project(self, cube: Array) -> tuple[Array, Array, Array]:
        """Return u (n,), v (n,) and the distance from the plane (n,) of points (n, D) of the cube."""
        u, v, squares = np.zeros(len(cube)), np.zeros(len(cube)), np.zeros(len(cube))
        for axes in _list_blocks(len(self.origin)):
            offset = cube[:, axes] - self.origin[axes]
            u += offset @ self.first[axes]
            v += offset @ self.second[axes]
        for axes in _list_blocks(len(self.origin)):
            rest = cube[:, axes] - self.origin[axes]
            rest -= u[:, None] * self.first[axes]
            rest -= v[:, None] * self.second[axes]
            squares += np.einsum("ij,ij->i", rest, rest)
        return u, v, np.sqrt(squares)

    def points(self, u: Array, v: Array) -> Array:
        """Return the points (n, D) at u (n,) and v (n,); they may lie outside the cube."""
        return self.origin + u[:, None] * self.first + v[:, None] * self.second

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """The least and greatest u, and the least and greatest v, within the cube."""
        corners = self.cut_box(np.zeros(len(self.origin)), np.ones(len(self.origin)))
        if not len(corners):
            # The plane touches the cube at its origin only.
            corners = np.zeros((1, 2))
        (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
        return float(left), float(right), float(bottom), float(top)

    def cut_box(self, lower: Array, upper: Array) -> Array:
        """Return the corners (k, 2), in u and v, of the polygon in which the plane cuts a box; k is 0 if it does not.

        Args:
            lower: The lower corner of the box, shape (D,), in the cube.
            upper: Its upper corner.
        """
        reach = 2.0 * np.sqrt(len(self.origin))
        across = reach if self.second.any() else 0.5
        corners = np.array([[-reach, -across], [reach, -across], [reach, across], [-reach, across]])
        for axes in _list_blocks(len(self.origin)):
            corners = self._cut_axes(corners, axes, self.origin[axes] - lower[axes], upper[axes] - self.origin[axes])
            if not len(corners):
                break
        return corners

    def _cut_axes(self, corners: Array, axes: slice, below: Array, above: Array) -> Array:
        """Return what the faces of some axes, at distances ``below`` and ``above`` the origin, leave of a polygon."""
        slopes = np.column_stack([self.first[axes], self.second[axes]])
        # Where a coordinate is constant on the plane, a rounding error in it could clip the plane at a face.
        varies = 2.0 * np.sqrt(len(self.origin)) * np.abs(slopes).sum(axis=1) >= EDGE_TOLERANCE
        if (np.minimum(below, above)[~varies] < -EDGE_TOLERANCE).any():
            return np.empty((0, 2))
        slopes = slopes[varies]
        normals = np.stack([slopes, -slopes], axis=1).reshape(-1, 2)
        distances = np.column_stack([below[varies], above[varies]]).ravel()
        while len(corners) and len(normals):
            # A face that does not clip what is left clips no smaller part of it. The face that clips most comes first:
            # a few of them leave little for the others.
            beyond = (corners @ normals.T + distances).min(axis=0)
            deepest = beyond.argmin()
            if beyond[deepest] >= 0:
                break
            corners = clip_polygon(corners, normals[deepest], distances[deepest])
            beyond[deepest] = 0.0
            normals, distances = normals[beyond < 0], distances[beyond < 0]
        return corners

    def evaluate_surface(self, problem: Problem, resolution: int) -> Array:
        """Evaluate a grid over the extent of the plane.

        Args:
            problem: The problem to evaluate.
            resolution: Number of points along each of u and v.

        Returns:
            Losses, shape (resolution, resolution), one row for each v; NaN outside the cube and for failed points.
        """
        left, right, bottom, top = self.extent
        u, v = np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
        cube = self.points(np.tile(u, resolution), np.repeat(v, resolution))
        inside = ((cube >= -EDGE_TOLERANCE) & (cube <= 1.0 + EDGE_TOLERANCE)).all(axis=1)
        losses = np.full(len(cube), np.nan)
        losses[inside] = evaluate_in_chunks(problem, problem.space.to_box(np.clip(cube[inside], 0.0, 1.0)))
        return losses.reshape(resolution, resolution)


def _list_blocks(dimension: int) -> list[slice]:
    return [slice(first, first + BLOCK_AXES) for first in range(0, dimension, BLOCK_AXES)]


def clip_polygon(polygon: Array, normal: Array, offset: float) -> Array:
    """Return the part of a convex polygon where normal . x + offset >= 0 (Sutherland & Hodgman 1974).

    Args:
        polygon: The corners in order, shape (k, 2).
        normal: The normal of the half-plane, shape (2,).
        offset: The offset of the half-plane.

    Returns:
        The corners of the part, shape (m, 2); m is 0 if nothing is left.
    """
    sides = polygon @ normal + offset
    kept = []
    for i, (here, side) in enumerate(zip(polygon, sides, strict=True)):
        other, beyond = polygon[i - 1], sides[i - 1]
        if (side >= 0) != (beyond >= 0):
            kept.append(other + (here - other) * (beyond / (beyond - side)))
        if side >= 0:
            kept.append(here)
    return np.array(kept).reshape(-1, 2)


def axes_plane(origin: Array, i: int, j: int) -> Plane:
    """Return the plane of coordinates i and j through a point (D,); u and v are these coordinates.

    In one dimension, i and j are the same coordinate.
    """
    through, first, second = origin.copy(), np.zeros(len(origin)), np.zeros(len(origin))
    through[[i, j]] = 0.0
    first[i] = 1.0
    if j != i:
        second[j] = 1.0
    return Plane(through, first, second)


def plane_along(origin: Array, first: Array, second: Array) -> Plane | None:
    """Return the plane through a point (D,) that two directions (D,) span, or None if they are (almost) parallel.

    None is also returned if a direction is (almost) zero.
    """
    length = float(np.linalg.norm(first))
    if length < EDGE_TOLERANCE:
        return None
    one = first / length
    rest = second - (second @ one) * one
    # Done twice, because a rounding error along the first direction may be as long as a short remainder.
    rest = rest - (rest @ one) * one
    across = float(np.linalg.norm(rest))
    if across < EDGE_TOLERANCE * max(1.0, float(np.linalg.norm(second))):
        return None
    return Plane(origin.copy(), one, rest / across)
