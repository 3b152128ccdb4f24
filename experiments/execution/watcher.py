"""Who hears of an experiment's progress, and what of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...agents.agent import Incumbent
from ...orchestrator.run_spec import RunSpec


class RunStatus(Protocol):
    """How a run stands; it changes as the run goes on."""

    @property
    def spent(self) -> int: ...

    @property
    def budget(self) -> int: ...

    @property
    def incumbent(self) -> Incumbent | None: ...


class Watcher(Protocol):
    """Hears of progress."""

    def on_run_begin(self, planned: RunSpec, run: RunStatus) -> None:
        """A run starts, or goes on."""
        ...

    def on_run_step(self, run: str) -> None:
        """Something came of this run."""
        ...

    def on_run_end(self, run: str, error: Exception | None) -> None:
        """A run ended, by an error if one is given."""
        ...


Remark = Callable[[str], None]
