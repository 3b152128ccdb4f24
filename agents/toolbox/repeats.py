"""Repeats of the best points of a search, which tell under noise which of them is best."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ...landscapes.landscape import Array
from ..agent import Incumbent, Lease, Proposal, Repeat, Told

AVERAGED = (5, 10, 20, 40)
"""Of so many of the best points, the mean is repeated."""
FIRST_REPEATS = 3
"""Repeats of the best point, which tell whether there is noise there."""
ROUNDS = 4
"""Repeats of each point, after which only those are repeated that are best on the mean."""
FINALISTS = 2
"""How many these are."""
FIRST_LOSSES = 60
"""The first losses of a search, which tell the range of the loss."""
NEGLIGIBLE = 3e-3
"""Noise at the best point is negligible if it is at most this fraction of the range: it fades towards the minimum, as
noise in proportion to the loss does, and the lowest loss is a good guide."""


class BestPoints:
    """The best points of a search, and the range of its first losses.

    Args:
        dimension: The number of axes.

    Attributes:
        points: The best points, the best one first, shape (n, D).
        losses: Their losses, shape (n,).
        repeated: The lease in which they were repeated last; -1 if none was.

    Example:
        >>> known = BestPoints(1)
        >>> known.add(np.array([[0.1], [0.2], [0.3], [0.4]]), np.array([3.0, 1.0, np.inf, 2.0]))
        >>> known.points.ravel().tolist(), known.range
        ([0.2, 0.4, 0.1], 1.0)
    """

    def __init__(self, dimension: int) -> None:
        self.points, self.losses = np.empty((0, dimension)), np.empty(0)
        self.repeated = -1
        self._first = np.empty(0)

    def add(self, points: Array, losses: Array) -> None:
        """Remember points (n, D) and their losses (n,) if they are among the best. Failed ones are left out."""
        if len(self._first) < FIRST_LOSSES:
            self._first = np.append(self._first, losses[np.isfinite(losses)])[:FIRST_LOSSES]
        full = len(self.losses) == AVERAGED[-1]
        better = np.flatnonzero(losses < (self.losses[-1] if full else np.inf))
        if len(better):
            points, losses = np.vstack([self.points, points[better]]), np.append(self.losses, losses[better])
            order = np.argsort(losses, kind="stable")[: AVERAGED[-1]]
            self.points, self.losses = points[order], losses[order]

    @property
    def range(self) -> float:
        """The interquartile range of the first losses; 0 if there are none."""
        return float(np.subtract(*np.percentile(self._first, [75, 25]))) if len(self._first) else 0.0

    def list_candidates(self, incumbent: Incumbent | None = None) -> Array:
        """Return the best point and the means of the best ones, as many as there are, shape (n, D).

        An incumbent that is none of them comes first: an earlier search or another agent has found it, and it is mostly
        better than all points of this search.
        """
        means = [self.points[:n].mean(axis=0) for n in AVERAGED if n <= len(self.points)]
        found = np.vstack([self.points[:1], *means])
        if incumbent is None or (found == incumbent.point).all(axis=1).any():
            return found
        return np.vstack([incumbent.point, found])


def repeat_best(known: BestPoints, lease: Lease) -> Generator[Proposal, Told, Lease]:
    """Repeat the best points and the incumbent until the lease is spent, or end if noise is negligible there.

    Args:
        known: The best points of the search.
        lease: The lease in force.

    Returns:
        The lease in force after that.
    """
    known.repeated = lease.id
    if not len(known.points):
        return lease
    candidates = known.list_candidates(lease.incumbent)
    sums, counts = np.zeros(len(candidates)), np.zeros(len(candidates))
    probes: list[float] = []
    while len(probes) < FIRST_REPEATS:
        told = yield Repeat(candidates[:1])
        if told.lease.id != lease.id:
            return told.lease
        probes.append(float(told.losses[0]))
    if not np.isfinite(probes).all() or np.std(probes, ddof=1) <= NEGLIGIBLE * known.range:
        return told.lease
    sums[0], counts[0] = sum(probes), FIRST_REPEATS
    while True:
        again = np.flatnonzero(counts < ROUNDS)
        if not len(again):
            again = np.argsort(sums / counts, kind="stable")[:FINALISTS]
        told = yield Repeat(candidates[again])
        if told.lease.id != lease.id:
            return told.lease
        sums[again] += told.losses
        counts[again] += 1
