"""A results directory is held by the one process that writes there: a lock that ends with the process."""

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
from .tables import open_read_only, read_sessions

LOCK_TAKEN_ERRORS = (errno.EAGAIN, errno.EACCES)
"""What a lock is refused with because somebody else has it."""


class DirectoryLock:
    """A directory that no other process may write to as long as this one does.

    On a disk of this machine the directory itself is locked. On a network file system a file in it is, log.lock, by
    the only kind of lock that other machines see; it stays there, empty, since to remove it would let two processes
    hold two files of that name. Raises LogError where another process holds the directory, or where there are no locks.
    """

    _locked_files: ClassVar[set[tuple[int, int]]] = set()
    """Lock files that this process holds: locks across machines belong to a process, and do not refuse itself."""

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
                f"results must be where files can be locked, got {directory} on a file system that refuses it "
                f"({place}: {error.strerror}). Name another place with --out PATH, or have it mounted with locks."
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
        if self._file is not None:
            self._locked_files.discard(self._file)
        os.close(self._fd)


def _open_lock_file(directory: Path) -> int:
    try:
        # Such a lock is only given to those who may write to the file.
        return os.open(directory / "log.lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise LogError(
            f"{directory} cannot be written ({error.strerror}). Check its permissions, or name another place with "
            "--out PATH."
        ) from None


def _describe_holder(path: Path) -> str:
    """The process that writes the log, as its last session tells."""
    try:
        with contextlib.closing(open_read_only(path)) as db:
            last = read_sessions(lambda sql, values: db.execute(sql, values).fetchall())[-1]
    except (sqlite3.Error, IndexError):
        return "another process"
    return f"process {last.pid} on {last.host}, since {last.started}"
