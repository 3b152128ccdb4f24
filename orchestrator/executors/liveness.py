"""Detects that the Ray cluster of this process is gone. Ray itself may report that only after a minute, or never."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

PROBE_SECONDS = 1.0
MOST_REFUSALS = 3
"""An endpoint that refuses this many connections in a row counts as gone."""

Endpoints = dict[str, tuple[str, int]]
"""(host, port) of each endpoint, by its name for messages."""


class Liveness:
    """Checks once a second whether Ray is alive.

    It connects to this machine's raylet and to the cluster's control store (GCS), and looks for dead processes among
    those that were started here. It does not call Ray, as such calls hang when Ray is gone.

    Args:
        doors: The endpoints that must accept connections.
        dead: Returns (kind, process) of each dead process that was started here.
    """

    def __init__(self, doors: Endpoints, dead: Callable[[], Iterable[tuple[str, Any]]]) -> None:
        self._endpoints, self._dead_processes = doors, dead
        self._refusals = dict.fromkeys(doors, 0)
        self._next = 0.0

    def detect_loss(self) -> str:
        """Return what is gone, in words; "" as long as everything is alive, or if the last check is too recent."""
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
                    return f"its {name} at {door[0]}:{door[1]} no longer responds ({error})"
        return ""
