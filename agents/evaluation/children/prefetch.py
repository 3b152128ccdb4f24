"""How many rows are requested of a child before it has answered: enough that it never waits, too few to be unfair."""

from __future__ import annotations

PREFETCH_SECONDS = 0.05
"""How long the rows should take that a child has beside the current one, so that it need not wait for more."""
LONGEST_PAUSE = 0.005
SMOOTHING_WEIGHT = 0.05
"""The weight of one row in the moving average."""


class Prefetch:
    """Averages how long rows take, over all children of a pool. Rows that take long are requested one by one: it
    matters then that another child may be free first, and it does not that a child waits for a fraction of a
    millisecond."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seconds: float | None = None

    def record_duration(self, rows: int, seconds: float) -> None:
        """Record that so many rows took a child so long."""
        took = seconds / rows
        if self._seconds is None:
            self._seconds = took
        else:
            self._seconds += (took - self._seconds) * min(1.0, SMOOTHING_WEIGHT * rows)

    def prefetch_depth(self, pending: int, workers: int) -> int:
        """Return how many rows a child should hold, the current one included, while so many are still to be requested:
        of those at most half its share, so that no child is left alone with many of them in the end."""
        if self._seconds is None:
            return 1
        return 1 + min(int(PREFETCH_SECONDS / max(self._seconds, 1e-6)), pending // (2 * workers), self._most - 1)

    def pause_seconds(self, pending: int, workers: int) -> float:
        """Return for how long no output need be read, in seconds, because each child has enough rows. It saves this
        process from waking up for every single answer."""
        depth = self.prefetch_depth(pending, workers)
        return 0.0 if depth == 1 else min(LONGEST_PAUSE, 0.25 * (depth - 1) * (self._seconds or 0.0))
