"""Gradient descent: plain with line search, with momentum, or Adam."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ..landscapes.landscape import Array, Space
from .agent import SLOPES_ON_CHOICES, Agent, AgentError, Converged, Lease, Proposal, Search, Told, WithGradient
from .toolbox.differences import estimate_gradient
from .toolbox.saddles import find_way_down
from .toolbox.steering import draw_points, is_called_away, restart_point, start_point


class Iterate(NamedTuple):
    """A point (D,), its loss and gradient (D,), and the lease in force when they were received."""

    point: Array
    loss: float
    gradient: Array
    lease: Lease

    @property
    def known(self) -> bool:
        """Whether both the loss and the gradient are finite."""
        return self.loss < np.inf and bool(np.isfinite(self.gradient).all())


Descent = Generator[Proposal, Told, Converged | Lease | None]


@dataclass(slots=True)
class DescentState:
    """What a method remembers of its steps.

    Attributes:
        last: The last move, shape (D,), in cube units.
        mean: Adam's mean of gradients, shape (D,), in units of the first gradient's length.
        square: Adam's mean of squared gradients, shape (D,), in the square of these units.
        steps: How many steps Adam's means contain.
        unit: The length of the first gradient; 0 before it is known.
    """

    last: Array
    mean: Array
    square: Array
    steps: int = 0
    unit: float = 0.0

    @classmethod
    def at(cls, point: Array) -> DescentState:
        """Return the state of a descent that starts at a point (D,)."""
        return cls(*np.zeros((3, len(point))))


@dataclass(slots=True)
class DescentProgress:
    """How a descent progresses.

    Attributes:
        best: The best iterate so far.
        first: The first loss.
        steepest: The norm of the greatest gradient so far.
        idle: How many steps have been taken since the best iterate.
        turns: How many of these steps turned back.
        losses: The last two losses.
    """

    best: Iterate
    first: float
    steepest: float = 0.0
    idle: int = 0
    turns: int = 0
    losses: tuple[float, float] = (np.inf, np.inf)

    def is_flat(self, slope: float, gradient: Array, tolerance: float) -> bool:
        """Return whether the projected gradient's norm is within this fraction of the greatest gradient so far."""
        self.steepest = max(self.steepest, gradient_norm(gradient))
        return slope <= tolerance * self.steepest

    def record_step(self, place: Iterate, move: Array, last: Array) -> None:
        """Record a step to a place, given this move and the last one."""
        self.losses = (self.losses[1], place.loss)
        if place.loss < self.best.loss:
            self.best, self.idle, self.turns = place, 0, 0
        else:
            self.idle += 1
            self.turns += bool(move @ last < 0)

    def describe_trouble(self, length: float) -> str:
        """Say what is wrong after many steps, of this length, without a better loss."""
        low, high = sorted(self.losses)
        if high - self.best.loss <= 1e-9 * (self.first - self.best.loss):
            return f"stuck in a local minimum: losses within {high - self.best.loss:.2g} of it for {self.idle} steps"
        if self.turns < self.idle / 2:
            return f"stagnates: no better loss in {self.idle} steps of about {length:.2g}"
        return (
            f"oscillates between losses {low:.6g} and {high:.6g} with steps of {length:.2g}; "
            "a smaller step would settle"
        )

    def to_converged(self, why: str) -> Converged:
        """Return the best iterate as the result of the search."""
        return Converged(self.best.point, self.best.loss, why)


def project_gradient(point: Array, gradient: Array) -> Array:
    """Return the gradient (D,) without the components along which a descent would leave the cube.

    It is zero at a minimum on a face.
    """
    blocked = ((point <= 0.0) & (gradient > 0)) | ((point >= 1.0) & (gradient < 0))
    return np.where(blocked, 0.0, gradient)


def gradient_norm(gradient: Array) -> float:
    """Return the Euclidean norm of a gradient (D,), even if its square overflows."""
    scale = float(np.abs(gradient).max())
    return scale * float(np.linalg.norm(gradient / scale)) if 0.0 < scale < np.inf else scale


def end_search(
    watch: DescentProgress, why: str, saddles: bool, rng: np.random.Generator
) -> Generator[Proposal, Told, Converged]:
    """Return the best iterate as the result of a search, with the way down from it if it is a saddle.

    Args:
        watch: The progress of the search.
        why: What shows that it is stuck.
        saddles: Whether to look for a way down.
        rng: Random numbers.
    """
    found = (yield from find_way_down(watch.best.point, watch.best.loss, rng))[0] if saddles else None
    if found is None:
        return watch.to_converged(f"stuck in a local minimum: {why}")
    why = f"at a saddle: {why}, curvatures from {found.least:.2g} to {found.greatest:.2g}"
    return Converged(watch.best.point, watch.best.loss, why, found.direction)


