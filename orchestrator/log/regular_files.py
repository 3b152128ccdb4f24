"""Decides which files of a results directory are read: regular files only.

A FIFO, a device, or a link to one may keep its reader waiting for ever, or never end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from .log import LogError

KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a directory",
}
LOG_PARTS = ("", "-wal", "-shm", "-journal")
"""Endings of the files that SQLite opens for a log."""


class IrregularFile(OSError):
    """A file is no regular file. ``strerror`` says what it is."""


def open_regular_file(path: Path) -> int:
    """Open a file for reading, and return its descriptor.

    What was opened is what is judged, so that nothing can take its place in between.

    Raises:
        IrregularFile: If it is no regular file.
        OSError: If it cannot be opened.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise IrregularFile(errno.EINVAL, "it is a socket or a device, not a regular file", str(path)) from None
        raise
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        what = KINDS.get(stat.S_IFMT(mode), "of an unknown type")
        raise IrregularFile(errno.EINVAL, f"it is {what}, not a regular file", str(path))
    return fd


def read_regular_file(path: Path, most: int) -> bytes:
    """Return the content of a regular file, or its first ``most`` + 1 bytes if it has more than ``most``."""
    with os.fdopen(open_regular_file(path), "rb") as file:
        return file.read(most + 1)


def check_log_files(path: Path) -> None:
    """Check that a log, and the files that SQLite may have left beside it, are regular files if they exist.

    Raises:
        LogError: If one of them is not.
    """
    for part in LOG_PARTS:
        try:
            os.close(open_regular_file(Path(f"{path}{part}")))
        except IrregularFile as error:
            raise LogError(
                f"a log must be a regular file, got {path}{part} ({error.strerror}). Give the results directory of a "
                "run."
            ) from None
        except OSError:
            # SQLite says what is wrong, or creates the file.
            continue
