"""The rows that a worker holds."""

from __future__ import annotations

from collections import deque

import numpy as np

from .batch import Batch


class HeldRows(deque[int]):
    """A queue of the rows of a batch that have been requested from one child and are not answered.

    The child evaluates the first of them and has not begun the others.

    Attributes:
        batch: The batch to which the rows belong.
        unstarted: Rows that a lost child had not begun; they are no longer in the queue.
    """

    __slots__ = ("batch", "unstarted")

    def __init__(self) -> None:
        super().__init__()
        self.batch = Batch(np.empty((0, 0)), False)
        self.unstarted: list[int] = []

    def release_unstarted(self) -> None:
        """Keep only the first row; the others become ``unstarted``."""
        first, *others = self
        self.unstarted += others
        super().clear()
        self.append(first)

    def take_unstarted(self) -> list[int]:
        """Return the unstarted rows, once."""
        unstarted, self.unstarted = self.unstarted, []
        return unstarted

    def clear(self) -> None:
        """Forget all rows, the unstarted ones too."""
        super().clear()
        self.unstarted.clear()
