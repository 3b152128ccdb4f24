"""Evaluates rows one at a time in a child process, where a row that ends its process is found out for certain."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, Space
from ...landscapes.process.line_pipe import TOOK_DOWN
from .children.pool import ChildPool
from .evaluator import EvaluationResult, assemble_pieces


class ApartEvaluator:
    """An evaluator that evaluates each row in a child process of its own process, and starts another if that is lost.

    A process that is lost from outside, with its node or by a signal, leaves no trace by which it could be told from
    one that a row has taken down. A child that is lost while its parent lives was taken down by its row.

    Args:
        children: The child processes; they are closed with this evaluator.
        tries: A row fails once it has taken down this many children.
        cause: The cause of such a row.

    Attributes:
        space: The space of the landscape.
        rowwise: False: a batch is evaluated as a whole, row by row.
    """

    rowwise = False

    def __init__(self, children: ChildPool, tries: int, cause: str) -> None:
        self.space: Space = children.space
        self._children, self._tries, self._cause = children, tries, cause
        # Of rows that are evaluated side by side, each could be lost through another's fault, such as lack of memory.
        children.most = 1

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube, with their gradients if requested."""
        return assemble_pieces(self.evaluate_in_pieces(cube, with_gradient), cube, with_gradient)

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """Evaluate a batch, and yield (row, result) of each row as soon as it is done, in order."""
        for row in range(len(cube)):
            yield row, self._evaluate_row(cube[row : row + 1], None, with_gradient)

    def evaluate_share(self, cube: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube with their gradients, each over some rows of data (n, b)."""
        shares = (self._evaluate_row(cube[at : at + 1], rows[at : at + 1], True) for at in range(len(cube)))
        return assemble_pieces(enumerate(shares), cube, True)

    def measure(self, point: Array) -> dict[str, float]:
        """Return what the landscape tells of a point (D,) of the unit cube besides its loss; {} if that is nothing."""
        return self._children.measure(point)

    def close(self) -> None:
        """End the child processes."""
        self._children.close()

    def _evaluate_row(self, cube: Array, share: NDArray[np.int64] | None, with_gradient: bool) -> EvaluationResult:
        for _ in range(self._tries):
            found = (
                self._children.evaluate(cube, with_gradient)
                if share is None
                else self._children.evaluate_share(cube, share)
            )
            if not found.causes.get(0, "").startswith(TOOK_DOWN):
                return found
        return found._replace(causes={0: self._cause})
