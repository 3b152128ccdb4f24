"""Confined processes as this process sees them: it starts them, asks them, measures their time, and ends them."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from ...landscapes.landscape import Array, escape_unprintable
from ...landscapes.thread_pools import ONE_THREAD
from ..leases.failure import CONFINED_PROCESS, LATE_PROCESS, UNASKED_PROCESS
from .frames import ChannelClosed, Frame, FrameError, HostChannel, dump_header
from .restrictions import list_readable
from .settings import Sandbox

OWN_NAME = __name__.partition(".")[0]
AGENT_ROLE = f"{OWN_NAME}.agents.sandbox.agent_side"
POLICY_ROLE = f"{OWN_NAME}.orchestrator.sandbox.policy_side"
"""The modules that confined processes run: for agents, and for policies."""
PROGRAM = (
    "import json, sys; path, roles = json.loads(sys.argv[1]); sys.path[:] = path; "
    f"from {OWN_NAME}.agents.sandbox.server_main import serve_control; serve_control(roles)"
)
KEPT_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_VERBOSE", "NPY_DISABLE_CPU_FEATURES")
"""Variables on which bits may depend. Confined processes get no others."""
ENVIRONMENT = {**ONE_THREAD, "PYTHONHASHSEED": "0"}
CONTROL_TYPE = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_STREAM
"""Messages stay apart where that is offered; elsewhere, each is small, and answered before the next is sent."""
START_SECONDS = 60.0
"""How long a server may take to start. A message's own limit counts after that."""
END_SECONDS, PATIENCE_SECONDS = 5.0, 2.0
MOST_ANSWER_BYTES = 200
MOST_TEXT = 2000
"""The most characters of a text of a confined process that are kept."""


_end: ContextVar[float] = ContextVar("end", default=math.inf)
"""When confined processes are no longer asked, in this context, on the monotonic clock."""


@contextlib.contextmanager
def limit_conversations(end: float) -> Iterator[None]:
    """Ask confined processes nothing in this context after a time: whoever waits for one is told so, as of a failure.

    Args:
        end: When, on the monotonic clock.
    """
    token = _end.set(end)
    try:
        yield
    finally:
        _end.reset(token)


class SandboxError(Exception):
    """There is no sandbox here; the message names what failed, and what to do."""


class ConfinedError(Exception):
    """A confined process ended, was late, or sent what it must not; the message is the cause of a failed lease."""


def list_import_folders() -> list[str]:
    """Return where a server looks for modules: in what is installed, and in the folder of this package, which is last.

    Not in the folders of a user's files, where a file may have the name of a package: servers are not confined.
    """
    installed = [os.path.join(place, "") for place in list_readable() if os.path.isdir(place)]
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    found = [place for place in sys.path if os.path.join(place, "").startswith(tuple(installed))]
    return [*found, package]


class SandboxServer:
    """A process that forks confined processes, for one thread of this process.

    Args:
        wrapper: The words of a program that starts it in namespaces of its own; none for the first rung.
        confined: Whether its children are confined.
    """

    def __init__(self, wrapper: Sequence[str] = (), confined: bool = True) -> None:
        self._confined, self.process_id, self._requests = confined, os.getpid(), 0
        here, there = socket.socketpair(socket.AF_UNIX, CONTROL_TYPE)
        arguments = json.dumps([list_import_folders(), [AGENT_ROLE, POLICY_ROLE]])
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        with there:
            self._process = subprocess.Popen(
                [*wrapper, sys.executable, "-s", "-P", "-c", PROGRAM, arguments],
                stdin=there.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={**ENVIRONMENT, **kept},
                cwd="/",
            )
        self._control = here
        # It is ended with this object, which belongs to a thread, or with this process.
        self._finalizer = weakref.finalize(self, _end_server, here, self._process, self.process_id)
        here.settimeout(START_SECONDS)
        try:
            ready = here.recv(16)
        except OSError:
            ready = b""
        if not ready:
            raise SandboxError(self._describe_failure(wrapper))

    def _describe_failure(self, wrapper: Sequence[str]) -> str:
        """End what did not start, and return what it said."""
        self._process.kill()
        assert self._process.stderr is not None
        last = self._process.stderr.read(MOST_TEXT).decode(errors="replace").strip().rpartition("\n")[2]
        self.close()
        return f"{wrapper[0] if wrapper else 'the server'} did not start ({quote_text(last) or 'it said nothing'})"

    @property
    def is_alive(self) -> bool:
        """Whether it can be used from this process."""
        return self.process_id == os.getpid() and self._process.poll() is None

    def start(self, role: str, sandbox: Sandbox) -> ConfinedProcess:
        """Start a confined process that runs a role.

        Raises:
            SandboxError: It cannot be confined here.
            ConfinedError: It has ended at once.
        """
        limits = {"memory": sandbox.memory, "seconds": sandbox.cpu_seconds}
        try:
            answer, descriptors = self._ask({"op": "start", "role": role, "confined": self._confined, **limits})
            (end,), child = descriptors, answer["pid"]
        except (OSError, ValueError, KeyError) as error:
            raise ConfinedError(f"{CONFINED_PROCESS}ended (its server did: {error!r:.80})") from None
        return ConfinedProcess(self, child, socket.socket(fileno=end), sandbox)

    def allow_seconds(self, child: int, seconds: int) -> None:
        """Allow a child so much processor time from now on."""
        with contextlib.suppress(OSError, ValueError):
            self._ask({"op": "allow", "pid": child, "seconds": seconds})

    def end(self, child: int, patience: float = 0.0) -> int | None:
        """End a child.

        Args:
            child: Its id.
            patience: How many seconds it may take to end by itself.

        Returns:
            Its exit code, or a signal below 0; None if the server has ended too.
        """
        if self.process_id != os.getpid():
            return None
        try:
            code: int | None = self._ask({"op": "end", "pid": child, "patience": patience})[0].get("code")
        except (OSError, ValueError):
            return None
        return code

    def _ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        """Send a request, and return its answer and the descriptors that come with it."""
        self._requests += 1
        self._control.send(json.dumps(request | {"id": self._requests}).encode())
        while True:
            text, descriptors, _, _ = socket.recv_fds(self._control, MOST_ANSWER_BYTES, 1)
            answer: dict[str, Any] = json.loads(text)
            if answer["id"] == self._requests:
                return answer, descriptors
            # The answer to a request whose sender was interrupted, by Ctrl-C or the clock of an agent.
            for descriptor in descriptors:
                os.close(descriptor)

    def close(self) -> None:
        """End it, and all that it has started."""
        self._finalizer()


