"""The global optimizers of scipy."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Space
from .agent import MOST_AT_ONCE, Agent, Converged, Lease, Search
from .toolbox.callback import Objective, invert_solver


class GlobalSearch(Agent):
    """Searches its whole region by differential evolution or simulated annealing.

    Use it where the loss has many minima and evaluations are cheap. The solvers are those of ``scipy.optimize``:
    differential evolution, or generalised simulated annealing with local searches. They search the region of the first
    lease; later leases do not move them. Differential evolution proposes a generation at a time and ends when all
    points of its population are alike; annealing continues.

    Source: Storn & Price 1997 (differential evolution); Tsallis & Stariolo 1996 (annealing).
    """

    card: ClassVar[str] = (
        "Searches the whole region, by mixing good points with each other or by jumps that become rarer as it cools. "
        "It is slow to become precise, but hard to trap."
    )
    kind: Literal["global"] = "global"
    method: Literal["differential-evolution", "annealing"] = Field("differential-evolution", description="The solver.")
    population: int = Field(
        10, ge=5, le=MOST_AT_ONCE, description="Differential evolution: points in a generation, per axis."
    )

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
        """Run the solver and return its reason to end."""
        # Imported here, because the import is slow and few runs need it.
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
