"""How many rows a child is asked for ahead of its answers: enough that it never waits, too few to be unfair."""

from __future__ import annotations

CUSHION_SECONDS = 0.05
"""A child is given work for so long beside the row it is at, so that it need not wait for the next."""
LONGEST_PAUSE = 0.005
FORGETTING = 0.05
"""The weight of one row against those before."""


class Ahead:
    """Keeps in mind how long rows take, over all children of a pool. Rows that take long are asked for one by one: it
    matters then that another child may be free first, and it does not that a child waits for a fraction of a
    millisecond."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seconds: float | None = None

    def note(self, rows: int, seconds: float) -> None:
        """So many rows took a child so long."""
        took = seconds / rows
        if self._seconds is None:
            self._seconds = took
        else:
            self._seconds += (took - self._seconds) * min(1.0, FORGETTING * rows)

    def depth(self, pending: int, workers: int) -> int:
        """How many rows a child should have in hand, the one it is at among them, where so many are left to be asked
        for: no more of those than half its share, lest it be left alone with them in the end."""
        if self._seconds is None:
            return 1
        return 1 + min(int(CUSHION_SECONDS / max(self._seconds, 1e-6)), pending // (2 * workers), self._most - 1)

    def pause(self, pending: int, workers: int) -> float:
        """How long nobody need be listened to, in seconds, as each child has rows enough. It saves this process from
        waking up for each single answer."""
        depth = self.depth(pending, workers)
        return 0.0 if depth == 1 else min(LONGEST_PAUSE, 0.25 * (depth - 1) * (self._seconds or 0.0))
