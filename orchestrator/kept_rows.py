"""Decides which rows of a run its log keeps whole, and reduces the others to digests (``log: {keep}``)."""

from __future__ import annotations

import math

import numpy as np

from ..agents.agent import RowDigests, Rows
from ..agents.leases.row_digests import digest_rows
from ..landscapes.landscape import Array
from .log.vectors import SHORTEST
from .loop.randomness import stream
from .run_spec import RunSpec
from .state.events import Event, Granted

DIRECTIONS = 8
"""Random directions onto which points are projected: enough to see which points are near each other."""


def choose_interval(planned: RunSpec, share: float) -> int:
    """Return the interval at which a run's rows are to be kept whole, in rows; 1 if all are.

    Half of the share is for these rows. The other half is for the points in events, which are always whole.

    Args:
        planned: The run.
        share: The bytes that its points may take.
    """
    space = planned.facts.space
    if space.dimension < SHORTEST:
        # Digests would take as much as the points.
        return 1
    # A gradient is as large as its point, but rows that have one are fewer, as it is charged.
    vectors = max(1.0, 2.0 / (1.0 + space.gradient_price)) if space.has_gradient else 1.0
    if planned.most_rows > planned.budget:
        # Mini-batches, each with its gradient.
        vectors = max(vectors, 2.0 * planned.most_rows / planned.budget)
    return max(1, math.ceil(planned.budget * vectors * space.dimension * np.float64().nbytes / (share / 2)))


def reads_points(planned: RunSpec) -> bool:
    """Return whether the points of a run are needed while it runs: by its agents, or to answer known settings."""
    return planned.facts.space.remembers or any(agent.reads_archive for _, agent in planned.team)


class RowReducer:
    """Reduces the rows of a run to what its log keeps of them.

    Row r of a lease has the number (budgets of all leases with smaller ids) + r. Rows whose number is a multiple of the
    interval are whole. So that follows from the recorded decisions alone.

    Args:
        run: The run's id, by which the directions of the projections are drawn.
        interval: The interval, in rows.
    """

    def __init__(self, run: str, interval: int) -> None:
        self._run, self._interval = run, interval
        self._starts: list[int] = [0]
        """By lease: the budgets of all leases with smaller ids."""
        self._directions: Array | None = None

    def add_event(self, event: Event) -> None:
        """Take an event of the run; events may be given again."""
        for lease in event.leases if isinstance(event, Granted) else ():
            if lease.id == len(self._starts) - 1:
                self._starts.append(self._starts[-1] + lease.budget)

    def reduce(self, lease: int, rows: Rows) -> Rows:
        """Return rows of a granted lease, all of which are whole, as they are to be kept."""
        first, n = self._starts[lease] + rows.first, len(rows.losses)
        whole = np.flatnonzero(np.arange(first, first + n) % self._interval == 0)
        gradients = None if rows.gradients is None else rows.gradients[whole]
        digests = RowDigests(
            whole,
            digest_rows(rows.points),
            None if rows.gradients is None else digest_rows(rows.gradients),
            rows.points @ self._find_directions(rows.points.shape[1]),
        )
        return Rows(rows.first, rows.points[whole], rows.losses, gradients, rows.failures, digests=digests)

    def _find_directions(self, dimension: int) -> Array:
        """Return the directions (D, directions). They preserve squared distances between points on average."""
        if self._directions is None:
            drawn = stream(self._run, "directions").standard_normal((dimension, DIRECTIONS))
            self._directions = drawn / math.sqrt(DIRECTIONS)
        return self._directions
