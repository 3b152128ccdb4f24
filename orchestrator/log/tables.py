"""The tables of a log file, how they are read, and what may be wrong with them."""

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
"""1 had no sessions, and the time of day in ``wall``."""

BUSY_SECONDS = 60.0
"""How long to wait for others: without a write-ahead log, writer and readers wait for one another for moments."""

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


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the log names it."""

    id: str
    strategy: str
    landscape: str
    repeat: int
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """One process that wrote the log: when it began, where, after how many seconds of work, and with what versions."""

    started: str
    host: str
    pid: int
    elapsed: float
    environment: dict[str, Any]


def to_log_error(error: sqlite3.Error, path: Path) -> LogError:
    """What went wrong with a log file, in words, with a cure."""
    text, name = str(error), getattr(error, "sqlite_errorname", "")
    if "not a database" in text or "no such table" in text:
        return LogError(f"{path} is not a searchparty log ({text}). {NOT_A_LOG_ADVICE}")
    if "malformed" in text or "corrupt" in text:
        return LogError(f"{path} is damaged ({text}). {DAMAGED_ADVICE}")
    if "readonly" in text or "unable to open" in text:
        return LogError(f"{path} cannot be written or opened ({text}). Check its permissions, and those of its folder.")
    if "locked" in text or ("LOCK" in name and "IOERR" in name):
        return LogError(f"{path} is in use by another process ({text}). Wait until that ends.{_lock_advice(path)}")
    return LogLost(
        f"{path} can be written no longer ({text}). What it holds is safe: free some space on the disk, and go on "
        f"with: searchparty resume {path.parent}"
    )


def _lock_advice(path: Path) -> str:
    """What else than another process may keep a log from being locked."""
    place = file_system_of(path)
    if not place.is_network:
        return ""
    return (
        f" Or else its file system refuses all locks ({place}): then copy the directory to a disk of this machine, or "
        "have it mounted with locks."
    )


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that only reads. Raises sqlite3.Error where the file cannot be read.

    A process killed while it left write-ahead mode, or while it made the file, leaves a journal behind that must be
    rolled back before anybody can read; SQLite does that when the file is first read by somebody who may write.
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
    """Whether a file that exists holds a log; False where nothing was ever committed to it. Raises LogError where it
    holds something else, is damaged, or is of a newer version; the file is not touched."""
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
    """Refuse a file that is no log, or one of a newer schema."""
    try:
        (value,) = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        version = int(json.loads(value))
    except (sqlite3.OperationalError, TypeError, ValueError) as error:
        raise LogError(f"{path} is not a searchparty log ({error}). {NOT_A_LOG_ADVICE}") from None
    if version > SCHEMA_VERSION:
        raise LogError(
            f"{path} has schema version {version}, this searchparty reads up to {SCHEMA_VERSION}. "
            "Upgrade searchparty to read it."
        )


def read_runs(execute: Execute) -> list[RunRecord]:
    """The runs, in the order of the plan."""
    return [_record(*columns) for columns in execute(f"SELECT {RUN_COLUMNS} FROM runs ORDER BY position", ())]


def read_run(execute: Execute, run: str) -> RunRecord | None:
    """One run, by its id; None where the log does not know it."""
    found = execute(f"SELECT {RUN_COLUMNS} FROM runs WHERE id = ?", (run,))
    return _record(*found[0]) if found else None


RUN_COLUMNS = "id, strategy, landscape, repeat, settings"


def _record(id: str, strategy: str, landscape: str, repeat: int, settings: str) -> RunRecord:
    return RunRecord(id, strategy, landscape, repeat, json.loads(settings))


def read_events(execute: Execute, run: str, after: int = -1) -> list[Event]:
    """A run's events, in order, from number ``after`` + 1 on."""
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
"""What ``decode_rows`` takes of the table of points."""


def read_rows(execute: Execute, run: str, lease: int) -> Rows | None:
    """A lease's points, from its first row on."""
    sql = f"SELECT {ROW_COLUMNS} FROM points WHERE run = ? AND lease = ? ORDER BY first"
    return join_rows([decode_rows(run, lease, *columns) for columns in execute(sql, (run, lease))])


def read_all_rows(execute: Execute, run: str) -> dict[int, Rows]:
    """All points of a run, by lease: one query, however many leases."""
    sql = f"SELECT lease, {ROW_COLUMNS} FROM points WHERE run = ? ORDER BY lease, first"
    parts: dict[int, list[Rows]] = {}
    for lease, *columns in execute(sql, (run,)):
        parts.setdefault(lease, []).append(decode_rows(run, lease, *columns))
    found = {lease: join_rows(listed) for lease, listed in parts.items()}
    return {lease: rows for lease, rows in found.items() if rows is not None}


def decode_rows(
    run: str, lease: int, first: int, n: int, cube: bytes, losses: bytes, gradients: bytes | None, failures: str | None
) -> Rows:
    """The points that one row of the table holds."""
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
    """The sessions, in order; none in a log of version 1."""
    (tables,) = execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'sessions'", ())
    if not tables[0]:
        return []
    found = execute("SELECT started, host, pid, elapsed, environment FROM sessions ORDER BY number", ())
    return [Session(at, host, pid, elapsed, json.loads(known)) for at, host, pid, elapsed, known in found]
