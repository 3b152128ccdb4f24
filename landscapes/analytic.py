"""What analytic landscapes have in common: bounds, exact gradients, shift and rotation."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from .landscape import Array, AxisBounds, Landscape, LandscapeError, Problem, Space
from .wrappers import MovedProblem, random_rotation, random_shift


class Analytic(Landscape):
    """A landscape given by a formula. Subclasses write ``values`` and ``gradients`` of points (n, D) in their own
    units, and say their usual ``box`` and what is known of their minima."""

    pictured: ClassVar[bool] = True
    shareable: ClassVar[bool] = True
    box: ClassVar[tuple[float, float] | AxisBounds]
    """The usual bounds: one pair for all axes, or one an axis."""

    confined: ClassVar[bool] = False
    """Whether it has lower values, or none, outside its usual box: then a move must not look there."""

    dimension: int = Field(2, ge=1, le=1000, description="Number of axes, D.")
    bounds: tuple[float, float] | AxisBounds | None = Field(
        None, description="(low, high) for all axes, or one pair an axis. Default: the literature's."
    )
    gradient: bool = Field(True, description="Whether agents may ask for exact gradients.")
    gradient_price: int = Field(1, ge=0, description="What one gradient costs, in evaluations.")
    shift: float | tuple[float, ...] | Literal["random"] | None = Field(
        None, description='Moves the landscape, in its units; "random" puts the minimizer in the inner 80 % of the box.'
    )
    rotate: bool = Field(False, description="Turns the landscape about its (first known) minimizer.")
    instance: int = Field(0, ge=0, description="Which random shift and rotation.")

    def values(self, x: Array) -> Array:
        """Losses (n,) of points (n, D). Each row's must not depend on the rows beside, to the last bit."""
        raise NotImplementedError

    def gradients(self, x: Array) -> Array:
        """Gradients (n, D) of points (n, D)."""
        raise NotImplementedError

    def least(self) -> tuple[float | None, Array | None]:
        """The known minimum and minimizers (k, D) in the usual box, or (None, None)."""
        return None, None

    def open(self) -> Problem:
        problem = AnalyticProblem(self)
        if self.shift is None and not self.rotate:
            return problem
        space = problem.space
        rng = np.random.Generator(np.random.Philox(key=self.instance))
        minimizers = problem.minimizers
        pivot = space.to_box(np.full(space.dimension, 0.5)) if minimizers is None else minimizers[0]
        rotation = random_rotation(space.dimension, rng) if self.rotate else np.eye(space.dimension)
        return MovedProblem(problem, self._shift_vector(space, pivot, rng), rotation, pivot, self.confined)

    def _shift_vector(self, space: Space, pivot: Array, rng: np.random.Generator) -> Array:
        if self.shift is None:
            return np.zeros(space.dimension)
        if self.shift == "random":
            return random_shift(space, pivot, rng)
        return np.array(np.broadcast_to(np.asarray(self.shift, dtype=float), space.dimension))

    @model_validator(mode="after")
    def _check_lengths(self) -> Analytic:
        for name, value in (("shift", self.shift), ("bounds", self._axis_bounds())):
            if isinstance(value, tuple) and len(value) != self.dimension:
                raise ValueError(f"{name} must have one entry an axis ({self.dimension}), got {len(value)}")
        for low, high in self._axis_bounds():
            if not low < high:
                raise ValueError(f"bounds must have low < high, got ({low}, {high})")
        return self

    def _axis_bounds(self) -> AxisBounds:
        """Bounds, one pair an axis."""
        box = self.box if self.bounds is None else self.bounds
        if not box or isinstance(box[0], tuple):
            return box
        return (box,) * self.dimension

    @property
    def label(self) -> str:
        parts = [self.kind, f"D={self.dimension}"]
        if self.shift is not None:
            parts.append("shifted" if self.shift == "random" else f"shift={self.shift}")
        if self.rotate:
            parts.append("rotated")
        if self.instance:
            parts.append(f"i{self.instance}")
        return " ".join(parts)


class AnalyticProblem:
    """An opened analytic landscape, neither moved nor turned."""

    def __init__(self, landscape: Analytic) -> None:
        low, high = np.array(landscape._axis_bounds(), dtype=float).T
        self.space = Space(low.copy(), high.copy(), landscape.gradient, landscape.gradient_price)
        # Bound methods of the model, so that a call costs nothing above the formula.
        self.evaluate, self._gradients = landscape.values, landscape.gradients
        self._least = landscape.least()

    def gradient(self, points: Array) -> Array:
        if not self.space.has_gradient:
            raise LandscapeError("gradient must be true for agents that ask for gradients, got false.")
        return self._gradients(points)

    @property
    def minimizers(self) -> Array | None:
        known = self._least[1]
        if known is None:
            return None
        kept = known[np.all((known >= self.space.lower) & (known <= self.space.upper), axis=1)]
        return kept if len(kept) else None

    @property
    def minimum(self) -> float | None:
        return None if self.minimizers is None else self._least[0]
