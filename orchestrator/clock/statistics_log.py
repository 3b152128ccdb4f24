"""A log that keeps statistics instead of points, for runs that are worked only to find out when they would end."""

from __future__ import annotations

from ...agents.agent import Rows
from ..log.log import join_rows
from ..state.events import Collected, Event, Stopped
from .clock import Clock


class StatisticsLog:
    """The log of one run, which folds events into a clock as they are appended, and does not keep them.

    Points are kept while their lease is out, for the archive. A run cannot be resumed from this log.

    Attributes:
        elapsed_seconds: Always 0: there are no earlier sessions.
        clock: The clock.
        evaluations: Evaluations charged so far.
        failures: Number of rows without a loss so far.
        stopped: Why the run ended; None while it runs.
    """

    elapsed_seconds = 0.0

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.evaluations = 0
        self.failures = 0
        self.stopped: str | None = None
        self._rows: dict[int, list[Rows]] = {}

    def events(self) -> list[Event]:
        """Return the empty list: no events are kept."""
        return []

    def append(self, event: Event) -> Event:
        """Fold an event into the clock and the statistics, and return it."""
        self.clock.fold(event)
        if isinstance(event, Collected):
            self.evaluations += event.finding.charged
            self.failures += event.finding.failed_rows
            self._rows.pop(event.finding.lease, None)
        elif isinstance(event, Stopped):
            self.stopped = event.reason
        return event

    def rows(self, lease: int) -> Rows | None:
        """Return the points of a lease that is out; None if there are none, or it was collected."""
        return join_rows(self._rows.get(lease, []))

    def add_rows(self, lease: int, rows: Rows) -> None:
        """Add points of a lease."""
        self._rows.setdefault(lease, []).append(rows)
