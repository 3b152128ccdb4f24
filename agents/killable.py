"""Evaluation in a child process that can be killed: for objectives that may hang or take the process down."""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from typing import Any, BinaryIO

import numpy as np

from ..landscapes.landscape import Array, Landscape
from .evaluate import Evaluated, InPlace

STARTUP_SECONDS = 60.0
"""A child may take so long to import and open the landscape; a row's time-out counts only after that."""


class Killable:
    """Evaluates row by row in a child. A row that takes over ``timeout`` seconds, or that takes the child down,
    fails; the next row gets a new child."""

    def __init__(self, landscape: Landscape, timeout: float) -> None:
        self._landscape, self._timeout = landscape, timeout
        self.space = landscape.open().space
        self._child: subprocess.Popen[bytes] | None = None

    def evaluate(self, cube: Array, with_gradient: bool) -> Evaluated:
        rows = [self._row(cube[i : i + 1], with_gradient) for i in range(len(cube))]
        losses = np.array([row.losses[0] for row in rows])
        causes = {i: row.causes[0] for i, row in enumerate(rows) if row.causes}
        if not with_gradient:
            return Evaluated(losses, None, causes)
        nothing = np.full(cube.shape[1], np.nan)
        gradients = np.array([nothing if row.gradients is None else row.gradients[0] for row in rows])
        return Evaluated(losses, gradients, causes)

    def close(self) -> None:
        """Kill the child, and whatever it started."""
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _row(self, cube: Array, with_gradient: bool) -> Evaluated:
        try:
            child = self._child or self._start()
            assert child.stdin is not None
            assert child.stdout is not None
            _send(child.stdin, (cube, with_gradient))
            outcome: Evaluated = _receive(child.stdout, self._timeout)
        except TimeoutError:
            self.close()
            return _lost(f"gave no answer within its time-out of {self._timeout:g} s")
        except (EOFError, OSError) as error:
            code = None if self._child is None else self._child.wait()
            self.close()
            return _lost(f"took its process down ({_exit(code)})" if code is not None else f"failed: {error}")
        return outcome

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = child = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert child.stdin is not None
        assert child.stdout is not None
        _send(child.stdin, self._landscape)
        problem = _receive(child.stdout, STARTUP_SECONDS)
        if problem is not None:
            raise OSError(problem)
        return child


def _lost(cause: str) -> Evaluated:
    return Evaluated(np.array([np.inf]), None, {0: cause})


def _exit(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def serve() -> None:
    """The child's loop: a landscape first, then rows. The objective's own printing goes to standard error."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions = os.fdopen(os.dup(0), "rb")
    try:
        evaluator = InPlace(_receive(questions, None).open())
    except Exception as error:
        _send(answers, f"the landscape could not be opened: {error}")
        return
    _send(answers, None)
    with contextlib.suppress(EOFError):
        while True:
            cube, with_gradient = _receive(questions, None)
            _send(answers, evaluator.evaluate(cube, with_gradient))


def _send(stream: BinaryIO | Any, message: Any) -> None:
    body = pickle.dumps(message)
    stream.write(struct.pack("<Q", len(body)) + body)
    stream.flush()


def _receive(stream: BinaryIO | Any, timeout: float | None) -> Any:
    deadline = None if timeout is None else time.monotonic() + timeout
    (length,) = struct.unpack("<Q", _exactly(stream.fileno(), 8, deadline))
    return pickle.loads(_exactly(stream.fileno(), length, deadline))


def _exactly(fd: int, count: int, deadline: float | None) -> bytes:
    """Read ``count`` bytes from a file descriptor past any buffer, or raise TimeoutError or EOFError."""
    parts = bytearray()
    while len(parts) < count:
        wait = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([fd], [], [], wait)[0]:
            raise TimeoutError
        piece = os.read(fd, min(count - len(parts), 1 << 20))
        if not piece:
            raise EOFError("the child closed its pipe")
        parts += piece
    return bytes(parts)
