"""The simulated time of a run: how long it took so many workers, and which losses they knew when."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array
from ...orchestrator.branch import find_stream_id
from ...orchestrator.clock.clock import Clock, LeaseSpan, clock_of
from ...orchestrator.log.reader import Points
from ..spec.models import SimulatedSettings
from .recorded_runs import RunData


@dataclass(frozen=True, slots=True)
class ClockAccount:
    """The simulated time of a run.

    Attributes:
        workers: The number of workers.
        makespan: Simulated seconds until the last lease was collected.
        busy_share: The share of the workers' time that was spent on evaluations.
        losses: The number of workers lost.
        record_seconds: When each lease was collected that brought a lower loss than all leases before it, in simulated
            time or in the order of the log, which differ; in simulated seconds, shape (n,), increasing.
        record_losses: The best loss of each of these leases, shape (n,).
        record_collected: The evaluations up to the end of each of these leases in the log, shape (n,).
    """

    workers: int
    makespan: float
    busy_share: float
    losses: int
    record_seconds: Array = field(repr=False, compare=False)
    record_losses: Array = field(repr=False, compare=False)
    record_collected: NDArray[np.int64] = field(repr=False, compare=False)


def account_for_time(run: RunData, delays: SimulatedSettings) -> ClockAccount:
    """Return the simulated time of a run. If the settings have no ``workers``, there is one worker per agent."""
    workers = delays.workers or len(run.team)
    ends: dict[int, float] = {}

    def note_end(span: LeaseSpan) -> None:
        ends[span.lease] = span.end

    # A branch is delayed as its original was.
    drawn = find_stream_id(run.id, run.settings)
    clock = Clock(drawn, run.settings["landscape"]["seconds"], workers, delays, ended=note_end)
    clock_of(clock, run.events)
    return ClockAccount(workers, clock.makespan, clock.busy_share, clock.losses, *_order_by_time(run, ends))


def _order_by_time(run: RunData, ends: dict[int, float]) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return the end, the best loss and the evaluations of leases that improved the best loss, in order of time."""
    last = find_last_points(run.points)
    if not len(last):
        return np.empty(0), np.empty(0), np.empty(0, dtype=np.int64)
    losses = np.minimum.reduceat(run.points.losses, np.concatenate([[0], last[:-1] + 1]))
    # A lease has no end while it waits for a worker of whom that is not known.
    seconds = np.array([ends.get(lease, np.inf) for lease in run.points.lease[last].tolist()])
    order = np.lexsort((losses, seconds))
    # What came early in time may be late in the log, beyond the budget that counts.
    better = _find_records(losses)[order] | _find_records(losses[order])
    kept = order[better & np.isfinite(seconds[order])]
    return seconds[kept], losses[kept], run.spent[last[kept]]


def _find_records(losses: Array) -> NDArray[np.bool_]:
    """Return which losses are below all before them."""
    found: NDArray[np.bool_] = losses < np.concatenate([[np.inf], np.minimum.accumulate(losses)[:-1]])
    return found


def find_last_points(points: Points) -> NDArray[np.int64]:
    """Return the place of the last point of each lease. The points of a lease are neighbours."""
    return np.flatnonzero(np.append(points.lease[1:] != points.lease[:-1], len(points.lease) > 0))
