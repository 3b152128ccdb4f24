"""How many processes may be lost while rows are evaluated, and the messages about lost processes."""

from __future__ import annotations

LOSSES_PER_ROW = 3
"""A row fails once this many processes were lost while they evaluated it."""
MOST_STUCK = 10
"""The work is given up once this many processes in a row were lost through no fault of a row, for example together with
their machine."""
ROW_LOST = f"took its process down {LOSSES_PER_ROW} times"
"""The cause of a row that fails in this way; it is recorded in the log."""


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
