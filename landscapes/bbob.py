"""The 24 noiseless functions of COCO's BBOB suite, evaluated in C by the package coco-experiment.

Hansen, Finck, Ros & Auger 2009, "Real-parameter black-box optimization benchmarking 2009: noiseless functions
definitions".
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from .landscape import Array, Landscape, Problem, Space

FUNCTION_NAMES = (
    "sphere", "separable ellipsoid", "separable Rastrigin", "Bueche-Rastrigin", "linear slope", "attractive sector",
    "step ellipsoid", "Rosenbrock", "rotated Rosenbrock", "ellipsoid", "discus", "bent cigar", "sharp ridge",
    "different powers", "Rastrigin", "Weierstrass", "Schaffer F7", "ill-conditioned Schaffer F7",
    "Griewank-Rosenbrock", "Schwefel", "Gallagher 101 peaks", "Gallagher 21 peaks", "Katsuura", "Lunacek bi-Rastrigin",
)  # fmt: skip


class Bbob(Landscape):
    """A function of COCO's BBOB suite on [-5, 5]^D, shifted, rotated and distorted by its instance.

    Use it to compare agents on the standard benchmark of black-box optimization: 24 functions from a plain sphere to
    rugged multi-funnel ones, each in any number of instances. The minimum and the minimizer of each instance are
    known to reports. There are no gradients. Needs the package coco-experiment.

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
    dimension: int = Field(5, ge=2, le=1000, description="Number of axes, D.")
    instance: int = Field(1, ge=1, description="Number of the instance: sets shift, rotation and minimum loss.")

    def open(self) -> Problem:
        """Open the function."""
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
