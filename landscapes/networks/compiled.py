"""Problems whose losses are compiled programs."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..geometry.filters import Filters
from ..geometry.matching import HiddenUnits
from ..landscape import Array, Space
from .backend import promises_equal_bits
from .layers import Network, list_network_filters, list_network_units
from .programs import HessianProgram, LossFunctions, Programs

PROBES = 64
"""At how many points two processes are compared."""
PROBED_GRADIENTS = 4
"""At how many of them the gradients are compared too."""
PROBED_WIDTH = 0.1
"""The side of the cube, around the center of the unit cube, in which these points lie."""


class CompiledProblem:
    """A problem whose losses are compiled programs. The backend starts with the first evaluation, not before.

    Args:
        space: The space that is searched.
        make_functions: Makes what is compiled; called with the first evaluation.
        make_filters: Returns which filter each weight belongs to; called when it is first asked for.
        hessian: The program of products with the Hessian.
    """

    minimum: None = None
    minimizers: None = None
    rowwise = True

    def __init__(
        self,
        space: Space,
        make_functions: Callable[[], LossFunctions],
        make_filters: Callable[[], Filters],
        hessian: HessianProgram,
    ) -> None:
        self.space, self._make_functions = space, make_functions
        self._make_filters, self._hessian = make_filters, hessian

    @cached_property
    def filters(self) -> Filters:
        """Which filter each weight belongs to."""
        return self._make_filters()

    @cached_property
    def _programs(self) -> Programs:
        return Programs(self._make_functions(), self.space.dimension)

    @property
    def promises_bits(self) -> bool:
        """Whether another process finds the same bits: on a CPU it does; on a GPU nothing is promised."""
        return promises_equal_bits()

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of points (n, D), each by the same instructions however many there are."""
        return self._programs.evaluate(points)

    def gradient(self, points: Array) -> Array:
        """Return the gradients (n, D) at points (n, D)."""
        return self._programs.differentiate(points)

    def evaluate_plane(self, vectors: Array, u: Array, v: Array) -> Array:
        """Return the losses (m, k) on a grid of the plane of an origin and two directions, shape (3, D).

        What its points share is computed once, so the last bits are not those of ``evaluate``.
        """
        return self._programs.evaluate_plane(vectors, u, v)

    def multiply_hessian(self, point: Array, direction: Array) -> Array:
        """Return the product (D,) of the Hessian at a point (D,) with a direction (D,)."""
        return self._hessian.multiply(point, direction)

    def probe(self) -> Array:
        """Return losses at 64 fixed points, and digests of gradients at four of them, by which processes compare."""
        points, differentiated = list_probes(self.space)
        digests = [float(zlib.crc32(row.tobytes())) for row in self.gradient(points[:differentiated])]
        return np.concatenate([self.evaluate(points), digests])


def list_probes(space: Space) -> tuple[Array, int]:
    """Return points (64, D) at which two processes are compared, and at how many of them by their gradients too."""
    rng = np.random.Generator(np.random.Philox(0))
    cube = 0.5 + PROBED_WIDTH * (rng.random((PROBES, space.dimension)) - 0.5)
    return space.to_box(cube), PROBED_GRADIENTS


class DividedProblem(CompiledProblem):
    """A problem whose loss is a mean over rows of data, and which has measures besides."""

    def evaluate_share(self, points: Array, rows: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return losses (n,) and gradients (n, D) at points (n, D), each over its rows of data (n, b)."""
        return self._programs.evaluate_share(points, rows)

    def measure(self, point: Array) -> dict[str, float]:
        """Return the measures at a point (D,)."""
        return self._programs.measure(point)


class NetworkProblem(DividedProblem):
    """The loss of a network whose layers are known.

    Args:
        space: The space that is searched.
        network: The network.
        make_functions: Makes what is compiled; called with the first evaluation.
        hessian: The program of products with the Hessian.
    """

    def __init__(
        self, space: Space, network: Network, make_functions: Callable[[], LossFunctions], hessian: HessianProgram
    ) -> None:
        super().__init__(space, make_functions, lambda: list_network_filters(network), hessian)
        self._network = network

    def list_hidden_units(self) -> HiddenUnits:
        """Return which weights belong to each hidden unit. Raises GeometryError unless all layers are plain ones."""
        return list_network_units(self._network)