class GradientDescent(Agent):
    """Steps downhill along the gradient until it is stuck in a local minimum, oscillates or stagnates, and says which.

    Use it on smooth landscapes, best with exact gradients; without them it uses finite differences. Steps are projected
    onto the cube. The first has the length ``step`` at any scale of the loss, but at most the region's radius: the rate
    is step / |first gradient|. With ``plain``, a step is -rate gradient; with ``line_search``, it is halved until the
    loss falls enough (Armijo's rule along the projection arc) and lengthened by half after each success. ``momentum``
    is Polyak's heavy ball, ``adam`` is Adam. A step to a failed point is undone and the rate is halved.

    It starts at the region's center (anywhere if the region is the whole cube). If a lease's region no longer contains
    the current point, it starts again at the incumbent if that lies in the region, else at the region's center.

    Source: Bertsekas 1976 (projection arc); Polyak 1964 (heavy ball); Kingma and Ba 2015 (Adam).
    """

    card: ClassVar[str] = (
        "Walks downhill along the slope until it can get no lower. It is quick and exact, but ends in the valley in "
        "which it started, and with steps that are too long it jumps from side to side."
    )
    on_choices: ClassVar[str] = SLOPES_ON_CHOICES
    kind: Literal["gradient-descent"] = "gradient-descent"
    method: Literal["plain", "momentum", "adam"] = Field("plain", description="How a gradient becomes a step.")
    step: float = Field(0.1, gt=0, le=1, description="Length of the first step, in cube units; for Adam, per axis.")
    momentum: float = Field(0.9, ge=0, lt=1, description="Fraction of the last step that is kept; for Adam, beta1.")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's beta2, its memory of squared gradients.")
    line_search: bool | None = Field(
        None, description="Whether to halve steps that do not lower the loss enough; only for plain, and its default."
    )
    gradients: Literal["auto", "exact", "finite-differences"] = Field(
        "auto", description="auto: exact if the landscape has gradients, else finite differences."
    )
    differences: Literal["forward", "central"] = Field("forward", description="D or 2 D more points per gradient.")
    difference: float = Field(1e-6, gt=0, le=0.1, description="Step of finite differences, in cube units.")
    gradient_tolerance: float = Field(
        1e-8, ge=0, lt=1, description="Stuck if the (projected) gradient is below this fraction of the greatest so far."
    )
    step_tolerance: float = Field(1e-9, gt=0, lt=1, description="Step length, in cube units, below which it is stuck.")
    patience: int = Field(50, ge=2, description="Number of steps without a better loss after which it ends.")
    settle: bool = Field(
        False,
        description="Instead of ending when it oscillates or stagnates, return to the best point and halve the rate.",
    )
    saddles: bool = Field(
        False,
        description="Whether it looks, where it is stuck, for a direction of negative curvature, and tells the policy "
        "of it. It costs at most 40 gradients, and needs exact ones.",
    )

    @model_serializer(mode="wrap")
    def _omit_default(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what earlier versions did not have: a run's id and its random streams are keyed by the settings."""
        return {key: value for key, value in dump(self).items() if (key, value) != ("saddles", False)}

    @model_validator(mode="after")
    def _line_search_is_for_plain(self) -> Self:
        if self.line_search and self.method != "plain":
            raise ValueError(f"line_search must be false for the method {self.method}, got true. Leave it out.")
        return self

    def row_price(self, space: Space) -> int:
        return 1 + space.gradient_price if self._uses_exact_gradients(space) else 1

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        if self.gradients == "exact" and not space.has_gradient:
            raise AgentError("gradients must be auto or finite-differences on a landscape without, got exact")
        if self.saddles and not self._uses_exact_gradients(space):
            raise AgentError("saddles must be false without exact gradients, got true")
        point = start_point(lease.region, rng, space.init)
        while True:
            ended = yield from self._descend(point, lease, self._uses_exact_gradients(space), rng)
            if not isinstance(ended, Lease):
                return ended
            lease, point = ended, restart_point(ended)

    def _descend(self, point: Array, lease: Lease, exact: bool, rng: np.random.Generator) -> Descent:
        """Descend from a point. Returns the lease that called it away, or what ``search`` is to return."""
        here = yield from self._evaluate_point(point, exact, np.inf)
        for _ in range(self.patience):
            if here.known:
                break
            here = yield from self._evaluate_point(draw_points(here.lease.region, rng)[0], exact, np.inf)
        if not here.known:
            return None
        # A region smaller than the step tolerance still gets one step.
        step = min(self.step, max(lease.region.radius, 2 * self.step_tolerance))
        rate = step if self.method == "adam" else step / (gradient_norm(here.gradient) or 1.0)
        path, watch = DescentState.at(point), DescentProgress(here, here.loss)
        lease, region, failed = here.lease, here.lease.region, False
        while True:
            if is_called_away(lease, region, here.point):
                return lease
            region = lease.region
            slope = gradient_norm(project_gradient(here.point, here.gradient))
            if watch.is_flat(slope, here.gradient, self.gradient_tolerance):
                return (yield from end_search(watch, f"gradient norm {slope:.2g}", self.saddles, rng))
            trial = np.clip(here.point + self._compute_step(path, here.gradient, rate), 0.0, 1.0)
            move = trial - here.point
            if (length := float(np.abs(move).max())) <= self.step_tolerance and path.last.any():
                # The rest of earlier steps leads against a face of the cube, or cancels out.
                path = DescentState.at(here.point)
                continue
            if length <= self.step_tolerance and failed:
                return watch.to_converged(f"longer ones fail, steps down to {length:.2g}")
            if length <= self.step_tolerance:
                why = f"gradient norm {slope:.2g}, steps down to {length:.2g}"
                return (yield from end_search(watch, why, self.saddles, rng))
            most = self._acceptance_threshold(here, move)
            there = yield from self._evaluate_point(trial, exact, most)
            lease = there.lease
            if there.loss > most or not there.known:
                failed = not there.loss < np.inf or there.loss <= most
                rate, path = rate / 2, DescentState.at(here.point)
                continue
            watch.record_step(there, move, path.last)
            here, path.last, failed = there, move, False
            if self._uses_line_search:
                rate *= 1.5
            if watch.idle >= self.patience:
                if not self.settle:
                    return watch.to_converged(watch.describe_trouble(length))
                here, rate, path = watch.best, rate / 2, DescentState.at(here.point)
                watch.idle = watch.turns = 0

    def _evaluate_point(self, point: Array, exact: bool, most: float) -> Generator[Proposal, Told, Iterate]:
        """Evaluate loss and gradient at a point, without finite differences if the loss is above ``most``."""
        if exact:
            told = yield WithGradient(point[None].copy())
            assert told.gradients is not None
            return Iterate(point, float(told.losses[0]), told.gradients[0].copy(), told.lease)
        told = yield point[None].copy()
        loss = float(told.losses[0])
        if not (loss <= most and loss < np.inf):
            return Iterate(point, loss, np.full(len(point), np.nan), told.lease)
        gradient, lease = yield from estimate_gradient(point, loss, self.difference, self.differences == "central")
        return Iterate(point, loss, gradient, lease)

    def _compute_step(self, path: DescentState, gradient: Array, rate: float) -> Array:
        """Return the next step (D,), before it is projected onto the cube."""
        if self.method == "plain":
            return -rate * gradient
        if self.method == "momentum":
            return self.momentum * path.last - rate * gradient
        # In units of the first gradient's length, so that no square overflows.
        path.unit = path.unit or gradient_norm(gradient) or 1.0
        gradient = gradient / path.unit
        path.steps += 1
        path.mean = self.momentum * path.mean + (1 - self.momentum) * gradient
        path.square = self.beta2 * path.square + (1 - self.beta2) * gradient**2
        mean = path.mean / (1 - self.momentum**path.steps)
        spread = np.sqrt(path.square / (1 - self.beta2**path.steps))
        # Kingma and Ba add 1e-8, which presumes a scale of the loss; here an axis without any gradient does not move.
        return -rate * np.divide(mean, spread, out=np.zeros_like(mean), where=spread > 0)

    def _acceptance_threshold(self, here: Iterate, move: Array) -> float:
        """Return the greatest loss to accept after a move: with a line search by Armijo's rule, strictly below here."""
        if not self._uses_line_search:
            return np.inf
        return min(here.loss + 1e-4 * float(here.gradient @ move), float(np.nextafter(here.loss, -np.inf)))

    @property
    def _uses_line_search(self) -> bool:
        return self.method == "plain" if self.line_search is None else self.line_search

    def _uses_exact_gradients(self, space: Space) -> bool:
        return self.gradients == "exact" or (self.gradients == "auto" and space.has_gradient)
