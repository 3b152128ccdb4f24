"""How many processes may be lost while rows are evaluated, and the messages about lost processes."""

from __future__ import annotations

import time

from ...agents.leases.failure import LOST_AGENT, describe_hang
from ...agents.leases.work import Phase

LOSSES_PER_ROW = 3
"""A row fails once it has taken down this many processes, an agent once it has done so where it was asked."""
SUSPICIOUS_LOSSES = 2
"""After so many losses at one row, which may have come from outside, the lease's rows are evaluated in a child."""
MOST_STUCK = 10
"""The work is given up once this many processes in a row were lost through no fault of a row, for example together with
their machine."""
ROW_LOST = f"took its process down {LOSSES_PER_ROW} times"
"""The cause of a row that fails in this way; it is recorded in the log."""


class AgentSuspects:
    """Finds out which agents hang or take their processes down themselves, not by a row that is evaluated.

    A lease that has lost a process announces its phases, so that a loss while the agent was asked is known as such.

    Args:
        agent_timeout: Seconds that an agent may take to propose; None: any time. A process in which an agent cannot be
            interrupted is killed after that.
    """

    def __init__(self, agent_timeout: float | None) -> None:
        self._timeout = agent_timeout
        self._asked: dict[int, float] = {}
        """By lease: when its agent was asked for what it has not proposed yet."""
        self._losses: dict[int, tuple[int, int]] = {}
        """By lease: the row that it has reached, and the number of processes lost while its agent was asked there."""

    def note_phase(self, lease: int, phase: Phase | None) -> None:
        """Note an update of a lease: ``phase`` is what it announces."""
        if phase is Phase.THINKING:
            self._asked[lease] = time.monotonic()
        elif self._asked:
            self._asked.pop(lease, None)

    def judge_loss(self, lease: int, row: int, gave_up: bool) -> str:
        """Return the cause of the lease if its agent is to blame for a loss, else "".

        Args:
            lease: The lease whose process was lost.
            row: The row that it had reached.
            gave_up: Whether that row was not to be evaluated any more.
        """
        asked = self._asked.pop(lease, None)
        if asked is None:
            return LOST_AGENT if gave_up else ""
        if self._timeout is not None and time.monotonic() - asked >= self._timeout:
            return describe_hang(self._timeout)
        at, times = self._losses.get(lease, (row, 0))
        self._losses[lease] = (row, times + 1 if row == at else 1)
        return LOST_AGENT if self._losses[lease][1] >= LOSSES_PER_ROW else ""

    def forget(self, lease: int) -> None:
        """Forget a lease that was collected."""
        self._asked.pop(lease, None)
        self._losses.pop(lease, None)


def describe_stuck(what: str, why: str) -> str:
    """Return the message for a task that Ray cannot complete because it loses one process after another."""
    return (
        f"Ray lost {MOST_STUCK} processes in a row that were to work on {what}. The last error was: {why} "
        "Check Ray's logs (memory, disk), or use --executor simulated."
    )


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, at most 300 characters, with a full stop at its end."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line[:300] if line.endswith(".") else f"{line[:300]}."
