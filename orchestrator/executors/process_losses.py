"""How many processes may be lost, and what is said then."""

from __future__ import annotations

LOSSES_PER_ROW = 3
"""So many processes lost at one row that they evaluated themselves fail that row."""
MOST_STUCK = 10
"""So many may be lost in turn through no fault of a row: with their machine, say."""
ROW_LOST = f"took its process down {LOSSES_PER_ROW} times"


def describe_stuck(what: str, why: str) -> str:
    """What is said when Ray loses one process after the other."""
    return (
        f"Ray lost {MOST_STUCK} processes in turn that brought nothing of {what}, the last one so: {why} "
        "See Ray's logs (memory? disk?), or use --executor simulated."
    )


def first_line(error: BaseException) -> str:
    """What an error says, in a line."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line[:300] if line.endswith(".") else f"{line[:300]}."
