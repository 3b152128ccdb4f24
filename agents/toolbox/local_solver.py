"""A local solver as a search: inverted, watched for its best point, and started again where a lease calls it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...landscapes.landscape import Array
from ..agent import Converged, Lease, Search
from .callback import Objective, invert_solver
from .steering import clip_to_cube, draw_points, is_called_away, restart_point

Solve = Callable[[Objective, Array, float], str]
"""``solve(objective, start, radius)``: run a solver from a point (D,) of the cube; its own word on why it ended."""
MOST_STARTS_ELSEWHERE = 50
"""Starts at a failed point before the solver may try from one."""


def follow_solver(solve: Solve, lease: Lease, rng: np.random.Generator, first: Array | None = None) -> Search:
    """Follow a solver from the point ``first`` (D,), by default the center of the lease's region, with that region's
    radius, to the minimum it ends at.

    If that point fails, it starts elsewhere in the region. If a lease's region no longer holds the best point,
    it starts anew at the incumbent if that lies in the region, else at the region's center.
    """
    start, tries = clip_to_cube(lease.region.center) if first is None else first, 0
    while True:
        region, best, loss = lease.region, start, np.inf
        solver = invert_solver(_bind_solver(solve, start, region.radius))
        try:
            proposal = next(solver)
            while not is_called_away(lease, region, best):
                told = yield proposal
                lease = told.lease
                row = 0 if len(told.losses) == 1 else int(told.losses.argmin())
                if told.losses[row] < loss:
                    rows = proposal if isinstance(proposal, np.ndarray) else proposal.points
                    best, loss = rows[row].copy(), float(told.losses[row])
                elif loss == np.inf and tries < MOST_STARTS_ELSEWHERE:
                    # No solver finds its way out of a place where it hears of no loss at all.
                    tries += 1
                    best = draw_points(lease.region, rng)[0]
                    break
                proposal = solver.send(told)
        except StopIteration as stop:
            return Converged(best, loss, stop.value) if loss < np.inf else None
        finally:
            solver.close()
        start = restart_point(lease) if is_called_away(lease, region, best) else best


def _bind_solver(solve: Solve, start: Array, radius: float) -> Callable[[Objective], str]:
    return lambda objective: solve(objective, start.copy(), radius)
