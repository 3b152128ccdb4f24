"""A worker process, from the side of whoever has it work: asked for one run at a time, which can be stopped."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from ....landscapes.process.line_pipe import Ended
from ....landscapes.process.program import Program
from .limits import LIMITS

WORK = f"from {__package__}.play_process_main import main; main()"
STOPPED = "stopped"
"""How a run went that was told to stop."""
START_SECONDS = 60.0
POLL_SECONDS = 0.02
"""How soon a worker hears that its run is wanted no longer."""
GRACE_SECONDS = 0.15
"""So long a run may take to stop when told; then its process is killed."""
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Runs use one thread anyway; pools of more would but fill memory."""


class Worker:
    """One process that works runs in a folder; it dies with the thread that made it.

    ``trouble`` says in words why it is of no more use; "" while it is.
    """

    def __init__(self, folder: Path, warm: Path) -> None:
        self._program = Program([sys.executable, "-c", WORK], str(folder), LIMITS.memory, environment=ONE_THREAD)
        self.trouble = ""
        self._runs = 0
        self._tell(warm=str(warm))

    def ready(self, closing: Event) -> None:
        """Wait until it can work, or is in trouble, or nobody wants it any more."""
        deadline = time.monotonic() + START_SECONDS
        while not closing.is_set() and not self.trouble:
            if (message := self._heard()) is not None and "ready" in message:
                return
            if time.monotonic() > deadline:
                self._lost(f"was not ready after {START_SECONDS:g} s")

    def work(self, data: Mapping[str, Any], directory: Path, unwanted: Event, seconds: float) -> str | None:
        """Work a run into a directory, until it ends, is ``unwanted``, or has taken so many seconds.

        None if it ended well, else why it did not in words.
        """
        self._runs += 1
        self._tell(run=self._runs, data=data, directory=str(directory))
        deadline, why = time.monotonic() + seconds, ""
        while not self.trouble:
            message = self._heard()
            if message is not None and message.get("ended") == self._runs:
                error: str | None = message["error"]
                return why if why and error == STOPPED else error
            now = time.monotonic()
            if not why and (unwanted.is_set() or now > deadline):
                why = STOPPED if unwanted.is_set() else too_long(seconds)
                deadline = now + GRACE_SECONDS
                self._tell(stop=self._runs)
            elif now > deadline:
                self._lost("was killed, as it did not stop")
        return why or f"{self.trouble} Play this run again; if that does not help, lower its budget."

    def gone(self) -> bool:
        """Whether it is in trouble, be it that it died while nobody asked it for anything."""
        if not self.trouble:
            self._heard(0.0)
        return bool(self.trouble)

    def kill(self) -> None:
        """Kill the process, unless that has been done: its number may be another's by now."""
        if not self.trouble:
            self._program.kill()

    def _tell(self, **message: Any) -> None:
        try:
            self._program.ask(json.dumps(message).encode() + b"\n", ahead="stop" in message)
        except Ended as error:
            self._lost(str(error))

    def _heard(self, seconds: float = POLL_SECONDS) -> dict[str, Any] | None:
        """What it says within a moment; None if that is nothing, or if it has died."""
        try:
            found: dict[str, Any] = json.loads(self._program.wait(time.monotonic() + seconds))
        except TimeoutError:
            return None
        except (Ended, ValueError) as error:
            self._lost(str(error))
            return None
        return found

    def _lost(self, why: str) -> None:
        self.trouble = f"The process that works runs {why}."
        self._program.kill()


def too_long(seconds: float) -> str:
    """What is said of a run that was stopped by the time limit."""
    return f"budget must be worked within {seconds:g} s, got a run that takes longer. Lower it, or use quicker agents."