def _end_server(control: socket.socket, process: subprocess.Popen[bytes], owner: int) -> None:
    """End a server: by closing its control socket, or, if it does not look there, by force."""
    control.close()
    if owner != os.getpid():
        return
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stderr is not None:
        process.stderr.close()


class ConfinedProcess:
    """One confined process. It is used, and closed, in the thread that started it.

    Args:
        server: What forked it.
        child: Its id, as the server knows it.
        end: The socket to it.
        sandbox: Its limits.
    """

    def __init__(self, server: SandboxServer, child: int, end: socket.socket, sandbox: Sandbox) -> None:
        self._server, self._child, self._sandbox = server, child, sandbox
        self._channel = HostChannel(end, sandbox.seconds)
        self._closed = False
        try:
            header, _ = self._receive_first()
            if header.get("op") != "ready":
                raise SandboxError(str(header.get("why")))
        except BaseException:
            self.close()
            raise

    def _receive_first(self) -> Frame:
        self._channel.wait(START_SECONDS)
        try:
            return self._channel.receive()
        except (ChannelClosed, FrameError, TimeoutError):
            raise ConfinedError(f"{CONFINED_PROCESS}ended ({self._describe_end()})") from None

    def allow_seconds(self) -> None:
        """Allow it the processor time of another lease."""
        self._server.allow_seconds(self._child, self._sandbox.cpu_seconds)

    def ask(self, header: dict[str, Any] | bytes, floats: Sequence[Array] = ()) -> Frame:
        """Send a frame, and return the next one that it sends. Raises ConfinedError, after which it is to be closed."""
        if time.monotonic() > _end.get():
            raise ConfinedError(UNASKED_PROCESS)
        try:
            self._channel.send(header if isinstance(header, bytes) else dump_header(header), floats)
            return self._channel.receive()
        except (ChannelClosed, FrameError, TimeoutError) as error:
            raise self._explain(error) from None

    def receive(self) -> Frame:
        """Return another frame of the answer to what was asked last. Raises ConfinedError."""
        try:
            return self._channel.receive()
        except (ChannelClosed, FrameError, TimeoutError) as error:
            raise self._explain(error) from None

    def close(self, patience: float = 0.0) -> int | None:
        """End it. Return its exit code, or the signal that ended it below 0; None if that is unknown."""
        if self._closed:
            return None
        self._closed = True
        self._channel.close()
        return self._server.end(self._child, patience)

    def _explain(self, error: Exception) -> ConfinedError:
        if isinstance(error, TimeoutError):
            return ConfinedError(f"{LATE_PROCESS}{self._sandbox.seconds:g} s, the limit of its sandbox")
        if isinstance(error, FrameError):
            return ConfinedError(f"{CONFINED_PROCESS}{error}")
        return ConfinedError(f"{CONFINED_PROCESS}ended ({self._describe_end()})")

    def _describe_end(self) -> str:
        # It has closed its channel, which it does where it ends.
        code = self.close(PATIENCE_SECONDS)
        if code is None:
            return "its server did"
        if code == -signal.SIGXCPU:
            return f"it used more than {self._sandbox.cpu_seconds} CPU seconds, the limit of its sandbox"
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def quote_text(value: Any) -> str:
    """Return a text that a confined process sent: of limited length, on one line, and without control characters."""
    return escape_unprintable(str(value)[:MOST_TEXT])


class _ThreadServers(threading.local):
    """The servers of a thread, by rung. A server ends with its thread."""

    def __init__(self) -> None:
        self.known: dict[str, SandboxServer] = {}


SERVERS = _ThreadServers()
"""The servers of this thread."""
