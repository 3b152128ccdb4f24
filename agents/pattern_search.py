"""Compass search."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Space
from .agent import Agent, Converged, Lease, Search
from .toolbox.steering import is_called_away, restart_point, scale_step, start_point


class PatternSearch(Agent):
    """Tries a step in both directions along each axis, moves to the best if it is better, and else shortens the step.

    Use it for a simple and robust local search without gradients. It is slow in narrow valleys that are not aligned
    with the axes. It starts at the region's center (anywhere if the region is the whole cube). If a
    lease's region no longer contains its point, it starts again at the incumbent if that lies in the region, else at
    the region's center. It ends when the step is below ``tolerance``.

    Source: compass search; Kolda, Lewis and Torczon 2003, "Optimization by direct search".
    """

    card: ClassVar[str] = (
        "Tries a step in both directions along each axis and moves where the loss is lower; if it is lower nowhere, it "
        "halves the step. It is simple and reliable, but slow in narrow slanted valleys."
    )
    kind: Literal["pattern-search"] = "pattern-search"
    step: float = Field(0.5, gt=0, le=2, description="First step, as a fraction of the region's radius.")
    expand: float = Field(2.0, ge=1, le=10, description="Factor on the step after a better point was found.")
    contract: float = Field(0.5, gt=0, lt=1, description="Factor on the step after no better point was found.")
    tolerance: float = Field(1e-8, gt=0, le=0.1, description="Step length, in cube units, below which it ends.")
    poll: Literal["all", "first"] = Field(
        "all",
        description="all: the 2 D points are one batch. first: one at a time in random order, until one is better.",
    )

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        axes = np.vstack([np.eye(space.dimension), -np.eye(space.dimension)])
        point, region = start_point(lease.region, rng, space.init), lease.region
        told = yield point[None].copy()
        loss, step = float(told.losses[0]), scale_step(self.step, region.radius)
        while True:
            if is_called_away(told.lease, region, point):
                point, region = restart_point(told.lease), told.lease.region
                told = yield point[None].copy()
                loss, step = float(told.losses[0]), scale_step(self.step, region.radius)
                continue
            region = told.lease.region
            around = np.clip(point + step * axes, 0.0, 1.0)
            # A step of length zero, at a face of the cube, is not worth an evaluation.
            around = around[(around != point).any(axis=1)]
            if step < self.tolerance or not len(around):
                return (
                    Converged(point, loss, f"no better point {step:.2g} away along any axis") if loss < np.inf else None
                )
            improved = False
            for trials in [around] if self.poll == "all" else rng.permutation(around)[:, None]:
                told = yield trials.copy()
                row = int(told.losses.argmin())
                if told.losses[row] < loss:
                    point, loss, improved = trials[row].copy(), float(told.losses[row]), True
                    break
            step = min(1.0, step * self.expand) if improved else step * self.contract
