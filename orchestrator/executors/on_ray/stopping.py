"""Stops actors so that they first send what they have found; Ray itself cannot interrupt a method that runs."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ..actor_host import STOP_SIGNAL

IDENTITY_SECONDS = 1.0
"""How long to wait for the process ids of actors, which they sent when they started."""
SENDING_SECONDS_HERE = 2.0
"""How long actors on this machine may take to send what they have found, and end."""
SENDING_SECONDS_ELSEWHERE = 6.0
"""The same for those on other nodes, where a process must be started that signals to them."""


def signal_actors(identities: Iterable[Any], own_node: str) -> float:
    """Signal to actors that they are to stop.

    Args:
        identities: References to (node, process id) of each.
        own_node: The id of the node of this process; "" if it is on none.

    Returns:
        For how many seconds their last words are worth waiting for.
    """
    if STOP_SIGNAL is None:
        return 0.0
    references = list(identities)
    known, _ = ray.wait(references, num_returns=len(references), timeout=IDENTITY_SECONDS)
    by_node: dict[str, list[int]] = {}
    for reference in known:
        # An actor that has just died has none.
        with contextlib.suppress(Exception):
            node, process = ray.get(reference)
            by_node.setdefault(node, []).append(process)
    seconds = 0.0
    for node, processes in by_node.items():
        if node == own_node:
            _signal_processes(processes, STOP_SIGNAL)
            seconds = max(seconds, SENDING_SECONDS_HERE)
            continue
        place = NodeAffinitySchedulingStrategy(node, soft=False)
        ray.remote(_signal_processes).options(num_cpus=0, scheduling_strategy=place).remote(processes, STOP_SIGNAL)
        seconds = SENDING_SECONDS_ELSEWHERE
    return seconds


def _signal_processes(processes: list[int], number: int) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)


@contextlib.contextmanager
def defer_interrupts() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the end of the context: what has arrived reaches the log first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[tuple[int, FrameType | None]] = []
    handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
    for number in map(int, (signal.SIGINT, signal.SIGTERM)):
        handler = signal.getsignal(number)
        if callable(handler):
            handlers[number] = handler
            signal.signal(number, lambda *call: received.append(call))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in received:
            handlers[number](number, frame)
