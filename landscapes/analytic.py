"""The base class of landscapes given by a formula: bounds, exact gradients, shift and rotation."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from .landscape import Array, AxisBounds, Landscape, LandscapeError, Problem, Space
from .wrappers import MovedProblem, random_rotation, random_shift


class Analytic(Landscape):
    """Base class of landscapes that are given by a formula, with exact gradients, shift and rotation.

    A subclass declares ``kind`` and its usual ``box``, and implements ``values``, ``gradients`` and, if minima are
    known, ``least``. All points are in the landscape's units. The settings are described by the fields.

    Attributes:
        box: Class variable; the usual bounds, as one pair (low, high) for all axes or one pair per axis.
        confined: Class variable; True if the function has lower values, or none, outside its usual box.

    Example:
        >>> class Bowl(Analytic):
        ...     kind: Literal["bowl"] = "bowl"
        ...     box: ClassVar = (-1.0, 1.0)
        ...     def values(self, x):
        ...         return np.sum(x * x, axis=1)
        ...     def gradients(self, x):
        ...         return 2.0 * x
        ...     def least(self):
        ...         return 0.0, np.zeros((1, self.dimension))
        >>> problem = Bowl(dimension=2, shift=0.5).open()
        >>> problem.minimizers.tolist()
        [[0.5, 0.5]]
        >>> problem.evaluate(np.array([[0.5, 0.5], [0.5, -0.5]])).tolist()
        [0.0, 1.0]
    """

    pictured: ClassVar[bool] = True
    shareable: ClassVar[bool] = True
    box: ClassVar[tuple[float, float] | AxisBounds]
    """The usual bounds: one pair for all axes, or one pair per axis."""

    confined: ClassVar[bool] = False
    """Whether it has lower values, or none, outside its usual box: a moved problem must not evaluate it there."""

    dimension: int = Field(2, ge=1, le=1000, description="Number of axes, D.")
    bounds: tuple[float, float] | AxisBounds | None = Field(
        None, description="Bounds, (low, high) for all axes or one pair per axis; by default those of the literature."
    )
    gradient: bool = Field(True, description="Whether agents may ask for exact gradients.")
    gradient_price: int = Field(1, ge=0, description="Cost of one gradient, in evaluations.")
    shift: float | tuple[float, ...] | Literal["random"] | None = Field(
        None,
        description="How far the landscape is moved, in its units (one number, or one per axis); "
        '"random" puts the minimizer in the inner 80 % of the box.',
    )
    rotate: bool = Field(False, description="Whether to rotate the landscape about its (first known) minimizer.")
    instance: int = Field(0, ge=0, description="Number of the random shift and rotation.")

    def values(self, x: Array) -> Array:
        """Return the losses of a batch of points.

        Args:
            x: Points, shape (n, D), float64, in the landscape's units.

        Returns:
            Losses, shape (n,), float64. No bit of a row's loss may depend on the other rows of the batch.
        """
        raise NotImplementedError

    def gradients(self, x: Array) -> Array:
        """Return the gradients at a batch of points.

        Args:
            x: Points, shape (n, D), float64, in the landscape's units.

        Returns:
            Gradients per unit of the landscape, shape (n, D), float64.
        """
        raise NotImplementedError

    def least(self) -> tuple[float | None, Array | None]:
        """Return what is known of the minimum in the usual box, before any shift or rotation.

        Returns:
            The minimum loss and the minimizers, shape (k, D), or (None, None) if they are unknown.
        """
        return None, None

    def open(self) -> Problem:
        """Open the landscape, moved and rotated as its settings say."""
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
                raise ValueError(f"{name} must have one entry per axis ({self.dimension}), got {len(value)}")
        for low, high in self._axis_bounds():
            if not low < high:
                raise ValueError(f"bounds must have low < high, got ({low}, {high})")
        return self

    def _axis_bounds(self) -> AxisBounds:
        """Return the bounds, one pair per axis."""
        box = self.box if self.bounds is None else self.bounds
        if not box or isinstance(box[0], tuple):
            return box
        return (box,) * self.dimension

    @property
    def label(self) -> str:
        """A short name for tables and figures: the kind, the dimension, and how the function is moved and rotated."""
        parts = [self.kind, f"D={self.dimension}"]
        if self.shift is not None:
            parts.append("shifted" if self.shift == "random" else f"shift={self.shift}")
        if self.rotate:
            parts.append("rotated")
        if self.instance:
            parts.append(f"i{self.instance}")
        return " ".join(parts)


class AnalyticProblem:
    """An opened analytic landscape, neither shifted nor rotated."""

    def __init__(self, landscape: Analytic) -> None:
        low, high = np.array(landscape._axis_bounds(), dtype=float).T
        self.space = Space(low.copy(), high.copy(), landscape.gradient, landscape.gradient_price)
        # The bound methods of the model itself, so that a call costs no more than the formula.
        self.evaluate, self._gradients = landscape.values, landscape.gradients
        self._least = landscape.least()

    def gradient(self, points: Array) -> Array:
        """Return the gradients (n, D) at points (n, D). Raises LandscapeError if the landscape has none."""
        if not self.space.has_gradient:
            raise LandscapeError("gradient must be true for agents that ask for gradients, got false.")
        return self._gradients(points)

    @property
    def minimizers(self) -> Array | None:
        """The known minimizers (k, D) that lie within the bounds, or None if there are none."""
        known = self._least[1]
        if known is None:
            return None
        kept = known[np.all((known >= self.space.lower) & (known <= self.space.upper), axis=1)]
        return kept if len(kept) else None

    @property
    def minimum(self) -> float | None:
        """The known minimum, or None if no known minimizer lies within the bounds."""
        return None if self.minimizers is None else self._least[0]
