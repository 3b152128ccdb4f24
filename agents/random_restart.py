"""Stochastic local search that restarts far from where it has been."""

from __future__ import annotations

from collections import deque
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Array, Space
from .agent import MOST_AT_ONCE, Agent, Converged, Lease, Search
from .toolbox.steering import clip_to_cube, draw_points, is_called_away, restart_point, scale_step, start_point

REMEMBERED_CLIMBS = 512
"""The most starts and ends of earlier climbs, the latest ones, that a restart avoids; limits its cost in a long run."""
CONSULTED_POINTS = 2048
"""The most points of the archive that a restart considers, evenly spaced over it."""


class RandomRestart(Agent):
    """Takes random steps, keeps those that lead downhill, and restarts far from where it has been when it is stuck.

    Use it on rugged landscapes with many local minima and no gradients. It is a (1+1) evolution strategy with the 1/5
    success rule: steps are normally distributed, at first with a standard deviation of ``step`` times the region's
    radius, and clipped to the cube. With ``batch`` > 1 it takes the best of several steps from one point. When its
    steps have become too small, it draws ``candidates`` points and restarts at the one that is farthest from its own
    climbs, or with ``avoid: everyone`` from all points of the team. It never ends, unless ``restarts`` is set.

    If a lease's region no longer contains its point, it restarts at the incumbent if that lies in the region, else at
    the region's center. It follows any other change of the region at its next restart.

    Source: Rechenberg 1973; in the form of Kern et al. 2004, with damping sqrt(D + 1).
    """

    card: ClassVar[str] = (
        "Makes small random steps and keeps those that lead downhill, with longer steps while that succeeds. When it "
        "is stuck, it starts again where it has not been."
    )
    kind: Literal["random-restart"] = "random-restart"
    step: float = Field(
        0.4, gt=0, le=2, description="Standard deviation of the first steps, as a fraction of the region's radius."
    )
    smallest_step: float = Field(
        1e-6, gt=0, le=0.1, description="Step length, in cube units, below which a climb ends."
    )
    batch: int = Field(1, ge=1, le=MOST_AT_ONCE, description="Points per proposal.")
    candidates: int = Field(
        64, ge=1, le=MOST_AT_ONCE, description="Number of points drawn for a restart, of which one is used."
    )
    avoid: Literal["own", "everyone"] = Field(
        "own",
        description="What restarts avoid. own: the agent's own climbs. everyone: also the points of the whole team.",
    )
    restarts: int | None = Field(None, ge=0, description="Number of restarts after which it ends; by default, never.")

    @property
    def reads_archive(self) -> bool:  # type: ignore[override]
        """Whether restarts avoid the points of the whole team."""
        return self.avoid == "everyone"

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        dimension = space.dimension
        damping = np.sqrt(dimension + 1)
        visited: deque[Array] = deque(maxlen=REMEMBERED_CLIMBS)
        best_point, best_loss, climbs = np.clip(lease.region.center, 0.0, 1.0), np.inf, 0
        point = start_point(lease.region, rng, space.init)
        while True:
            region = lease.region
            visited.append(point)
            told = yield point[None].copy()
            lease, loss = told.lease, float(told.losses[0])
            spread = scale_step(self.step, region.radius)
            # In a region hardly larger than the smallest step, steps may still shrink by a factor of 100.
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
                else self._draw_elsewhere(space, lease, visited, rng)
            )

    def _draw_elsewhere(self, space: Space, lease: Lease, visited: deque[Array], rng: np.random.Generator) -> Array:
        """Draw candidates and return the one (D,) that is farthest, by Euclidean distance, from all visited points."""
        if space.init is not None and lease.region.is_whole:
            places = np.stack([clip_to_cube(space.init.draw(rng)) for _ in range(self.candidates)])
        else:
            places = draw_points(lease.region, rng, self.candidates)
        known = np.stack(visited)
        if self.reads_archive and lease.seen is not None and len(lease.seen.points):
            archive = lease.seen.points
            known = np.concatenate([known, archive[:: -(-len(archive) // CONSULTED_POINTS)]])
        gaps = [np.square(known - place).sum(axis=1).min() for place in places]
        farthest: Array = places[int(np.argmax(gaps))]
        return farthest
