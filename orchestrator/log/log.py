"""The log: what happened, in order. In memory here, for ``minimize``; in a file for an experiment (``logfile.py``)."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...agents.agent import Rows
from ...landscapes.landscape import Array
from ..state.events import Event


class LogError(Exception):
    """A log cannot be opened; the message names the file and the cure."""


class LogLost(LogError):
    """A log that was being written can be written no longer; what had been written is safe."""


class Log(Protocol):
    """One run's log, as the loop and its executor see it."""

    @property
    def elapsed_seconds(self) -> float:
        """Seconds that earlier sessions worked on this run."""
        ...

    def events(self) -> list[Event]:
        """The events so far, in order."""
        ...

    def append(self, event: Event) -> None:
        """Add the next event."""
        ...

    def rows(self, lease: int) -> Rows | None:
        """All recorded points of a lease, or None."""
        ...

    def add_rows(self, lease: int, rows: Rows) -> None:
        """Add points of a lease as they come."""
        ...


class MemoryLog:
    """A run's log in memory."""

    elapsed_seconds = 0.0

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._rows: dict[int, list[Rows]] = {}

    def events(self) -> list[Event]:
        return list(self._events)

    def append(self, event: Event) -> None:
        self._events.append(event)

    def rows(self, lease: int) -> Rows | None:
        return join_rows(self._rows.get(lease, []))

    def add_rows(self, lease: int, rows: Rows) -> None:
        self._rows.setdefault(lease, []).append(rows)

    def failures(self, lease: int) -> int:
        """How many rows of a lease failed."""
        return sum(len(part.failures) for part in self._rows.get(lease, []))


def join_rows(parts: list[Rows]) -> Rows | None:
    """Parts of one lease as one, from its first row on, with what lies between them as gaps."""
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
