"""The simulated clock: when leases would have been worked on a given number of workers.

Like the state of a run, it is a fold of the run's events. No decision ever sees it, and it does not read the host's
clock. All random numbers follow from the run's id and the lease's id alone, so that it does not matter when, how often
or in how many sessions the events were recorded.
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
"""Number of leases whose random numbers are drawn at once."""
MOST_LOSSES = 100
"""A lease that has lost this many workers is completed by the next one. Otherwise a lease that takes much longer than
workers live would never end."""
UNDISTURBED_CHANCES = (0.5, 0.5, 1.0, 1.0)
"""The random numbers of a lease that nothing delays."""


@dataclass(frozen=True, slots=True)
class LeaseSpan:
    """One lease on one worker.

    Attributes:
        lease: Id of the lease.
        agent: Name of the member that worked it.
        worker: Number of the worker, counted from 0.
        start: When it started, in simulated seconds since the start of the run.
        end: When its outcome reached the orchestrator, in simulated seconds.
        losses: Number of workers that were lost while they worked on it.
    """

    lease: int
    agent: str
    worker: int
    start: float
    end: float
    losses: int


@dataclass(slots=True)
class OutstandingLease:
    """The clock's state of a lease that it has not finished.

    Attributes:
        lease: Id of the lease.
        agent: Name of the member that works it.
        chances: Its four random numbers (see ``LeaseChances``).
        worker: Number of the worker; -1 while it is not known.
        start: When it started, in simulated seconds.
        end: When its outcome reached the orchestrator, in simulated seconds.
        charged: Evaluations charged for it; -1 while it has not been collected.
        loss: Its best loss; infinite if there is none.
        lanes: How many of its evaluations its worker makes side by side.
    """

    lease: int
    agent: str
    chances: Sequence[float]
    worker: int = -1
    start: float = 0.0
    end: float = 0.0
    charged: int = -1
    loss: float = math.inf
    lanes: int = 1


class Clock:
    """Computes when the leases of a run are worked by a given number of workers.

    The orchestrator takes a decision when the outcomes that it depends on have arrived; a lease then waits for the
    first free worker. How long a lease takes is known once it is collected, and outcomes are collected in logical
    order, not in the order of this clock. So the clock may have to wait until earlier leases are collected before it
    knows which worker is free first. This happens only where there are fewer workers than leases out.

    The clock keeps only the leases that are out and those that wait in this way. It does not use ``LeaseTable``, which
    keeps every lease, and whose logical time differs from the time of this clock.

    Args:
        run: Id of the run, the key of the random numbers.
        seconds: Declared cost of one evaluation, in simulated seconds.
        workers: Number of workers.
        delays: What delays leases; default: nothing, only the declared cost counts.
        target: The loss whose time is noted; None: no target.
        ended: Called with each lease when its end is known.

    Attributes:
        now: When the orchestrator took its last decision or received the last outcome, in simulated seconds.
        makespan: When the last outcome arrived, in simulated seconds.
        target_seconds: When the outcome of a lease that had reached the target first arrived; infinite if none has.
        leases: Number of finished leases.
        losses: Number of workers lost.
        busy: Seconds that all workers together spent on evaluations, including work that was lost.
    """

    def __init__(
        self, run: str, seconds: float, workers: int, delays: Delays | None = None, target: float | None = None,
        ended: Callable[[LeaseSpan], None] | None = None,
    ) -> None:  # fmt: skip
        self.workers, self.delays, self.target = workers, delays or Delays(), target
        self.now = 0.0
        self.makespan = 0.0
        self.target_seconds = math.inf
        self.leases = self.losses = 0
        self.busy = 0.0
        self._run, self._seconds, self._on_end = run, seconds, ended
        self._chances = LeaseChances(run) if self.delays.random else None
        self._hazard = -math.log1p(-self.delays.failures.probability)
        """The probability that a lease loses its worker, whatever its length, as a hazard rate over the lease."""
        self._free = [(0.0, worker) for worker in range(workers)]
        self._unknown = 0
        """Number of workers whose lease has not been collected, so that its end is unknown."""
        self._outstanding: dict[int, OutstandingLease] = {}
        self._waiting: deque[OutstandingLease] = deque()
        """Grants and outcomes that are still to be processed, in order. A lease may be in it once for its grant and
        once for its outcome."""

    @property
    def busy_share(self) -> float:
        """Fraction of the time of all workers that was spent on evaluations, from 0 to 1."""
        whole = self.makespan * self.workers
        return self.busy / whole if whole else 0.0

    def fold(self, event: Event) -> None:
        """Advance the clock by the run's next event."""
        if isinstance(event, Granted):
            for lease in event.leases:
                chances = UNDISTURBED_CHANCES if self._chances is None else self._chances.of_lease(lease.id)
                self._outstanding[lease.id] = held = OutstandingLease(lease.id, lease.agent, chances, lanes=lease.lanes)
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
        """Process the grant of a lease, or the arrival of its outcome, if its time is known.

        Returns:
            Whether the time is known.
        """
        if held.worker >= 0:
            self.now = max(self.now, held.end)
            return True
        now = self.now + self.delays.decision
        if not self._free or (self._unknown and self._free[0][0] > now):
            # The worker that is free first may be one whose end is not known yet.
            return False
        free, held.worker = heappop(self._free)
        self.now, held.start = now, max(now, free)
        if held.charged < 0:
            self._unknown += 1
        else:
            self._finish_lease(held)
        return True

    def _finish_lease(self, held: OutstandingLease) -> None:
        """Compute when the outcome of a lease arrives, once its start and its charge are known."""
        delays, (luck, slow, way, lost) = self.delays, held.chances
        rounds = -(-held.charged // held.lanes)
        work = delays.evaluation.total_seconds(rounds, self._seconds, luck)
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
        """Draw the losses of a lease that loses at least one worker. The hazard is constant over the lease.

        Args:
            lease: Id of the lease.
            whole: Seconds that the lease takes without losses.
            hazard: The hazard rate over the whole lease.

        Returns:
            Seconds of work that were lost, and the number of workers that were lost.
        """
        rng = stream("clock", self._run, "lost", lease)
        doomed = -math.expm1(-hazard)
        wasted, losses = 0.0, 0
        while losses == 0 or (losses < MOST_LOSSES and rng.random() < doomed):
            wasted += whole * -math.log1p(-doomed * rng.random()) / hazard
            losses += 1
        return wasted, losses


class LeaseChances:
    """Four uniform random numbers for each lease, drawn in blocks.

    A random stream for each lease would cost more than all other work of the clock.

    Args:
        run: Id of the run, the key of the random numbers.
    """

    def __init__(self, run: str) -> None:
        self._run, self._block = run, -1
        self._rows: list[list[float]] = []

    def of_lease(self, lease: int) -> list[float]:
        """Return the four random numbers of a lease, from [0, 1)."""
        block, row = divmod(lease, BLOCK_LEASES)
        if block != self._block:
            self._block, self._rows = block, stream("clock", self._run, block).random((BLOCK_LEASES, 4)).tolist()
        return self._rows[row]


def clock_of(clock: Clock, events: Sequence[Event]) -> Clock:
    """Advance a clock by all events of a log, and return it.

    Leases that were not collected are left out, as if they had never been granted.
    """
    collected = {finding.lease for finding in findings(events)}
    for event in events:
        if isinstance(event, Granted):
            event = Granted(event.number, tuple(lease for lease in event.leases if lease.id in collected))
        clock.fold(event)
    return clock


def timeline(
    run: str, events: Sequence[Event], seconds: float, workers: int, delays: Delays | None = None
) -> list[LeaseSpan]:
    """Return when the collected leases of a run would have been worked.

    Args:
        run: Id of the run.
        events: The events of the run, in order.
        seconds: Declared cost of one evaluation, in simulated seconds.
        workers: Number of workers.
        delays: What delays leases; default: nothing, only the declared cost counts.

    Returns:
        The spans of the leases, in the order in which they were granted.
    """
    shifts: list[LeaseSpan] = []
    clock_of(Clock(run, seconds, workers, delays, ended=shifts.append), events)
    return sorted(shifts, key=lambda shift: shift.lease)
