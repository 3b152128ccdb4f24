"""A child process that exchanges lines with this process, and that can be killed with all processes it has started."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import confine
from .line_pipe import LONGEST_PAUSE, READ_BYTES, LineProcess


class Program(LineProcess):
    """One run of a program, in a separate session, with pipes that never block this process.

    The program dies with the thread that started it.

    Args:
        argv: The program and its arguments.
        directory: The directory that it runs in; by default the current one.
        memory: The most bytes of data that each of its processes may have (0: no limit).
        longest: The most bytes that a line may have.
        environment: Environment variables, in addition to those of this process.
        inherited: File descriptors that stay open in the program, under the same numbers.
    """

    def __init__(
        self,
        argv: Sequence[str],
        directory: str | None = None,
        memory: int = 0,
        longest: int = READ_BYTES,
        environment: Mapping[str, str] | None = None,
        inherited: Sequence[int] = (),
    ) -> None:
        launcher = [sys.executable, "-I", "-S", str(Path(confine.__file__)), str(os.getpid()), str(memory)]
        self._process = subprocess.Popen(
            [*launcher, *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            bufsize=0,
            pass_fds=inherited,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        into, out, err = self._process.stdin, self._process.stdout, self._process.stderr
        super().__init__(into.fileno(), out.fileno(), err.fileno(), longest)

    @property
    def pid(self) -> int:
        """The id of its process, which is also that of its session."""
        return self._process.pid

    def wait_for_line(self, deadline: float | None) -> bytes:
        """Wait for the next line and return it.

        Args:
            deadline: When to give up, by ``time.monotonic``, or None to wait without limit.

        Raises:
            TimeoutError: The deadline has passed.
            ProcessEnded: The process has ended, or its line is too long.
        """
        with selectors.DefaultSelector() as selector:
            self.watch(selector, None)
            try:
                while (line := self.hear()) is None:
                    left = None if deadline is None else deadline - time.monotonic()
                    if left is not None and left <= 0.0:
                        raise TimeoutError
                    selector.select(None if left is None else min(left, LONGEST_PAUSE))
            finally:
                self.unwatch()
        return line

    def exit_code(self) -> int | None:
        """Return its exit code, below 0 for a signal, or None if it does not end within a second."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        return self._process.returncode

    @property
    def started(self) -> bool:
        """Whether the program could be run; False only once the process has ended because it could not."""
        return self._process.returncode != confine.NOT_STARTED

    def kill(self) -> None:
        """Kill the process and all processes in its session, and close the pipes."""
        self.unwatch()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
