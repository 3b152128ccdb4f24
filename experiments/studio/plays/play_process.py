"""A worker process, from the side of whoever has it work: asked for one run at a time, which can be stopped."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from ....landscapes.process.line_pipe import ProcessEnded
from ....landscapes.process.program import Program
from .limits import LIMITS

WORKER_CODE = f"from {__package__}.play_process_main import serve_play_requests; serve_play_requests()"
STOPPED_BY_REQUEST = "stopped"
"""How a run went that was told to stop."""
START_SECONDS = 60.0
POLL_SECONDS = 0.02
"""How soon a worker hears that its run is wanted no longer."""
GRACE_SECONDS = 0.15
"""So long a run may take to stop when told; then its process is killed."""
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Runs use one thread anyway; pools of more would but fill memory."""


class PlayProcess:
    """One process that works runs in a folder; it dies with the thread that made it.

    ``failure_reason`` says in words why it is of no more use; "" while it is.
    """

    def __init__(self, folder: Path, warm: Path) -> None:
        self._program = Program([sys.executable, "-c", WORKER_CODE], str(folder), LIMITS.memory, environment=ONE_THREAD)
        self.failure_reason = ""
        self._run_number = 0
        self._send_message(warm=str(warm))

    def wait_until_ready(self, closing: Event) -> None:
        """Wait until it can work, or is in trouble, or nobody wants it any more."""
        deadline = time.monotonic() + START_SECONDS
        while not closing.is_set() and not self.failure_reason:
            if (message := self._receive_message()) is not None and "ready" in message:
                return
            if time.monotonic() > deadline:
                self._mark_failed(f"was not ready after {START_SECONDS:g} s")

    def work_run(self, data: Mapping[str, Any], directory: Path, unwanted: Event, seconds: float) -> str | None:
        """Work a run into a directory, until it ends, is ``unwanted``, or has taken so many seconds.

        None if it ended well, else why it did not in words.
        """
        self._run_number += 1
        self._send_message(run=self._run_number, data=data, directory=str(directory))
        deadline, why = time.monotonic() + seconds, ""
        while not self.failure_reason:
            message = self._receive_message()
            if message is not None and message.get("ended") == self._run_number:
                error: str | None = message["error"]
                return why if why and error == STOPPED_BY_REQUEST else error
            now = time.monotonic()
            if not why and (unwanted.is_set() or now > deadline):
                why = STOPPED_BY_REQUEST if unwanted.is_set() else too_long_message(seconds)
                deadline = now + GRACE_SECONDS
                self._send_message(stop=self._run_number)
            elif now > deadline:
                self._mark_failed("was killed, as it did not stop")
        return why or f"{self.failure_reason} Play this run again; if that does not help, lower its budget."

    def has_failed(self) -> bool:
        """Whether it is in trouble, be it that it died while nobody asked it for anything."""
        if not self.failure_reason:
            self._receive_message(0.0)
        return bool(self.failure_reason)

    def kill(self) -> None:
        """Kill the process, unless that has been done: its number may be another's by now."""
        if not self.failure_reason:
            self._program.kill()

    def _send_message(self, **message: Any) -> None:
        try:
            self._program.ask(json.dumps(message).encode() + b"\n", ahead="stop" in message)
        except ProcessEnded as error:
            self._mark_failed(str(error))

    def _receive_message(self, seconds: float = POLL_SECONDS) -> dict[str, Any] | None:
        """What it says within a moment; None if that is nothing, or if it has died."""
        try:
            found: dict[str, Any] = json.loads(self._program.wait_for_line(time.monotonic() + seconds))
        except TimeoutError:
            return None
        except (ProcessEnded, ValueError) as error:
            self._mark_failed(str(error))
            return None
        return found

    def _mark_failed(self, why: str) -> None:
        self.failure_reason = f"The process that works runs {why}."
        self._program.kill()


def too_long_message(seconds: float) -> str:
    """What is said of a run that was stopped by the time limit."""
    return f"budget must be worked within {seconds:g} s, got a run that takes longer. Lower it, or use quicker agents."
