"""The simulated clock: when things would have happened on so many workers. A fold of a run's events, like its state.

No decision ever sees it, and no clock of the host is read. What is drawn follows from the run's id and the lease's
number alone, so that it does not matter when, how often or in how many sessions the events came.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from ...agents.agent import Finding
from ..loop.randomness import stream
from ..state.events import Collected, Event, Granted, findings
from .settings import Delays

BLOCK_LEASES = 1024
"""Leases whose numbers are drawn at once."""
MOST_LOSSES = 100
"""A lease that has lost so many workers is let through: one that takes much longer than workers live never ends."""
UNDISTURBED_CHANCES = (0.5, 0.5, 1.0, 1.0)
"""The numbers of a lease to which nothing happens."""


@dataclass(frozen=True, slots=True)
class LeaseSpan:
    """One lease on one worker, from ``start`` to ``end``; ``losses`` counts workers lost under it."""

    lease: int
    agent: str
    worker: int
    start: float
    end: float
    losses: int


@dataclass(slots=True)
class OutstandingLease:
    """A lease that is out, as the clock knows it."""

    lease: int
    agent: str
    chances: Sequence[float]
    worker: int = -1
    start: float = 0.0
    end: float = 0.0
    charged: int = -1
    """-1: not collected."""
    loss: float = math.inf


class Clock:
    """When the leases of a run are worked by so many workers. ``seconds`` is one evaluation's declared cost.

    The orchestrator decides when all that it knows of has come in; a lease then waits for the first free worker. How
    long it takes is known once it is collected, and outcomes are collected in logical order, not in this clock's. So a
    grant may have to wait for earlier leases to be collected before it is known which worker is free first: only where
    there are fewer workers than leases out. What is kept is what is out and what waits so: not ``LeaseTable``, which
    keeps every lease, and whose logical time is another.
    """

    def __init__(
        self, run: str, seconds: float, workers: int, delays: Delays | None = None, target: float | None = None,
        ended: Callable[[LeaseSpan], None] | None = None,
    ) -> None:  # fmt: skip
        self.workers, self.delays, self.target = workers, delays or Delays(), target
        self.now = 0.0
        """When the orchestrator has taken its last decision, or heard of the last outcome."""
        self.makespan = 0.0
        """When the last lease came in."""
        self.target_seconds = math.inf
        """When a lease came in that had reached the target."""
        self.leases = self.losses = 0
        self.busy = 0.0
        """Seconds of all workers spent on evaluations, those that were lost included."""
        self._run, self._seconds, self._on_end = run, seconds, ended
        self._chances = LeaseChances(run) if self.delays.random else None
        self._hazard = -math.log1p(-self.delays.failures.probability)
        """That a lease loses its worker, however long it is, as a rate over the lease."""
        self._free = [(0.0, worker) for worker in range(workers)]
        self._unknown = 0
        """Workers with a lease that is not collected."""
        self._outstanding: dict[int, OutstandingLease] = {}
        self._waiting: deque[OutstandingLease] = deque()
        """What is to be gone through in order: a lease stands here once for its grant and once for its outcome."""

    @property
    def busy_share(self) -> float:
        """The share of all workers' time that went into evaluations."""
        whole = self.makespan * self.workers
        return self.busy / whole if whole else 0.0

    def fold(self, event: Event) -> None:
        """Go on with the next event."""
        if isinstance(event, Granted):
            for lease in event.leases:
                chances = UNDISTURBED_CHANCES if self._chances is None else self._chances.of_lease(lease.id)
                self._outstanding[lease.id] = held = OutstandingLease(lease.id, lease.agent, chances)
                if self._waiting or not self._try_advance(held):
                    self._waiting.append(held)
        elif isinstance(event, Collected):
            self._collect(event.finding)
        else:
            return
        while self._waiting and self._try_advance(self._waiting[0]):
            self._waiting.popleft()

    def _collect(self, finding: Finding) -> None:
        held = self._outstanding.pop(finding.lease)
        held.charged, held.loss = finding.charged, finding.best_loss
        if held.worker >= 0:
            self._unknown -= 1
            self._finish_lease(held)
        if self._waiting or not self._try_advance(held):
            self._waiting.append(held)

    def _try_advance(self, held: OutstandingLease) -> bool:
        """Let the orchestrator grant a lease, or hear of its outcome, if it is known when."""
        if held.worker >= 0:
            self.now = max(self.now, held.end)
            return True
        now = self.now + self.delays.decision
        if not self._free or (self._unknown and self._free[0][0] > now):
            # Whoever is free first may be one of those of whom it is not known.
            return False
        free, held.worker = heappop(self._free)
        self.now, held.start = now, max(now, free)
        if held.charged < 0:
            self._unknown += 1
        else:
            self._finish_lease(held)
        return True

    def _finish_lease(self, held: OutstandingLease) -> None:
        """Work out when a lease comes in, now that it is known when it began and what it was charged."""
        delays, (luck, slow, way, lost) = self.delays, held.chances
        work = delays.evaluation.total_seconds(held.charged, self._seconds, luck)
        if slow < delays.stragglers.probability:
            work *= delays.stragglers.factor
        whole = work + delays.latency.total_seconds(1, 0.0, way)
        failures = delays.failures
        hazard = self._hazard if failures.every is None else self._hazard + whole / failures.every
        wasted, losses = (0.0, 0) if lost >= -math.expm1(-hazard) else self._draw_wasted_work(held.lease, whole, hazard)
        held.end = held.start + wasted + losses * failures.replacement + whole
        heappush(self._free, (held.end, held.worker))
        self.leases += 1
        self.losses += losses
        self.busy += wasted + work
        self.makespan = max(self.makespan, held.end)
        if self.target is not None and held.loss <= self.target:
            self.target_seconds = min(self.target_seconds, held.end)
        if self._on_end is not None:
            self._on_end(LeaseSpan(held.lease, held.agent, held.worker, held.start, held.end, losses))

    def _draw_wasted_work(self, lease: int, whole: float, hazard: float) -> tuple[float, int]:
        """Seconds worked in vain by workers that were lost under a lease, at least one, and their number. The danger
        is the same at every moment of the lease."""
        rng = stream("clock", self._run, "lost", lease)
        doomed = -math.expm1(-hazard)
        wasted, losses = 0.0, 0
        while losses == 0 or (losses < MOST_LOSSES and rng.random() < doomed):
            wasted += whole * -math.log1p(-doomed * rng.random()) / hazard
            losses += 1
        return wasted, losses


