"""Long vectors in events: written as references to rows of the log, or to a table of vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ...agents.agent import Rows
from ...landscapes.landscape import Array
from ..state.events import Collected, Event, Granted

SHORTEST = 32
"""Coordinates from which on a vector is long. As JSON, a coordinate takes 19 bytes; a reference takes up to 45."""


def digest_vector(raw: bytes) -> str:
    """Return the key of a vector (its float64 bytes) in the table of vectors."""
    return hashlib.sha256(raw).hexdigest()[:32]


def decode_vector(name: str, raw: bytes) -> Array:
    """Return the vector of these bytes. Raises ValueError if they are not those of its key."""
    if digest_vector(raw) != name:
        raise ValueError(f"vector {name} is another than its hash says")
    return np.frombuffer(raw)


def has_long_vectors(event: Event) -> bool:
    """Return whether an event holds long vectors."""
    if isinstance(event, Granted):
        return len(event.leases[0].region.center) >= SHORTEST
    if isinstance(event, Collected):
        finding = event.finding
        found = finding.best or finding.converged
        return found is not None and len(found.point) >= SHORTEST
    return False


class ReferenceWriter:
    """Replaces the long vectors of a run's events by references.

    A vector that is the best row of a collected lease is written as ``{"row": [lease, row]}``. Incumbents are such
    rows, and so are most centers. Others are written as ``{"hash": "..."}``.
    """

    def __init__(self) -> None:
        self._new: dict[str, bytes] = {}
        self._rows: dict[str, tuple[int, int]] = {}
        self._best: dict[int, tuple[float, int, Array | None]] = {}
        """By lease that is out: the loss, number and point of its best row so far; None: its point is not kept."""

    def add_row(self, vector: Array, lease: int, row: int) -> None:
        """Remember that a vector is a row of the log."""
        self._rows.setdefault(digest_vector(vector.tobytes()), (lease, row))

    def add_rows(self, lease: int, rows: Rows) -> None:
        """Remember the best point of a lease, until it is collected."""
        if rows.points.shape[1] < SHORTEST:
            return
        place = int(rows.losses.argmin())
        loss, row = float(rows.losses[place]), rows.first + place
        if not np.isfinite(loss):
            return
        # Of rows with equal losses the first is the best. They may arrive in any order.
        if lease not in self._best or (loss, row) < self._best[lease][:2]:
            point = rows.find_point(row)
            self._best[lease] = loss, row, None if point is None else point.copy()

    def add_event(self, event: Event) -> None:
        """Remember the best row of a lease that is collected, if it is a row of the log to the last bit."""
        if isinstance(event, Collected):
            best = event.finding.best
            _, row, point = self._best.pop(event.finding.lease, (0.0, -1, None))
            if best is not None and point is not None and row == best.row and point.tobytes() == best.point.tobytes():
                self.add_row(point, best.lease, best.row)

    def take_vectors(self) -> dict[str, bytes]:
        """Return the vectors (float64 bytes) to which events have referred by hash since the last call."""
        taken, self._new = self._new, {}
        return taken

    def encode(self, vector: Array) -> Any:
        """Return what stands for a vector in the text of an event."""
        if len(vector) < SHORTEST or vector.dtype != np.float64:
            return vector.tolist()
        raw = vector.tobytes()
        key = digest_vector(raw)
        if key in self._rows:
            return {"row": list(self._rows[key])}
        self._new[key] = raw
        return {"hash": key}


class ReferenceReader:
    """Finds the vectors to which the events of a run refer.

    Args:
        find_row: Returns a row of a lease of the run.
        find_vector: Returns a vector of the table.

    Attributes:
        rows: The rows that were found, by lease and row.
    """

    def __init__(self, find_row: Callable[[int, int], Array], find_vector: Callable[[str], Array]) -> None:
        self._find_row, self._find_vector = find_row, find_vector
        self.rows: dict[tuple[int, int], Array] = {}

    def decode(self, reference: Any) -> Array:
        """Return the vector to which ``encode`` referred. Raises ValueError or KeyError if there is none."""
        match reference:
            case {"row": [int(lease), int(row)]} if len(reference) == 1:
                key = (lease, row)
                if key not in self.rows:
                    self.rows[key] = self._find_row(lease, row)
                found = self.rows[key]
            case {"hash": str(name)} if len(reference) == 1:
                found = self._find_vector(name)
            case _:
                raise ValueError(f"{reference!r:.80} refers to nothing")
        if not np.isfinite(found).all():
            raise ValueError(f"the vector of {reference!r:.80} must be finite")
        # A copy, which may be changed like any vector that was read from text.
        return found.copy()
