"""The program of a worker process: works ordinary experiments of the playground, one after the other.

It is told in lines of JSON what to run and what to stop, and says when it begins and how it went. It ends with whoever
asks: when nobody can ask any more.
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
from ....landscapes.landscape import raised
from ....orchestrator.run_spec import PlannedRun
from ...execution.plan import plan
from ...execution.session import Interrupted, begin_session
from ...execution.watcher import Shown
from ...spec import catalogue
from ...spec.errors import SpecError
from ...spec.models import Experiment
from .play import PlaySettings, data_of
from .play_process import STOPPED

WARM = PlaySettings(budget=60)
"""What is worked before anything is asked for: it brings into memory what every run needs."""


class Asker:
    """Whoever asks: hears of runs in a thread of its own, as a run may be told to stop while it is worked."""

    def __init__(self) -> None:
        # What is printed must not mix with the answers.
        self._answers = os.dup(1)
        os.dup2(2, 1)
        self._questions = sys.stdin.buffer
        self._runs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        for line in self._questions:
            message = json.loads(line)
            if "stop" in message:
                self._stopped.add(message["stop"])
            else:
                self._runs.put(message)
        # At once, wherever a run stands: nobody will read of it.
        os._exit(0)

    def next(self) -> dict[str, Any]:
        """The next run that is asked for."""
        return self._runs.get()

    def stopped(self, number: int) -> bool:
        """Whether a run was told to stop."""
        return number in self._stopped

    def tell(self, **message: Any) -> None:
        write_all(self._answers, json.dumps(message).encode() + b"\n")


class Stopping:
    """Watches a run, and ends it as Ctrl-C would once it was told to stop."""

    def __init__(self, asker: Asker, number: int) -> None:
        self._asker, self._number = asker, number

    def begun(self, planned: PlannedRun, run: Shown) -> None:
        self._asker.tell(began=self._number)
        self.stepped(planned.id)

    def stepped(self, run: str) -> None:
        if self._asker.stopped(self._number):
            raise KeyboardInterrupt

    def ended(self, run: str, error: Exception | None) -> None:
        """It is told with the results."""


def main() -> None:
    """Work what is asked for, until nobody asks any more."""
    asker = Asker()
    for family in catalogue.FAMILIES:
        catalogue.family(family)
    first = asker.next()
    _work(data_of(WARM), Path(first["warm"]), Stopping(asker, 0))
    asker.tell(ready=os.getpid())
    while True:
        asked = asker.next()
        number = asked["run"]
        error = _work(asked["data"], Path(asked["directory"]), Stopping(asker, number))
        asker.tell(ended=number, error=error)


def _work(data: dict[str, Any], directory: Path, watcher: Stopping) -> str | None:
    """Run an experiment into a directory; None, or in words what went wrong."""
    try:
        experiment = Experiment.from_data(data)
        _, errors = begin_session(plan(experiment.with_executor("simulated")), directory, watcher)
        return next((str(error) for error in errors.values()), None)
    except Interrupted:
        return STOPPED
    except SpecError as error:
        return str(error)
    except Exception as error:
        return f"The run {raised(error)}"