class LeaseChances:
    """Four uniform numbers a lease, drawn in blocks: a stream for each lease would cost more than all the rest."""

    def __init__(self, run: str) -> None:
        self._run, self._block = run, -1
        self._rows: list[list[float]] = []

    def of_lease(self, lease: int) -> list[float]:
        """The numbers of a lease."""
        block, row = divmod(lease, BLOCK_LEASES)
        if block != self._block:
            self._block, self._rows = block, stream("clock", self._run, block).random((BLOCK_LEASES, 4)).tolist()
        return self._rows[row]


def clock_of(clock: Clock, events: Sequence[Event]) -> Clock:
    """The clock after all events of a log. Leases that were not collected are left out, as if never granted."""
    collected = {finding.lease for finding in findings(events)}
    for event in events:
        if isinstance(event, Granted):
            event = Granted(event.number, tuple(lease for lease in event.leases if lease.id in collected))
        clock.fold(event)
    return clock


def timeline(
    run: str, events: Sequence[Event], seconds: float, workers: int, delays: Delays | None = None
) -> list[LeaseSpan]:
    """The collected leases of a run as the clock would have had them, in the order of granting."""
    shifts: list[LeaseSpan] = []
    clock_of(Clock(run, seconds, workers, delays, ended=shifts.append), events)
    return sorted(shifts, key=lambda shift: shift.lease)
