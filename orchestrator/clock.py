"""The simulated clock: when things would have happened on so many workers, told from a log and a seed alone.

No decision ever sees it, and no clock of the host is read: it is a function of events that are already written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..agents.agent import Lease
from .randomness import stream
from .run import Event, Failed, Found, Granted


@dataclass(frozen=True, slots=True)
class Clock:
    """What delays a lease. Times are in simulated seconds."""

    workers: int
    latency: float = 0.0
    """Beside its evaluations, a lease takes so long."""
    straggler_probability: float = 0.0
    straggler_factor: float = 1.0
    """A slow lease takes so many times longer."""
    failure_probability: float = 0.0
    """How often a worker is lost under a lease, which is then begun again."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One lease on one worker, from ``start`` to ``end``; ``losses`` counts workers lost under it."""

    lease: int
    agent: str
    worker: int
    start: float
    end: float
    losses: int


def timeline(run: str, events: Sequence[Event], seconds: float, clock: Clock) -> list[Shift]:
    """The collected leases of a run as the clock would have had them. ``seconds`` is one evaluation's declared cost.

    A decision is taken when all that it knows of has come in; a lease then waits for the first free worker.
    """
    charged = _charges(events)
    free = np.zeros(clock.workers)
    now = 0.0
    shifts: dict[int, Shift] = {}
    for event in events:
        if isinstance(event, Granted):
            for lease in event.leases:
                if lease.id not in charged:
                    continue
                worker = int(np.argmin(free))
                start = max(now, float(free[worker]))
                duration, losses = _duration(run, lease, charged[lease.id] * seconds, clock)
                free[worker] = start + duration
                shifts[lease.id] = Shift(lease.id, lease.agent, worker, start, start + duration, losses)
        elif isinstance(event, Found | Failed):
            number = event.finding.lease if isinstance(event, Found) else event.lease
            now = max(now, shifts[number].end)
    return list(shifts.values())


def _charges(events: Sequence[Event]) -> dict[int, int]:
    found = {e.finding.lease: e.finding.charged for e in events if isinstance(e, Found)}
    return found | {e.lease: e.charged for e in events if isinstance(e, Failed)}


def _duration(run: str, lease: Lease, work: float, clock: Clock) -> tuple[float, int]:
    """How long a lease takes, in simulated seconds, and how many workers are lost under it."""
    rng = stream("clock", run, lease.id)
    slow = rng.random() < clock.straggler_probability
    whole = clock.latency + work * (clock.straggler_factor if slow else 1.0)
    wasted, losses = 0.0, 0
    while rng.random() < clock.failure_probability:
        # Lost at a moment that is as likely as any other.
        wasted += whole * rng.random()
        losses += 1
    return wasted + whole, losses


def makespan(shifts: Sequence[Shift]) -> float:
    """When the last lease came in."""
    return max((shift.end for shift in shifts), default=0.0)


def busy_share(shifts: Sequence[Shift], workers: int) -> float:
    """The share of all workers' time in which they worked."""
    whole = makespan(shifts) * workers
    return sum(shift.end - shift.start for shift in shifts) / whole if whole else 0.0
