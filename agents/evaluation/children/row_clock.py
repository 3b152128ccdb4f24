"""The clock of the row that a child evaluates."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class RowClock:
    """Records when a child's first row was begun, as far as the parent can tell, and when its answer is too late.

    Attributes:
        now: The clock to read, in seconds.
        timeout: Seconds that a row may take; infinite if there is no limit.
        began: When the first row was begun.
        deadline: When the child must have sent its greeting or an answer; infinite if nothing is awaited.
    """

    __slots__ = ("began", "deadline", "now", "timeout")

    def __init__(self, timeout: float | None, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.timeout = math.inf if timeout is None else timeout
        self.began = 0.0
        self.deadline = math.inf

    def await_greeting(self, startup: float) -> None:
        """Give a child ``startup`` seconds to become ready. No row's time-out counts meanwhile."""
        self.deadline = self.now() + startup

    def begin_row(self, startup: float) -> None:
        """Begin a row now; its answer may take ``startup`` seconds more than the time-out."""
        self.began = self.now()
        self.deadline = self.began + self.timeout + startup

    def end_row(self, now: float, next_row: bool) -> float:
        """Return how many seconds it took until answers came, and begin the next row, if there is one."""
        took, self.began = now - self.began, now
        self.deadline = now + self.timeout if next_row else math.inf
        return took

    def expire(self) -> None:
        """Let the deadline pass at once, so that the worker is checked without waiting."""
        self.deadline = self.began

    def stop(self) -> None:
        """Stop awaiting an answer."""
        self.deadline = math.inf
