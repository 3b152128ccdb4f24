"""The log: what happened, in order. In memory for ``minimize``, one SQLite file for an experiment."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..agents.agent import RowFailure, Rows
from ..landscapes.landscape import Array
from .codec import dumps, loads
from .planned import PlannedRun
from .run import Event

SCHEMA_VERSION = 1
COMMIT_SECONDS = 0.2
SYNC_SECONDS = 0.8
"""Time after which the next transaction is synced to the disk: at least once a second while it grows."""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE runs (id TEXT PRIMARY KEY, position INTEGER NOT NULL, strategy TEXT NOT NULL,
    landscape TEXT NOT NULL, repeat INTEGER NOT NULL, settings TEXT NOT NULL);
CREATE TABLE events (run TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    wall REAL NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID;
CREATE TABLE points (run TEXT NOT NULL, lease INTEGER NOT NULL, first INTEGER NOT NULL, n INTEGER NOT NULL,
    cube BLOB NOT NULL, losses BLOB NOT NULL, gradients BLOB, failures TEXT,
    PRIMARY KEY (run, lease, first));
"""


class LogError(Exception):
    """A log cannot be opened or written; the message names the file and the cure."""


class Log(Protocol):
    """One run's log, as the loop and its executor see it."""

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

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._rows: dict[int, list[Rows]] = {}

    def events(self) -> list[Event]:
        return list(self._events)

    def append(self, event: Event) -> None:
        self._events.append(event)

    def rows(self, lease: int) -> Rows | None:
        return joined(self._rows.get(lease, []))

    def add_rows(self, lease: int, rows: Rows) -> None:
        self._rows.setdefault(lease, []).append(rows)

    def failures(self, lease: int) -> int:
        """How many rows of a lease failed."""
        return sum(len(part.failures) for part in self._rows.get(lease, []))


def joined(parts: list[Rows]) -> Rows | None:
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


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the log names it."""

    id: str
    strategy: str
    landscape: str
    repeat: int
    settings: dict[str, Any]


class LogFile:
    """One SQLite file that holds the logs of an experiment's runs; the only writer holds it open.

    Not for network file systems: SQLite's write-ahead log needs shared memory. Transactions are committed every
    0.2 s and synced to the disk at least once a second; what a killed process had not committed is decided
    again, the same, since decisions are pure.
    """

    def __init__(self, path: Path, environment: dict[str, Any] | None = None) -> None:
        self.path = path
        new = not path.exists()
        self._db = sqlite3.connect(path, isolation_level=None)
        if new:
            # Points are blobs of many kilobytes: large pages halve the cost of writing them.
            self._db.execute("PRAGMA page_size=32768")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("BEGIN IMMEDIATE")
        if new:
            self._create(environment or {})
        else:
            check_version(self._db, path)
        self._committed = self._synced = time.monotonic()

    def _create(self, environment: dict[str, Any]) -> None:
        for statement in SCHEMA.strip().split(";"):
            if statement.strip():
                self._db.execute(statement)
        meta = {
            "schema_version": SCHEMA_VERSION,
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "environment": environment,
        }
        self._db.executemany("INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in meta.items()])

    def run(self, planned: PlannedRun, label: str | None = None) -> RunLog:
        """The log of one run; made known to the file if it is new. ``label`` names its landscape in reports."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM runs").fetchone()
        self._db.execute(
            "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?)",
            (
                planned.id,
                count,
                planned.strategy,
                label or planned.landscape.label,
                planned.repeat,
                json.dumps(planned.settings),
            ),
        )
        return RunLog(planned.id, self)

    def execute(self, sql: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        """Run one statement in the transaction under way, committing when it is due."""
        cursor = self._db.execute(sql, values)
        if time.monotonic() - self._committed > COMMIT_SECONDS:
            self.commit()
        return cursor

    def commit(self) -> None:
        """Commit, and say whether the next commit is to be synced to the disk."""
        self._db.execute("COMMIT")
        now = time.monotonic()
        # SQLite takes the level of safety only between transactions, so it is set for the next one.
        full = now - self._synced > SYNC_SECONDS
        self._db.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
        if full:
            self._synced = now
        self._db.execute("BEGIN IMMEDIATE")
        self._committed = now

    def close(self) -> None:
        """Commit, bring everything into the one file, and leave write-ahead mode."""
        self._db.execute("COMMIT")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # Refused while a reader has the file open; the next close does it then.
        with contextlib.suppress(sqlite3.OperationalError):
            self._db.execute("PRAGMA journal_mode=DELETE")
        self._db.close()


class RunLog:
    """One run's part of a log file."""

    def __init__(self, run: str, file: LogFile) -> None:
        self._run, self._file = run, file
        (self._seq,) = file.execute("SELECT COUNT(*) FROM events WHERE run = ?", (run,)).fetchone()

    def events(self) -> list[Event]:
        return read_events(self._file.execute, self._run)

    def append(self, event: Event) -> None:
        self._file.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
            (self._run, self._seq, type(event).__name__, dumps(event), time.time()),
        )
        self._seq += 1

    def rows(self, lease: int) -> Rows | None:
        return read_rows(self._file.execute, self._run, lease)

    def add_rows(self, lease: int, rows: Rows) -> None:
        failures = [[f.row, f.cause] for f in rows.failures]
        self._file.execute(
            "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._run,
                lease,
                rows.first,
                len(rows.losses),
                rows.points.tobytes(),
                rows.losses.tobytes(),
                None if rows.gradients is None else rows.gradients.tobytes(),
                json.dumps(failures) if failures else None,
            ),
        )


Execute = Callable[[str, tuple[Any, ...]], sqlite3.Cursor]


def read_events(execute: Execute, run: str) -> list[Event]:
    """A run's events, in order."""
    found = execute("SELECT kind, body FROM events WHERE run = ? ORDER BY seq", (run,))
    return [loads(kind, body) for kind, body in found]


def read_rows(execute: Execute, run: str, lease: int) -> Rows | None:
    """A lease's points, from its first row on."""
    sql = "SELECT first, n, cube, losses, gradients, failures FROM points WHERE run = ? AND lease = ? ORDER BY first"
    parts = []
    for first, n, cube, losses, gradients, failures in execute(sql, (run, lease)):
        parts.append(
            Rows(
                first,
                np.frombuffer(cube).reshape(n, -1),
                np.frombuffer(losses),
                None if gradients is None else np.frombuffer(gradients).reshape(n, -1),
                tuple(RowFailure(row, cause) for row, cause in json.loads(failures or "[]")),
            )
        )
    return joined(parts)


def check_version(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is no log, or one of a newer schema."""
    try:
        (value,) = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise LogError(f"{path} is not a searchparty log ({error}). Give the results directory of a run.") from None
    if int(json.loads(value)) > SCHEMA_VERSION:
        raise LogError(
            f"{path} has schema version {value}, this searchparty reads up to {SCHEMA_VERSION}. "
            "Upgrade searchparty to read it."
        )
