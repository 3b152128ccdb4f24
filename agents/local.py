"""The local solvers of scipy."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import SLOPES_ON_CHOICES, Agent, Lease, Search
from .toolbox.callback import Objective
from .toolbox.local_solver import follow_solver
from .toolbox.steering import start_point

SOLVERS = {"slsqp": "SLSQP", "l-bfgs-b": "L-BFGS-B", "powell": "Powell"}
TAKES_GRADIENTS = ("slsqp", "l-bfgs-b")


class Local(Agent):
    """Runs a local solver of scipy: SLSQP, L-BFGS-B or Powell's method.

    Use it to reach the minimum of a smooth valley with few evaluations. The solver is one of
    ``scipy.optimize.minimize``, bounded by the cube. It starts at the region's center, or anywhere if the region is
    the whole cube, or elsewhere in the region if that point fails; the agent ends when the solver does. If a lease's
    region no longer contains its best point, the solver is started again at the incumbent if that lies in the region,
    else at the region's center. slsqp and l-bfgs-b use the landscape's gradients if it has any, else finite
    differences; powell uses losses alone.

    Source: the solvers of scipy; how their calls become proposals is in ``toolbox/callback.py``.
    """

    card: ClassVar[str] = (
        "Leaves the search to a classic local solver of scipy. It descends into the nearest valley with few "
        "evaluations and then stops."
    )
    on_choices: ClassVar[str] = SLOPES_ON_CHOICES
    kind: Literal["local"] = "local"
    method: Literal["slsqp", "l-bfgs-b", "powell"] = Field("slsqp", description="The solver.")
    tolerance: float = Field(
        1e-10, gt=0, lt=1, description="Tolerance, passed to scipy as tol; its meaning depends on the method."
    )
    difference: float = Field(1e-7, gt=0, le=0.1, description="Step of finite differences, in cube units.")

    def row_price(self, space: Space) -> int:
        """Return the price of a row, with its gradient if the solver uses exact ones."""
        return 1 + space.gradient_price if self._uses_exact_gradients(space) else 1

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        solve = partial(self._solve, exact=self._uses_exact_gradients(space))
        return (yield from follow_solver(solve, lease, rng, start_point(lease.region, rng, space.init)))

    def _solve(self, objective: Objective, x: Array, _radius: float, exact: bool) -> str:
        """Run the solver and return its reason to end."""
        # Imported here, because the import is slow and few runs need it.
        from scipy.optimize import minimize

        options: dict[str, Any] = {} if exact or self.method not in TAKES_GRADIENTS else {"eps": self.difference}
        result = minimize(
            objective.evaluate_with_gradient if exact else objective,
            x,
            method=SOLVERS[self.method],
            jac=True if exact else None,
            bounds=[(0.0, 1.0)] * len(x),
            tol=self.tolerance,
            options=options | {"maxiter": 1_000_000},
        )
        return f"{self.method}: {result.message}".rstrip(".").lower()

    def _uses_exact_gradients(self, space: Space) -> bool:
        return space.has_gradient and self.method in TAKES_GRADIENTS
