"""L-BFGS, as networks of moderate size are trained with it."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import SLOPES_ON_CHOICES, Lease, Search
from .toolbox.callback import Objective
from .toolbox.local_solver import follow_solver
from .toolbox.spread import SpreadAgent, widen_start
from .toolbox.steering import first_point


class LBFGS(SpreadAgent):
    """Descends by L-BFGS: it learns the curvature from its last steps, and takes all rows of data in each.

    Use it on smooth landscapes with gradients, of any dimension: it keeps ``history`` pairs of vectors, and its cost
    grows in proportion to D. It is L-BFGS-B of scipy, within the cube. It starts where the landscape says that searches
    start, at the region's center, or anywhere if the region is the whole cube; the agent ends when the solver does. It
    starts again at a point of another agent that a lease hands over; and if a lease's region no longer contains its
    best point, at the incumbent if that lies in the region, else at the region's center. Where the loss is in single
    precision, as that of networks, ``tolerance`` should not be below 1e-7.

    Source: Liu and Nocedal 1989; Byrd, Lu, Nocedal and Zhu 1995 (bounds).
    """

    card: ClassVar[str] = (
        "Descends with a feeling for the curvature that it learns from its last steps. On smooth landscapes it is far "
        "quicker than plain descent; it looks at all data in each step and stops in the nearest valley."
    )
    on_choices: ClassVar[str] = SLOPES_ON_CHOICES
    kind: Literal["l-bfgs"] = "l-bfgs"
    history: int = Field(10, ge=1, le=1000, description="Steps from which the curvature is learned.")
    tolerance: float = Field(
        1e-9, ge=0, lt=1, description="It ends if a step lowers the loss by less than this fraction of it."
    )
    gradient_tolerance: float = Field(
        1e-8, ge=0, lt=1, description="It ends if no slope is steeper than this, in losses per cube unit."
    )
    difference: float = Field(
        1e-7, gt=0, le=0.1, description="Step of finite differences, in cube units, where there are no gradients."
    )

    def row_price(self, space: Space) -> int:
        """Return the price of a row, with its gradient if the landscape has gradients."""
        return 1 + space.gradient_price if space.has_gradient else 1

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        solve = partial(self._solve, exact=space.has_gradient)
        start = first_point(lease, rng, widen_start(space.init, self.spread))
        return (yield from follow_solver(solve, lease, rng, start, takes_over=True))

    def _solve(self, objective: Objective, start: Array, _radius: float, exact: bool) -> str:
        """Run the solver and return its reason to end."""
        # Imported here, because the import is slow and few runs need it.
        from scipy.optimize import minimize

        options: dict[str, Any] = {} if exact else {"eps": self.difference}
        with np.errstate(all="ignore"):
            result = minimize(
                objective.evaluate_with_gradient if exact else objective,
                start,
                method="L-BFGS-B",
                jac=True if exact else None,
                bounds=[(0.0, 1.0)] * len(start),
                options=options
                | {
                    "maxcor": self.history,
                    "ftol": self.tolerance,
                    "gtol": self.gradient_tolerance,
                    "maxiter": 1_000_000,
                    "maxfun": 100_000_000,
                },
            )
        return f"l-bfgs: {result.message}".rstrip(".").lower()
