"""A stem: a process that has imported all it takes to evaluate, and that children are split off from.

A child so made is ready within milliseconds, where an interpreter that starts anew imports for a quarter of a second;
and what they have not changed since is in memory, and in the caches of the CPU, once for all of them. The stem never
evaluates anything itself. Its children die with it, and it dies with the thread that started it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import socket
import struct
import sys
import time
from collections.abc import Mapping

import numpy.random

from ....landscapes.process.confine import confine
from ....landscapes.process.line_pipe import Lines
from ....landscapes.process.program import Program

MESSAGE = struct.Struct("<cqq")
"""What it is about, the number of a process, and a value: both ways."""
SPLIT, ENDED, REAP = b"S", b"E", b"R"
"""Split off a child, under a token, with so much memory; say how a child has ended; let go of one that is killed."""
RUNNING = 1 << 20
"""The value for a child that has not ended: no exit code."""
PATIENCE_SECONDS = 1.0
STEM_SECONDS = 60.0
"""A stem may take so long to answer: the first time, it has yet to import."""


class Stem:
    """A stem, from the side of who has it."""

    def __init__(self, program: str, environment: Mapping[str, str]) -> None:
        self._socket, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            argv = [sys.executable, "-c", program, str(far.fileno())]
            self._program = Program(argv, environment=environment, inherited=[far.fileno()])
        self._socket.settimeout(STEM_SECONDS)
        self._tokens = 0
        self._coming: dict[int, Child] = {}
        """Children that were asked for and whose number has not been said, by token."""
        self.fate = ""
        """How it ended, once that is known."""

    def split(self, memory: int, longest: int) -> Child:
        """A child, which need not be there yet."""
        pipes = [os.pipe() for _ in range(3)]
        far = [pipes[0][0], pipes[1][1], pipes[2][1]]
        child = Child(self, pipes[0][1], pipes[1][0], pipes[2][0], longest)
        self._tokens += 1
        self._coming[self._tokens] = child
        try:
            # A stem that is gone is noticed where the child is listened to.
            with contextlib.suppress(OSError):
                socket.send_fds(self._socket, [MESSAGE.pack(SPLIT, self._tokens, memory)], far)
        except BaseException:
            del self._coming[self._tokens]
            child.kill()
            raise
        finally:
            for pipe in far:
                os.close(pipe)
        return child

    def known(self, child: Child) -> int | None:
        """The number of a child; None if the stem is gone, and the child with it."""
        try:
            while not self.fate and child.number is None:
                self._reply()
        except OSError:
            self._gone()
        return None if self.fate else child.number

    def ask(self, what: bytes, child: Child) -> int | None:
        """What the stem says about a child; None if it is gone."""
        number = self.known(child)
        if number is None:
            return None
        try:
            self._socket.send(MESSAGE.pack(what, number, 0))
            # What was asked for and not waited for (Ctrl-C) comes first.
            while (reply := self._reply())[:2] != (what, number):
                pass
            return reply[2]
        except OSError:
            self._gone()
        return None

    def kill(self) -> None:
        """Kill the stem; the system kills its children."""
        self.fate = self.fate or "was killed"
        self._program.kill()
        self._socket.close()

    def _gone(self) -> None:
        """It has ended, or is of no more use."""
        self.fate = self._program.ending()
        self._program.kill()

    def _reply(self) -> tuple[bytes, int, int]:
        message = self._socket.recv(MESSAGE.size)
        if not message:
            raise ConnectionResetError
        what, number, value = MESSAGE.unpack(message)
        if what == SPLIT and value in self._coming:
            self._coming.pop(value).number = number
        return what, number, value


class Child(Lines):
    """A child that is split off from a stem, in a session of its own."""

    def __init__(self, stem: Stem, into: int, out: int, err: int, longest: int) -> None:
        super().__init__(into, out, err, longest)
        self._stem, self._pipes = stem, [into, out, err]
        self.number: int | None = None
        """The process's number, once it is known."""

    @property
    def started(self) -> bool:
        return not self._stem.fate

    def exit_code(self) -> int | None:
        code = self._stem.ask(ENDED, self)
        return None if code == RUNNING else code

    def ending(self) -> str:
        how = super().ending()
        return self._stem.fate or how

    def kill(self) -> None:
        self.unwatch()
        number = self._stem.known(self)
        if number is not None:
            # By its own number too: it may not yet have come to have a session. It is its own until it is let go of.
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(number, signal.SIGKILL)
            self._stem.ask(REAP, self)
        while self._pipes:
            os.close(self._pipes.pop())


def split_off(number: int) -> bool:
    """Be a stem, on a socket: returns True in each child, its pipes in place, and False when nobody wants more."""
    asker = socket.socket(fileno=number)
    parent = os.getpid()
    # What is there now stays: no child need look through it for garbage, and so copy it.
    gc.collect()
    gc.freeze()
    while True:
        message, pipes, _, _ = socket.recv_fds(asker, MESSAGE.size, 3)
        if not message:
            return False
        what, whom, value = MESSAGE.unpack(message)
        if what == SPLIT:
            child = os.fork()
            if not child:
                asker.close()
                settle(pipes)
                confine(parent, value)
                return True
            for pipe in pipes:
                os.close(pipe)
            asker.send(MESSAGE.pack(SPLIT, child, whom))
        elif what == ENDED:
            asker.send(MESSAGE.pack(ENDED, whom, ended(whom)))
        else:
            os.waitpid(whom, 0)
            asker.send(MESSAGE.pack(REAP, whom, 0))


def settle(pipes: list[int]) -> None:
    """Be a process of one's own: with a session, standard input, output and error, and numbers drawn at random."""
    os.setsid()
    for standard, pipe in enumerate(pipes):
        os.dup2(pipe, standard)
        os.close(pipe)
    del sys.argv[1:]
    random.seed()
    numpy.random.seed()  # noqa: NPY002 - the objective may draw from it


def ended(child: int) -> int:
    """The exit code of a child, less than 0 for a signal, or RUNNING if it does not end within a second."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is None:
        if time.monotonic() > deadline:
            return RUNNING
        time.sleep(0.002)
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
