"""Compass search."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Space
from .agent import Agent, Converged, Lease, Search
from .toolbox.steering import is_called_away, restart_point, start_point


class PatternSearch(Agent):
    """Compass search (Kolda, Lewis and Torczon 2003, "Optimization by direct search"): tries a step both ways along
    each axis, goes to the best if it is better, else halves the step.

    Starts at the region's center (anywhere if that is the whole cube). If a lease's region no longer holds its
    point, it starts again at the incumbent if that lies in the region, else at its center.
    """

    card: ClassVar[str] = (
        "Tries a step both ways along each axis and goes where it is lower; where nowhere is, it halves the step. "
        "Simple and sure, but slow in narrow slanted valleys."
    )
    kind: Literal["pattern-search"] = "pattern-search"
    step: float = Field(0.5, gt=0, le=2, description="First step, as part of the region's radius.")
    expand: float = Field(2.0, ge=1, le=10, description="Step after a better point over that before.")
    contract: float = Field(0.5, gt=0, lt=1, description="Step after none over that before.")
    tolerance: float = Field(1e-8, gt=0, le=0.1, description="It ends when the step is below, in cube units.")
    poll: Literal["all", "first"] = Field(
        "all",
        description="all: the 2 D points are one batch. first: one at a time in random order, until one is better.",
    )

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        axes = np.vstack([np.eye(space.dimension), -np.eye(space.dimension)])
        point, region = start_point(lease.region, rng), lease.region
        told = yield point[None].copy()
        loss, step = float(told.losses[0]), self.step * region.radius
        while True:
            if is_called_away(told.lease, region, point):
                point, region = restart_point(told.lease), told.lease.region
                told = yield point[None].copy()
                loss, step = float(told.losses[0]), self.step * region.radius
                continue
            region = told.lease.region
            around = np.clip(point + step * axes, 0.0, 1.0)
            # A step of no length, at the cube's face, is not worth an evaluation.
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
