"""The protocols by which callers follow the progress of an experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...agents.agent import Incumbent
from ...orchestrator.run_spec import RunSpec


class RunStatus(Protocol):
    """The status of a run. It changes while the run is worked."""

    @property
    def spent(self) -> int:
        """Evaluations spent so far."""
        ...

    @property
    def budget(self) -> int:
        """The budget in evaluations."""
        ...

    @property
    def incumbent(self) -> Incumbent | None:
        """The best point so far; None before the first finite loss."""
        ...


class Watcher(Protocol):
    """Is notified of the progress of runs."""

    def on_run_begin(self, planned: RunSpec, run: RunStatus) -> None:
        """Note that a run starts or is resumed. ``run`` is its status, which changes later."""
        ...

    def on_run_step(self, run: str) -> None:
        """Note that something new has come from the run with this id."""
        ...

    def on_run_end(self, run: str, error: Exception | None) -> None:
        """Note that the run with this id has ended, with the error that ended it, if any."""
        ...


Remark = Callable[[str], None]
"""Receives a remark for the user, one line at a time."""
