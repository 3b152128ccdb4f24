"""Stochastic local search that restarts where it has not been."""

from __future__ import annotations

from collections import deque
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import Agent, Converged, Lease, Search
from .toolbox.steering import draw_points, is_called_away, restart_point, start_point

REMEMBERED_CLIMBS = 512
"""Latest starts and ends of climbs that a restart keeps away from; bounds its cost in a long run."""
CONSULTED_POINTS = 2048
"""Most points of the archive that a restart looks at, evenly spaced over it."""


class RandomRestart(Agent):
    """A (1+1) evolution strategy with the 1/5 success rule (Rechenberg 1973; in the form of Kern et al. 2004 with
    damping sqrt(D + 1)) that restarts, once its step has become too small, where neither it nor anybody has been.

    A step is normal, ``step`` times the region's radius wide at first, and cut off at the cube. A restart draws
    `XX With ``batch`` > 1 it takes the best of so many steps
    from one point. It never ends, unless ``restarts`` says when.

    A lease whose region no longer holds its point restarts it at the incumbent if that lies in the region, else at
    the region's center; any other change of region is followed at the next restart.
    """

    card: ClassVar[str] = (
        "Makes small random steps and keeps those that go down, longer ones while that goes well. When it is stuck, "
        "it starts again where nobody has been."
    )
    kind: Literal["random-restart"] = "random-restart"
    step: float = Field(
        0.4, gt=0, le=2, description="Standard deviation of the first steps, as part of the region's radius."
    )
    smallest_step: float = Field(
        1e-6, gt=0, le=0.1, description="A climb ends when its steps are below, in cube units."
    )
    batch: int = Field(1, ge=1, description="Points a proposal.")
    candidates: int = Field(64, ge=1, description="Points that are drawn for a restart.")
    avoid: Literal["own", "everyone"] = Field(
        "own", description="What restarts keep away from: own: its own climbs. everyone: the whole team's points too."
    )
    restarts: int | None = Field(None, ge=0, description="It ends after so many restarts; by default never.")

    @property
    def reads_archive(self) -> bool:  # type: ignore[override]
        return self.avoid == "everyone"

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        dimension = space.dimension
        damping = np.sqrt(dimension + 1)
        visited: deque[Array] = deque(maxlen=REMEMBERED_CLIMBS)
        best_point, best_loss, climbs = np.clip(lease.region.center, 0.0, 1.0), np.inf, 0
        point = start_point(lease.region, rng)
        while True:
            region = lease.region
            visited.append(point)
            told = yield point[None].copy()
            lease, loss = told.lease, float(told.losses[0])
            spread = self.step * region.radius
            # In a region that is hardly larger than the smallest step, at least two decades of steps.
            smallest = min(self.smallest_step, 0.01 * spread)
            while spread > smallest and not is_called_away(lease, region, point):
                trials = np.clip(point + spread * rng.standard_normal((self.batch, dimension)), 0.0, 1.0)
                told = yield trials
                lease, row = told.lease, int(told.losses.argmin())
                better = float((told.losses < loss).mean())
                if better:
                    point, loss = trials[row].copy(), float(told.losses[row])
                spread = min(1.0, spread * float(np.exp((better - 0.2) / 0.8 / damping)))
            visited.append(point)
            climbs += 1
            if loss < best_loss:
                best_point, best_loss = point, loss
            if self.restarts is not None and climbs > self.restarts:
                return (
                    Converged(best_point, best_loss, f"stuck, after {self.restarts} restarts")
                    if best_loss < np.inf
                    else None
                )
            point = (
                restart_point(lease)
                if is_called_away(lease, region, point)
                else self._draw_elsewhere(lease, visited, rng)
            )

    def _draw_elsewhere(self, lease: Lease, visited: deque[Array], rng: np.random.Generator) -> Array:
        """The candidate (D,) that is farthest (Euclid) from everything visited."""
        places = draw_points(lease.region, rng, self.candidates)
        known = np.stack(visited)
        if self.reads_archive and lease.seen is not None and len(lease.seen.points):
            archive = lease.seen.points
            known = np.concatenate([known, archive[:: -(-len(archive) // CONSULTED_POINTS)]])
        gaps = [np.square(known - place).sum(axis=1).min() for place in places]
        farthest: Array = places[int(np.argmax(gaps))]
        return farthest
