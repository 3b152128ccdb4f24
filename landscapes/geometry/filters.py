"""Filters of networks: which weights belong to one unit, their norms, and directions that are normalised by them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..landscape import Array, Problem


@dataclass(frozen=True, slots=True)
class Filters:
    """Which filter each weight belongs to.

    The incoming weights of one unit (of one output channel of a convolution) are a filter; the unit's bias and gain
    belong to it.

    Attributes:
        numbers: The number of each weight's filter, from 0, shape (D,), int64.
        offsets: Which weights are biases or gains, shape (D,), bool.

    Example:
        >>> filters = Filters(np.array([0, 0, 1, 1, 0, 1]), np.array([False, False, False, False, True, True]))
        >>> filters.measure_norms(np.array([3.0, 4.0, 0.0, 2.0, 7.0, 9.0])).tolist()
        [5.0, 5.0, 2.0, 2.0, 5.0, 2.0]
    """

    numbers: NDArray[np.int64]
    offsets: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many filters there are."""
        return int(self.numbers.max()) + 1

    def measure_norms(self, point: Array) -> Array:
        """Measure the filters of a point.

        The norm is of the filter's weights, without its biases and gains. A filter that has nothing else, such as a
        vector of biases that belong to no known unit, has the norm of these.

        Args:
            point: The weights, shape (D,), in the landscape's units.

        Returns:
            For each weight the Euclidean norm of its filter, shape (D,).
        """
        return self._sum_squares(point, self._find_counted())[self.numbers] ** 0.5

    def normalise_direction(self, direction: Array, point: Array) -> Array:
        """Give each filter of a direction the norm of the point's filter (Li et al. 2018).

        Biases and gains get zero, as in the code of Li et al. ("ignore biasbn"): along the result they do not change.
        A filter that is zero in the direction or in the point is zero in the result.

        Args:
            direction: A direction, such as a normal random vector, shape (D,).
            point: The point that it starts at, shape (D,), in the landscape's units.

        Returns:
            The normalised direction, shape (D,), in the landscape's units; its length is that of the point's weights
            without biases and gains, unless filters of the direction are zero.

        Example:
            >>> filters = Filters(np.array([0, 0, 1, 0]), np.array([False, False, False, True]))
            >>> filters.normalise_direction(np.array([0.0, 1.0, -5.0, 1.0]), np.array([3.0, 4.0, 2.0, 9.0])).tolist()
            [0.0, 5.0, -2.0, 0.0]
        """
        counted = ~self.offsets
        norms = self._sum_squares(direction, counted)[self.numbers] ** 0.5
        scales = self.measure_norms(point)
        return np.divide(direction * scales, norms, out=np.zeros(len(point)), where=counted & (norms > 0))

    def _find_counted(self) -> NDArray[np.bool_]:
        """Return which weights count for the norm of their filter."""
        has_weights = np.bincount(self.numbers, ~self.offsets) > 0
        found: NDArray[np.bool_] = ~self.offsets | ~has_weights[self.numbers]
        return found

    def _sum_squares(self, vector: Array, counted: NDArray[np.bool_]) -> Array:
        return np.bincount(self.numbers, np.where(counted, vector, 0.0) ** 2).astype(np.float64)


@runtime_checkable
class FilteredProblem(Protocol):
    """Protocol of a problem whose axes are the weights of a model with filters.

    Example:
        >>> class TwoUnits:
        ...     space = Space(np.full(4, -1.0), np.full(4, 1.0))
        ...     filters = Filters(np.array([0, 1, 0, 1]), np.zeros(4, dtype=bool))
        ...     def evaluate(self, points):
        ...         return (points**2).sum(axis=1)
        >>> find_filters(TwoUnits()).count
        2
    """

    @property
    def filters(self) -> Filters:
        """Which filter each weight belongs to."""
        ...


def find_filters(problem: Problem) -> Filters:
    """Return the filters of a problem; of one that tells none, one filter of all coordinates.

    Args:
        problem: Any opened landscape.

    Returns:
        The filters of its D coordinates.
    """
    if isinstance(problem, FilteredProblem):
        found = problem.filters
        # Vectors alone are no biases of anything: each is a filter of weights.
        return replace(found, offsets=np.zeros_like(found.offsets)) if found.offsets.all() else found
    dimension = problem.space.dimension
    return Filters(np.zeros(dimension, dtype=np.int64), np.zeros(dimension, dtype=bool))


def join_filters(blocks: Iterable[tuple[NDArray[np.int64], bool]]) -> Filters:
    """Join blocks of weights that follow each other in a point.

    Args:
        blocks: For each block the numbers of its weights' filters, of any shape in the order of a point, and whether
            they are biases or gains.

    Returns:
        The filters, numbered from 0 in the order of the given numbers.

    Example:
        >>> join_filters([(np.array([[4, 7], [4, 7]]), False), (np.array([4, 7]), True)]).numbers.tolist()
        [0, 1, 0, 1, 0, 1]
    """
    pairs = [(numbers.reshape(-1), offset) for numbers, offset in blocks]
    _, renumbered = np.unique(np.concatenate([numbers for numbers, _ in pairs]), return_inverse=True)
    offsets = np.concatenate([np.full(len(numbers), offset) for numbers, offset in pairs])
    return Filters(renumbered.astype(np.int64), offsets)
