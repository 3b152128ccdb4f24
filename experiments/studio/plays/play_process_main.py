"""The program of a worker process: it works the playground's experiments one after the other.

It reads lines of JSON that say what to run and what to stop, and answers when a run begins and how it ended. It exits
when its input is closed, that is, when its parent has ended.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any

from ....agents.evaluation.children.child_main import write_all
from ....landscapes.landscape import describe_exception
from ....orchestrator.run_spec import RunSpec
from ...execution.plan import make_plan
from ...execution.session import RunInterrupted, begin_session
from ...execution.watcher import RunStatus
from ...spec import catalogue
from ...spec.errors import SpecError
from ...spec.load import Experiment
from .play import PlaySettings, experiment_data
from .play_branch import BRANCH_JOB, work_play_branch
from .play_process import STOPPED_BY_REQUEST

WARM_UP_SETTINGS = PlaySettings(budget=60)
"""The settings of a run that is worked before the first request, to load everything that a run needs into memory."""


class RequestChannel:
    """The channel to the parent. A thread reads the requests, because a run may be stopped while it is worked."""

    def __init__(self) -> None:
        # Redirect stdout to stderr, so that printed output does not mix with the answers.
        self._output = os.dup(1)
        os.dup2(2, 1)
        self._input = sys.stdin.buffer
        self._runs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stop_numbers: set[int] = set()
        threading.Thread(target=self._read_requests, daemon=True).start()

    def _read_requests(self) -> None:
        for line in self._input:
            message = json.loads(line)
            if "stop" in message:
                self._stop_numbers.add(message["stop"])
            else:
                self._runs.put(message)
        # Exit at once, even in the middle of a run: nobody will read its results.
        os._exit(0)

    def next(self) -> dict[str, Any]:
        """Wait for the next request of a run and return it."""
        return self._runs.get()

    def is_stopped(self, number: int) -> bool:
        """Return whether a run was asked to stop."""
        return number in self._stop_numbers

    def send_message(self, **message: Any) -> None:
        write_all(self._output, json.dumps(message).encode() + b"\n")


class StopWatcher:
    """A watcher that ends a run, as Ctrl-C would, when it was asked to stop."""

    def __init__(self, asker: RequestChannel, number: int) -> None:
        self._channel, self._number = asker, number

    def on_run_begin(self, planned: RunSpec, run: RunStatus) -> None:
        self._channel.send_message(began=self._number)
        self.on_run_step(planned.id)

    def on_run_step(self, run: str) -> None:
        if self._channel.is_stopped(self._number):
            raise KeyboardInterrupt

    def on_run_end(self, run: str, error: Exception | None) -> None:
        """Do nothing: the end of a run is reported together with its result."""


def serve_play_requests() -> None:
    """Work the requested runs until the parent closes the channel."""
    asker = RequestChannel()
    for family in catalogue.FAMILIES:
        catalogue.family_classes(family)
    first = asker.next()
    _run_experiment(experiment_data(WARM_UP_SETTINGS), Path(first["warm"]), StopWatcher(asker, 0))
    asker.send_message(ready=os.getpid())
    while True:
        asked = asker.next()
        number = asked["run"]
        error = _run_experiment(asked["data"], Path(asked["directory"]), StopWatcher(asker, number))
        asker.send_message(ended=number, error=error)


def _run_experiment(data: dict[str, Any], directory: Path, watcher: StopWatcher) -> str | None:
    """Run an experiment or a branch into a directory; return None if it succeeded, and otherwise an error message."""
    try:
        if BRANCH_JOB in data:
            return next((str(error) for error in work_play_branch(data, directory, watcher).values()), None)
        experiment = Experiment.from_data(data)
        _, errors = begin_session(make_plan(experiment.with_executor("simulated")), directory, watcher)
        return next((str(error) for error in errors.values()), None)
    except RunInterrupted:
        return STOPPED_BY_REQUEST
    except SpecError as error:
        return str(error)
    except Exception as error:
        return f"The run {describe_exception(error)}"
