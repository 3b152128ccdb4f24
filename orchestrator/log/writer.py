"""The writer of a log file: an SQLite connection that commits by itself and syncs commits to the disk within a
second."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from .journal_mode import Journal
from .log import LogError, LogLost
from .tables import to_log_error

SYNC_SECONDS = 0.5


class LogWriter:
    """Writes to a log file, in one long transaction after another.

    Each transaction is committed within the seconds and the bytes that the journal mode sets, and immediately where
    statements are sparse. A thread commits statements that no further statement follows, and syncs commits to the disk.

    Args:
        path: The log file.
        db: A connection to it.
        before: Seconds of work of earlier sessions.
        journal: Its journal mode.

    Raises:
        LogLost: From the statement at which the file can no longer be written, and from every later one.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, before: float, journal: Journal) -> None:
        self._path, self._db, self._before, self._journal = path, db, before, journal
        self._lock = threading.Lock()
        self._error: LogError | None = None
        self._changed, self._bytes = False, 0
        self._began = self._committed = self._last = time.monotonic()
        self._db.execute("BEGIN IMMEDIATE")
        self._closing = threading.Event()
        self._sync_thread = threading.Thread(target=self._commit_and_sync, name="searchparty-log", daemon=True)
        self._sync_thread.start()

    @property
    def elapsed_seconds(self) -> float:
        """Seconds of work up to now, including earlier sessions, by a monotonic clock."""
        return self._before + time.monotonic() - self._began

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """Execute a statement in the current transaction, commit if it is time, and return the rows of the result."""
        with self._lock:
            if self._error is not None:
                raise self._error
            try:
                found = self._db.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise self._record_failure(error) from None
            self._changed = True
            for value in values:
                # As which large numbers of points are handed over.
                if type(value) is memoryview:
                    self._bytes += value.nbytes
            now, journal = time.monotonic(), self._journal
            if (
                now - self._last > journal.sparse_seconds
                or now - self._committed > journal.commit_seconds
                or self._bytes > journal.commit_bytes
            ):
                self._commit()
            self._last = now
            return found

    def commit(self) -> None:
        """Commit the current transaction now."""
        with self._lock:
            if self._error is not None:
                raise self._error
            self._commit()

    def close(self) -> None:
        """Commit, leave everything in the one file, and close the connection."""
        self._closing.set()
        self._sync_thread.join()
        try:
            if self._error is None:
                self._end_transaction()
                self._journal.end(self._db)
        except sqlite3.Error as error:
            raise self._record_failure(error) from None
        finally:
            self._db.close()

    def _commit(self) -> None:
        try:
            self._end_transaction()
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._record_failure(error) from None
        self._committed, self._changed, self._bytes = time.monotonic(), False, 0

    def _end_transaction(self) -> None:
        # Ctrl-C may have interrupted between the end of one transaction and the beginning of the next.
        if self._db.in_transaction:
            self._db.execute("COMMIT")

    def _record_failure(self, error: sqlite3.Error) -> LogError:
        self._error = to_log_error(error, self._path)
        if "locked" in str(error):
            # This process holds the lock on the directory, so only a reader can block a commit.
            self._error = LogLost(
                f"{self._path} can no longer be written: another process has read it without a pause for a minute "
                f"({error}). What it holds is safe: end that reader, then continue with: searchparty resume "
                f"{self._path.parent}"
            )
        return self._error

    def _commit_and_sync(self) -> None:
        """Commit statements that are not committed yet, and sync commits to the disk, until the writer is closed.

        This runs in a thread, as the next statement may come in an hour.
        """
        done = 0.0
        while not self._closing.wait(SYNC_SECONDS):
            with self._lock:
                if self._error is None and self._changed:
                    # An error here is recorded, and the next statement raises it.
                    with contextlib.suppress(LogError):
                        self._commit()
                committed = self._committed
            if committed > done:
                self._journal.sync(self._path)
                done = committed
