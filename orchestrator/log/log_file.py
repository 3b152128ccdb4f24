"""The log of an experiment: one SQLite file with one writer, synced to the disk at least once a second."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ...agents.agent import Finding, LeaseTiming, Rows
from ...landscapes.landscape import Array
from ..kept_rows import RowReducer
from ..run_spec import RunSpec
from ..state.events import Collected, Event, Stopped, findings
from .codec import FAILED_KIND, STOPPED_KIND, dump_event, event_kind, load_event
from .directory_lock import DirectoryLock
from .filesystem import FileSystem, file_system_of
from .journal_mode import choose_journal, sync_path
from .log import LogError
from .regular_files import check_log_files
from .table_access import LogTables, add_measures, add_timing
from .tables import (
    INTERVAL_KEY,
    OLD_SESSIONS,
    SCHEMA_VERSION,
    RunRecord,
    Session,
    check_version,
    create_tables,
    has_tables,
    open_read_only,
    to_log_error,
)
from .vectors import ReferenceWriter, has_long_vectors
from .writer import LogWriter


class LogFile:
    """One SQLite file with the logs of all runs of an experiment, opened by its only writer.

    A log of an older version is continued in its own version.

    On a network file system, the log is kept in another journal mode (``journal_mode.py``). It may be moved from one
    kind of file system to the other between sessions. What a killed process had not committed is decided again when
    the run is resumed, with the same result, since decisions are pure.

    Args:
        path: The file; it is created if it does not exist.
        environment: Versions and digests of code, recorded with the session.
        place: The file system that the file is on. Default: it is found out.

    Attributes:
        on_failed_lease: Called with the run's id and the finding of each lease that is recorded as failed.

    Raises:
        LogError: If the file cannot be used, or another process is writing it.
        LogLost: Also from later calls, if the file can no longer be written.
    """

    on_failed_lease: Callable[[str, Finding], None] | None = None

    def __init__(self, path: Path, environment: dict[str, Any] | None = None, place: FileSystem | None = None) -> None:
        self.path = path
        place = place or file_system_of(path.parent)
        self._journal = choose_journal(place)
        self._directory_lock = DirectoryLock(path.parent, place)
        try:
            db, before, version = self._open_database(environment or {})
            self._writer = LogWriter(path, db, before, self._journal)
        except BaseException as error:
            self._directory_lock.release()
            if isinstance(error, sqlite3.Error):
                raise to_log_error(error, path) from None
            raise
        self.execute, self.commit = self._writer.execute, self._writer.commit
        self.tables = LogTables(self._execute, version, path)
        self._closed = False

    def _open_database(self, environment: dict[str, Any]) -> tuple[sqlite3.Connection, float, int]:
        """Open the file and record the beginning of a session.

        Returns:
            The connection, the seconds of work that earlier sessions recorded, and the version of the schema.
        """
        # A link to nothing is no log, and would have SQLite create one elsewhere.
        check_log_files(self.path)
        if not (self.path.exists() and has_tables(self.path)):
            _create_file(self.path, environment)
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self._journal.begin(db, self.path)
            version = check_version(db, self.path)
            db.execute("BEGIN IMMEDIATE")
            tables = _tables_of(db, version, self.path)
            if not tables.has_checksums:
                db.execute(OLD_SESSIONS)
            (before,) = db.execute("SELECT COALESCE(MAX(wall), 0) FROM events").fetchone()
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            (number,) = db.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM sessions").fetchone()
            written = (number, now, socket.gethostname(), os.getpid(), float(before), json.dumps(environment))
            tables.insert("sessions", *written)
            db.execute("COMMIT")
            sync_path(self.path.parent)
        except BaseException:
            db.close()
            raise
        return db, float(before), version

    @cached_property
    def _known(self) -> dict[str, int]:
        """The runs in the table: their intervals by id. They are read once, as no other process adds any."""
        return {record.id: record.interval for record in self.runs()}

    @property
    def sessions(self) -> list[Session]:
        """All sessions up to this one."""
        return self.tables.read_sessions()

    @property
    def elapsed_seconds(self) -> float:
        """Seconds of work on this log in earlier sessions and in this one, by a monotonic clock."""
        return self._writer.elapsed_seconds

    def runs(self) -> list[RunRecord]:
        """Return the recorded runs, in the order of the plan."""
        return self.tables.read_runs()

    def stopped_run_ids(self) -> set[str]:
        """Return the ids of the runs that have ended."""
        return {run for run, _, kind in self.tables.read_last_events() if kind == STOPPED_KIND}

    def run(
        self, planned: RunSpec, label: str | None = None, about: Mapping[str, Any] | None = None, interval: int = 1
    ) -> RunLog:
        """Return the log of one run, which is added to the file if it is new.

        Args:
            planned: The run's specification.
            label: Name of its landscape in reports. Default: the landscape's own label.
            about: What is known of its landscape besides its settings (``RunRecord.about``), as plain data (JSON). It
                is recorded for a new run; ``RunLog.record_about`` changes it. Logs of older versions do not hold it.
            interval: The interval at which rows of a new run are kept whole, in rows (``kept_rows.py``). Default: all.

        Raises:
            LogError: If not all rows are to be kept whole, in a log of an older version.
        """
        if interval > 1 and not self.tables.has_checksums:
            raise LogError(
                "log.keep must be absent where a log of an older version is resumed: it has no place for digests "
                f"({self.path}). Leave it out, or run into a new directory."
            )
        if planned.id not in self._known:
            position, name = len(self._known), label or planned.landscape.label
            values = (planned.id, position, planned.strategy, name, planned.repeat, json.dumps(planned.settings))
            about = {**(about or {}), **({INTERVAL_KEY: interval} if interval > 1 else {})}
            known = (json.dumps(about),) if self.tables.has_checksums else ()
            self.tables.insert("runs", *values, *known)
            self._known[planned.id] = interval
        return RunLog(planned.id, self, self._known[planned.id])

    def _execute(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        if not self._closed:
            return self.execute(sql, values)
        # Long vectors of events are read when they are looked at, which may be after the end of a run.
        try:
            with contextlib.closing(open_read_only(self.path)) as db:
                return db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise to_log_error(error, self.path) from None

    def close(self) -> None:
        """Commit, leave everything in the one file, and release the directory."""
        self._closed = True
        try:
            self._writer.close()
        finally:
            self._directory_lock.release()


def _create_file(path: Path, environment: dict[str, Any]) -> None:
    """Create a log without runs.

    It gets its name when its tables are complete, so that a reader never finds a file that is not a log yet.
    """
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(unfinished, isolation_level=None)) as db:
        create_tables(db, SCHEMA_VERSION)
        db.execute("BEGIN IMMEDIATE")
        meta = {
            "schema_version": SCHEMA_VERSION,
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "environment": environment,
        }
        tables = _tables_of(db, SCHEMA_VERSION, path)
        for key, value in meta.items():
            tables.insert("meta", key, json.dumps(value))
        db.execute("COMMIT")
    sync_path(unfinished)
    for rest in ("-wal", "-shm", "-journal"):
        Path(f"{path}{rest}").unlink(missing_ok=True)
    unfinished.replace(path)


def _tables_of(db: sqlite3.Connection, version: int, path: Path) -> LogTables:
    """Return the tables of a connection that has no writer yet."""
    return LogTables(lambda sql, values: db.execute(sql, values).fetchall(), version, path)


class RunLog:
    """The part of a log file that belongs to one run.

    Args:
        run: The run's id.
        file: The log file.
        interval: The interval at which rows are kept whole, in rows; 1: all are.
    """

    def __init__(self, run: str, file: LogFile, interval: int) -> None:
        self._run, self._file = run, file
        self._references = ReferenceWriter()
        self._vectors = file.tables.open_references(run)
        self._about = {INTERVAL_KEY: interval} if interval > 1 else {}
        self._reducer = RowReducer(run, interval) if interval > 1 else None
        ((self._seq,),) = file.execute("SELECT COUNT(*) FROM events WHERE run = ?", (run,))

    @property
    def elapsed_seconds(self) -> float:
        """Seconds of work on this run, from its first to its latest recorded event."""
        sql = "SELECT COALESCE(MAX(wall) - MIN(wall), 0.0) FROM events WHERE run = ?"
        ((seconds,),) = self._file.execute(sql, (self._run,))
        return float(seconds)

    def events(self) -> list[Event]:
        """Return the events so far, in order."""
        found = self._file.tables.read_events(self._run, references=self._vectors)
        for (lease, row), digest in self._vectors.rows.items():
            self._references.add_row(digest, lease, row)
        if self._reducer is not None:
            for event in found:
                self._reducer.add_event(event)
        return found

    @property
    def stop_reason(self) -> str:
        """Why the run ended; "" if its last event is not ``Stopped``."""
        last = self.events()[-1:]
        return last[0].reason if last and isinstance(last[0], Stopped) else ""

    def append(self, event: Event) -> Event:
        """Add the next event. Return it as the log has it: its long vectors are read from the log when looked at."""
        if not self._file.tables.has_checksums:
            self.append_event_text(event_kind(event), dump_event(event))
            return event
        self._references.add_event(event)
        if self._reducer is not None:
            self._reducer.add_event(event)
        kind, is_long = event_kind(event), has_long_vectors(event)
        if is_long:
            body = dump_event(event, self._encode)
            self._file.tables.add_vectors(self._references.take_vectors())
        else:
            body = dump_event(event)
        self._append(kind, body)
        if isinstance(event, Collected):
            if event.finding.measures:
                add_measures(self._file.tables, self._run, event.finding.lease, dict(event.finding.measures))
            if event.finding.timing is not None:
                self.add_timing(event.finding.lease, event.finding.timing)
            if event.finding.failed and self._file.on_failed_lease is not None:
                self._file.on_failed_lease(self._run, event.finding)
        return load_event(kind, body, self._vectors.decode) if is_long else event

    def add_timing(self, lease: int, timing: LeaseTiming) -> None:
        """Record where the time of a collected lease went, on the clock of the events. Older logs do not hold it."""
        if not self._file.tables.has_checksums:
            return
        offset = self._file.elapsed_seconds - time.monotonic()
        asked, worked, begun, arrived, actor = timing
        timed = LeaseTiming(asked, worked, begun + offset, arrived + offset, actor)
        add_timing(self._file.tables, self._run, lease, timed)

    def _encode(self, vector: Array) -> Any:
        reference = self._references.encode(vector)
        if isinstance(reference, dict):
            self._vectors.keep(reference, vector)
        return reference

    def append_event_text(self, kind: str, body: str) -> None:
        """Add the next event, given as its kind and its text, which has no long vectors."""
        self._append(kind, body)
        if kind == FAILED_KIND and self._file.on_failed_lease is not None:
            self._file.on_failed_lease(self._run, next(findings([load_event(kind, body)])))

    def _append(self, kind: str, body: str) -> None:
        self._file.tables.insert("events", self._run, self._seq, kind, body, self._file.elapsed_seconds)
        self._seq += 1

    def rows(self, lease: int) -> Rows | None:
        """Return all recorded points of a lease; None if there are none."""
        return self._file.tables.read_rows(self._run, lease)

    def all_rows(self) -> dict[int, Rows]:
        """Return all recorded points of the run, by lease."""
        return self._file.tables.read_all_rows(self._run)

    def record_about(self, about: Mapping[str, Any]) -> None:
        """Record what is known of the landscape of the run (``RunRecord.about``), in place of what was recorded."""
        self._file.tables.update_about(self._run, {**about, **self._about})

    def add_rows(self, lease: int, rows: Rows) -> None:
        """Add points of a lease as they are evaluated."""
        if self._reducer is not None:
            rows = self._reducer.reduce(lease, rows)
        if self._file.tables.has_checksums:
            self._references.add_rows(lease, rows)
        self._file.tables.add_rows(self._run, lease, rows)
