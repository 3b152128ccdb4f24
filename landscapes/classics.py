"""Classic functions of any dimension.

Sources: Surjanovic & Bingham, "Virtual Library of Simulation Experiments"; Jamil & Yang 2013, "A literature survey of
benchmark functions for global optimization problems". Gradients are derived from the formulas.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from .analytic import Analytic
from .landscape import Array

TWO_PI = 2.0 * np.pi


def axis_numbers(x: Array) -> Array:
    """1, 2, ..., D as floats, for points (n, D)."""
    return np.arange(1.0, x.shape[1] + 1.0)


class Sphere(Analytic):
    """Sum of squares: convex, separable, perfectly conditioned."""

    kind: Literal["sphere"] = "sphere"
    box: ClassVar = (-5.12, 5.12)

    def values(self, x: Array) -> Array:
        return np.add.reduce(x * x, axis=1)

    def gradients(self, x: Array) -> Array:
        return 2.0 * x

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))


class Ellipsoid(Analytic):
    """Sum of c^((i-1)/(D-1)) x_i^2: convex, with a condition number to choose."""

    kind: Literal["ellipsoid"] = "ellipsoid"
    box: ClassVar = (-5.0, 5.0)
    condition: float = Field(1e6, ge=1, description="Ratio of the largest to the smallest curvature.")

    def _weights(self, x: Array) -> Array:
        return self.condition ** ((axis_numbers(x) - 1.0) / max(x.shape[1] - 1, 1))

    def values(self, x: Array) -> Array:
        return np.sum(self._weights(x) * x * x, axis=1)

    def gradients(self, x: Array) -> Array:
        return 2.0 * self._weights(x) * x

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))


class Rosenbrock(Analytic):
    """The banana valley: sum of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2 (Rosenbrock 1960). D >= 2."""

    kind: Literal["rosenbrock"] = "rosenbrock"
    box: ClassVar = (-5.0, 10.0)
    dimension: int = Field(2, ge=2, le=1000, description="Number of axes, D.")

    def values(self, x: Array) -> Array:
        head, tail = x[:, :-1], x[:, 1:]
        bend, slope = tail - head * head, 1.0 - head
        return np.sum(100.0 * bend * bend + slope * slope, axis=1)

    def gradients(self, x: Array) -> Array:
        head, tail = x[:, :-1], x[:, 1:]
        bend = tail - head * head
        gradient = np.zeros_like(x)
        gradient[:, :-1] = -400.0 * head * bend - 2.0 * (1.0 - head)
        gradient[:, 1:] += 200.0 * bend
        return gradient

    def least(self) -> tuple[float, Array]:
        return 0.0, np.ones((1, self.dimension))


class Rastrigin(Analytic):
    """10 D + sum of x_i^2 - 10 cos(2 pi x_i): a bowl with about 10^D local minima on a grid (Rastrigin 1974)."""

    kind: Literal["rastrigin"] = "rastrigin"
    box: ClassVar = (-5.12, 5.12)

    def values(self, x: Array) -> Array:
        return np.sum(x * x + 10.0 * (1.0 - np.cos(TWO_PI * x)), axis=1)

    def gradients(self, x: Array) -> Array:
        return 2.0 * x + 10.0 * TWO_PI * np.sin(TWO_PI * x)

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))


class Ackley(Analytic):
    """A nearly flat outer plain with a hole at the centre, rippled throughout (Ackley 1987)."""

    kind: Literal["ackley"] = "ackley"
    box: ClassVar = (-32.768, 32.768)

    def values(self, x: Array) -> Array:
        root = np.sqrt(np.sum(x * x, axis=1) / x.shape[1])
        waves = np.sum(np.cos(TWO_PI * x), axis=1) / x.shape[1]
        # Written so that both terms vanish at the minimum, where the usual form leaves 4e-16.
        return -20.0 * np.expm1(-0.2 * root) - (np.exp(waves) - np.e)

    def gradients(self, x: Array) -> Array:
        d = x.shape[1]
        root = np.sqrt(np.sum(x * x, axis=1) / d)[:, None]
        waves = (np.sum(np.cos(TWO_PI * x), axis=1) / d)[:, None]
        # At the very centre the cone has no gradient; zero is the subgradient a descent should see.
        cone = np.divide(4.0 * np.exp(-0.2 * root) * x, d * root, out=np.zeros_like(x), where=root > 0)
        return cone + np.exp(waves) * np.sin(TWO_PI * x) * TWO_PI / d

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))


class Griewank(Analytic):
    """1 + sum x_i^2 / 4000 - prod cos(x_i / sqrt(i)): many shallow regular minima (Griewank 1981)."""

    kind: Literal["griewank"] = "griewank"
    box: ClassVar = (-600.0, 600.0)

    def values(self, x: Array) -> Array:
        waves = np.prod(np.cos(x / np.sqrt(axis_numbers(x))), axis=1)
        return np.sum(x * x, axis=1) / 4000.0 + (1.0 - waves)

    def gradients(self, x: Array) -> Array:
        roots = np.sqrt(axis_numbers(x))
        cosines = np.cos(x / roots)
        return x / 2000.0 + np.sin(x / roots) / roots * products_of_others(cosines)

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))


def products_of_others(factors: Array) -> Array:
    """For factors (n, D), entry (n, i) is the product of the row without factor i; exact where factors are zero."""
    before = np.ones_like(factors)
    after = np.ones_like(factors)
    before[:, 1:] = np.cumprod(factors[:, :-1], axis=1)
    after[:, :-1] = np.cumprod(factors[:, :0:-1], axis=1)[:, ::-1]
    return before * after


SCHWEFEL_MINIMIZER = 420.968746359982
SCHWEFEL_DEPTH = 418.9828872724337


class Schwefel(Analytic):
    """418.98 D - sum x_i sin(sqrt |x_i|): the best minimum lies in a far corner, away from the next best ones
    (Schwefel 1981)."""

    kind: Literal["schwefel"] = "schwefel"
    box: ClassVar = (-500.0, 500.0)
    confined: ClassVar[bool] = True

    def values(self, x: Array) -> Array:
        return np.sum(SCHWEFEL_DEPTH - x * np.sin(np.sqrt(np.abs(x))), axis=1)

    def gradients(self, x: Array) -> Array:
        root = np.sqrt(np.abs(x))
        return -np.sin(root) - 0.5 * root * np.cos(root)

    def least(self) -> tuple[float, Array]:
        at = np.full((1, self.dimension), SCHWEFEL_MINIMIZER)
        return float(self.values(at)[0]), at


class Levy(Analytic):
    """A parabola in w = 1 + (x - 1) / 4 under waves (Laguna & Marti 2005)."""

    kind: Literal["levy"] = "levy"
    box: ClassVar = (-10.0, 10.0)

    def values(self, x: Array) -> Array:
        w = 1.0 + (x - 1.0) / 4.0
        head, last = w[:, :-1], w[:, -1]
        first = np.sin(np.pi * w[:, 0]) ** 2
        middle = np.sum((head - 1.0) ** 2 * (1.0 + 10.0 * np.sin(np.pi * head + 1.0) ** 2), axis=1)
        return first + middle + (last - 1.0) ** 2 * (1.0 + np.sin(TWO_PI * last) ** 2)

    def gradients(self, x: Array) -> Array:
        w = 1.0 + (x - 1.0) / 4.0
        head, last = w[:, :-1], w[:, -1]
        gradient = np.zeros_like(x)
        wave = np.pi * head + 1.0
        gradient[:, :-1] = 2.0 * (head - 1.0) * (1.0 + 10.0 * np.sin(wave) ** 2)
        gradient[:, :-1] += (head - 1.0) ** 2 * 10.0 * np.pi * np.sin(2.0 * wave)
        gradient[:, 0] += np.pi * np.sin(TWO_PI * w[:, 0])
        gradient[:, -1] += 2.0 * (last - 1.0) * (1.0 + np.sin(TWO_PI * last) ** 2)
        gradient[:, -1] += (last - 1.0) ** 2 * TWO_PI * np.sin(2.0 * TWO_PI * last)
        return gradient / 4.0

    def least(self) -> tuple[float, Array]:
        # sin(pi) is not zero in floating point.
        at = np.ones((1, self.dimension))
        return float(self.values(at)[0]), at


STYBLINSKI_MINIMIZER = -2.903534027771178


class StyblinskiTang(Analytic):
    """Half the sum of x_i^4 - 16 x_i^2 + 5 x_i: 2^D minima, one in each corner's direction (Styblinski & Tang 1990)."""

    kind: Literal["styblinski-tang"] = "styblinski-tang"
    box: ClassVar = (-5.0, 5.0)

    def values(self, x: Array) -> Array:
        square = x * x
        return 0.5 * np.sum(square * square - 16.0 * square + 5.0 * x, axis=1)

    def gradients(self, x: Array) -> Array:
        return 2.0 * x * x * x - 16.0 * x + 2.5

    def least(self) -> tuple[float, Array]:
        at = np.full((1, self.dimension), STYBLINSKI_MINIMIZER)
        return float(self.values(at)[0]), at


