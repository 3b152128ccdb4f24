"""A script that ``program.py`` runs: it limits this process, makes it die with its parent, and becomes the program.

Only the standard library is imported, so that a program starts within milliseconds. The limits and the parent-death
signal survive ``exec``; processes that the program starts inherit the limits.
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
"""Exit code if the program cannot be run; the same as that of a shell."""


def confine(parent: int, memory: int) -> None:
    """Limit this process and make it die with its parent.

    It writes no core dumps, and is the first to be killed when the machine runs out of memory. What the operating
    system does not offer is left out.

    Args:
        parent: Process id of the parent; if it is no longer the parent, this process exits.
        memory: The most bytes of data that this process may have (0: no limit).
    """
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
        # The parent died before the signal was requested.
        os._exit(NOT_STARTED)


def main() -> None:
    """Confine this process and run the program: arguments are the parent's id, the memory limit, and the command."""
    parent, memory, *argv = sys.argv[1:]
    confine(int(parent), int(memory))
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(NOT_STARTED)


if __name__ == "__main__":
    main()
