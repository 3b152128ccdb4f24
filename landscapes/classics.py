"""Classic test functions of any dimension.

Sources: Surjanovic & Bingham, "Virtual Library of Simulation Experiments"; Jamil & Yang 2013, "A literature survey of
benchmark functions for global optimization problems". The gradients are derived from the formulas.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from .analytic import Analytic
from .landscape import Array

TWO_PI = 2.0 * np.pi


def axis_numbers(x: Array) -> Array:
    """Return the numbers 1, 2, ..., D as floats, shape (D,), for points (n, D)."""
    return np.arange(1.0, x.shape[1] + 1.0)


class Sphere(Analytic):
    """Sum of squares: convex, separable and perfectly conditioned.

    f(x) = sum of x_i^2. Use it as the easiest test, which every agent should pass. The minimum is 0 at the origin.
    """

    kind: Literal["sphere"] = "sphere"
    box: ClassVar = (-5.12, 5.12)

    def values(self, x: Array) -> Array:
        return np.add.reduce(x * x, axis=1)

    def gradients(self, x: Array) -> Array:
        return 2.0 * x

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))


class Ellipsoid(Analytic):
    """Convex quadratic whose condition number can be chosen.

    f(x) = sum of c^((i-1)/(D-1)) x_i^2, where c is the setting ``condition``. Use it to see how an agent copes with
    axes of very different scales; with ``rotate``, these are no longer the coordinate axes. The minimum is 0 at the
    origin.
    """

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
    """The banana valley: narrow, curved, and almost flat along its floor.

    f(x) = sum of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2, for D >= 2. Use it to test whether an agent can follow a
    curved valley. The minimum is 0 at (1, ..., 1).

    Source: Rosenbrock 1960.
    """

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
    """A bowl with about 10^D local minima on a grid.

    f(x) = 10 D + sum of x_i^2 - 10 cos(2 pi x_i). Use it to test whether an agent gets past many regular local minima.
    It is separable, so that agents that search axis by axis have an advantage unless it is rotated. The minimum is 0 at
    the origin.

    Source: Rastrigin 1974.
    """

    kind: Literal["rastrigin"] = "rastrigin"
    box: ClassVar = (-5.12, 5.12)

    def values(self, x: Array) -> Array:
        return np.sum(x * x + 10.0 * (1.0 - np.cos(TWO_PI * x)), axis=1)

    def gradients(self, x: Array) -> Array:
        return 2.0 * x + 10.0 * TWO_PI * np.sin(TWO_PI * x)

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))


class Ackley(Analytic):
    """A nearly flat outer plain with a hole at the centre, rippled throughout.

    f(x) = 20 + e - 20 exp(-0.2 sqrt(mean of x_i^2)) - exp(mean of cos(2 pi x_i)). Use it to test whether an agent finds
    the hole among ripples that hide the slope. The minimum is 0 at the origin, where the function has no gradient; a
    gradient of zero is returned there.

    Source: Ackley 1987.
    """

    kind: Literal["ackley"] = "ackley"
    box: ClassVar = (-32.768, 32.768)

    def values(self, x: Array) -> Array:
        root = np.sqrt(np.sum(x * x, axis=1) / x.shape[1])
        waves = np.sum(np.cos(TWO_PI * x), axis=1) / x.shape[1]
        # Written so that both terms vanish at the minimum, where the usual form gives 4e-16.
        return -20.0 * np.expm1(-0.2 * root) - (np.exp(waves) - np.e)

    def gradients(self, x: Array) -> Array:
        d = x.shape[1]
        root = np.sqrt(np.sum(x * x, axis=1) / d)[:, None]
        waves = (np.sum(np.cos(TWO_PI * x), axis=1) / d)[:, None]
        # At the very centre the cone has no gradient; zero is the subgradient that a descent should receive.
        cone = np.divide(4.0 * np.exp(-0.2 * root) * x, d * root, out=np.zeros_like(x), where=root > 0)
        return cone + np.exp(waves) * np.sin(TWO_PI * x) * TWO_PI / d

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))


class Griewank(Analytic):
    """A wide bowl with many shallow, regularly spaced minima.

    f(x) = 1 + sum of x_i^2 / 4000 - product of cos(x_i / sqrt(i)). Use it to test whether an agent sees the bowl behind
    the ripples. The minimum is 0 at the origin.

    Source: Griewank 1981.
    """

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
    """Return, for each of the factors (n, D), the product of the others in its row; exact where factors are zero."""
    before = np.ones_like(factors)
    after = np.ones_like(factors)
    before[:, 1:] = np.cumprod(factors[:, :-1], axis=1)
    after[:, :-1] = np.cumprod(factors[:, :0:-1], axis=1)[:, ::-1]
    return before * after


SCHWEFEL_MINIMIZER = 420.968746359982
SCHWEFEL_DEPTH = 418.9828872724337


class Schwefel(Analytic):
    """Large waves whose best minimum lies in a far corner, away from the next best ones.

    f(x) = 418.98 D - sum of x_i sin(sqrt |x_i|). Use it to test agents that expect the best minimum near other good
    ones, which mislead here. The minimum is 0, up to rounding, where every x_i is 420.97. Outside the usual box there
    are lower values, so a shifted or rotated function is evaluated at the nearest point of that box, plus a penalty.

    Source: Schwefel 1981.
    """

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
    """A parabola under waves, with many local minima.

    f(x) = sin^2(pi w_1) + sum over i < D of (w_i - 1)^2 (1 + 10 sin^2(pi w_i + 1)) + (w_D - 1)^2 (1 + sin^2(2 pi w_D)),
    where w = 1 + (x - 1) / 4. Use it to test whether an agent follows the parabola across the waves. The minimum is 0,
    up to rounding, at (1, ..., 1).

    Source: Laguna & Marti 2005.
    """

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
    """A separable function with 2^D minima, one in the direction of each corner.

    f(x) = half the sum of x_i^4 - 16 x_i^2 + 5 x_i. Use it to test whether an agent finds the best of several wide
    valleys. The minimum is about -39.166 D, where every x_i is -2.9035.

    Source: Styblinski & Tang 1990.
    """

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
    """Steep valleys between plateaus, with D! local minima.

    f(x) = -sum of sin(x_i) sin(i x_i^2 / pi)^(2 m), where m is the setting ``steepness``. Use it to test agents where
    most of the box is flat. It is separable, and its minimum is computed axis by axis when it is opened. Outside the
    usual box there are lower values, so a shifted or rotated function is evaluated at the nearest point of that box,
    plus a penalty.

    Source: Michalewicz 1992.
    """

    kind: Literal["michalewicz"] = "michalewicz"
    box: ClassVar = (0.0, float(np.pi))
    confined: ClassVar[bool] = True
    steepness: int = Field(10, ge=1, le=50, description="The exponent m; a larger one makes narrower valleys.")

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
        # Separable: each axis has its own one-dimensional minimum, found by a fine grid that is refined repeatedly.
        at = np.array([[self._minimizer_on_axis(i) for i in range(1, self.dimension + 1)]])
        return float(self.values(at)[0]), at

    def _minimizer_on_axis(self, number: int) -> float:
        """Return the minimizer of -sin(x) sin(number x^2 / pi)^(2m) on [0, pi]."""
        grid = np.linspace(0.0, np.pi, 2000 * number + 1)

        def loss(x: Array) -> Array:
            value: Array = -np.sin(x) * np.sin(number * x * x / np.pi) ** (2 * self.steepness)
            return value

        for _ in range(6):
            best = int(np.argmin(loss(grid)))
            grid = np.linspace(grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)], 101)
        return float(grid[int(np.argmin(loss(grid)))])


class Zakharov(Analytic):
    """A plate-shaped valley with one minimum.

    f(x) = s + q^2 + q^4, where s is the sum of x_i^2 and q is half the sum of i x_i. Use it to test agents on a smooth
    function that is steep in one direction and flat in all others. The minimum is 0 at the origin.
    """

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
    """A curved valley that leads through all axes.

    f(x) = (x_1 - 1)^2 + sum over i > 1 of i (2 x_i^2 - x_{i-1})^2. Use it to test whether an agent can follow a curved
    valley in many dimensions. The minimum is 0 at x_i = 2^(-(2^i - 2) / 2^i), where the sign of the last coordinate is
    free if D > 1.

    Source: Dixon & Price 1989.
    """

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
        # Only the square of the last coordinate occurs, so its sign is free.
        other = at.copy()
        other[-1] = -other[-1]
        return 0.0, np.array([at] if self.dimension == 1 else [at, other])


class SumOfPowers(Analytic):
    """A bowl that is flatter along each further axis.

    f(x) = sum of |x_i|^(i + 1). Use it to test agents whose model of the loss is a quadratic. It has one minimum, 0 at
    the origin, and for D > 1 it is not three times differentiable there.
    """

    kind: Literal["sum-of-powers"] = "sum-of-powers"
    box: ClassVar = (-1.0, 1.0)

    def values(self, x: Array) -> Array:
        return np.sum(np.abs(x) ** (axis_numbers(x) + 1.0), axis=1)

    def gradients(self, x: Array) -> Array:
        i = axis_numbers(x)
        return (i + 1.0) * np.abs(x) ** i * np.sign(x)

    def least(self) -> tuple[float, Array]:
        return 0.0, np.zeros((1, self.dimension))
