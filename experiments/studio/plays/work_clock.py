"""Measures how much a process has worked, whatever else the machine does meanwhile."""

from __future__ import annotations

import os
import time
from pathlib import Path

STUCK_SECONDS = 60.0
"""A process that is given work, and takes no CPU time for so long, does nothing any more."""
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
BUSY_LOAD = 1.5
"""A machine is busy if so many processes a core wait to work."""


def is_machine_busy() -> bool:
    """Return whether a run that nobody waits for would take time from others; False if that is not known."""
    try:
        return os.getloadavg()[0] > BUSY_LOAD * (os.cpu_count() or 1)
    except (AttributeError, OSError):
        return False


class WorkClock:
    """The CPU time of a process since this was created; on systems without /proc, the time that has passed."""

    def __init__(self, pid: int) -> None:
        self._pid, self._last = pid, 0.0
        self._began = self._last = self._read()
        self._moved = self._created = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds that the process has worked."""
        now = self._read()
        if now != self._last:
            self._last, self._moved = now, time.monotonic()
        return now - self._began

    @property
    def stuck(self) -> bool:
        """Whether the process has not worked at all for ``STUCK_SECONDS``."""
        return self._read() == self._last and time.monotonic() - self._moved > STUCK_SECONDS

    @property
    def elapsed(self) -> float:
        """Seconds since this was created."""
        return time.monotonic() - self._created

    def _read(self) -> float:
        try:
            words = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
            return (int(words[11]) + int(words[12])) / TICKS_PER_SECOND
        except (OSError, ValueError, IndexError):
            # With /proc, the process has ended, and does not work any more.
            return self._last if Path("/proc/self/stat").exists() else time.monotonic()