class Michalewicz(Analytic):
    """-sum sin(x_i) sin(i x_i^2 / pi)^(2 m): steep valleys between plateaus; D! local minima (Michalewicz 1992)."""

    kind: Literal["michalewicz"] = "michalewicz"
    box: ClassVar = (0.0, float(np.pi))
    confined: ClassVar[bool] = True
    steepness: int = Field(10, ge=1, le=50, description="m: larger, narrower valleys.")

    def values(self, x: Array) -> Array:
        wave = np.sin(axis_numbers(x) * x * x / np.pi)
        return -np.sum(np.sin(x) * wave ** (2 * self.steepness), axis=1)

    def gradients(self, x: Array) -> Array:
        m, i = self.steepness, axis_numbers(x)
        inner = i * x * x / np.pi
        wave = np.sin(inner)
        slope = 2.0 * m * wave ** (2 * m - 1) * np.cos(inner) * 2.0 * i * x / np.pi
        return -(np.cos(x) * wave ** (2 * m) + np.sin(x) * slope)

    def least(self) -> tuple[float | None, Array | None]:
        # Separable: each axis has its own one-dimensional minimum, found once by a fine grid and Newton's method.
        at = np.array([[self._minimizer_on_axis(i) for i in range(1, self.dimension + 1)]])
        return float(self.values(at)[0]), at

    def _minimizer_on_axis(self, number: int) -> float:
        """The minimizer of -sin(x) sin(number x^2 / pi)^(2m) on [0, pi]."""
        grid = np.linspace(0.0, np.pi, 2000 * number + 1)

        def loss(x: Array) -> Array:
            value: Array = -np.sin(x) * np.sin(number * x * x / np.pi) ** (2 * self.steepness)
            return value

        for _ in range(6):
            best = int(np.argmin(loss(grid)))
            grid = np.linspace(grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)], 101)
        return float(grid[int(np.argmin(loss(grid)))])


