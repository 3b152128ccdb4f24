"""The 24 noiseless functions of COCO's BBOB suite, evaluated in C by the package coco-experiment.

Hansen, Finck, Ros & Auger 2009, "Real-parameter black-box optimization benchmarking 2009: noiseless functions
definitions".
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from .landscape import Array, Landscape, Problem, Space

FUNCTION_NAMES = (
    "sphere", "separable ellipsoid", "separable Rastrigin", "Bueche-Rastrigin", "linear slope", "attractive sector",
    "step ellipsoid", "Rosenbrock", "rotated Rosenbrock", "ellipsoid", "discus", "bent cigar", "sharp ridge",
    "different powers", "Rastrigin", "Weierstrass", "Schaffer F7", "ill-conditioned Schaffer F7",
    "Griewank-Rosenbrock", "Schwefel", "Gallagher 101 peaks", "Gallagher 21 peaks", "Katsuura", "Lunacek bi-Rastrigin",
)  # fmt: skip


MOST_PLAIN_DIMENSIONS = 40
"""Up to this many axes, coco-experiment evaluates functions of the suite without the suite; beyond, it crashes."""
LARGE_DIMENSIONS = (80, 160, 320, 640)
"""The dimensions that only COCO's large-scale suite has."""


class Bbob(Landscape):
    """A function of COCO's BBOB suite on [-5, 5]^D, shifted, rotated and distorted by its instance.

    Use it to compare agents on the standard benchmark of black-box optimization: 24 functions from a plain sphere to
    rugged multi-funnel ones, each in any number of instances. The minimum and the minimizer of each instance are
    known to reports. There are no gradients. Needs the package coco-experiment. With 80, 160, 320 or 640 axes, it is
    the function of COCO's large-scale suite (bbob-largescale), of which only the minimum is known.

    Source: Hansen, Finck, Ros & Auger 2009, "Real-parameter black-box optimization benchmarking 2009: noiseless
    functions definitions".

    Example:
        >>> Bbob(function=8, dimension=2).label
        'bbob f8 Rosenbrock D=2 i1'
    """

    pictured: ClassVar[bool] = True
    shareable: ClassVar[bool] = True
    kind: Literal["bbob"] = "bbob"
    function: int = Field(description="Number of the function, 1 to 24.", ge=1, le=24)
    dimension: int = Field(5, ge=2, le=640, description="Number of axes, D: 2 to 40, or 80, 160, 320 or 640.")
    instance: int = Field(1, ge=1, description="Number of the instance: sets shift, rotation and minimum loss.")

    @field_validator("dimension")
    @classmethod
    def _check_dimension(cls, value: int) -> int:
        if value > MOST_PLAIN_DIMENSIONS and value not in LARGE_DIMENSIONS:
            large = ", ".join(map(str, LARGE_DIMENSIONS))
            nearest = min((MOST_PLAIN_DIMENSIONS, *LARGE_DIMENSIONS), key=lambda known: abs(known - value))
            raise ValueError(
                f"dimension must be 2 to {MOST_PLAIN_DIMENSIONS}, or one of COCO's large-scale suite ({large}), "
                f"got {value}. Write e.g. {nearest}."
            )
        return value

    def open(self) -> Problem:
        """Open the function."""
        if self.dimension > MOST_PLAIN_DIMENSIONS:
            return LargeBbobProblem(self.function, self.dimension, self.instance)
        return BbobProblem(self.function, self.dimension, self.instance)

    @property
    def label(self) -> str:
        """A short name for tables and figures: number and name of the function, dimension and instance."""
        return f"bbob f{self.function} {FUNCTION_NAMES[self.function - 1]} D={self.dimension} i{self.instance}"


class BbobProblem:
    """An opened BBOB function, without COCO's observers (which would log every evaluation)."""

    def __init__(self, function: int, dimension: int, instance: int) -> None:
        # Imported here so that the command line starts without it.
        from cocoex import BareProblem

        self._problem = BareProblem("bbob", function, dimension, instance)
        self.space = Space(np.full(dimension, -5.0), np.full(dimension, 5.0))

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of points (n, D)."""
        if not (points.flags.writeable and points.flags.c_contiguous):
            points = np.array(points, order="C")
        losses: Array = np.asarray(self._problem(points), dtype=np.float64).reshape(len(points))
        return losses

    def gradient(self, points: Array) -> Array:
        """Raise NotImplementedError: these functions have no gradients."""
        raise NotImplementedError("BBOB functions have no gradients; space.has_gradient says so.")

    @property
    def minimum(self) -> float:
        """The minimum loss of this instance."""
        return float(self._problem.best_value())

    @property
    def minimizers(self) -> Array:
        """The minimizer of this instance, shape (1, D)."""
        return np.array(self._problem.best_parameter(), dtype=float).reshape(1, -1)


class LargeBbobProblem:
    """An opened function of COCO's large-scale suite: its rotations are products of blocks and permutations.

    Varelas et al. 2018, "A comparative study of large-scale variants of CMA-ES".
    """

    minimizers: None = None

    def __init__(self, function: int, dimension: int, instance: int) -> None:
        from cocoex import BareProblem, Suite

        # The suite frees its problems when it is freed itself.
        chosen = f"dimensions:{dimension} function_indices:{function}"
        self._suite = Suite("bbob-largescale", f"instances: {instance}", chosen)
        self._problem = self._suite[0]
        self.space = Space(np.full(dimension, -5.0), np.full(dimension, 5.0))
        # The value at the minimum depends on the function and the instance alone.
        self.minimum = float(BareProblem("bbob", function, 2, instance).best_value())

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of points (n, D)."""
        return np.array([self._problem(np.ascontiguousarray(point)) for point in points], dtype=np.float64)

    def gradient(self, points: Array) -> Array:
        """Raise NotImplementedError: these functions have no gradients."""
        raise NotImplementedError("BBOB functions have no gradients; space.has_gradient says so.")
