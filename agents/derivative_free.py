"""The local solvers of nlopt that use losses alone."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import Agent, Lease, Search
from .toolbox.callback import Objective
from .toolbox.local_solver import follow_solver
from .toolbox.model_solver import solve_without_gradients
from .toolbox.steering import center_point, scale_step


class DerivativeFree(Agent):
    """Runs a local solver that needs no gradients: BOBYQA or SBPLX.

    Use bobyqa on smooth landscapes: it follows a quadratic model through 2 D + 1 points. Use sbplx where the loss is
    noisy or has steps: it runs simplices in subspaces. Both are run by nlopt, within the cube; in one dimension, which
    bobyqa does not support there, sbplx is always used. The solver starts at the region's center with steps of ``step``
    times the region's radius, and the agent ends when the solver does. If a lease's region no longer contains its best
    point, the solver is started again at the incumbent if that lies in the region, else at the region's center.

    Source: Powell 2009 (BOBYQA); Johnson's version of Rowan 1990 (SBPLX).
    """

    card: ClassVar[str] = (
        "Needs no gradient: it fits a simple model to the points around it, or moves a simplex, and steps to where "
        "that is lowest. It is quick in smooth valleys and ends in the nearest one."
    )
    kind: Literal["derivative-free"] = "derivative-free"
    method: Literal["bobyqa", "sbplx"] = Field("bobyqa", description="The solver.")
    step: float = Field(
        0.5, gt=0, le=1, description="First steps, as a fraction of the region's radius; at most 0.25 cube units."
    )
    tolerance: float = Field(1e-10, gt=0, lt=0.1, description="Step length, in cube units, below which it ends.")

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        solve = partial(self._solve, seed=int(rng.integers(2**31)))
        return (yield from follow_solver(solve, lease, rng, center_point(lease.region, rng, space.init)))

    def _solve(self, objective: Objective, start: Array, radius: float, seed: int) -> str:
        step = min(scale_step(self.step, radius), 0.25)
        return solve_without_gradients(objective, start, self.method, step, self.tolerance, seed)
