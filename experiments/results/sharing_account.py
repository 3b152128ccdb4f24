"""What sharing did in a run: the leases that began at another agent's point, and how far the points were spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...agents.agent import Lease
from ...landscapes.landscape import Array
from ...orchestrator.log.reader import Points
from ...orchestrator.policies.composed import fit_region
from ...orchestrator.state.events import Event
from ...orchestrator.state.lease_table import fold_leases


@dataclass(frozen=True, slots=True)
class SharingAccount:
    """What sharing did in a run of a team.

    Spreads are root mean squares of the distances of points from their mean, in the unit cube, per axis.

    Attributes:
        leases: The collected leases.
        records: How many of them improved the best loss of the run.
        sent: How many began at another agent's point.
        sent_records: How many of those improved the best loss of the run.
        spread_before: The mean spread of the points of an agent in the lease before it was sent to another's point;
            NaN if that is unknown.
        spread_after: The same in the lease that began there.
        late_spread: The spread of all points in the second half of the run; NaN if that is unknown.
    """

    leases: int
    records: int
    sent: int
    sent_records: int
    spread_before: float
    spread_after: float
    late_spread: float


def account_for_sharing(events: list[Event], points: Points) -> SharingAccount:
    """Return what sharing did in a run.

    Args:
        events: The events of the run, in order.
        points: Its points; those without coordinates are left out of spreads.
    """
    entries = [entry for entry in fold_leases(events) if entry.finding is not None]
    kept = points.select_whole()
    last, before, after = dict[str, int](), list[float](), list[float]()
    sent = [entry for entry in entries if is_sent_elsewhere(entry.lease)]
    for entry in entries:
        lease = entry.lease
        if is_sent_elsewhere(lease) and lease.agent in last:
            pair = [_spread_of_lease(kept, id) for id in (last[lease.agent], lease.id)]
            if not np.isnan(pair).any():
                before.append(pair[0])
                after.append(pair[1])
        last[lease.agent] = lease.id
    return SharingAccount(
        len(entries), sum(entry.record for entry in entries), len(sent), sum(entry.record for entry in sent),
        float(np.mean(before)) if before else np.nan, float(np.mean(after)) if after else np.nan,
        _find_spread(kept.cube[len(kept.cube) // 2 :]),
    )  # fmt: skip


def is_sent_elsewhere(lease: Lease) -> bool:
    """Return whether a lease sends its agent to the point of another agent."""
    shared = lease.incumbent
    if shared is None or shared.agent == lease.agent:
        return False
    there = fit_region(shared.point, lease.region.radius).center
    return lease.takes_over or bool(np.array_equal(there, lease.region.center))


def _spread_of_lease(points: Points, lease: int) -> float:
    return _find_spread(points.cube[points.lease == lease])


def _find_spread(cube: Array) -> float:
    """Return the spread of points, shape (n, D); NaN of fewer than two."""
    return float(np.sqrt(cube.var(axis=0).mean())) if len(cube) > 1 else float("nan")
