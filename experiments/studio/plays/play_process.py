"""The parent's side of a worker process, which works one run at a time and can be asked to stop it."""

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
from ....landscapes.thread_pools import ONE_THREAD
from .limits import LIMITS
from .work_clock import STUCK_SECONDS, WorkClock

WORKER_CODE = f"from {__package__}.play_process_main import serve_play_requests; serve_play_requests()"
STOPPED_BY_REQUEST = "stopped"
"""The error that is reported for a run that was asked to stop."""
START_SECONDS = 60.0
"""CPU time that a process may take to be ready."""
POLL_SECONDS = 0.02
"""Interval at which the parent checks whether a run is still wanted."""
GRACE_SECONDS = 0.15
"""CPU time that a run has to stop when asked; after it, its process is killed."""
MOST_GRACE_SECONDS = 3.0
"""Time after which a run that was asked to stop is killed, even if the machine gave it no CPU time."""


class PlayProcess:
    """One process that works runs in a folder; it dies with the thread that created it.

    ``failure_reason`` is a sentence that says why the process can no longer be used, or "" while it can.
    """

    def __init__(self, folder: Path, warm: Path) -> None:
        # Runs use one thread anyway; larger thread pools would only use memory.
        self._program = Program([sys.executable, "-c", WORKER_CODE], str(folder), LIMITS.memory, environment=ONE_THREAD)
        self.failure_reason = ""
        self._run_number = 0
        self._send_message(warm=str(warm))

    def wait_until_ready(self, closing: Event) -> None:
        """Wait until the process is ready, has failed, or ``closing`` is set."""
        clock = WorkClock(self._program.pid)
        while not closing.is_set() and not self.failure_reason:
            if (message := self._receive_message()) is not None and "ready" in message:
                return
            if clock.seconds > START_SECONDS or clock.stuck:
                self._mark_failed(f"was not ready after {clock.elapsed:.0f} s")

    def work_run(self, data: Mapping[str, Any], directory: Path, unwanted: Event, seconds: float) -> str | None:
        """Work a run into a directory until it ends, ``unwanted`` is set, or it has taken ``seconds`` of CPU time.

        On a busy machine, a run may take much longer than that, but it is not to blame and goes on.

        Returns None if it succeeded, and otherwise a message that says why it did not.
        """
        self._run_number += 1
        self._send_message(run=self._run_number, data=data, directory=str(directory))
        clock, why = WorkClock(self._program.pid), ""
        while not self.failure_reason:
            message = self._receive_message()
            if message is not None and message.get("ended") == self._run_number:
                error: str | None = message["error"]
                return why if why and error == STOPPED_BY_REQUEST else error
            if not why:
                why = STOPPED_BY_REQUEST if unwanted.is_set() else _describe_excess(clock, seconds)
                if why:
                    clock = WorkClock(self._program.pid)
                    self._send_message(stop=self._run_number)
            elif clock.seconds > GRACE_SECONDS or clock.elapsed > max(MOST_GRACE_SECONDS, GRACE_SECONDS):
                self._mark_failed("was killed, as it did not stop")
        return why or f"{self.failure_reason} Start this run again; if that does not help, lower its budget."

    def has_failed(self) -> bool:
        """Return whether the process has failed; also notice that it has died while it was idle."""
        if not self.failure_reason:
            self._receive_message(0.0)
        return bool(self.failure_reason)

    def kill(self) -> None:
        """Kill the process, unless that has been done already: its process id may belong to another process by now."""
        if not self.failure_reason:
            self._program.kill()

    def _send_message(self, **message: Any) -> None:
        try:
            self._program.ask(json.dumps(message).encode() + b"\n", ahead="stop" in message)
        except ProcessEnded as error:
            self._mark_failed(str(error))

    def _receive_message(self, seconds: float = POLL_SECONDS) -> dict[str, Any] | None:
        """Return the next message of the process; None if none arrives within ``seconds`` or the process has died."""
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


def _describe_excess(clock: WorkClock, seconds: float) -> str:
    """Return the error message of a run that takes too long; "" if it does not."""
    if clock.seconds > seconds:
        rule = f"budget must be worked within {seconds:g} s of CPU time"
        return f"{rule}, got a run that takes longer. Lower it, or use faster agents."
    return f"This run has not progressed for {STUCK_SECONDS:g} s. Try again." if clock.stuck else ""
