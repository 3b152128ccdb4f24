"""A fork server: a process that has imported everything that evaluation needs, and from which children are forked.

A forked child is ready within milliseconds, whereas a new interpreter imports for a quarter of a second. Pages that no
child has changed are in memory, and in the CPU's caches, only once for all children. The fork server never evaluates
anything itself. Its children die with it, and it dies with the thread that started it.
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
from collections.abc import Mapping, Sequence

import numpy.random

from ....landscapes.process.confine import confine
from ....landscapes.process.line_pipe import LineProcess
from ....landscapes.process.program import Program

FORK_MESSAGE = struct.Struct("<cqq")
"""A command, a process id or token, and a value, in both directions."""
FORK, EXIT_CODE, REAP = b"S", b"E", b"R"
"""Fork a child, under a token, with a memory limit; report how a child has ended; reap a child that was killed."""
STILL_RUNNING = 1 << 20
"""The value for a child that has not ended: no exit code."""
EXIT_WAIT_SECONDS = 1.0
FORK_SERVER_SECONDS = 60.0
"""The time that a fork server may take to answer; before its first answer it has to import."""


class ForkServer:
    """A fork server, as seen by the process that started it.

    Args:
        program: The Python program that the fork server runs.
        environment: Environment variables, in addition to those of this process.
        modules: The names of modules that it imports, so that no child has to.
    """

    def __init__(self, program: str, environment: Mapping[str, str], modules: Sequence[str] = ()) -> None:
        self._socket, server_socket = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with server_socket:
            argv = [sys.executable, "-c", program, str(server_socket.fileno()), *modules]
            self._program = Program(argv, environment=environment, inherited=[server_socket.fileno()])
        self._socket.settimeout(FORK_SERVER_SECONDS)
        self._tokens = 0
        self._unconfirmed: dict[int, ForkedChild] = {}
        """Children whose process id has not been received yet, by token."""
        self.end_reason = ""
        """How the fork server ended, once that is known, else ""."""

    def fork_child(self, memory: int, longest: int) -> ForkedChild:
        """Fork a child with at most ``memory`` bytes (0: no limit), and return without waiting for it."""
        pipes = [os.pipe() for _ in range(3)]
        child_ends = [pipes[0][0], pipes[1][1], pipes[2][1]]
        child = ForkedChild(self, pipes[0][1], pipes[1][0], pipes[2][0], longest)
        self._tokens += 1
        self._unconfirmed[self._tokens] = child
        try:
            # A fork server that has ended is noticed when the child's output is read.
            with contextlib.suppress(OSError):
                socket.send_fds(self._socket, [FORK_MESSAGE.pack(FORK, self._tokens, memory)], child_ends)
        except BaseException:
            del self._unconfirmed[self._tokens]
            child.kill()
            raise
        finally:
            for pipe in child_ends:
                os.close(pipe)
        return child

    def wait_for_pid(self, child: ForkedChild) -> int | None:
        """Return the process id of a child, or None if the fork server has ended, and the child with it."""
        try:
            while not self.end_reason and child.process_id is None:
                self._receive_reply()
        except OSError:
            self._note_end()
        return None if self.end_reason else child.process_id

    def query_child(self, what: bytes, child: ForkedChild) -> int | None:
        """Return the fork server's reply about a child, or None if it has ended."""
        process_id = self.wait_for_pid(child)
        if process_id is None:
            return None
        try:
            self._socket.send(FORK_MESSAGE.pack(what, process_id, 0))
            # Replies that nobody waited for (after Ctrl-C) come first.
            while (reply := self._receive_reply())[:2] != (what, process_id):
                pass
            return reply[2]
        except OSError:
            self._note_end()
        return None

    def kill(self) -> None:
        """Kill the fork server; the system kills its children."""
        self.end_reason = self.end_reason or "was killed"
        self._program.kill()
        self._socket.close()

    def _note_end(self) -> None:
        """Record why it has ended, or kill it if it no longer responds."""
        self.end_reason = self._program.describe_exit()
        self._program.kill()

    def _receive_reply(self) -> tuple[bytes, int, int]:
        message = self._socket.recv(FORK_MESSAGE.size)
        if not message:
            raise ConnectionResetError
        what, number, value = FORK_MESSAGE.unpack(message)
        if what == FORK and value in self._unconfirmed:
            self._unconfirmed.pop(value).process_id = number
        return what, number, value


class ForkedChild(LineProcess):
    """A child that is forked from a fork server, in a separate session."""

    def __init__(self, server: ForkServer, into: int, out: int, err: int, longest: int) -> None:
        super().__init__(into, out, err, longest)
        self._server, self._pipes = server, [into, out, err]
        self.process_id: int | None = None
        """Process id of the child; None until it is known."""

    @property
    def started(self) -> bool:
        return not self._server.end_reason

    def exit_code(self) -> int | None:
        code = self._server.query_child(EXIT_CODE, self)
        return None if code == STILL_RUNNING else code

    def describe_exit(self) -> str:
        how = super().describe_exit()
        return self._server.end_reason or how

    def kill(self) -> None:
        self.unwatch()
        process_id = self._server.wait_for_pid(self)
        if process_id is not None:
            # By process id too: it may not have its session yet. The id is not reused until the child is reaped.
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(process_id, signal.SIGKILL)
            self._server.query_child(REAP, self)
        while self._pipes:
            os.close(self._pipes.pop())


def run_fork_server(socket_number: int) -> bool:
    """Fork children on request over a socket. Returns True in each child, its pipes in place, and False at the end."""
    control_socket = socket.socket(fileno=socket_number)
    parent = os.getpid()
    # Children then do not search the objects that exist now for garbage, which would copy their pages.
    gc.collect()
    gc.freeze()
    while True:
        message, pipes, _, _ = socket.recv_fds(control_socket, FORK_MESSAGE.size, 3)
        if not message:
            return False
        what, number, value = FORK_MESSAGE.unpack(message)
        if what == FORK:
            child = os.fork()
            if not child:
                control_socket.close()
                become_child(pipes)
                confine(parent, value)
                return True
            for pipe in pipes:
                os.close(pipe)
            control_socket.send(FORK_MESSAGE.pack(FORK, child, number))
        elif what == EXIT_CODE:
            control_socket.send(FORK_MESSAGE.pack(EXIT_CODE, number, wait_for_exit(number)))
        else:
            os.waitpid(number, 0)
            control_socket.send(FORK_MESSAGE.pack(REAP, number, 0))


def become_child(pipes: list[int]) -> None:
    """Give a forked child its own session, standard input, output and error, and random seeds."""
    os.setsid()
    for standard, pipe in enumerate(pipes):
        os.dup2(pipe, standard)
        os.close(pipe)
    del sys.argv[1:]
    random.seed()
    numpy.random.seed()  # noqa: NPY002 - the objective may draw from it


def wait_for_exit(child: int) -> int:
    """Return the exit code of a child, below 0 for a signal, or STILL_RUNNING if it does not end within a second."""
    deadline = time.monotonic() + EXIT_WAIT_SECONDS
    while (found := os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is None:
        if time.monotonic() > deadline:
            return STILL_RUNNING
        time.sleep(0.002)
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
