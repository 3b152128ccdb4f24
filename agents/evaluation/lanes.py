"""Evaluates the rows of a batch side by side, where that pays."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, Space
from ...landscapes.process.line_pipe import TOOK_DOWN
from .children.pool import ChildPool
from .evaluator import CannotEvaluate, EvaluationResult, Evaluator

QUICK_SECONDS = 5e-3
"""A batch that takes less than this in one process is not worth messages to others."""
RECENT_ROWS = 16
"""How many rows tell how long one takes: a few of them may end early, and the rest still be slow."""


class LaneEvaluator:
    """An evaluator that hands the rows of a batch to as many child processes as the lease in work has lanes.

    The children are created at the first lease with several lanes, and started once rows have shown that they pay.
    Until they are ready, all is evaluated in this process. A row that takes its child down is evaluated here, too, so
    that it is treated as it is where there are no children. No loss depends on where it is evaluated.

    Args:
        inner: Evaluates the points in this process.
        open_children: Creates the children, none of which is started before it is needed; None if there can be none.
            It is called when the first lease with several lanes comes: what they are sent is made only if it is needed.

    Attributes:
        space: The space of the landscape.
        rowwise: Whether no bit of a row's loss depends on the other rows; only then are batches shared.
    """

    def __init__(self, inner: Evaluator, open_children: Callable[[], ChildPool | None]) -> None:
        self.space: Space = inner.space
        self.rowwise = inner.rowwise
        self._lanes = 1
        self._inner, self._open_children = inner, open_children
        self._children: ChildPool | None = None
        self._refused = False
        """Whether no child could evaluate; then all is evaluated here."""
        self._seconds: deque[float] = deque(maxlen=RECENT_ROWS)
        """How long the last rows took here, each, while there were lanes; rows that failed tell nothing."""
        self._warm = False
        """Whether a row has been evaluated here; the first may import and compile, and does not count."""

    def set_lanes(self, lanes: int) -> None:
        """Say how many rows may be evaluated at a time from now on; without children, one."""
        if lanes > 1 and self._children is None and not self._refused:
            self._children = self._open_children()
            self._refused = self._children is None
        self._lanes = 1 if self._children is None else lanes

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube here, with their gradients if requested."""
        if self._lanes == 1:
            return self._inner.evaluate(cube, with_gradient)
        began = time.perf_counter()
        found = self._inner.evaluate(cube, with_gradient)
        took = (time.perf_counter() - began) / len(cube)
        if self._warm and not found.causes:
            self._seconds.append(took)
        self._warm = True
        return found

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """Evaluate a batch, and yield (first row, result) of each piece as soon as it is done, in any order."""
        children = self._children
        if self._lanes == 1 or children is None:
            yield from self._inner.evaluate_in_pieces(cube, with_gradient)
            return
        here = 0
        while here < len(cube) and not self._shares(children, len(cube) - here):
            yield here, self.evaluate(cube[here : here + 1], with_gradient)
            here += 1
        left = dict.fromkeys(range(here, len(cube)))
        try:
            for at, found in children.evaluate_in_pieces(cube[here:], with_gradient) if left else ():
                if not found.causes.get(0, "").startswith(TOOK_DOWN):
                    for row in range(here + at, here + at + len(found.losses)):
                        del left[row]
                    yield here + at, found
        except CannotEvaluate:
            self._refused = True
        for row in left:
            yield row, self._inner.evaluate(cube[row : row + 1], with_gradient)

    def evaluate_share(self, cube: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        """Evaluate points (n, D) with their gradients here, each over some rows of data (n, b)."""
        return self._inner.evaluate_share(cube, rows)

    def measure(self, point: Array) -> dict[str, float]:
        """Return what the landscape tells of a point (D,) of the unit cube besides its loss; {} if that is nothing."""
        return self._inner.measure(point)

    def close(self) -> None:
        """End the children, and close the evaluator of this process."""
        if self._children is not None:
            self._children.close()
        self._inner.close()

    @property
    def _mean_seconds(self) -> float:
        return sum(self._seconds) / len(self._seconds) if self._seconds else 0.0

    def _shares(self, children: ChildPool, rows: int) -> bool:
        """Return whether the children evaluate a batch of so many rows: if that pays, once all of them are ready."""
        if self._refused or rows == 1 or self._mean_seconds * rows < QUICK_SECONDS:
            return False
        children.most = self._lanes
        try:
            return children.prepare()
        except CannotEvaluate:
            self._refused = True
            return False
