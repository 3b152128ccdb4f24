"""When the rows of a lease are passed on."""

from __future__ import annotations

import time

from ..agent import Rows
from .ledger import Ledger


class FlushTimer:
    """Decides when rows are passed on: at a fixed interval.

    Args:
        seconds: The interval, in seconds; infinite if rows are never passed on.
    """

    __slots__ = ("next_flush", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.next_flush = time.monotonic() + seconds

    def flush_rows(self, ledger: Ledger) -> list[Rows]:
        """Return the rows to pass on now, and start the next interval."""
        self.next_flush = time.monotonic() + self.seconds
        return ledger.flush()
