"""How a log is kept whole: a write-ahead log on this machine's disk, a rollback journal on a network file system.

A write-ahead log needs memory that all who have the file open share; two machines share none. A rollback journal needs
locks only, and those a network file system has, or it is refused (``held.py``).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Protocol

from .filesystem import FileSystem
from .tables import BUSY_SECONDS


class Journal(Protocol):
    """What a writer asks of a connection's journal."""

    commit_seconds: float
    """Where statements are frequent, the next one after so long a time commits."""
    sparse_seconds: float
    """What comes after so long a pause is committed at once: the next may come in an hour."""

    def begin(self, db: sqlite3.Connection, path: Path) -> None:
        """Set a connection to this mode, whatever mode the file was left in."""
        ...

    def sync(self, path: Path) -> None:
        """Have on the disk what is committed."""
        ...

    def end(self, db: sqlite3.Connection) -> None:
        """Leave everything in one file that opens anywhere."""
        ...


class WriteAheadJournal:
    """Commits never wait for the disk, nor for readers."""

    commit_seconds = 0.2
    sparse_seconds = 0.1

    def begin(self, db: sqlite3.Connection, path: Path) -> None:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")

    def sync(self, path: Path) -> None:
        # SQLite itself syncs the write-ahead log only when it folds it into the file.
        sync_path(Path(f"{path}-wal"))

    def end(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # Refused while a reader has the file open; the next close does it then.
        with contextlib.suppress(sqlite3.OperationalError):
            db.execute("PRAGMA journal_mode=DELETE")


class RollbackJournal:
    """A commit waits until it is on the disk, and until those who read at that moment have done so."""

    # Longer than the writer's thread takes to commit: while that waits for the disk, the work goes on.
    commit_seconds = 1.0
    sparse_seconds = 0.4

    def begin(self, db: sqlite3.Connection, path: Path) -> None:
        # A write-ahead log that a killed process left behind is read by this connection alone, without shared memory.
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=TRUNCATE")
        Path(f"{path}-shm").unlink(missing_ok=True)
        db.execute("PRAGMA locking_mode=NORMAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}")
        # What does not fit into the cache would else be written before its time, and keep all readers out until then.
        db.execute("PRAGMA cache_spill=OFF")

    def sync(self, path: Path) -> None:
        """Nothing is left to do: each commit has done it."""

    def end(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA journal_mode=DELETE")


def choose_journal(place: FileSystem) -> Journal:
    """The journal for a log on this file system."""
    return RollbackJournal() if place.is_network else WriteAheadJournal()


def describe_restrictions(place: FileSystem) -> list[str]:
    """What somebody should know who keeps a log there; nothing, on a disk of this machine."""
    if not place.is_network:
        return []
    said = [
        f"The results are on a network file system ({place}): the log is kept with a rollback journal, and a commit "
        "waits for the server's disk. That costs cheap evaluations some percent; --out PATH may name a disk of this "
        "machine."
    ]
    if place.locks_here_only:
        said.append("Its locks are not seen by other machines: do not write to these results from two of them.")
    return said


def sync_path(path: Path) -> None:
    """Have a file, or the entries of a directory, on the disk."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
