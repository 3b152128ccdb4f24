"""The temporary folder of the playground's runs, and the removal of folders that killed studios have left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

FOLDER_PREFIX = "searchparty-studio-"
LOCK_NAME = "open.lock"
GRACE_PERIOD_SECONDS = 60.0
"""A folder without a lock may have just been created, so it is kept for this long."""


class PlayFolder:
    """A private temporary directory that is locked while this process lives and removed by ``close``."""

    def __init__(self, parent: Path | None = None) -> None:
        parent = Path(tempfile.gettempdir()) if parent is None else parent
        remove_stale_folders(parent)
        self._temporary_directory = tempfile.TemporaryDirectory(
            prefix=FOLDER_PREFIX, dir=parent, ignore_cleanup_errors=True
        )
        self.path = Path(self._temporary_directory.name)
        self._lock = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        """Remove the folder with its contents, and release the lock."""
        self._temporary_directory.cleanup()
        os.close(self._lock)


def remove_stale_folders(parent: Path) -> None:
    """Remove this user's folders of studios that have ended; their locks were released when they ended."""
    for path in parent.glob(f"{FOLDER_PREFIX}*"):
        with contextlib.suppress(OSError):
            if not path.is_symlink() and path.stat().st_uid == os.getuid() and _is_stale(path):
                shutil.rmtree(path, ignore_errors=True)


def _is_stale(path: Path) -> bool:
    try:
        lock = os.open(path / LOCK_NAME, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - path.stat().st_mtime > GRACE_PERIOD_SECONDS
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        # The lock file may have just been created and not be locked yet.
        return time.time() - os.fstat(lock).st_mtime > GRACE_PERIOD_SECONDS
    finally:
        os.close(lock)
