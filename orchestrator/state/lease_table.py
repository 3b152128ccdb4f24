"""The leases of a run and the outcome of each, folded from the run's events, for readers of a log.

This complements ``advance``, whose ``Run`` keeps only what a decision needs: a few numbers of each collected lease.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from ...agents.agent import Finding, Lease
from .events import Collected, Event, Granted


class LeaseEntry(NamedTuple):
    """A lease that was granted, and its outcome.

    Attributes:
        lease: The lease as it was granted, with its reason.
        granted_at: Evaluations that the run had been charged when the lease was granted.
        starts: Logical time of the grant, in seconds.
        ends: Logical time at which its whole budget would be spent, in seconds; fixed at the grant. With several
            lanes, a second brings as many evaluations.
        best_before: The run's best loss when the lease was granted; infinite if there was none.
        finding: What the lease brought; None while it has not been collected.
        collected_at: Evaluations that the run had been charged once the lease was collected, including its own; None
            before that.
        best_after: The run's best loss once the lease was collected; infinite before that, or if there was none.
        record: Whether the lease improved the run's best loss.
    """

    lease: Lease
    granted_at: int
    starts: float
    ends: float
    best_before: float
    finding: Finding | None = None
    collected_at: int | None = None
    best_after: float = math.inf
    record: bool = False

    @property
    def charged(self) -> int:
        """Evaluations charged for the lease; 0 while it has not been collected."""
        return 0 if self.finding is None else self.finding.charged


class LeaseTable:
    """All leases of a run by id, in the order in which they were granted.

    The cost of adding an event does not depend on how many leases the table holds, so that a log can be followed as
    it grows.

    Args:
        seconds: Declared cost of one evaluation in logical seconds. By default, logical time is counted in
            evaluations.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self.entries: dict[int, LeaseEntry] = {}
        self._seconds = seconds
        self._spent, self._now, self._best = 0, 0.0, math.inf

    def add_event(self, event: Event) -> list[LeaseEntry]:
        """Add the run's next event.

        Returns:
            The new entries of the leases that the event granted, or of the one that it collected.
        """
        if isinstance(event, Granted):
            return [self._grant(lease) for lease in event.leases]
        return [self._collect(event.finding)] if isinstance(event, Collected) else []

    def _grant(self, lease: Lease) -> LeaseEntry:
        ends = self._now + lease.rounds * self._seconds
        entry = LeaseEntry(lease, self._spent, self._now, ends, self._best)
        self.entries[lease.id] = entry
        return entry

    def _collect(self, finding: Finding) -> LeaseEntry:
        granted, loss = self.entries[finding.lease], finding.best_loss
        record, self._best = loss < self._best, min(self._best, loss)
        self._spent += finding.charged
        self._now = max(self._now, granted.ends)
        entry = granted._replace(finding=finding, collected_at=self._spent, best_after=self._best, record=record)
        self.entries[finding.lease] = entry
        return entry


def fold_leases(events: Iterable[Event], seconds: float = 1.0) -> list[LeaseEntry]:
    """Return the entries of all leases of a run, in the order in which they were granted (see ``LeaseTable``)."""
    table = LeaseTable(seconds)
    for event in events:
        table.add_event(event)
    return list(table.entries.values())
