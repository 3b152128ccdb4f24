"""nlopt's local solvers that ask for losses alone."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import Agent, Lease, Search
from .toolbox.callback import Objective
from .toolbox.local_solver import follow_solver


class DerivativeFree(Agent):
    """BOBYQA (Powell 2009), which follows a quadratic model through 2 D + 1 points, or SBPLX (Johnson's version of
    Rowan 1990), which runs simplices in subspaces and stands noise and steps; both by nlopt, within the cube.

    Starts at the region's center with steps of ``step`` times its radius and ends when the solver does.
    """

    card: ClassVar[str] = (
        "Needs no gradient: it fits a simple model to the points around it, or moves a simplex, and steps to where "
        "that is lowest. Quick on smooth valleys, and soon in the nearest one."
    )
    kind: Literal["derivative-free"] = "derivative-free"
    method: Literal["bobyqa", "sbplx"] = Field("bobyqa", description="The solver.")
    step: float = Field(0.5, gt=0, le=1, description="First steps, as part of the region's radius; at most 0.25.")
    tolerance: float = Field(1e-10, gt=0, lt=0.1, description="It ends at steps of less, in cube units.")

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        return (yield from follow_solver(partial(self._solve, seed=int(rng.integers(2**31))), lease, rng))

    def _solve(self, objective: Objective, start: Array, radius: float, seed: int) -> str:
        # Imported here: the command line starts without it.
        import nlopt

        raised: list[BaseException] = []

        def loss(x: Array, _gradient: Array) -> float:
            try:
                return objective(x)
            except BaseException as error:
                raised.append(error)
                raise nlopt.ForcedStop from None

        # BOBYQA's model of one axis is refused by nlopt; a simplex has no such trouble.
        sbplx = self.method == "sbplx" or len(start) == 1
        solver: Any = nlopt.opt(nlopt.LN_SBPLX if sbplx else nlopt.LN_BOBYQA, len(start))
        solver.set_min_objective(loss)
        solver.set_lower_bounds(np.zeros(len(start)))
        solver.set_upper_bounds(np.ones(len(start)))
        solver.set_xtol_abs(self.tolerance)
        solver.set_initial_step(min(self.step * radius, 0.25))
        nlopt.srand(seed)
        words = "its steps became small"
        try:
            solver.optimize(start)
        except (nlopt.ForcedStop, nlopt.RoundoffLimited, RuntimeError, ValueError, SystemError):
            words = "rounding ended it"
        if raised:
            raise raised[0]
        return f"{self.method}: {words}"
