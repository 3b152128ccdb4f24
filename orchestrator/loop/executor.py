"""What the loop asks of an executor."""

from __future__ import annotations

from typing import Protocol

from ...agents.agent import Lease
from ..state.events import Collected


class ExecutorError(Exception):
    """An executor cannot start or go on, through no fault of an agent; the message says what to do."""


class ExecutorLost(ExecutorError):
    """What leases are worked on is gone altogether: no run can go on here."""


class Executor(Protocol):
    """Where leases are worked."""

    def submit(self, lease: Lease) -> None:
        """Take a lease. Leases with a recorded outcome are taken note of and not worked again."""
        ...

    def ready(self, lease: int) -> bool:
        """Whether ``collect`` would return at once."""
        ...

    def collect(self, lease: int) -> Collected:
        """The event of a lease's return; waits for it if need be."""
        ...

    def close(self) -> None: ...
