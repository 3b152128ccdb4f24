"""Covariance matrix adaptation: CMA-ES."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import MOST_AT_ONCE, Agent, Converged, Lease, Region, Search
from .toolbox.callback import FAILED_LOSS
from .toolbox.repeats import BestPoints, repeat_best
from .toolbox.steering import center_point, clip_to_cube, is_called_away, restart_point, scale_step, start_point

UNNEEDED = ("matplotlib", "matplotlib.pyplot", "scipy.stats")
"""Modules that cma imports if it finds them."""


class CmaEs(Agent):
    """Moves a population of points downhill and adapts its shape to the valley (CMA-ES), with restarts.

    Use it on landscapes that are rugged or badly scaled, if there are evaluations for many generations. It is CMA-ES by
    the package ``cma``, within the cube. The first population is placed at the region's center, with a standard
    deviation of ``step`` times the region's radius. With ``restarts: bipop``, it then alternates between large
    populations, each twice the size of the last and placed anywhere, and small ones with small steps, for about as many
    evaluations; the small ones start at the incumbent of the lease in force. It never ends; with ``restarts: none`` it
    ends with the minimum of its first population. If a lease's region no longer contains the best point of the
    population, a new one is placed at the incumbent if that lies in the region, else at the region's center.

    Where losses are noisy, the lowest one was luck. A lease that asks for repeats (``Lease.repeats``) is spent on the
    means of the best 5, 10, 20 and 40 points of the search, on its best one, and on the incumbent: each is evaluated
    four times, and the two that are best on the mean are then evaluated again and again. If three repeats of the best
    point differ by little in relation to the losses of the first points, noise fades towards the minimum, and the
    search goes on instead.

    Source: Hansen & Ostermeier 2001; for the restarts, Hansen 2009, "Benchmarking a BI-population CMA-ES on the
    BBOB-2009 function testbed" (where small populations do not start at an incumbent).
    """

    card: ClassVar[str] = (
        "Draws a cloud of points, keeps the better half, and reshapes the cloud so that it stretches along the "
        "valley. When the cloud has closed in on a minimum, it starts again, sometimes with a larger cloud."
    )
    kind: Literal["cma-es"] = "cma-es"
    step: float = Field(
        0.4, gt=0, le=1, description="Standard deviation of the first points, as a fraction of the radius."
    )
    population: int | None = Field(
        None, ge=3, le=MOST_AT_ONCE, description="Points per generation; by default 4 + 3 ln D."
    )
    restarts: Literal["bipop", "none"] = Field(
        "bipop", description="bipop: it restarts without end. none: it ends with its first minimum."
    )
    tolerance: float = Field(1e-9, gt=0, le=0.1, description="Width of a converged population, in cube units.")

    def most_lanes(self, space: Space) -> int:
        """Return the number of points of a generation."""
        return self.population or 4 + int(3 * np.log(space.dimension))

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        dimension = space.dimension
        normal = self.population or 4 + int(3 * np.log(dimension))
        center, width = center_point(lease.region, rng, space.init), scale_step(self.step, lease.region.radius)
        size, whole = normal, Region.whole(dimension)
        spent, doublings, regime = {"first": 0, "large": 0, "small": 0}, 0, "first"
        known = BestPoints(dimension)
        while True:
            region, best, loss = lease.region, center, np.inf
            es = _make_population(center, width, size, self.tolerance, rng)
            while not es.stop():
                proposed = es.ask()
                points = np.clip(np.array(proposed)[:, :dimension], 0.0, 1.0)
                told = yield points.copy()
                lease, losses = told.lease, told.losses
                known.add(points, losses)
                if lease.repeats and lease.id != known.repeated:
                    lease = yield from repeat_best(known, lease)
                spent[regime] += size
                row = int(np.argmin(losses))
                if losses[row] < loss:
                    best, loss = points[row], float(losses[row])
                if is_called_away(lease, region, best):
                    break
                es.tell(proposed, _penalise_failures(losses))
            if is_called_away(lease, region, best):
                center, width, size = restart_point(lease), scale_step(self.step, lease.region.radius), normal
                continue
            if self.restarts == "none":
                why = ", ".join(es.stop())
                return Converged(best, loss, f"cma-es: {why}") if loss < np.inf else None
            if spent["large"] <= spent["small"]:
                regime, doublings = "large", doublings + 1
                center, width, size = start_point(whole, rng, space.init), 0.2, normal * 2**doublings
            else:
                regime, u = "small", rng.random()
                best_known = lease.incumbent
                center = start_point(whole, rng, space.init) if best_known is None else clip_to_cube(best_known.point)
                width = 0.04 * 10.0 ** -rng.random()
                size = max(normal, int(normal * (0.5 * 2**doublings) ** (u * u)))


def _make_population(center: Array, width: float, size: int, tolerance: float, rng: np.random.Generator) -> Any:
    cma = import_cma()
    if len(center) == 1:
        # cma needs at least two axes; the second is ignored.
        center = np.append(center, 0.5)
    # No seed, because cma would pass it to numpy's global generator.
    options = {
        "verbose": -9,
        "bounds": [0.0, 1.0],
        "popsize": size,
        "seed": np.nan,
        "randn": lambda *shape: rng.standard_normal(shape),
        "tolx": tolerance,
        "tolfun": 1e-11,
        "tolfunhist": 1e-12,
        "maxiter": np.inf,
        "maxfevals": np.inf,
    }
    return cma.CMAEvolutionStrategy(center, width, options)


def _penalise_failures(losses: Array) -> list[float]:
    """Return losses as cma expects them, where those of failed points are finite and worse than all others."""
    finite = losses[losses < np.inf]
    worst = float(finite.max()) if len(finite) else FAILED_LOSS
    values: list[float] = np.where(losses < np.inf, losses, worst + abs(worst) + 1.0).tolist()
    return values


@cache
def import_cma() -> Any:
    """Import cma without scipy.stats and matplotlib, which take two seconds, and which this agent does not need.

    Where they are missing, cma computes the rank correlations of its surrogate models by itself, and warns that
    shorthands of its plots are not available. What this process has imported before is left as it is.
    """
    hidden = [name for name in UNNEEDED if name not in sys.modules]
    # The import of a module that is None is an ImportError.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        with warnings.catch_warnings(), suppress(ImportError):
            warnings.simplefilter("ignore")
            import_module("cma")
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
    # Another version of it may need them.
    import cma

    return cma
