"""Classic test functions of a fixed dimension, mostly two, so that they can be drawn.

Sources as in ``classics``: Surjanovic & Bingham; Jamil & Yang 2013.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from .analytic import Analytic
from .landscape import Array


class Planar(Analytic):
    """Base class of functions of two variables, x and y.

    Attributes:
        minima: Class variable; the known minimizers (x, y).
    """

    catalogued: ClassVar[bool] = False
    dimension: Literal[2] = Field(2, description="Number of axes; this function has two.")
    minima: ClassVar[tuple[tuple[float, float], ...]]

    def least(self) -> tuple[float, Array]:
        """Return the minimum and the known minimizers, shape (k, 2)."""
        at = np.array(self.minima)
        return float(self.values(at).min()), at

    @property
    def label(self) -> str:
        """A short name for tables and figures, without the dimension."""
        return super().label.replace(" D=2", "", 1)


def stack_gradient(dx: Array, dy: Array) -> Array:
    """Return gradients (n, 2) from the two partial derivatives (n,)."""
    return np.stack([dx, dy], axis=1)


class Himmelblau(Planar):
    """A smooth function with four equal minima.

    f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2. Use it to see into which of equally good valleys agents go. The
    minimum is 0, among others at (3, 2).

    Source: Himmelblau 1972.
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["himmelblau"] = "himmelblau"
    box: ClassVar = (-5.0, 5.0)
    minima: ClassVar = (
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286170),
        (3.584428340330492, -1.848126526964404),
    )

    def values(self, x: Array) -> Array:
        a, b = x[:, 0] ** 2 + x[:, 1] - 11.0, x[:, 0] + x[:, 1] ** 2 - 7.0
        return a * a + b * b

    def gradients(self, x: Array) -> Array:
        a, b = x[:, 0] ** 2 + x[:, 1] - 11.0, x[:, 0] + x[:, 1] ** 2 - 7.0
        return stack_gradient(4.0 * a * x[:, 0] + 2.0 * b, 2.0 * a + 4.0 * b * x[:, 1])


class Eggholder(Planar):
    """Steep ridges and pits, with the best pit on the edge of the box, near a corner.

    f(x, y) = -(y + 47) sin(sqrt |x / 2 + y + 47|) - x sin(sqrt |x - y - 47|). Use it as one of the hardest functions of
    two variables. The minimum is -959.64 at (512, 404.23). Outside the usual box there are lower values, so a shifted
    or rotated function is evaluated at the nearest point of that box, plus a penalty.

    Source: Whitley et al. 1996.
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["eggholder"] = "eggholder"
    box: ClassVar = (-512.0, 512.0)
    confined: ClassVar[bool] = True
    minima: ClassVar = ((512.0, 404.231805123817),)

    def values(self, x: Array) -> Array:
        a, b = x[:, 0], x[:, 1] + 47.0
        return -b * np.sin(np.sqrt(np.abs(0.5 * a + b))) - a * np.sin(np.sqrt(np.abs(a - b)))

    def gradients(self, x: Array) -> Array:
        a, b = x[:, 0], x[:, 1] + 47.0
        u, v = 0.5 * a + b, a - b
        ru, rv = np.sqrt(np.abs(u)), np.sqrt(np.abs(v))
        du = np.divide(np.cos(ru) * np.sign(u), 2.0 * ru, out=np.zeros_like(u), where=ru > 0)
        dv = np.divide(np.cos(rv) * np.sign(v), 2.0 * rv, out=np.zeros_like(v), where=rv > 0)
        return stack_gradient(-b * du * 0.5 - np.sin(rv) - a * dv, -np.sin(ru) - b * du + a * dv)


class SixHumpCamel(Planar):
    """Six minima in three mirrored pairs, of which one pair is the best.

    f(x, y) = (4 - 2.1 x^2 + x^4 / 3) x^2 + x y + (4 y^2 - 4) y^2. Use it as a quick test of global search with few
    valleys. The minimum is -1.0316 at (0.0898, -0.7127) and (-0.0898, 0.7127).

    Source: Dixon & Szego 1978.
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["six-hump-camel"] = "six-hump-camel"
    box: ClassVar = ((-3.0, 3.0), (-2.0, 2.0))
    minima: ClassVar = (
        (0.08984201368301331, -0.7126564032704135),
        (-0.08984201368301331, 0.7126564032704135),
    )

    def values(self, x: Array) -> Array:
        a, b = x[:, 0] ** 2, x[:, 1] ** 2
        return (4.0 - 2.1 * a + a * a / 3.0) * a + x[:, 0] * x[:, 1] + (4.0 * b - 4.0) * b

    def gradients(self, x: Array) -> Array:
        u, v = x[:, 0], x[:, 1]
        return stack_gradient(8.0 * u - 8.4 * u**3 + 2.0 * u**5 + v, u - 8.0 * v + 16.0 * v**3)


