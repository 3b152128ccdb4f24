"""A log that keeps statistics rather than points: for runs that are worked only to see when they would end."""

from __future__ import annotations

from ...agents.agent import Rows
from ..log.log import join_rows
from ..state.events import Collected, Event, Stopped
from .clock import Clock


class StatisticsLog:
    """One run's log, which folds events into a clock as they come and forgets them. Points that are handed to it are
    kept while their lease is out, for the archive. There is nothing to resume from."""

    elapsed_seconds = 0.0

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.evaluations = 0
        """Charged so far."""
        self.failures = 0
        """Rows without a loss."""
        self.stopped: str | None = None
        """Why the run ended."""
        self._rows: dict[int, list[Rows]] = {}

    def events(self) -> list[Event]:
        return []

    def append(self, event: Event) -> None:
        self.clock.fold(event)
        if isinstance(event, Collected):
            self.evaluations += event.finding.charged
            self.failures += len(event.finding.failures)
            self._rows.pop(event.finding.lease, None)
        elif isinstance(event, Stopped):
            self.stopped = event.reason

    def rows(self, lease: int) -> Rows | None:
        return join_rows(self._rows.get(lease, []))

    def add_rows(self, lease: int, rows: Rows) -> None:
        self._rows.setdefault(lease, []).append(rows)
