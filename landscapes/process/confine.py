"""Run as a script by ``program.py``: limits this process, ties it to its parent's life, and becomes the program.

Only the standard library is imported, so that a program starts within milliseconds. Limits and the parent-death signal
survive ``exec``; what the program itself starts inherits the limits.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
NOT_STARTED = 127
"""Exit code where the program cannot be run, as a shell has it."""


def confine(parent: int, memory: int) -> None:
    """No core dumps; at most ``memory`` bytes of data (0: no limit); die with the parent; first in line when the
    machine runs out of memory. What a system does not offer is left out."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        # Linux counts anonymous memory as data; macOS enforces neither limit.
        limit = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (memory, memory))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    if os.getppid() != parent:
        # It died before the signal was asked for.
        os._exit(NOT_STARTED)


def main() -> None:
    parent, memory, *argv = sys.argv[1:]
    confine(int(parent), int(memory))
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(NOT_STARTED)


if __name__ == "__main__":
    main()
