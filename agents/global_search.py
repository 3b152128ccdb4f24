"""scipy's global optimizers."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Space
from .agent import Agent, Converged, Lease, Search
from .toolbox.callback import Objective, invert_solver


class GlobalSearch(Agent):
    """Differential evolution (Storn & Price 1997) or generalised simulated annealing with local searches (Tsallis &
    Stariolo 1996) of ``scipy.optimize``, over the region of its first lease; later leases do not move it.

    Differential evolution proposes a generation at a time and ends when its population is alike; annealing goes on.
    """

    card: ClassVar[str] = (
        "Looks over the whole region, by mixing good points with each other or by jumps that grow rarer as it cools. "
        "Slow to be exact, hard to trap."
    )
    kind: Literal["global"] = "global"
    method: Literal["differential-evolution", "annealing"] = Field("differential-evolution", description="Which.")
    population: int = Field(10, ge=5, description="Differential evolution: points an axis of a generation.")

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        bounds = list(zip(lease.region.lower.tolist(), lease.region.upper.tolist(), strict=True))
        solver = invert_solver(lambda objective: self._solve(objective, bounds, rng))
        best, loss = lease.region.center, np.inf
        try:
            proposal = next(solver)
            while True:
                told = yield proposal
                row = int(told.losses.argmin())
                if told.losses[row] < loss and isinstance(proposal, np.ndarray):
                    best, loss = proposal[row].copy(), float(told.losses[row])
                proposal = solver.send(told)
        except StopIteration as stop:
            return Converged(best, loss, stop.value) if loss < np.inf else None
        finally:
            solver.close()

    def _solve(self, objective: Objective, bounds: list[tuple[float, float]], rng: np.random.Generator) -> str:
        # Imported here, as it takes long and few runs need it.
        from scipy.optimize import differential_evolution, dual_annealing

        with np.errstate(all="ignore"):
            if self.method == "annealing":
                result = dual_annealing(objective, bounds, maxiter=1_000_000, rng=rng)
            else:
                result = differential_evolution(
                    lambda points: objective.evaluate_batch(np.ascontiguousarray(points.T)),
                    bounds,
                    popsize=self.population,
                    maxiter=1_000_000,
                    tol=0.0,
                    atol=1e-12,
                    polish=False,
                    vectorized=True,
                    updating="deferred",
                    rng=rng,
                )
        return f"{self.method}: {result.message}"
