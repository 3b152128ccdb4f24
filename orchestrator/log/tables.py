"""The tables of a log file, functions that read them, and messages for what can be wrong with the file."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...agents.agent import RowFailure, Rows
from ..state.events import Event
from .codec import load_event
from .filesystem import file_system_of
from .log import LogError, LogLost, join_rows

SCHEMA_VERSION = 2
"""Version of the tables. Version 1 had no sessions, and had the time of day in ``wall``."""

BUSY_SECONDS = 60.0
"""How long to wait for other connections. Without a write-ahead log, the writer and readers briefly wait for each
other."""

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
SESSIONS = """
CREATE TABLE IF NOT EXISTS sessions (number INTEGER PRIMARY KEY, started TEXT NOT NULL, host TEXT NOT NULL,
    pid INTEGER NOT NULL, elapsed REAL NOT NULL, environment TEXT NOT NULL)
"""
DAMAGED_ADVICE = (
    "Save what can be read with `sqlite3 log.sqlite .recover`, and run the experiment again into a new directory."
)
NOT_A_LOG_ADVICE = "Give the results directory of a run."

Execute = Callable[[str, tuple[Any, ...]], list[Any]]
"""Executes an SQL statement with its values, and returns the rows of the result."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, as recorded in the log.

    Attributes:
        id: The run's id.
        strategy: Name of its strategy.
        landscape: Name of its landscape in reports.
        repeat: Number of the repeat.
        settings: All settings that decide its findings.
    """

    id: str
    strategy: str
    landscape: str
    repeat: int
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """One process that wrote the log.

    Attributes:
        started: When it started, in UTC: YYYY-MM-DDTHH:MM:SSZ.
        host: Name of its machine.
        pid: Its process id.
        elapsed: Seconds of work that earlier sessions had recorded.
        environment: Versions and digests of code.
    """

    started: str
    host: str
    pid: int
    elapsed: float
    environment: dict[str, Any]


def to_log_error(error: sqlite3.Error, path: Path) -> LogError:
    """Return an error that says what is wrong with a log file and what to do."""
    text, name = str(error), getattr(error, "sqlite_errorname", "")
    if "not a database" in text or "no such table" in text:
        return LogError(f"{path} is not a searchparty log ({text}). {NOT_A_LOG_ADVICE}")
    if "malformed" in text or "corrupt" in text:
        return LogError(f"{path} is damaged ({text}). {DAMAGED_ADVICE}")
    if "readonly" in text or "unable to open" in text:
        return LogError(f"{path} cannot be written or opened ({text}). Check its permissions, and those of its folder.")
    if "locked" in text or ("LOCK" in name and "IOERR" in name):
        return LogError(f"{path} is in use by another process ({text}). Wait until it ends.{_lock_advice(path)}")
    return LogLost(
        f"{path} can no longer be written ({text}). What it holds is safe: free some space on the disk, then continue "
        f"with: searchparty resume {path.parent}"
    )


def _lock_advice(path: Path) -> str:
    """Return what may prevent a log from being locked, other than another process; "" if there is nothing."""
    place = file_system_of(path)
    if not place.is_network:
        return ""
    return (
        f" Or its file system refuses all locks ({place}): then copy the directory to a disk of this machine, or "
        "have the file system mounted with locks."
    )


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads. Raises sqlite3.Error if the file cannot be read.

    A process that is killed while it leaves write-ahead mode, or while it creates the file, leaves a journal behind
    that must be rolled back before the file can be read. SQLite does that when a connection that may write first
    reads the file.
    """
    db = sqlite3.connect(f"file:{path}?mode=ro", BUSY_SECONDS, uri=True)
    try:
        db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") != "SQLITE_READONLY_ROLLBACK":
            db.close()
            raise
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", BUSY_SECONDS, uri=True)) as writer:
            writer.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db


def has_tables(path: Path) -> bool:
    """Return whether an existing file holds a log. The file is not changed.

    Returns:
        False if nothing was ever committed to the file.

    Raises:
        LogError: If the file is not a log, is damaged, or is of a newer version.
    """
    if path.stat().st_size == 0 and not Path(f"{path}-wal").exists():
        return False
    db = None
    try:
        db = open_read_only(path)
        (tables,) = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables == 0:
            return False
        check_version(db, path)
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise LogError(f"{path} is damaged ({found}). {DAMAGED_ADVICE}")
    except sqlite3.Error as error:
        raise to_log_error(error, path) from None
    finally:
        if db is not None:
            db.close()
    return True


