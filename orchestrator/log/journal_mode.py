"""SQLite's journal mode for a log: a write-ahead log on this machine's disk, a rollback journal on a network file
system.

A write-ahead log needs memory that is shared by all processes that have the file open, and two machines share none. A
rollback journal needs only locks. A network file system without locks is refused (``directory_lock.py``).
"""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
from pathlib import Path
from typing import Protocol

from .filesystem import FileSystem
from .tables import BUSY_SECONDS


class Journal(Protocol):
    """The journal mode of a writer's connection.

    Attributes:
        commit_seconds: Where statements are frequent, the first statement after this many seconds since the last
            commit commits.
        commit_bytes: So does the first statement after this many bytes of points.
        sparse_seconds: A statement that follows a pause of this many seconds is committed immediately, as the next
            one may come in an hour.
    """

    commit_seconds: float
    commit_bytes: float
    sparse_seconds: float

    def begin(self, db: sqlite3.Connection, path: Path) -> None:
        """Set a connection to this mode, whatever mode the file was left in."""
        ...

    def sync(self, path: Path) -> None:
        """Sync what is committed to the disk."""
        ...

    def end(self, db: sqlite3.Connection) -> None:
        """Leave everything in one file that can be opened on any file system."""
        ...


class WriteAheadJournal:
    """SQLite's write-ahead log: a commit never waits for the disk or for readers."""

    commit_seconds = 0.2
    # With the other pages that they change, they fit into SQLite's cache of 2 MB. Of a larger transaction, pages are
    # written before the commit, and where one changes again, all that follow it are read and checksummed once more.
    commit_bytes: float = 1_500_000
    sparse_seconds = 0.1

    def begin(self, db: sqlite3.Connection, path: Path) -> None:
        """Set a connection to this mode."""
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")

    def sync(self, path: Path) -> None:
        """Sync what is committed to the disk."""
        # SQLite itself syncs the write-ahead log only at a checkpoint.
        sync_path(Path(f"{path}-wal"))

    def end(self, db: sqlite3.Connection) -> None:
        """Leave everything in the one file."""
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # SQLite refuses this while a reader has the file open. The next close does it then.
        with contextlib.suppress(sqlite3.OperationalError):
            db.execute("PRAGMA journal_mode=DELETE")


class RollbackJournal:
    """SQLite's rollback journal: a commit waits for the disk, and for readers that are reading at that moment."""

    # Longer than the interval of the writer's thread, so that mostly the thread commits: while it waits for the disk,
    # the work continues.
    commit_seconds = 1.0
    commit_bytes = math.inf
    sparse_seconds = 0.4

    def begin(self, db: sqlite3.Connection, path: Path) -> None:
        """Set a connection to this mode."""
        # In exclusive mode, this connection can read a write-ahead log that a killed process left behind, without
        # shared memory.
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=TRUNCATE")
        Path(f"{path}-shm").unlink(missing_ok=True)
        db.execute("PRAGMA locking_mode=NORMAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}")
        # Otherwise pages that do not fit into the cache would be written before the commit, which locks out all
        # readers until then.
        db.execute("PRAGMA cache_spill=OFF")

    def sync(self, path: Path) -> None:
        """Do nothing: each commit has already synced."""

    def end(self, db: sqlite3.Connection) -> None:
        """Leave everything in the one file."""
        db.execute("PRAGMA journal_mode=DELETE")


def choose_journal(place: FileSystem) -> Journal:
    """Return the journal mode for a log on this file system."""
    return RollbackJournal() if place.is_network else WriteAheadJournal()


def describe_restrictions(place: FileSystem) -> list[str]:
    """Return notes for a user whose log is on this file system; none for a disk of this machine."""
    if not place.is_network:
        return []
    said = [
        f"The results are on a network file system ({place}): the log is kept with a rollback journal, and a commit "
        "waits for the server's disk. With cheap evaluations, a run is a few percent slower; to avoid this, use "
        "--out PATH with a directory on a disk of this machine."
    ]
    if place.locks_here_only:
        said.append("Other machines do not see its locks: do not write to these results from two machines.")
    return said


def sync_path(path: Path) -> None:
    """Sync a file, or the entries of a directory, to the disk. Errors are ignored."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
