"""What a user brings: a loss that fails at times, and an agent."""

from typing import Literal

import numpy as np

from searchparty import Agent, Converged


def loss(x):
    """Raises right of 0.8, is NaN left of 0.1."""
    if x[0] > 0.8:
        raise ValueError("too far right")
    if x[0] < 0.1:
        return float("nan")
    return float(((x - 0.3) ** 2).sum())


class Stepper(Agent):
    """Steps at random to what is better."""

    kind: Literal["stepper"] = "stepper"
    step: float = 0.2

    def search(self, space, lease, rng):
        point = lease.region.center.copy()
        told = yield point[None]
        loss, step = told.losses[0], self.step
        while step > 1e-3:
            trial = np.clip(point + step * rng.normal(size=space.dimension), 0, 1)
            told = yield trial[None]
            if told.losses[0] < loss:
                point, loss = trial, told.losses[0]
            else:
                step *= 0.9
        return Converged(point, float(loss), "step below 1e-3")
