"""Points that an agent has proposed: what they must be, and the answers to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...landscapes.landscape import Array
from ..agent import AgentError, in_cube
from ..evaluation.evaluator import Evaluated


class Proposal:
    """Points that an agent has proposed, and the answers to them so far."""

    __slots__ = ("again", "answered", "gradients", "losses", "overlooked", "points", "price", "tries", "with_gradient")

    def __init__(self, points: Array, with_gradient: bool, price: int) -> None:
        self.points, self.with_gradient, self.price = points, with_gradient, price
        self.losses: Array | None = None
        self.gradients: Array | None = None
        self.answered = 0
        """Rows from the first on that were answered once."""
        self.again: list[int] | None = None
        """Rows that are to be evaluated again, if any ever were."""
        self.tries: dict[int, int] | None = None
        self.overlooked: list[int] | None = None
        """Rows without a loss that are to be skipped."""

    def next(self, room: int) -> Array:
        """The next rows to be evaluated, as many as ``room`` evaluations pay for."""
        most = room // self.price
        if self.again and self.answered == len(self.points):
            return self.points[self.again[:most]]
        if not self.answered and most >= len(self.points):
            return self.points
        return self.points[self.answered : self.answered + most]

    def answer(self, outcome: Evaluated) -> Array | None:
        """Note the losses of the rows that came next; their numbers, where any was evaluated again."""
        n = len(outcome.losses)
        if n == len(self.points) and not self.answered:
            self.losses, self.gradients, self.answered = outcome.losses, outcome.gradients, n
            return None
        if self.losses is None:
            self.losses = np.empty(len(self.points))
            self.gradients = np.empty(self.points.shape) if self.with_gradient else None
        rows: Any = slice(self.answered, self.answered + n)
        again = self.answered == len(self.points)
        if again:
            assert self.again is not None
            rows, self.again = self.again[:n], self.again[n:]
            # What was told before may be the recorded array itself.
            self.losses = self.losses.copy()
            self.gradients = None if self.gradients is None else self.gradients.copy()
        else:
            self.answered += n
        self.losses[rows] = outcome.losses
        if self.gradients is not None and outcome.gradients is not None:
            self.gradients[rows] = outcome.gradients
        return np.array(rows) if again else None

    def retry(self, row: int, most: int) -> None:
        """Have a row evaluated again, unless it has been so often."""
        self.again, self.tries = self.again or [], self.tries or {}
        if self.tries.get(row, 0) < most:
            self.tries[row] = self.tries.get(row, 0) + 1
            self.again.append(row)


def checked(points: Any, dimension: int) -> Array:
    """The proposal as it must be: (n, D) float64, n >= 1, within the unit cube. Else ``AgentError``."""
    if type(points) is not np.ndarray or points.dtype != np.float64:
        kind = type(points).__name__
        dtype = getattr(points, "dtype", None)
        raise AgentError(f"proposed a {kind}{f' of {dtype}' if dtype else ''}; it must be a float64 array (n, D)")
    if points.ndim != 2 or points.shape[1] != dimension or not len(points):
        raise AgentError(f"proposed shape {points.shape}; it must be (n, {dimension}) with n >= 1")
    if not in_cube(points):
        row = int(np.flatnonzero(~((points >= 0) & (points <= 1)).all(axis=1))[0])
        raise AgentError(f"proposed {points[row].tolist()}, outside the unit cube (row {row} of its batch)")
    return points
