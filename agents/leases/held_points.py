"""The points and gradients of a lease's rows; those of many axes are held only until they have been passed on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...landscapes.landscape import Array

MOST_HELD = 1 << 21
"""How many coordinates of rows that have been passed on are held, about: 16 MB."""


class HeldPoints:
    """Points and gradients by the numbers of their rows. Rows before ``first`` are let go, but for a few.

    Args:
        rows: How many rows there may be, about.
        dimension: The number of axes.

    Attributes:
        first: The first row that is held.
        points: The points of the rows from there on, shape (m, D); there may be room for more.
        gradients: Their gradients, shape (m, D), NaN where there is none; None if no row has one.
        most_filled: If the last row is greater, those that are held are so many that they should be let go.
    """

    __slots__ = ("_digests", "_kept", "first", "gradients", "most_filled", "points")

    def __init__(self, rows: int, dimension: int) -> None:
        self.first = 0
        self.most_filled = MOST_HELD // max(dimension, 1)
        self.points = np.empty((max(1, min(rows, 1024, MOST_HELD // max(dimension, 1))), dimension))
        self.gradients: Array | None = None
        self._kept: dict[int, Array] = {}
        self._digests: dict[int, int] = {}
        """By the hash of a point that was let go: the first row that had it."""

    def place(self, row: int, points: Array, gradients: Array | None) -> None:
        """Hold points (n, D) and their gradients from a row on."""
        first = row - self.first
        end = first + len(points)
        if end > len(self.points):
            self._grow(end)
        self.points[first:end] = points
        if gradients is not None:
            if self.gradients is None:
                self.gradients = np.full(self.points.shape, np.nan)
            self.gradients[first:end] = gradients

    def point(self, row: int) -> Array:
        """Return the point (D,) of a row that is held, or that was to be kept."""
        return self._kept[row] if row < self.first else self.points[row - self.first]

    def read(self, first: int, last: int) -> tuple[Array, Array | None]:
        """Return the points (n, D) and gradients of the rows from ``first`` to before ``last``, as views."""
        rows = slice(first - self.first, last - self.first)
        return self.points[rows], None if self.gradients is None else self.gradients[rows]

    def find_same(self, row: int, end: int) -> int | None:
        """Return the first row before ``end`` with the same point as a row that is held; None if there is none."""
        point = self.point(row)
        if self._digests and (earlier := self._digests.get(_digest(point))) is not None:
            return earlier
        same = np.flatnonzero((self.points[: max(0, end - self.first)] == point).all(axis=1))
        return self.first + int(same[0]) if len(same) else None

    def let_go(self, end: int, kept: Iterable[int]) -> None:
        """Let the rows before ``end`` go, but for the points of those in ``kept`` that are among them."""
        count = end - self.first
        self._kept = {row: self.point(row).copy() for row in set(kept) if row < end}
        for number in range(count):
            self._digests.setdefault(_digest(self.points[number]), self.first + number)
        # In new arrays: those of before may have been passed on as they are.
        self.points = self.points[count:].copy()
        self.gradients = None if self.gradients is None else self.gradients[count:].copy()
        self.first = end
        self.most_filled = end + MOST_HELD // max(self.points.shape[1], 1)

    def _grow(self, need: int) -> None:
        used, dimension = self.points.shape
        size = max(need, 2 * used)
        points = np.empty((size, dimension))
        points[:used] = self.points
        self.points = points
        if self.gradients is not None:
            gradients = np.full((size, dimension), np.nan)
            gradients[:used] = self.gradients
            self.gradients = gradients


def _digest(point: Array) -> int:
    # A zero has two signs, which are equal.
    return hash((point + 0.0).tobytes())
