"""The log of a run: what happened, in order. Here it is kept in memory, for ``minimize``; an experiment keeps it in a
file (``log_file.py``)."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...agents.agent import Rows
from ...landscapes.landscape import Array
from ..state.events import Event


class LogError(Exception):
    """A log cannot be opened or used. The message names the file and what to do."""


class LogLost(LogError):
    """A log that was open can no longer be written. What was written before is safe."""


class LogDamaged(LogError):
    """A log is not what was written. The message names the place."""


class Log(Protocol):
    """The log of one run, as the loop and its executor use it."""

    @property
    def elapsed_seconds(self) -> float:
        """Seconds that earlier sessions worked on this run."""
        ...

    def events(self) -> list[Event]:
        """Return the events so far, in order."""
        ...

    def append(self, event: Event) -> None:
        """Add the next event."""
        ...

    def rows(self, lease: int) -> Rows | None:
        """Return all recorded points of a lease; None if there are none."""
        ...

    def add_rows(self, lease: int, rows: Rows) -> None:
        """Add points of a lease as they are evaluated."""
        ...


class MemoryLog:
    """The log of one run, kept in memory."""

    elapsed_seconds = 0.0

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._rows: dict[int, list[Rows]] = {}

    def events(self) -> list[Event]:
        """Return the events so far, in order."""
        return list(self._events)

    def append(self, event: Event) -> None:
        """Add the next event."""
        self._events.append(event)

    def rows(self, lease: int) -> Rows | None:
        """Return all recorded points of a lease; None if there are none."""
        return join_rows(self._rows.get(lease, []))

    def add_rows(self, lease: int, rows: Rows) -> None:
        """Add points of a lease as they are evaluated."""
        self._rows.setdefault(lease, []).append(rows)

    def all_rows(self) -> list[Rows]:
        """Return all points of all leases, in parts."""
        return [part for parts in self._rows.values() for part in parts]


def join_rows(parts: list[Rows]) -> Rows | None:
    """Join parts of one lease into one, which starts at row 0.

    Args:
        parts: The parts, in any order.

    Returns:
        All rows up to the last known one. Unknown rows between the parts are NaN and are listed in ``gaps``. None if
        there are no parts.
    """
    if not parts:
        return None
    if len(parts) == 1 and parts[0].first == 0:
        return parts[0]
    parts = sorted(parts, key=lambda part: part.first)
    n, dimension = parts[-1].first + len(parts[-1].losses), parts[0].points.shape[1]
    points, losses = np.full((n, dimension), np.nan), np.full(n, np.nan)
    known = np.zeros(n, dtype=bool)
    gradients: Array | None = None
    if any(part.gradients is not None for part in parts):
        gradients = np.full((n, dimension), np.nan)
    for part in parts:
        span = slice(part.first, part.first + len(part.losses))
        points[span], losses[span], known[span] = part.points, part.losses, True
        if gradients is not None and part.gradients is not None:
            gradients[span] = part.gradients
    gaps = tuple(np.flatnonzero(~known).tolist())
    return Rows(0, points, losses, gradients, tuple(f for p in parts for f in p.failures), gaps)