class Branin(Planar):
    """Three equal minima in a curved valley.

    f(x, y) = (y - 5.1 / (4 pi^2) x^2 + 5 / pi x - 6)^2 + 10 (1 - 1 / (8 pi)) cos x + 10. Use it as a quick test of
    global search on a smooth function. The minimum is 0.3979, at (-pi, 12.275), (pi, 2.275) and (3 pi, 2.475).

    Source: Branin 1972.
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["branin"] = "branin"
    box: ClassVar = ((-5.0, 10.0), (0.0, 15.0))
    minima: ClassVar = ((-float(np.pi), 12.275), (float(np.pi), 2.275), (9.42477796076938, 2.475))

    def values(self, x: Array) -> Array:
        u, v = x[:, 0], x[:, 1]
        bend = v - 5.1 / (4.0 * np.pi**2) * u * u + 5.0 / np.pi * u - 6.0
        return bend * bend + 10.0 * (1.0 - 1.0 / (8.0 * np.pi)) * np.cos(u) + 10.0

    def gradients(self, x: Array) -> Array:
        u, v = x[:, 0], x[:, 1]
        bend = v - 5.1 / (4.0 * np.pi**2) * u * u + 5.0 / np.pi * u - 6.0
        slope = -10.2 / (4.0 * np.pi**2) * u + 5.0 / np.pi
        return stack_gradient(2.0 * bend * slope - 10.0 * (1.0 - 1.0 / (8.0 * np.pi)) * np.sin(u), 2.0 * bend)


class Beale(Planar):
    """A flat curved valley with sharp peaks at the corners.

    f(x, y) = (1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2. Use it to test local agents where the
    slope varies by many orders of magnitude. The minimum is 0 at (3, 0.5).

    Source: Beale 1958.
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["beale"] = "beale"
    box: ClassVar = (-4.5, 4.5)
    minima: ClassVar = ((3.0, 0.5),)

    def values(self, x: Array) -> Array:
        u, v = x[:, 0], x[:, 1]
        return (1.5 - u + u * v) ** 2 + (2.25 - u + u * v**2) ** 2 + (2.625 - u + u * v**3) ** 2

    def gradients(self, x: Array) -> Array:
        u, v = x[:, 0], x[:, 1]
        dx, dy = np.zeros_like(u), np.zeros_like(u)
        for power, offset in ((1, 1.5), (2, 2.25), (3, 2.625)):
            part = offset - u + u * v**power
            dx += 2.0 * part * (v**power - 1.0)
            dy += 2.0 * part * u * power * v ** (power - 1)
        return stack_gradient(dx, dy)


class Booth(Planar):
    """A plain convex quadratic with one minimum.

    f(x, y) = (x + 2 y - 7)^2 + (2 x + y - 5)^2. Use it as an easy test that is not aligned with the axes. The minimum
    is 0 at (1, 3).
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["booth"] = "booth"
    box: ClassVar = (-10.0, 10.0)
    minima: ClassVar = ((1.0, 3.0),)

    def values(self, x: Array) -> Array:
        a, b = x[:, 0] + 2.0 * x[:, 1] - 7.0, 2.0 * x[:, 0] + x[:, 1] - 5.0
        return a * a + b * b

    def gradients(self, x: Array) -> Array:
        a, b = x[:, 0] + 2.0 * x[:, 1] - 7.0, 2.0 * x[:, 0] + x[:, 1] - 5.0
        return stack_gradient(2.0 * a + 4.0 * b, 4.0 * a + 2.0 * b)


class Easom(Planar):
    """A needle in a plain: one narrow pit in a flat box.

    f(x, y) = -cos x cos y exp(-(x - pi)^2 - (y - pi)^2). Use it to see how agents search where the loss says nothing
    about the way. The minimum is -1 at (pi, pi).

    Source: Easom 1990.
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["easom"] = "easom"
    box: ClassVar = (-100.0, 100.0)
    minima: ClassVar = ((float(np.pi), float(np.pi)),)

    def values(self, x: Array) -> Array:
        u, v = x[:, 0], x[:, 1]
        return -np.cos(u) * np.cos(v) * np.exp(-((u - np.pi) ** 2) - (v - np.pi) ** 2)

    def gradients(self, x: Array) -> Array:
        u, v = x[:, 0], x[:, 1]
        hill = np.exp(-((u - np.pi) ** 2) - (v - np.pi) ** 2)
        dx = hill * np.cos(v) * (np.sin(u) + 2.0 * (u - np.pi) * np.cos(u))
        dy = hill * np.cos(u) * (np.sin(v) + 2.0 * (v - np.pi) * np.cos(v))
        return stack_gradient(dx, dy)


class DropWave(Planar):
    """Rings of waves around the centre.

    f(x, y) = -(1 + cos(12 r)) / (r^2 / 2 + 2), where r^2 = x^2 + y^2. Use it to test whether an agent crosses rings of
    local minima. The minimum is -1 at the origin.
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["drop-wave"] = "drop-wave"
    box: ClassVar = (-5.12, 5.12)
    minima: ClassVar = ((0.0, 0.0),)

    def values(self, x: Array) -> Array:
        square = x[:, 0] ** 2 + x[:, 1] ** 2
        return -(1.0 + np.cos(12.0 * np.sqrt(square))) / (0.5 * square + 2.0)

    def gradients(self, x: Array) -> Array:
        square = x[:, 0] ** 2 + x[:, 1] ** 2
        r = np.sqrt(square)
        below = 0.5 * square + 2.0
        # d/dr divided by r; sin(12 r) / r tends to 12 at the centre.
        sinc = np.divide(np.sin(12.0 * r), r, out=np.full_like(r, 12.0), where=r > 0)
        factor = 12.0 * sinc / below + (1.0 + np.cos(12.0 * r)) / (below * below)
        return factor[:, None] * x


class GoldsteinPrice(Planar):
    """Four minima, with losses over five orders of magnitude.

    f(x, y) = (1 + (x + y + 1)^2 (19 - 14 x + 3 x^2 - 14 y + 6 x y + 3 y^2)) times
    (30 + (2 x - 3 y)^2 (18 - 32 x + 12 x^2 + 48 y - 36 x y + 27 y^2)). Use it to test agents whose steps depend on the
    scale of the loss. The minimum is 3 at (0, -1).

    Source: Goldstein & Price 1971.
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["goldstein-price"] = "goldstein-price"
    box: ClassVar = (-2.0, 2.0)
    minima: ClassVar = ((0.0, -1.0),)

    def values(self, x: Array) -> Array:
        a, b, _, _ = self._factors_and_gradients(x)
        return a * b

    def gradients(self, x: Array) -> Array:
        a, b, da, db = self._factors_and_gradients(x)
        return da * b[:, None] + a[:, None] * db

    @staticmethod
    def _factors_and_gradients(x: Array) -> tuple[Array, Array, Array, Array]:
        """Return the two factors of the loss, each (n,), and their gradients, each (n, 2)."""
        u, v = x[:, 0], x[:, 1]
        s, t = u + v + 1.0, 2.0 * u - 3.0 * v
        p = 19.0 - 14.0 * u + 3.0 * u * u - 14.0 * v + 6.0 * u * v + 3.0 * v * v
        q = 18.0 - 32.0 * u + 12.0 * u * u + 48.0 * v - 36.0 * u * v + 27.0 * v * v
        dp = -14.0 + 6.0 * u + 6.0 * v
        qx, qy = -32.0 + 24.0 * u - 36.0 * v, 48.0 - 36.0 * u + 54.0 * v
        a, b = 1.0 + s * s * p, 30.0 + t * t * q
        da = 2.0 * s * p + s * s * dp
        return a, b, stack_gradient(da, da), stack_gradient(4.0 * t * q + t * t * qx, -6.0 * t * q + t * t * qy)


class McCormick(Planar):
    """A tilted trough with waves along its floor.

    f(x, y) = sin(x + y) + (x - y)^2 - 1.5 x + 2.5 y + 1. Use it as an easy test that is not aligned with the axes. The
    minimum is -1.9132 at (-0.5472, -1.5472). Outside the usual box there are lower values, so a shifted or rotated
    function is evaluated at the nearest point of that box, plus a penalty.

    Source: McCormick 1976.
    """

    catalogued: ClassVar[bool] = True
    kind: Literal["mccormick"] = "mccormick"
    box: ClassVar = ((-1.5, 4.0), (-3.0, 4.0))
    confined: ClassVar[bool] = True
    minima: ClassVar = ((-0.5471975511965976, -1.5471975511965976),)

    def values(self, x: Array) -> Array:
        u, v = x[:, 0], x[:, 1]
        return np.sin(u + v) + (u - v) ** 2 - 1.5 * u + 2.5 * v + 1.0

    def gradients(self, x: Array) -> Array:
        u, v = x[:, 0], x[:, 1]
        wave = np.cos(u + v)
        return stack_gradient(wave + 2.0 * (u - v) - 1.5, wave - 2.0 * (u - v) + 2.5)


class Hartmann6(Analytic):
    """Six minima of different depth in six dimensions.

    f(x) = -sum over k = 1..4 of c_k exp(-sum of A_ki (x_i - P_ki)^2), with constants c, A and P from the source. Use it
    to compare global searches that have few evaluations. The minimum is -3.3224.

    Source: Hartman 1973.
    """

    kind: Literal["hartmann-6"] = "hartmann-6"
    box: ClassVar = (0.0, 1.0)
    dimension: Literal[6] = Field(6, description="Number of axes; this function has six.")

    def values(self, x: Array) -> Array:
        return -np.sum(self._hills(x), axis=1)

    def gradients(self, x: Array) -> Array:
        hills = self._hills(x)
        away = x[:, None, :] - HARTMANN_P[None]
        return 2.0 * np.sum(hills[:, :, None] * HARTMANN_A[None] * away, axis=1)

    @staticmethod
    def _hills(x: Array) -> Array:
        """Return the four terms of the sum, shape (n, 4)."""
        away = x[:, None, :] - HARTMANN_P[None]
        return HARTMANN_C * np.exp(-np.sum(HARTMANN_A[None] * away * away, axis=2))

    def least(self) -> tuple[float, Array]:
        at = np.array([[0.2016895110, 0.1500106915, 0.4768739742, 0.2753324300, 0.3116516166, 0.6573005341]])
        return float(self.values(at)[0]), at


HARTMANN_C = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_A = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
HARTMANN_P = 1e-4 * np.array(
    [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ]
)
