"""A child process that is asked in lines and answers in lines, and that can be killed with all it has started."""

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
from .line_pipe import READ_BYTES, LineProcess


class Program(LineProcess):
    """One run of a program, in a session of its own, with pipes that never block the asker.

    ``memory`` is the most bytes of data each of its processes may have (0: no limit); ``longest`` the most bytes of
    a line; ``inherited`` are files that it finds open under the same numbers. It dies with the thread that started it.
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

    def wait_for_line(self, deadline: float | None) -> bytes:
        """The next line. Raises TimeoutError at the deadline (of ``time.monotonic``), or Ended."""
        with selectors.DefaultSelector() as selector:
            self.watch(selector, None)
            try:
                while (line := self.hear()) is None:
                    left = None if deadline is None else deadline - time.monotonic()
                    if left is not None and left <= 0.0:
                        raise TimeoutError
                    selector.select(left)
            finally:
                self.unwatch()
        return line

    def exit_code(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        return self._process.returncode

    @property
    def started(self) -> bool:
        return self._process.returncode != confine.NOT_STARTED

    def kill(self) -> None:
        self.unwatch()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