def check_version(db: sqlite3.Connection, path: Path) -> None:
    """Raise LogError if a file is not a log, or has a newer schema."""
    try:
        (value,) = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        version = int(json.loads(value))
    except (sqlite3.OperationalError, TypeError, ValueError) as error:
        raise LogError(f"{path} is not a searchparty log ({error}). {NOT_A_LOG_ADVICE}") from None
    if version > SCHEMA_VERSION:
        raise LogError(
            f"{path} has schema version {version}, but this searchparty reads versions up to {SCHEMA_VERSION}. "
            "Upgrade searchparty to read it."
        )


def read_runs(execute: Execute) -> list[RunRecord]:
    """Return the runs, in the order of the plan."""
    return [_record(*columns) for columns in execute(f"SELECT {RUN_COLUMNS} FROM runs ORDER BY position", ())]


def read_run(execute: Execute, run: str) -> RunRecord | None:
    """Return the record of a run by its id; None if it is not in the log."""
    found = execute(f"SELECT {RUN_COLUMNS} FROM runs WHERE id = ?", (run,))
    return _record(*found[0]) if found else None


RUN_COLUMNS = "id, strategy, landscape, repeat, settings"


def _record(id: str, strategy: str, landscape: str, repeat: int, settings: str) -> RunRecord:
    return RunRecord(id, strategy, landscape, repeat, json.loads(settings))


def read_events(execute: Execute, run: str, after: int = -1) -> list[Event]:
    """Return the events of a run, in order, from number ``after`` + 1 on."""
    found = execute("SELECT seq, kind, body FROM events WHERE run = ? AND seq > ? ORDER BY seq", (run, after))
    events = []
    for seq, kind, body in found:
        try:
            events.append(load_event(kind, body))
        except (ValueError, KeyError, TypeError) as error:
            raise LogError(
                f"the log is damaged: event {seq} of run {run} cannot be read ({error}). {DAMAGED_ADVICE}"
            ) from None
    return events


ROW_COLUMNS = "first, n, cube, losses, gradients, failures"
"""Columns of the table of points, as ``decode_rows`` takes them."""


def read_rows(execute: Execute, run: str, lease: int) -> Rows | None:
    """Return the recorded points of a lease, from its first row on; None if there are none."""
    sql = f"SELECT {ROW_COLUMNS} FROM points WHERE run = ? AND lease = ? ORDER BY first"
    return join_rows([decode_rows(run, lease, *columns) for columns in execute(sql, (run, lease))])


def read_all_rows(execute: Execute, run: str) -> dict[int, Rows]:
    """Return all recorded points of a run, by lease, with a single query."""
    sql = f"SELECT lease, {ROW_COLUMNS} FROM points WHERE run = ? ORDER BY lease, first"
    parts: dict[int, list[Rows]] = {}
    for lease, *columns in execute(sql, (run,)):
        parts.setdefault(lease, []).append(decode_rows(run, lease, *columns))
    found = {lease: join_rows(listed) for lease, listed in parts.items()}
    return {lease: rows for lease, rows in found.items() if rows is not None}


def decode_rows(
    run: str, lease: int, first: int, n: int, cube: bytes, losses: bytes, gradients: bytes | None, failures: str | None
) -> Rows:
    """Decode the points of one row of the table. Raises LogError if the row is damaged."""
    try:
        return Rows(
            first,
            np.frombuffer(cube).reshape(n, -1),
            np.frombuffer(losses).reshape(n),
            None if gradients is None else np.frombuffer(gradients).reshape(n, -1),
            tuple(RowFailure(row, cause) for row, cause in json.loads(failures or "[]")),
        )
    except ValueError as error:
        raise LogError(
            f"the log is damaged: points of lease {lease} of run {run} cannot be read ({error}). {DAMAGED_ADVICE}"
        ) from None


def read_sessions(execute: Execute) -> list[Session]:
    """Return the sessions, in order; none for a log of version 1."""
    (tables,) = execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'sessions'", ())
    if not tables[0]:
        return []
    found = execute("SELECT started, host, pid, elapsed, environment FROM sessions ORDER BY number", ())
    return [Session(at, host, pid, elapsed, json.loads(known)) for at, host, pid, elapsed, known in found]
