"""Long vectors in events: written as references to rows of the log, or to a table of vectors; and read when they are
looked at, so that the events of a run take no more memory however long its vectors are."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ...agents.agent import Converged, Incumbent, Region, Rows
from ...landscapes.landscape import Array
from ..state.events import Collected, Event, Granted

SHORTEST = 32
"""Coordinates from which on a vector is long. As JSON, a coordinate takes 19 bytes; a reference takes up to 45."""


CACHE_BYTES = 32_000_000
"""Of the vectors to which the events of a run refer, the latest that were looked at are kept in memory, up to this size
together. Others are read again."""


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

    def add_row(self, digest: str, lease: int, row: int) -> None:
        """Remember that the vector with a digest (``digest_vector``) is a row of the log."""
        self._rows.setdefault(digest, (lease, row))

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
                self.add_row(digest_vector(point.tobytes()), best.lease, best.row)

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


class VectorCache:
    """The vectors of a log that were looked at last, up to ``CACHE_BYTES``. They must not be changed."""

    def __init__(self) -> None:
        # The latest come last.
        self._vectors: dict[Any, Array] = {}
        self._free = CACHE_BYTES
        self._lock = threading.Lock()

    def find(self, key: Any) -> Array | None:
        """Return a vector, or None if it is not here."""
        with self._lock:
            found = self._vectors.pop(key, None)
            if found is not None:
                self._vectors[key] = found
            return found

    def add(self, key: Any, vector: Array) -> None:
        """Add a copy of a vector, and drop those that have not been looked at for longest to make room."""
        with self._lock:
            if key in self._vectors:
                return
            # A row is part of a larger array, and what was just written may be changed by its owner.
            self._vectors[key] = np.array(vector, dtype=np.float64)
            self._free -= vector.nbytes
            while self._free < 0 and len(self._vectors) > 1:
                self._free += self._vectors.pop(next(iter(self._vectors))).nbytes


class ReferenceReader:
    """Finds the vectors to which the events of a run refer.

    Args:
        find_row: Returns a row of a lease of the run.
        find_vector: Returns a vector of the table.
        run: The run's id.
        cache: The vectors that were looked at last, of all runs of the log. Default: a new one.

    Attributes:
        rows: The digests of the rows that were found, by lease and row.
    """

    def __init__(
        self,
        find_row: Callable[[int, int], Array],
        find_vector: Callable[[str], Array],
        run: str = "",
        cache: VectorCache | None = None,
    ) -> None:
        self._find_row, self._find_vector, self._run = find_row, find_vector, run
        self._cache = cache or VectorCache()
        self.rows: dict[tuple[int, int], str] = {}

    def decode(self, reference: Any) -> StoredVector:
        """Return the vector to which ``encode`` referred. Raises ValueError or KeyError if there is none."""
        match reference:
            case {"row": [int(lease), int(row)]} if len(reference) == 1:
                vector = StoredVector(self, (lease, row))
            case {"hash": str(name)} if len(reference) == 1:
                vector = StoredVector(self, name)
            case _:
                raise ValueError(f"{reference!r:.80} refers to nothing")
        self.find(vector.key)
        return vector

    def keep(self, reference: Any, vector: Array) -> None:
        """Take a vector that was just written, which is likely to be looked at soon."""
        key = tuple(reference["row"]) if "row" in reference else reference["hash"]
        self._cache.add((self._run, key), vector)

    def find(self, key: tuple[int, int] | str) -> Array:
        """Return a vector, which must not be changed. Raises ValueError or KeyError if it is missing or not finite."""
        known = self._cache.find((self._run, key))
        if known is not None:
            return known
        found = self._find_vector(key) if isinstance(key, str) else self._find_row(*key)
        if not np.isfinite(found).all():
            raise ValueError(f"the vector of {key!r:.80} must be finite")
        if not isinstance(key, str) and key not in self.rows:
            self.rows[key] = digest_vector(found.tobytes())
        self._cache.add((self._run, key), found)
        return found


class StoredVector:
    """A vector in an event, which the log has, and which is read when it is looked at.

    Args:
        reader: Finds it.
        key: What names it to the reader: (lease, row), or a hash.
    """

    __slots__ = ("_reader", "key")

    def __init__(self, reader: ReferenceReader, key: tuple[int, int] | str) -> None:
        self._reader, self.key = reader, key

    def read(self) -> Array:
        """Return the vector: a copy, which may be changed like any vector that was read from text."""
        return self._reader.find(self.key).copy()


def _set(owner: object, **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(owner, name, value)


class StoredRegion(Region):
    """A region whose center the log has. A pickle of it is one of a ``Region``, and so it is with those below."""

    __slots__ = ("_vector",)
    _vector: StoredVector

    def __init__(self, center: StoredVector, radius: float) -> None:
        _set(self, _vector=center, radius=radius)

    @property
    def center(self) -> Array:
        """The center of the box, shape (D,)."""
        return self._vector.read()

    def __reduce__(self) -> tuple[Any, ...]:
        return Region, (self.center, self.radius)


class StoredIncumbent(Incumbent):
    """An incumbent whose point the log has."""

    __slots__ = ("_vector",)
    _vector: StoredVector

    def __init__(self, agent: str, lease: int, row: int, point: StoredVector, loss: float) -> None:
        _set(self, agent=agent, lease=lease, row=row, _vector=point, loss=loss)

    @property
    def point(self) -> Array:
        """The point, shape (D,), in the unit cube."""
        return self._vector.read()

    def __reduce__(self) -> tuple[Any, ...]:
        return Incumbent, (self.agent, self.lease, self.row, self.point, self.loss)


class StoredConverged(Converged):
    """A local minimum whose point the log has."""

    __slots__ = ("_vector",)
    _vector: StoredVector

    def __init__(self, point: StoredVector, loss: float, why: str, escape: Array | None = None) -> None:
        _set(self, _vector=point, loss=loss, why=why, escape=escape)

    @property
    def point(self) -> Array:
        """The local minimum, shape (D,), in the unit cube."""
        return self._vector.read()

    def __reduce__(self) -> tuple[Any, ...]:
        return Converged, (self.point, self.loss, self.why, self.escape)
