"""Which of a run's points are told, where there are too many for a page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array


class Thinning:
    """Evenly chosen points in the order of the log, and those that bettered all before.

    What is kept depends on the log alone, and not on whether it is read at once or as it grows: what was collected
    since a lease was granted does not count as before its points.
    """

    def __init__(self, budget: int, most: int) -> None:
        self.stride = -(-budget // most)
        self._rows = 0
        self._lowest: list[float] = []
        """By lease: the least loss that was known when it was granted, or that it has had since."""

    def granted(self, best: float) -> None:
        """The next lease is granted, when ``best`` is the least loss known."""
        self._lowest.append(best)

    def kept(self, lease: int, losses: Array) -> NDArray[np.bool_]:
        """Which of the next points of a lease are kept, (n,)."""
        lowest = np.minimum.accumulate(np.concatenate([[self._lowest[lease]], losses]))
        numbers = self._rows + np.arange(len(losses))
        self._lowest[lease], self._rows = float(lowest[-1]), self._rows + len(losses)
        kept: NDArray[np.bool_] = (numbers % self.stride == 0) | (losses < lowest[:-1])
        return kept
