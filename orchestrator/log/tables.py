"""The tables of a log file, and messages for what can be wrong with the file. ``table_access.py`` reads them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..command_line import format_command
from .filesystem import file_system_of
from .log import LogDamaged, LogError, LogLost
from .regular_files import check_log_files
from .row_checks import compute_checksum

SCHEMA_VERSION = 3
"""Version of the tables of new logs. Version 1 had no sessions, and had the time of day in ``wall``; version 2 had no
checksums, no column ``about``, and no optional tables. Logs of these versions are read, and resumed as they are."""
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
VECTORS = "CREATE TABLE vectors (hash TEXT PRIMARY KEY, vector BLOB NOT NULL, checksum INTEGER NOT NULL)"
"""Creates the table that a log gets with its first long vector that is no row: an empty table takes 64 KB."""
REDUCED_POINTS = (
    "CREATE TABLE reduced_points (run TEXT NOT NULL, lease INTEGER NOT NULL, first INTEGER NOT NULL, "
    "n INTEGER NOT NULL, cube BLOB NOT NULL, losses BLOB NOT NULL, gradients BLOB, failures TEXT, "
    "dimension INTEGER NOT NULL, whole BLOB NOT NULL, digests BLOB NOT NULL, gradient_digests BLOB, "
    "projections BLOB NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (run, lease, first))"
)
"""Creates the table that a log gets with the first points of a run of which it keeps only some. Its first columns are
those of ``points``; ``cube`` and ``gradients`` hold the whole rows, and ``whole`` says which these are."""
MEASURES = (
    "CREATE TABLE measures (run TEXT NOT NULL, lease INTEGER NOT NULL, body TEXT NOT NULL, checksum INTEGER NOT NULL, "
    "PRIMARY KEY (run, lease))"
)
"""Creates the table that a log gets with the first landscape that tells of points more than their losses: a JSON object
of named numbers for the best point of each collected lease."""
TIMINGS = (
    "CREATE TABLE timings (run TEXT NOT NULL, lease INTEGER NOT NULL, body TEXT NOT NULL, checksum INTEGER NOT NULL, "
    "PRIMARY KEY (run, lease)) WITHOUT ROWID"
)
"""Creates the table that a log gets with the first collected lease whose times are known: a JSON list of
``LeaseTiming``, whose times are on the clock of the log, as those of its events."""
OPTIONAL_TABLES = {"vectors": VECTORS, "reduced_points": REDUCED_POINTS, "measures": MEASURES, "timings": TIMINGS}
"""The statement that creates each table that a log gets when it needs it."""
INTERVAL_KEY = "whole_rows_interval"
"""The key in ``RunRecord.about`` of the interval at which rows are whole; absent if all are."""
OLD_SESSIONS = """
CREATE TABLE IF NOT EXISTS sessions (number INTEGER PRIMARY KEY, started TEXT NOT NULL, host TEXT NOT NULL,
    pid INTEGER NOT NULL, elapsed REAL NOT NULL, environment TEXT NOT NULL)
