"""Evaluates the rows of a batch side by side, where that pays."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, Space
from ...landscapes.process.line_pipe import TOOK_DOWN
from .children.pool import ChildPool
from .evaluator import CannotEvaluate, EvaluationResult, Evaluator

QUICK_SECONDS = 5e-3
"""A batch that takes less than this in one process is not worth messages to others."""


class LaneEvaluator:
    """An evaluator that hands the rows of a batch to as many child processes as the lease in work has lanes.

    The children are started once a row has shown that they pay. A row that takes its child down is evaluated in this
    process, so that it is treated as it is where there are no children. No loss depends on where it is evaluated.

    Args:
        inner: Evaluates the points in this process.
        children: The children, none of which is started before it is needed.

    Attributes:
        space: The space of the landscape.
        rowwise: Whether no bit of a row's loss depends on the other rows; only then are batches shared.
        lanes: How many rows may be evaluated at a time.
    """

    def __init__(self, inner: Evaluator, children: ChildPool) -> None:
        self.space: Space = inner.space
        self.rowwise = inner.rowwise
        self.lanes = 1
        self._inner, self._children = inner, children
        self._refused = False
        """Whether no child could evaluate; then all is evaluated here."""
        self._row_seconds: float | None = None
        """How long the quickest row took here while there were lanes; None before the first."""

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube here, with their gradients if requested."""
        if self.lanes == 1:
            return self._inner.evaluate(cube, with_gradient)
        began = time.perf_counter()
        found = self._inner.evaluate(cube, with_gradient)
        took = (time.perf_counter() - began) / len(cube)
        self._row_seconds = took if self._row_seconds is None else min(took, self._row_seconds)
        return found

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """Evaluate a batch, and yield (first row, result) of each piece as soon as it is done, in any order."""
        if self.lanes == 1 or self._refused:
            yield from self._inner.evaluate_in_pieces(cube, with_gradient)
            return
        first = 0
        if self._row_seconds is None:
            yield 0, self.evaluate(cube[:1], with_gradient)
            first = 1
        if (self._row_seconds or 0.0) * (len(cube) - first) < QUICK_SECONDS:
            rest: Iterator[tuple[int, EvaluationResult]] = self._inner.evaluate_in_pieces(cube[first:], with_gradient)
        else:
            rest = self._share(cube[first:], with_gradient)
        for row, found in rest:
            yield first + row, found

    def evaluate_share(self, cube: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        """Evaluate points (n, D) with their gradients here, each over some rows of data (n, b)."""
        return self._inner.evaluate_share(cube, rows)

    def measure(self, point: Array) -> dict[str, float]:
        """Return what the landscape tells of a point (D,) of the unit cube besides its loss; {} if that is nothing."""
        return self._inner.measure(point)

    def close(self) -> None:
        """End the children, and close the evaluator of this process."""
        self._children.close()
        self._inner.close()

    def _share(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """Evaluate a batch in the children, and here what they cannot."""
        left = dict.fromkeys(range(len(cube)))
        try:
            self._children.most = self.lanes
            for first, found in self._children.evaluate_in_pieces(cube, with_gradient):
                if found.causes.get(0, "").startswith(TOOK_DOWN):
                    continue
                for row in range(first, first + len(found.losses)):
                    del left[row]
                yield first, found
        except CannotEvaluate:
            self._refused = True
        for row in left:
            yield row, self._inner.evaluate(cube[row : row + 1], with_gradient)
