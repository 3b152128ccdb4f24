"""Decide how many rows are requested from a child ahead of its answers: it should never wait, nor hoard rows."""

from __future__ import annotations

PREFETCH_SECONDS = 0.05
"""How long the rows that a child holds beyond the current one should take, so that it need not wait for more."""
LONGEST_PAUSE = 0.005
"""The longest time for which no output is read, in seconds."""
SMOOTHING_WEIGHT = 0.05
"""The weight of one row in the moving average."""


class Prefetch:
    """Averages how long rows take over all children of a pool, and sets how many are requested ahead.

    Rows that take long are requested one by one, because another child may become free first; then it does not matter
    that a child waits for a fraction of a millisecond.

    Args:
        most: The most rows that a child may hold.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seconds: float | None = None

    def record_duration(self, rows: int, seconds: float) -> None:
        """Record how many seconds a child took for a number of rows."""
        took = seconds / rows
        if self._seconds is None:
            self._seconds = took
        else:
            self._seconds += (took - self._seconds) * min(1.0, SMOOTHING_WEIGHT * rows)

    def prefetch_depth(self, pending: int, workers: int) -> int:
        """Return how many rows a child should hold, the current one included.

        Of the pending rows, which have yet to be requested, it gets at most half its share, so that no child is left
        alone with many rows at the end.
        """
        if self._seconds is None:
            return 1
        return 1 + min(int(PREFETCH_SECONDS / max(self._seconds, 1e-6)), pending // (2 * workers), self._most - 1)

    def pause_seconds(self, pending: int, workers: int) -> float:
        """Return for how long no output needs to be read, in seconds, because each child has enough rows.

        The pause saves this process from waking up for every single answer.
        """
        depth = self.prefetch_depth(pending, workers)
        return 0.0 if depth == 1 else min(LONGEST_PAUSE, 0.25 * (depth - 1) * (self._seconds or 0.0))
