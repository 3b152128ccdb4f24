"""The tables of a log file, and messages for what can be wrong with the file. ``table_access.py`` reads them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .checksums import compute_checksum
from .filesystem import file_system_of
from .log import LogDamaged, LogError, LogLost

SCHEMA_VERSION = 3
"""Version of the tables of new logs. Version 1 had no sessions, and had the time of day in ``wall``; version 2 had no
checksums, and no column ``about``. Logs of these versions are read, and resumed as what they are."""
FIRST_WITH_CHECKSUMS = 3

BUSY_SECONDS = 60.0
"""How long to wait for other connections. Without a write-ahead log, the writer and readers briefly wait for each
other."""

TABLES = {
    "meta": "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL)",
    "runs": "CREATE TABLE runs (id TEXT PRIMARY KEY, position INTEGER NOT NULL, strategy TEXT NOT NULL, "
    "landscape TEXT NOT NULL, repeat INTEGER NOT NULL, settings TEXT NOT NULL, about TEXT NOT NULL, "
    "checksum INTEGER NOT NULL)",
    "events": "CREATE TABLE events (run TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, "
    "wall REAL NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID",
    "points": "CREATE TABLE points (run TEXT NOT NULL, lease INTEGER NOT NULL, first INTEGER NOT NULL, "
    "n INTEGER NOT NULL, cube BLOB NOT NULL, losses BLOB NOT NULL, gradients BLOB, failures TEXT, "
    "checksum INTEGER NOT NULL, PRIMARY KEY (run, lease, first))",
    "sessions": "CREATE TABLE sessions (number INTEGER PRIMARY KEY, started TEXT NOT NULL, host TEXT NOT NULL, "
    "pid INTEGER NOT NULL, elapsed REAL NOT NULL, environment TEXT NOT NULL, checksum INTEGER NOT NULL)",
}
"""The statement that creates each table of a new log."""
OLD_SESSIONS = """
CREATE TABLE IF NOT EXISTS sessions (number INTEGER PRIMARY KEY, started TEXT NOT NULL, host TEXT NOT NULL,
    pid INTEGER NOT NULL, elapsed REAL NOT NULL, environment TEXT NOT NULL)
"""
"""Logs of version 1 get this table when they are resumed."""
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
        about: What is known of its landscape besides its settings, for readers. It decides nothing, and is no part of
            the trace. {} for logs of older versions.
    """

    id: str
    strategy: str
    landscape: str
    repeat: int
    settings: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)


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
        return LogError(f"{path} is in use by another process ({text}). Wait until that ends.{_lock_advice(path)}")
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


def check_version(db: sqlite3.Connection, path: Path) -> int:
    """Return the version of a log's schema.

    Raises:
        LogError: If the file is not a log, or has a newer schema.
        LogDamaged: If its description of itself is damaged.
    """
    try:
        columns = [name for _, name, *_ in db.execute("PRAGMA table_info(meta)")]
        rows = db.execute("SELECT * FROM meta").fetchall()
    except sqlite3.OperationalError as error:
        raise LogError(f"{path} is not a searchparty log ({error}). {NOT_A_LOG_ADVICE}") from None
    found = {row[0]: row[1] for row in rows}
    try:
        version = json.loads(found["schema_version"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise LogError(f"{path} is not a searchparty log ({error!r}). {NOT_A_LOG_ADVICE}") from None
    if type(version) is not int or version < 1:
        raise LogError(
            f"schema_version must be a whole number from 1 on, got {found['schema_version']} ({path}). "
            f"{NOT_A_LOG_ADVICE}"
        )
    if version > SCHEMA_VERSION:
        raise LogError(
            f"{path} has schema version {version}, but this searchparty reads versions up to {SCHEMA_VERSION}. "
            "Upgrade searchparty to read it."
        )
    if ("checksum" in columns) != (version >= FIRST_WITH_CHECKSUMS):
        raise to_damage(path, f"the table meta says version {version}, but has the columns of another")
    if version >= FIRST_WITH_CHECKSUMS:
        for key, *values, checksum in rows:
            if compute_checksum("meta", (key, *values)) != checksum:
                raise to_damage(path, f"{key} in the table meta does not match its checksum")
    return version


def to_damage(path: Path, what: str) -> LogDamaged:
    """Return the error for a log in which ``what`` was found."""
    return LogDamaged(f"{path} is damaged: {what}. {DAMAGED_ADVICE}")
