"""Whether the Ray that is joined still lives: Ray itself may not say so for a minute, or never."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

PROBE_SECONDS = 1.0
MOST_REFUSALS = 3
"""A door that refuses so often in a row is shut."""

Endpoints = dict[str, tuple[str, int]]


class Liveness:
    """Knocks, once a second, at the doors of this machine's raylet and of the cluster's control store (GCS), and asks
    for the processes that were started here. No call to Ray: those hang when it is gone."""

    def __init__(self, doors: Endpoints, dead: Callable[[], Iterable[tuple[str, Any]]]) -> None:
        self._endpoints, self._dead_processes = doors, dead
        self._refusals = dict.fromkeys(doors, 0)
        self._next = 0.0

    def detect_loss(self) -> str:
        """What is gone; "" while nothing is known to be."""
        now = time.monotonic()
        if now < self._next:
            return ""
        self._next = now + PROBE_SECONDS
        for kind, process in self._dead_processes():
            if kind in ("raylet", "gcs_server"):
                return f"its {kind} died (process {process.pid})"
        for name, door in self._endpoints.items():
            try:
                with contextlib.closing(socket.create_connection(door, timeout=1.0)):
                    self._refusals[name] = 0
            except OSError as error:
                self._refusals[name] += 1
                if self._refusals[name] >= MOST_REFUSALS:
                    return f"its {name} at {door[0]}:{door[1]} answers no more ({error})"
        return ""
