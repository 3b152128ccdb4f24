"""The lock on a results directory, which the one process that writes there holds. It ends with the process."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from .filesystem import FileSystem
from .log import LogError
from .table_access import LogTables
from .tables import check_version, open_read_only

LOCK_TAKEN_ERRORS = (errno.EAGAIN, errno.EACCES)
"""Error numbers with which a lock is refused because another process holds it."""


class DirectoryLock:
    """The lock on a directory. No other process may write to the directory as long as this one holds the lock.

    On a disk of this machine, the directory itself is locked. On a network file system, a file in it, log.lock, is
    locked with the only kind of lock that other machines see. This file is empty and is not removed, since two
    processes could otherwise hold locks on two files of that name.

    Args:
        directory: The directory.
        place: The file system that it is on.

    Raises:
        LogError: If another process holds the directory, or if the file system has no locks.
    """

    _locked_files: ClassVar[set[tuple[int, int]]] = set()
    """Lock files that this process holds. Locks across machines belong to a process, so that the system would not
    refuse a second lock of the same process."""

    def __init__(self, directory: Path, place: FileSystem) -> None:
        self._file: tuple[int, int] | None = None
        if place.is_network:
            self._fd = _open_lock_file(directory)
            self._acquire(self._lock_across_machines, directory, place)
        else:
            self._fd = os.open(directory, os.O_RDONLY)
            self._acquire(self._lock_here, directory, place)

    def _acquire(self, lock: Callable[[], None], directory: Path, place: FileSystem) -> None:
        try:
            lock()
        except OSError as error:
            os.close(self._fd)
            if error.errno in LOCK_TAKEN_ERRORS:
                holder = _describe_holder(directory / "log.sqlite")
                raise LogError(f"{directory} is in use by {holder}. Wait until it ends.") from None
            raise LogError(
                f"results must be on a file system where files can be locked, got {directory} on one that refuses it "
                f"({place}: {error.strerror}). Name another directory with --out PATH, or have the file system mounted "
                "with locks."
            ) from None

    def _lock_here(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _lock_across_machines(self) -> None:
        found = os.fstat(self._fd)
        file = (found.st_dev, found.st_ino)
        if file in self._locked_files:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._file = file
        self._locked_files.add(file)

    def release(self) -> None:
        """Release the lock."""
        if self._file is not None:
            self._locked_files.discard(self._file)
        os.close(self._fd)


def _open_lock_file(directory: Path) -> int:
    try:
        # The system grants such a lock only to processes that may write to the file.
        return os.open(directory / "log.lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise LogError(
            f"{directory} cannot be written ({error.strerror}). Check its permissions, or name another directory with "
            "--out PATH."
        ) from None


def _describe_holder(path: Path) -> str:
    """Describe the process that writes the log, from the last recorded session."""
    try:
        with contextlib.closing(open_read_only(path)) as db:
            version = check_version(db, path)
            last = LogTables(lambda sql, values: db.execute(sql, values).fetchall(), version, path).read_sessions()[-1]
    except (sqlite3.Error, LogError, IndexError):
        return "another process"
    return f"process {last.pid} on {last.host}, since {last.started}"
