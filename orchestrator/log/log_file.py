"""The log of an experiment: one SQLite file with one writer, synced to the disk at least once a second."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from ...agents.agent import Finding, Rows
from ..run_spec import RunSpec
from ..state.events import Event, Stopped, findings
from .codec import FAILED_KIND, dump_event, event_kind, load_event
from .directory_lock import DirectoryLock
from .filesystem import FileSystem, file_system_of
from .journal_mode import choose_journal, sync_path
from .tables import (
    SCHEMA,
    SCHEMA_VERSION,
    SESSIONS,
    RunRecord,
    Session,
    has_tables,
    read_all_rows,
    read_events,
    read_rows,
    read_runs,
    read_sessions,
    to_log_error,
)
from .writer import LogWriter


class LogFile:
    """One SQLite file with the logs of all runs of an experiment, opened by its only writer.

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
            self._writer = LogWriter(path, *self._open_database(environment or {}), self._journal)
        except BaseException as error:
            self._directory_lock.release()
            if isinstance(error, sqlite3.Error):
                raise to_log_error(error, path) from None
            raise
        self.execute, self.commit = self._writer.execute, self._writer.commit

    def _open_database(self, environment: dict[str, Any]) -> tuple[sqlite3.Connection, float]:
        """Open the file and record the beginning of a session.

        Returns:
            The connection, and the seconds of work that earlier sessions recorded.
        """
        if not (self.path.exists() and has_tables(self.path)):
            _create_file(self.path, environment)
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self._journal.begin(db, self.path)
            db.execute("BEGIN IMMEDIATE")
            db.execute(SESSIONS)
            (before,) = db.execute("SELECT COALESCE(MAX(wall), 0) FROM events").fetchone()
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            values = (now, socket.gethostname(), os.getpid(), before, json.dumps(environment))
            db.execute("INSERT INTO sessions VALUES (NULL, ?, ?, ?, ?, ?)", values)
            db.execute("COMMIT")
            sync_path(self.path.parent)
        except BaseException:
            db.close()
            raise
        return db, float(before)

    @cached_property
    def _known(self) -> set[str]:
        """Ids of the runs in the table. They are read once, as no other process adds any."""
        return {run for (run,) in self.execute("SELECT id FROM runs")}

    @property
    def sessions(self) -> list[Session]:
        """All sessions up to this one."""
        return read_sessions(self.execute)

    @property
    def elapsed_seconds(self) -> float:
        """Seconds of work on this log in earlier sessions and in this one, by a monotonic clock."""
        return self._writer.elapsed_seconds

    def runs(self) -> list[RunRecord]:
        """Return the recorded runs, in the order of the plan."""
        return read_runs(self.execute)

    def stopped_run_ids(self) -> set[str]:
        """Return the ids of the runs that have ended."""
        last = "seq = (SELECT MAX(seq) FROM events AS others WHERE others.run = events.run)"
        return {run for (run,) in self.execute(f"SELECT run FROM events WHERE kind = 'Stopped' AND {last}")}

    def run(self, planned: RunSpec, label: str | None = None) -> RunLog:
        """Return the log of one run, which is added to the file if it is new.

        Args:
            planned: The run's specification.
            label: Name of its landscape in reports. Default: the landscape's own label.
        """
        if planned.id not in self._known:
            self.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)",
                (
                    planned.id,
                    len(self._known),
                    planned.strategy,
                    label or planned.landscape.label,
                    planned.repeat,
                    json.dumps(planned.settings),
                ),
            )
            self._known.add(planned.id)
        return RunLog(planned.id, self)

    def close(self) -> None:
        """Commit, leave everything in the one file, and release the directory."""
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
        # Points are blobs of many kilobytes. Large pages halve the cost of writing them.
        db.execute("PRAGMA page_size=32768")
        # The journal would have the unfinished file's name. Without one, a killed process leaves nothing else behind.
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA.strip().split(";"):
            if statement.strip():
                db.execute(statement)
        meta = {
            "schema_version": SCHEMA_VERSION,
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "environment": environment,
        }
        db.executemany("INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in meta.items()])
        db.execute(SESSIONS)
        db.execute("COMMIT")
    sync_path(unfinished)
    for rest in ("-wal", "-shm", "-journal"):
        Path(f"{path}{rest}").unlink(missing_ok=True)
    unfinished.replace(path)


class RunLog:
    """The part of a log file that belongs to one run."""

    def __init__(self, run: str, file: LogFile) -> None:
        self._run, self._file = run, file
        ((self._seq,),) = file.execute("SELECT COUNT(*) FROM events WHERE run = ?", (run,))

    @property
    def elapsed_seconds(self) -> float:
        """Seconds of work on this run, from its first to its latest recorded event."""
        sql = "SELECT COALESCE(MAX(wall) - MIN(wall), 0.0) FROM events WHERE run = ?"
        ((seconds,),) = self._file.execute(sql, (self._run,))
        return float(seconds)

    def events(self) -> list[Event]:
        """Return the events so far, in order."""
        return read_events(self._file.execute, self._run)

    def event_texts(self) -> list[tuple[str, str]]:
        """Return the events so far, in order, each as its kind and its text."""
        return self._file.execute("SELECT kind, body FROM events WHERE run = ? ORDER BY seq", (self._run,))

    @property
    def stop_reason(self) -> str:
        """Why the run ended; "" if its last event is not ``Stopped``."""
        last = self.events()[-1:]
        return last[0].reason if last and isinstance(last[0], Stopped) else ""

    def append(self, event: Event) -> None:
        """Add the next event."""
        self.append_event_text(event_kind(event), dump_event(event))

    def append_event_text(self, kind: str, body: str) -> None:
        """Add the next event, given as its kind and its text."""
        self._file.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?)", (self._run, self._seq, kind, body, self._file.elapsed_seconds)
        )
        self._seq += 1
        if kind == FAILED_KIND and self._file.on_failed_lease is not None:
            self._file.on_failed_lease(self._run, next(findings([load_event(kind, body)])))

    def rows(self, lease: int) -> Rows | None:
        """Return all recorded points of a lease; None if there are none."""
        return read_rows(self._file.execute, self._run, lease)

    def all_rows(self) -> dict[int, Rows]:
        """Return all recorded points of the run, by lease."""
        return read_all_rows(self._file.execute, self._run)

    def add_rows(self, lease: int, rows: Rows) -> None:
        """Add points of a lease as they are evaluated."""
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