"""
"""Logs of version 1 get this table when they are resumed."""
ABOUT_COLUMN, CHECKSUM_COLUMN = ", about TEXT NOT NULL", ", checksum INTEGER NOT NULL"
"""Columns that older versions do not have."""
META_KEYS = ("schema_version", "created", "environment")
"""What ``meta`` holds in every log. A log that was salvaged has "salvaged" besides."""
DAMAGE = re.compile(
    "malformed|corrupt|decode to UTF-8|no such column|too big|datatype mismatch|unsupported file format"
)
"""What SQLite says of a file that is not as it was written."""
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

    @property
    def interval(self) -> int:
        """The interval at which its rows are kept whole, in rows; 1 if all are. Raises LogDamaged if it is none."""
        found = self.about.get(INTERVAL_KEY, 1)
        if type(found) is not int or found < 1:
            raise LogDamaged(f"the log is damaged: {INTERVAL_KEY} of run {self.id} must not be {found!r:.80}.")
        return found


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
    if DAMAGE.search(text):
        return to_damage(path, text)
    if "readonly" in text or "unable to open" in text:
        return LogError(f"{path} cannot be written or opened ({text}). Check its permissions, and those of its folder.")
    if "locked" in text or ("LOCK" in name and "IOERR" in name):
        return LogError(f"{path} is in use by another process ({text}). Wait until it ends.{_lock_advice(path)}")
    return LogLost(
        f"{path} can no longer be written ({text}). What it holds is safe: free some space on the disk, then continue "
        f"with: {format_command('resume', path.parent)}"
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


class ReadingConnection(sqlite3.Connection):
    """A connection to a file that may be damaged.

    SQLite quotes what it cannot read, and Python raises UnicodeDecodeError if that is no text. Here it is an error of
    SQLite like any other.
    """

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Execute a statement. Raises sqlite3.Error."""
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError:
            raise sqlite3.DatabaseError("malformed: names of tables or columns are no text") from None


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads. Raises sqlite3.Error if the file cannot be read, LogError if it is no regular
    file.

    A process that is killed while it leaves write-ahead mode, or while it creates the file, leaves a journal behind
    that must be rolled back before the file can be read. SQLite does that when a connection that may write first
    reads the file.
    """
    check_log_files(path)
    db = sqlite3.connect(to_uri(path, "ro"), BUSY_SECONDS, uri=True, factory=ReadingConnection)
    try:
        # The schema of a stranger's file may name functions; none is to be called.
        db.execute("PRAGMA trusted_schema=OFF")
        db.execute("PRAGMA cell_size_check=ON")
        db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") != "SQLITE_READONLY_ROLLBACK":
            db.close()
            raise
        with contextlib.closing(sqlite3.connect(to_uri(path, "rw"), BUSY_SECONDS, uri=True)) as writer:
            writer.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db


def to_uri(path: Path, mode: str) -> str:
    """Return the URI by which SQLite opens a file in a mode: "ro" or "rw"."""
    # A name may hold characters that have a meaning in a URI, and bytes that are no text.
    return f"file:{quote(os.fsencode(path))}?mode={mode}"


def has_tables(path: Path) -> bool:
    """Return whether an existing file holds a log. The file is not changed.

    Returns:
        False if nothing was ever committed to the file.

    Raises:
        LogError: If the file is not a log, is damaged, or is of a newer version.
    """
    check_log_files(path)
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
            raise to_damage(path, found)
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
        rows = db.execute("SELECT * FROM meta").fetchall()
    except sqlite3.OperationalError as error:
        if DAMAGE.search(str(error)):
            raise
        raise LogError(f"{path} is not a searchparty log ({error}). {NOT_A_LOG_ADVICE}") from None
    found = {row[0]: row[1] for row in rows}
    if "schema_version" not in found:
        raise LogError(f"{path} is not a searchparty log, or its schema_version is missing. {NOT_A_LOG_ADVICE}")
    version = _parse_version(found["schema_version"], path)
    _check_schema(db, version, path)
    for key in META_KEYS:
        if key not in found:
            raise to_damage(path, f"{key} is missing in the table meta")
    if version >= FIRST_WITH_CHECKSUMS:
        for *values, checksum in rows:
            if compute_checksum("meta", values) != checksum:
                raise to_damage(path, f"{values[0]} in the table meta does not match its checksum")
    return version


def _parse_version(text: Any, path: Path) -> int:
    try:
        version = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        version = None
    if type(version) is not int or version < 1:
        raise LogError(
            f"schema_version must be a whole number from 1 to {SCHEMA_VERSION}, got {str(text)[:80]} ({path}). "
            f"{NOT_A_LOG_ADVICE}"
        )
    if version > SCHEMA_VERSION:
        raise LogError(
            f"{path} has schema version {version}, but this searchparty reads versions up to {SCHEMA_VERSION}. "
            "Upgrade searchparty to read it."
        )
    return version


def table_statements(version: int) -> dict[str, str]:
    """Return the statement that creates each table of a version."""
    if version >= FIRST_WITH_CHECKSUMS:
        return TABLES
    return {name: sql.replace(ABOUT_COLUMN, "").replace(CHECKSUM_COLUMN, "") for name, sql in TABLES.items()}


def create_tables(db: sqlite3.Connection, version: int) -> None:
    """Create the tables of a version in a new file, which is to be synced to the disk when it is complete."""
    # Points are blobs of many kilobytes. Large pages halve the cost of writing them.
    db.execute("PRAGMA page_size=32768")
    # A journal would have the unfinished file's name. Without one, a killed process leaves nothing else behind.
    db.execute("PRAGMA journal_mode=OFF")
    # Otherwise each of these statements waits for the disk.
    db.execute("PRAGMA synchronous=OFF")
    for statement in table_statements(version).values():
        db.execute(statement)


def _check_schema(db: sqlite3.Connection, version: int, path: Path) -> None:
    """Raise LogDamaged if the tables are not exactly those of a version: no view or trigger takes their place."""
    expected = table_statements(version) | (OPTIONAL_TABLES if version >= FIRST_WITH_CHECKSUMS else {})
    # Logs of version 1 have no sessions.
    optional = OPTIONAL_TABLES.keys() | ({"sessions"} if version == 1 else set())
    found = {}
    for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_master"):
        if kind == "table" and name in expected:
            found[name] = " ".join(str(sql).split())
        elif not str(name).startswith("sqlite_"):
            raise to_damage(path, f"it has a {kind} {name!r:.80}, which no log of version {version} has")
    for name, statement in expected.items():
        if found.get(name) != statement and (name in found or name not in optional):
            raise to_damage(path, f"the table {name} is not as version {version} has it")


def to_damage(path: Path, what: str) -> LogDamaged:
    """Return the error for a log in which ``what`` was found. It says what is intact, and how to save it."""
    try:
        status = path.stat()
        intact = _describe_intact(path, status.st_mtime_ns, status.st_size)
    except OSError:
        intact = ""
    return LogDamaged(
        f"{path} is damaged: {what}. {intact}Save what is intact into a new directory with: "
        f"{format_command('resume', path.parent, '--salvage', 'NEW')}"
    )


@lru_cache(maxsize=16)
def _describe_intact(path: Path, modified: int, size: int) -> str:
    """Say how many rows of a log are intact; "" if that cannot be found out. Pages ask often, of the same file."""
    counts = {"runs": "", "events": "", "points": ""}
    try:
        with contextlib.closing(sqlite3.connect(to_uri(path, "ro"), 1.0, uri=True, factory=ReadingConnection)) as db:
            found_tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            for name in counts:
                intact, total, checked = 0, 0, False
                for table in (name, *(f"reduced_{name}",) * (f"reduced_{name}" in found_tables)):
                    cursor = db.execute(f"SELECT * FROM {table}")
                    checked = cursor.description[-1][0] == "checksum"
                    for row in cursor:
                        total += 1
                        intact += not checked or compute_checksum(table, row[:-1]) == row[-1]
                counts[name] = f"{intact:,} of {total:,}" if checked else f"{total:,}"
    except (sqlite3.Error, MemoryError):
        return ""
    found = "Intact are" if " of " in counts["runs"] else "It can be read as"
    return f"{found} {counts['runs']} runs, {counts['events']} events and {counts['points']} sets of points. "
