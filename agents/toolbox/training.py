"""What the agents that train networks share: steps of an update rule, on mini-batches or on all rows of data."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ...landscapes.landscape import Array, Refusal, Space
from ..agent import (
    MOST_AT_ONCE,
    SLOPES_ON_CHOICES,
    Converged,
    Lease,
    MiniBatch,
    Proposal,
    Region,
    Search,
    Told,
    WithGradient,
)
from .differences import estimate_gradient
from .spread import SpreadAgent, widen_start
from .steering import draw_points, first_point, is_called_away, is_handed_over, restart_point, start_point
from .update_rules import UpdateRule, check_optax, open_rule

MOST_FAILURES = 50
"""After so many failures in succession, the agent ends."""
Gradient = tuple[Array, float, Lease]
"""A gradient (D,) in the landscape's units, the loss with which it came, and the lease in force."""


class TrainingAgent(SpreadAgent):
    """Base class of agents that train as networks are trained: an update rule of optax, on the landscape's own scale.

    A subclass declares its ``kind`` and settings, and ``make_rule``. The agent starts as the landscape says that
    searches start (``space.init``): a network, at weights drawn by its rule. It never converges on mini-batches, and
    ends on all rows when no weight moves any more.

    Weights are float32, as in training. A lease's region limits how far they may go, and its radius the rate: a region
    of radius r has min(1, 2 r) of ``rate``. If a lease hands over weights of another agent, it goes on from these, with
    a fresh state of the rule; and if a region does not contain the weights, from the incumbent's if these lie in it,
    else from the region's center. Where a loss or a gradient is not finite, it goes back to the last weights that had
    both, at half the rate.
    """

    on_choices: ClassVar[str] = SLOPES_ON_CHOICES
    rate: float = Field(0.01, gt=0, le=1e6, description="Learning rate: the scale of a step, in the landscape's units.")
    batch: int | None = Field(
        None,
        ge=1,
        le=MOST_AT_ONCE,
        description="Rows of data of a mini-batch, drawn anew for each step; null: all rows.",
    )
    gradients: Literal["auto", "exact", "finite-differences"] = Field(
        "auto", description="auto: exact if the landscape has gradients, else finite differences."
    )
    difference: float = Field(1e-6, gt=0, le=0.1, description="Step of finite differences, in cube units.")

    def make_rule(self) -> UpdateRule:
        """Return the rule by which gradients become steps."""
        raise NotImplementedError

    def row_price(self, space: Space) -> int:
        """Return the price of a row, with its gradient; of a mini-batch with the evaluation that ends a lease.

        Raises:
            Refusal: The settings do not fit the space, or optax is missing.
        """
        check_optax(self.kind)
        if self.gradients == "exact" and not space.has_gradient:
            raise Refusal(
                "gradients must be auto or finite-differences on a landscape without gradients, got exact. "
                "Leave it out."
            )
        if self.batch is None:
            return 1 + space.gradient_price if self._uses_exact_gradients(space) else 1
        if not 1 <= self.batch <= space.units or space.units == 1:
            rule = f"at most {space.units}, the rows of data" if space.units > 1 else "null on a landscape without data"
            raise Refusal(f"batch must be {rule}, got {self.batch}. Change it, or leave it out for all rows.")
        return 1 + math.ceil(self.batch * (1 + space.gradient_price) / space.units)

    def rows_per_evaluation(self, space: Space) -> float:
        """Return how many mini-batches an evaluation pays for, but at least 1."""
        if self.batch is None:
            return 1.0
        return max(1.0, space.units / (self.batch * (1 + space.gradient_price)))

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        """Train, as ``Agent.search`` describes."""
        self.row_price(space)
        point = first_point(lease, rng, widen_start(space.init, self.spread))
        while True:
            ended = yield from self._train(space, point, lease, rng)
            if not isinstance(ended, Lease):
                return ended
            lease, point = ended, restart_point(ended)

    def _train(
        self, space: Space, point: Array, lease: Lease, rng: np.random.Generator
    ) -> Generator[Proposal, Told, Converged | Lease | None]:
        """Train from a point. Returns the lease that called the agent away, or what ``search`` is to return."""
        rule, region, failures, slower = open_rule(self.make_rule()), lease.region, 0, 1.0
        box = WeightBox(space, region)
        weights = box.to_weights(point)
        state, good = rule.begin(weights), None
        while True:
            point = box.to_cube(weights)
            last = lease
            gradient, loss, lease = yield from self._find_gradient(space, point)
            if is_called_away(lease, region, point) or is_handed_over(lease, last):
                return lease
            if lease.region is not region:
                region, box = lease.region, WeightBox(space, lease.region)
            with np.errstate(over="ignore"):
                slopes = gradient.astype(np.float32)
            if not (loss < np.inf and np.isfinite(slopes).all()):
                failures, slower = failures + 1, slower / 2
                if failures > MOST_FAILURES:
                    return None
                if good is None:
                    # Nothing is known that could be gone back to.
                    init = widen_start(space.init, self.spread)
                    weights = box.to_weights(
                        draw_points(region, rng)[0] if init is None else start_point(region, rng, init)
                    )
                else:
                    weights = good
                state = rule.begin(weights)
                continue
            good, failures = weights, 0
            rate = slower * self.rate * min(1.0, 2.0 * region.radius)
            weights, state = rule.step(weights, slopes, state, rate, box.lower, box.upper)
            if self.batch is None and np.array_equal(weights, good):
                return Converged(point, loss, f"no step of rate {rate:.2g} moves any coordinate in single precision")

    def _find_gradient(self, space: Space, point: Array) -> Generator[Proposal, Told, Gradient]:
        """Find the gradient at a point (D,) of the cube, in the landscape's units."""
        span = space.upper - space.lower
        if self.batch is None and not self._uses_exact_gradients(space):
            told = yield point[None].copy()
            loss = float(told.losses[0])
            if not loss < np.inf:
                return np.full(len(point), np.nan), loss, told.lease
            gradient, lease = yield from estimate_gradient(point, loss, self.difference, False)
            return gradient / span, loss, lease
        told = yield WithGradient(point[None]) if self.batch is None else MiniBatch(point[None], self.batch)
        assert told.gradients is not None
        return told.gradients[0] / span, float(told.losses[0]), told.lease

    def _uses_exact_gradients(self, space: Space) -> bool:
        return self.gradients == "exact" or (self.gradients == "auto" and space.has_gradient)


class WeightBox:
    """The region of a lease in the landscape's units and in single precision.

    Args:
        space: The space.
        region: The region.

    Attributes:
        lower: Its lower corner, shape (D,), float32.
        upper: Its upper corner, shape (D,), float32.
    """

    def __init__(self, space: Space, region: Region) -> None:
        self._space, self._span = space, space.upper - space.lower
        self.lower: Any = space.to_box(region.lower).astype(np.float32)
        self.upper: Any = space.to_box(region.upper).astype(np.float32)

    def to_weights(self, point: Array) -> Any:
        """Return a point (D,) of the cube as weights, float32."""
        return self._space.to_box(point).astype(np.float32)

    def to_cube(self, weights: Any) -> Array:
        """Return weights as a point (D,) of the cube."""
        cube: Array = np.asarray(weights, dtype=np.float64)
        cube = (cube - self._space.lower) / self._span
        return np.minimum(np.maximum(cube, 0.0), 1.0)
