"""The program of a process that forks confined processes: it has imported what they need, and never runs a stranger's
text itself.

It knows nothing: it is started with an empty environment, and gets neither landscapes nor files. It ends when its
creator does, and its children with it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from ...landscapes.ambient import set_ambient_state_aside
from .frames import ConfinedChannel, dump_header
from .restrictions import CHANNEL, RestrictionError, limit_openly, list_readable, restrict_process

CONTROL = 20
"""The descriptor of the control socket."""
MOST_CONTROL_BYTES = 1 << 16
LEAVE = os._exit
"""Ends a process at once. A role may replace ``os._exit``."""


def serve_control(roles: Sequence[str]) -> None:
    """Fork confined processes as the control socket, which is the standard input, asks for them, until it is closed.

    Args:
        roles: The modules whose ``serve`` confined processes run.
    """
    control = _move_control()
    loaded = {name: importlib.import_module(name) for name in roles}
    readable = list_readable()
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")
    with set_ambient_state_aside():
        # What is here now is shared by all children, and never freed.
        gc.collect()
        gc.freeze()
        control.send(b"{}")
        while request := control.recv(MOST_CONTROL_BYTES):
            asked = json.loads(request)
            match asked["op"]:
                case "start":
                    answer, descriptors = _start_child(loaded[asked["role"]], readable, asked)
                case "allow":
                    answer, descriptors = _allow_seconds(asked["pid"], asked["seconds"]), []
                case _:
                    answer, descriptors = _end_child(asked["pid"], asked["patience"]), []
            socket.send_fds(control, [json.dumps(answer | {"id": asked["id"]}).encode()], descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


def _move_control() -> socket.socket:
    """Move the control socket from the standard input to where no child needs the number."""
    os.dup2(0, CONTROL, inheritable=False)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.chdir("/")
    return socket.socket(fileno=CONTROL)


def _start_child(role: ModuleType, readable: list[str], asked: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """Fork a confined process, and return its id and the other end of its channel."""
    here, there = socket.socketpair()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.dup2(there.fileno(), CHANNEL)
        _work_confined(role, parent, readable, asked)
    there.close()
    return {"pid": child}, [here.detach()]


def _work_confined(role: ModuleType, parent: int, readable: list[str], asked: dict[str, Any]) -> None:
    """Confine this process, and work until its channel is closed. Never returns."""
    status = 1
    try:
        channel = ConfinedChannel(CHANNEL)
        try:
            if asked["confined"]:
                restrict_process(parent, asked["memory"], asked["seconds"], readable)
            else:
                limit_openly(parent, asked["memory"], asked["seconds"])
        except RestrictionError as error:
            channel.send(dump_header({"op": "refused", "why": str(error)}))
        else:
            os.environ.clear()
            channel.send(dump_header({"op": "ready"}))
            role.serve(channel)
        status = 0
    finally:
        LEAVE(status)


def _allow_seconds(child: int, seconds: int) -> dict[str, Any]:
    """Allow a child so much processor time from now on, where that can be limited from outside."""
    if sys.platform == "linux":
        with contextlib.suppress(ProcessLookupError):
            limit = _used_seconds(child) + 1 + seconds
            resource.prlimit(child, resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    return {}


def _used_seconds(child: int) -> int:
    """Return the processor time that a child has used, in whole seconds."""
    # CPUCLOCK_SCHED of a process, as clock_getcpuclockid computes it.
    clock = ~child << 3 | 2
    try:
        return int(time.clock_gettime(clock))
    except OSError:
        return 0


def _end_child(child: int, patience: float) -> dict[str, Any]:
    """Kill a child, unless it ends by itself, and return how it ended: its exit code, or a signal below 0.

    Args:
        child: The child. It is not reaped before, so the number is no other process's.
        patience: How many seconds it may take to end by itself.
    """
    late = time.monotonic() + patience
    found, status = os.waitpid(child, os.WNOHANG)
    while not found and time.monotonic() < late:
        time.sleep(0.001)
        found, status = os.waitpid(child, os.WNOHANG)
    if not found:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    return {"code": os.waitstatus_to_exitcode(status)}
