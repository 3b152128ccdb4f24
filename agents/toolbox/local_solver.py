"""Run a local solver as a search: record its best point, and restart it where a lease calls it away."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...landscapes.landscape import Array
from ..agent import Converged, Lease, Search
from .callback import Objective, invert_solver
from .steering import clip_to_cube, draw_points, is_called_away, is_handed_over, restart_point

Solve = Callable[[Objective, Array, float], str]
"""A function ``solve(objective, start, radius)`` that runs a solver from a point (D,) of the unit cube, and returns why
the solver ended, in words."""
MOST_STARTS_ELSEWHERE = 50
"""How many starting points may fail before the solver is run from a failed one."""


def follow_solver(
    solve: Solve, lease: Lease, rng: np.random.Generator, first: Array | None = None, takes_over: bool = False
) -> Search:
    """Run a local solver until it ends at a minimum; an agent's ``search`` can return this generator.

    If the starting point fails, the solver starts elsewhere in the region. If the region of a new lease does not
    contain the best point, the solver is started again at the incumbent if that lies in the region, else at the
    region's center.

    Args:
        solve: Runs the solver: ``solve(objective, start, radius)`` returns why it ended, in words.
        lease: The lease in force.
        rng: Random numbers, for starting points after failures.
        first: Where the solver starts, shape (D,), in the unit cube; by default at the center of the lease's region.
        takes_over: Whether the solver is also started again at any point of another agent that a lease hands over.

    Yields:
        The solver's proposals.

    Returns:
        ``Converged`` at the best point found, or None if every point failed.

    Raises:
        Exception: Whatever the solver raises.

    Example:
        >>> from searchparty import Region, Told
        >>> def solve(objective, start, radius):
        ...     objective(start)
        ...     return "one point is enough"
        >>> lease = Lease(0, "scout", 1, Region.whole(2), "first lease")
        >>> search = follow_solver(solve, lease, np.random.default_rng(0))
        >>> next(search).tolist()
        [[0.5, 0.5]]
        >>> try:
        ...     search.send(Told(np.array([3.0]), None, lease))
        ... except StopIteration as end:
        ...     end.value.loss, end.value.why
        (3.0, 'one point is enough')
    """
    start, tries = clip_to_cube(lease.region.center) if first is None else first, 0
    while True:
        region, best, loss, last = lease.region, start, np.inf, lease
        solver = invert_solver(_bind_solver(solve, start, region.radius))
        try:
            proposal = next(solver)
            while not (is_called_away(lease, region, best) or (takes_over and is_handed_over(lease, last))):
                last = lease
                told = yield proposal
                lease = told.lease
                row = 0 if len(told.losses) == 1 else int(told.losses.argmin())
                if told.losses[row] < loss:
                    rows = proposal if isinstance(proposal, np.ndarray) else proposal.points
                    best, loss = rows[row].copy(), float(told.losses[row])
                elif loss == np.inf and tries < MOST_STARTS_ELSEWHERE:
                    # No solver finds its way out of a place where it receives no loss.
                    tries += 1
                    best = draw_points(lease.region, rng)[0]
                    break
                proposal = solver.send(told)
        except StopIteration as stop:
            return Converged(best, loss, stop.value) if loss < np.inf else None
        finally:
            solver.close()
        handed = takes_over and is_handed_over(lease, last)
        start = restart_point(lease) if handed or is_called_away(lease, region, best) else best


def _bind_solver(solve: Solve, start: Array, radius: float) -> Callable[[Objective], str]:
    return lambda objective: solve(objective, start.copy(), radius)