class Zakharov(Analytic):
    """s + q^2 + q^4 with s the sum of squares and q half the sum of i x_i: a plate-shaped valley."""

    kind: Literal["zakharov"] = "zakharov"
    box: ClassVar = (-5.0, 10.0)

    def values(self, x: Array) -> Array:
        q = 0.5 * np.sum(axis_numbers(x) * x, axis=1)
        return np.sum(x * x, axis=1) + q * q + q * q * q * q

    def gradients(self, x: Array) -> Array:
        i = axis_numbers(x)
        q = 0.5 * np.sum(i * x, axis=1)[:, None]
        return 2.0 * x + (2.0 * q + 4.0 * q * q * q) * 0.5 * i

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))


class DixonPrice(Analytic):
    """(x_1 - 1)^2 + sum i (2 x_i^2 - x_{i-1})^2: a curved valley (Dixon & Price 1989)."""

    kind: Literal["dixon-price"] = "dixon-price"
    box: ClassVar = (-10.0, 10.0)

    def values(self, x: Array) -> Array:
        i = axis_numbers(x)[1:]
        bend = 2.0 * x[:, 1:] ** 2 - x[:, :-1]
        return (x[:, 0] - 1.0) ** 2 + np.sum(i * bend * bend, axis=1)

    def gradients(self, x: Array) -> Array:
        i = axis_numbers(x)[1:]
        bend = 2.0 * x[:, 1:] ** 2 - x[:, :-1]
        gradient = np.zeros_like(x)
        gradient[:, 0] = 2.0 * (x[:, 0] - 1.0)
        gradient[:, 1:] += 8.0 * i * bend * x[:, 1:]
        gradient[:, :-1] -= 2.0 * i * bend
        return gradient

    def least(self) -> tuple[float, Array]:
        # The exponent -(2^i - 2) / 2^i, written so that it does not overflow.
        at = 2.0 ** -(1.0 - 2.0 ** (1.0 - np.arange(1.0, self.dimension + 1.0)))
        # Of x_i^2 alone the sign is free on the last axis.
        other = at.copy()
        other[-1] = -other[-1]
        return 0.0, np.array([at] if self.dimension == 1 else [at, other])


class SumOfPowers(Analytic):
    """Sum of |x_i|^(i + 1): ever flatter along the axes (unimodal, not twice differentiable at zero)."""

    kind: Literal["sum-of-powers"] = "sum-of-powers"
    box: ClassVar = (-1.0, 1.0)

    def values(self, x: Array) -> Array:
        return np.sum(np.abs(x) ** (axis_numbers(x) + 1.0), axis=1)

    def gradients(self, x: Array) -> Array:
        i = axis_numbers(x)
        return (i + 1.0) * np.abs(x) ** i * np.sign(x)

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))
