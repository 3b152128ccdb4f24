"""The local solvers of nlopt that use losses alone, for agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ...landscapes.landscape import Array


def solve_without_gradients(
    objective: Callable[[Array], float],
    start: Array,
    method: Literal["bobyqa", "sbplx"],
    step: float,
    tolerance: float,
    seed: int = 1,
) -> str:
    """Run BOBYQA or SBPLX from a point of the unit cube, within the cube.

    Args:
        objective: Returns the loss at a point (D,).
        start: Where to start, shape (D,).
        method: The solver; in one dimension, which BOBYQA does not support, SBPLX is always used.
        step: Length of the first steps, in cube units.
        tolerance: Step length, in cube units, below which the solver ends.
        seed: Seed of the library's random numbers.

    Returns:
        Why the solver ended, in words.

    Raises:
        Exception: Whatever the objective raises.
    """
    # Imported here so that the command line starts without it.
    import nlopt

    raised: list[BaseException] = []

    def loss(x: Array, _gradient: Array) -> float:
        try:
            return objective(x)
        except BaseException as error:
            raised.append(error)
            raise nlopt.ForcedStop from None

    # nlopt refuses BOBYQA in one dimension; a simplex works there.
    sbplx = method == "sbplx" or len(start) == 1
    solver: Any = nlopt.opt(nlopt.LN_SBPLX if sbplx else nlopt.LN_BOBYQA, len(start))
    solver.set_min_objective(loss)
    solver.set_lower_bounds(np.zeros(len(start)))
    solver.set_upper_bounds(np.ones(len(start)))
    solver.set_xtol_abs(tolerance)
    solver.set_initial_step(step)
    nlopt.srand(seed)
    words = "its steps became small"
    try:
        solver.optimize(start)
    except (nlopt.ForcedStop, nlopt.RoundoffLimited, RuntimeError, ValueError, SystemError):
        words = "rounding ended it"
    if raised:
        raise raised[0]
    return f"{method}: {words}"
