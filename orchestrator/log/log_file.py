"""The log of an experiment: one SQLite file, one writer, synced to the disk at least once a second."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from functools import cached_property
from pathlib import Path
from typing import Any

from ...agents.agent import Rows
from ..run_spec import RunSpec
from ..state.events import Event, Stopped
from .codec import dump_event, event_kind
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
    """One SQLite file that holds the logs of an experiment's runs; the only writer holds it open.

    ``place`` is the file system it lies on, found out if not given; on that of a network the log is kept in another
    mode (``journal.py``), and may be moved from one to the other between sessions. What a killed process had not
    committed is decided again, the same, since decisions are pure. Raises LogError for a file that cannot be used,
    LogLost if it can be written no longer.
    """

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
        """The connection, and the seconds of work that earlier sessions noted; a session is begun."""
        known = self.path.exists() and has_tables(self.path)
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            if not known:
                # Points are blobs of many kilobytes: large pages halve the cost of writing them.
                db.execute("PRAGMA page_size=32768")
            self._journal.begin(db, self.path)
            db.execute("BEGIN IMMEDIATE")
            if not known:
                _create_tables(db, environment)
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
        """Ids of the runs in the table, read once: nobody else adds any."""
        return {run for (run,) in self.execute("SELECT id FROM runs")}

    @property
    def sessions(self) -> list[Session]:
        """All sessions up to this one."""
        return read_sessions(self.execute)

    @property
    def elapsed_seconds(self) -> float:
        """Seconds of work on this log, by a clock that never jumps: those of earlier sessions, and of this one."""
        return self._writer.elapsed_seconds

    def runs(self) -> list[RunRecord]:
        """The runs it knows of."""
        return read_runs(self.execute)

    def stopped_run_ids(self) -> set[str]:
        """Ids of the runs that have ended."""
        last = "seq = (SELECT MAX(seq) FROM events AS others WHERE others.run = events.run)"
        return {run for (run,) in self.execute(f"SELECT run FROM events WHERE kind = 'Stopped' AND {last}")}

    def run(self, planned: RunSpec, label: str | None = None) -> RunLog:
        """The log of one run; made known to the file if it is new. ``label`` names its landscape in reports."""
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
        """Commit, bring everything into the one file, and let go of the directory."""
        try:
            self._writer.close()
        finally:
            self._directory_lock.release()


def _create_tables(db: sqlite3.Connection, environment: dict[str, Any]) -> None:
    for statement in SCHEMA.strip().split(";"):
        if statement.strip():
            db.execute(statement)
    meta = {
        "schema_version": SCHEMA_VERSION,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "environment": environment,
    }
    db.executemany("INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in meta.items()])


class RunLog:
    """One run's part of a log file."""

    def __init__(self, run: str, file: LogFile) -> None:
        self._run, self._file = run, file
        ((self._seq,),) = file.execute("SELECT COUNT(*) FROM events WHERE run = ?", (run,))

    @property
    def elapsed_seconds(self) -> float:
        """Seconds of work on this run up to now, as its events tell."""
        sql = "SELECT COALESCE(MAX(wall) - MIN(wall), 0.0) FROM events WHERE run = ?"
        ((seconds,),) = self._file.execute(sql, (self._run,))
        return float(seconds)

    def events(self) -> list[Event]:
        return read_events(self._file.execute, self._run)

    def event_texts(self) -> list[tuple[str, str]]:
        """The events, each its kind and its text."""
        return self._file.execute("SELECT kind, body FROM events WHERE run = ? ORDER BY seq", (self._run,))

    @property
    def stop_reason(self) -> str:
        """Why the run ended, as its last event says; "" if that is another."""
        last = self.events()[-1:]
        return last[0].reason if last and isinstance(last[0], Stopped) else ""

    def append(self, event: Event) -> None:
        self.append_event_text(event_kind(event), dump_event(event))

    def append_event_text(self, kind: str, body: str) -> None:
        """Add the next event, as ``event_texts`` has it."""
        self._file.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?)", (self._run, self._seq, kind, body, self._file.elapsed_seconds)
        )
        self._seq += 1

    def rows(self, lease: int) -> Rows | None:
        return read_rows(self._file.execute, self._run, lease)

    def all_rows(self) -> dict[int, Rows]:
        """All points, by lease."""
        return read_all_rows(self._file.execute, self._run)

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
