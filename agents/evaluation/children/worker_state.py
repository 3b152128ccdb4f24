"""The states of a worker, and the transitions that events cause between them."""

from __future__ import annotations

from enum import IntEnum, auto

# IntEnum, because members are keys that are looked up for every row, and Enum hashes its members by Python code.


class WorkerState(IntEnum):
    """What a worker's child process is doing."""

    STOPPED = auto()
    """There is no child process. No rows."""
    STARTING = auto()
    """The child process has been started and is not ready. One row waits to be sent."""
    IDLE = auto()
    """The child process is ready. No rows."""
    BUSY = auto()
    """The child process evaluates the first of the rows, and knows of the others."""
    UNREACHABLE = auto()
    """The child process could not be sent its one row."""


class WorkerEvent(IntEnum):
    """What happens to a worker."""

    START = auto()
    """A child process is started, for a row."""
    READY = auto()
    """The child process has sent its greeting, or is of a kind that sends none."""
    SEND_ROW = auto()
    """A row is sent to the child process, which has no other."""
    SEND_FAILED = auto()
    """The row could not be sent."""
    SEND_MORE = auto()
    """More rows are sent, ahead of answers."""
    LAST_ANSWER = auto()
    """No row is left to be answered."""
    KILL = auto()
    """The child process is killed: lost, too late, or no longer needed."""


# The members as globals: looking one up in its class takes 0.2 microseconds in Python 3.11, several times per row.
STOPPED, STARTING, IDLE, BUSY, UNREACHABLE = WorkerState
START, READY, SEND_ROW, SEND_FAILED, SEND_MORE, LAST_ANSWER, KILL = WorkerEvent

TRANSITIONS: dict[WorkerState, dict[WorkerEvent, WorkerState]] = {
    STOPPED: {START: STARTING, KILL: STOPPED},
    STARTING: {READY: IDLE, KILL: STOPPED},
    IDLE: {SEND_ROW: BUSY, KILL: STOPPED},
    BUSY: {SEND_MORE: BUSY, LAST_ANSWER: IDLE, SEND_FAILED: UNREACHABLE, KILL: STOPPED},
    UNREACHABLE: {KILL: STOPPED},
}
"""The next state, by state and event. Other combinations are refused."""


class IllegalTransition(RuntimeError):
    """An event that cannot happen in a worker's state: an error in the code that uses the worker."""

    def __init__(self, state: WorkerState, event: WorkerEvent) -> None:
        super().__init__(f"{event.name} cannot happen to a worker that is {state.name}")
