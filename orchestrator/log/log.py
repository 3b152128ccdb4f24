"""The log of a run: what happened, in order. Here it is kept in memory, for ``minimize``; an experiment keeps it in a
file (``log_file.py``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...agents.agent import RowDigests, Rows
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

    def append(self, event: Event) -> Event:
        """Add the next event. Return it as the log has it: long vectors may be read from the log when looked at."""
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

    def append(self, event: Event) -> Event:
        """Add the next event, and return it."""
        self._events.append(event)
        return event

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

    Raises:
        ValueError: If some parts have all their points, and others digests.
    """
    if not parts:
        return None
    if len(parts) == 1 and parts[0].first == 0:
        return parts[0]
    parts = sorted(parts, key=lambda part: part.first)
    n = parts[-1].first + len(parts[-1].losses)
    spans = [slice(part.first, part.first + len(part.losses)) for part in parts]
    digests = _join_digests(parts, spans, n)
    if digests is None:
        places, size = spans, n
    else:
        # Only whole rows have points: they follow each other without gaps.
        ends = np.cumsum([len(part.points) for part in parts]).tolist()
        places, size = [slice(end - len(part.points), end) for part, end in zip(parts, ends, strict=True)], ends[-1]
    points = _lay_out([part.points for part in parts], places, size)
    gradients = None
    if any(part.gradients is not None for part in parts):
        gradients = _lay_out([part.gradients for part in parts], places, size)
    losses = _lay_out([part.losses for part in parts], spans, n)
    known = _lay_out([np.ones(len(part.losses), dtype=bool) for part in parts], spans, n, blank=False)
    gaps = tuple(np.flatnonzero(~known).tolist())
    return Rows(0, points, losses, gradients, tuple(f for p in parts for f in p.failures), gaps, digests)


def _join_digests(parts: list[Rows], spans: list[slice], n: int) -> RowDigests | None:
    found = [part.digests for part in parts if part.digests is not None]
    if not found:
        return None
    if len(found) < len(parts):
        raise ValueError("some parts have digests, and others have none")
    gradients = None
    if any(each.gradients is not None for each in found):
        gradients = _lay_out([each.gradients for each in found], spans, n, blank=0)
    return RowDigests(
        np.concatenate([each.whole + part.first for each, part in zip(found, parts, strict=True)]),
        _lay_out([each.points for each in found], spans, n, blank=0),
        gradients,
        _lay_out([each.projections for each in found], spans, n),
    )


def _lay_out(arrays: Sequence[NDArray[Any] | None], spans: list[slice], n: int, blank: float = np.nan) -> NDArray[Any]:
    """Lay arrays out in one with n rows, each in its span; rows that no array has are ``blank``."""
    given = next(array for array in arrays if array is not None)
    found = np.full((n, *given.shape[1:]), blank, dtype=given.dtype)
    for array, span in zip(arrays, spans, strict=True):
        if array is not None:
            found[span] = array
    return found
