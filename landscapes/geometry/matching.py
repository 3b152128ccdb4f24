"""Hidden units matched to those of a reference: networks that differ by the order of units are the same function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..landscape import Array, Problem
from .hessian import GeometryError

ORDERS = 5
"""In how many random orders of layers units are matched, from each start."""
SWEEPS = 100


@dataclass(frozen=True, slots=True)
class HiddenUnits:
    """Which weights belong to each hidden unit of a network, layer by layer.

    Exchanging the weights of two units of a layer changes the order of units, and not what the network computes.

    Attributes:
        incoming: For each hidden layer the coordinates of each unit's incoming weights, bias and gain, shape (units,
            k), in the same order for each unit.
        outgoing: For each hidden layer those of each unit's outgoing weights, shape (units, m).
        dimension: The number of all weights, D.

    Example:
        >>> units = HiddenUnits((np.array([[0], [1]]),), (np.array([[2], [3]]),), 4)
        >>> units.permute(np.array([1.0, 2.0, 3.0, 4.0]), [np.array([1, 0])]).tolist()
        [2.0, 1.0, 4.0, 3.0]
    """

    incoming: tuple[NDArray[np.int64], ...]
    outgoing: tuple[NDArray[np.int64], ...]
    dimension: int

    @property
    def weights(self) -> tuple[NDArray[np.int64], ...]:
        """For each hidden layer the coordinates of all weights of each unit, shape (units, k + m)."""
        return tuple(np.hstack(pair) for pair in zip(self.incoming, self.outgoing, strict=True))

    def permute(self, point: Array, orders: Sequence[NDArray[np.int64]]) -> Array:
        """Return the weights with hidden units in another order.

        Args:
            point: The weights, shape (D,).
            orders: For each hidden layer the numbers of units in their new order, shape (units,).

        Returns:
            The same network with units in these orders, shape (D,).
        """
        found = point.copy()
        for weights, order in zip(self.weights, orders, strict=True):
            found[weights] = found[weights[order]]
        return found


@runtime_checkable
class LayeredProblem(Protocol):
    """Protocol of a problem whose axes are the weights of a network with hidden units."""

    def list_hidden_units(self) -> HiddenUnits:
        """Return which weights belong to each hidden unit.

        Raises:
            GeometryError: The order of its units cannot be changed layer by layer.
        """
        ...


def find_hidden_units(problem: Problem) -> HiddenUnits:
    """Return the hidden units of a problem.

    Args:
        problem: An opened landscape.

    Raises:
        GeometryError: It has none that could be matched.

    Example:
        >>> class TwoUnits:
        ...     space = Space(np.full(4, -1.0), np.full(4, 1.0))
        ...     def evaluate(self, points):
        ...         return (points[:, 0] * points[:, 2] + points[:, 1] * points[:, 3]) ** 2
        ...     def list_hidden_units(self):
        ...         return HiddenUnits((np.array([[0], [1]]),), (np.array([[2], [3]]),), 4)
        >>> find_hidden_units(TwoUnits()).dimension
        4
    """
    if not isinstance(problem, LayeredProblem):
        raise GeometryError(
            "landscape must be of kind network for units to be matched, got another, whose layers are not known. Leave "
            "out the matching."
        )
    return problem.list_hidden_units()


def match_units(network: HiddenUnits, reference: Array, other: Array, seed: int = 0) -> Array:
    """Order the hidden units of a network so that its weights are nearest to those of a reference.

    This is weight matching (Ainsworth et al. 2023): layer by layer, units are assigned so that the sum of products of
    weights is largest, until nothing changes. It finds a local optimum, so it starts from the given order and from an
    assignment of units by their own weights from the first layer to the last, each with five random orders of layers,
    and the nearest result is kept. A permuted copy is recognised exactly: the result has the reference's bits.

    Args:
        network: The units, as ``find_hidden_units`` returns them.
        reference: The weights to be near to, shape (D,).
        other: The weights to reorder, shape (D,). It is not changed.
        seed: Which random orders are used.

    Returns:
        The reordered weights, shape (D,): the same function of the inputs.

    Raises:
        GeometryError: Both are not weights of this network.

    Example:
        >>> units = HiddenUnits((np.array([[0], [1]]),), (np.array([[2], [3]]),), 4)
        >>> match_units(units, np.array([1.0, 5.0, 2.0, 7.0]), np.array([5.0, 1.0, 7.0, 2.0])).tolist()
        [1.0, 5.0, 2.0, 7.0]
    """
    for name, point in (("reference", reference), ("other", other)):
        if point.shape != (network.dimension,):
            raise GeometryError(
                f"{name} must have the {network.dimension} weights of the network, got shape {point.shape}. Match "
                "points of equal networks only."
            )
    rng = np.random.Generator(np.random.Philox(seed))
    found = [other]
    for start in (_assign_forwards(network, reference, other), other):
        for _ in range(ORDERS):
            found.append(_descend(network, reference, start, rng))
            if np.array_equal(found[-1], reference):
                return found[-1]
    return min(found, key=lambda each: float(np.sum((each - reference) ** 2)))


def _assign_forwards(network: HiddenUnits, reference: Array, other: Array) -> Array:
    """Assign units from the first layer to the last, each by its incoming weights and its sorted outgoing ones.

    What a unit sends to units whose order is not known yet is compared in sorted order, which does not depend on it. Of
    a permuted copy, the right units are at distance zero.
    """
    found = other
    for number, (incoming, outgoing) in enumerate(zip(network.incoming, network.outgoing, strict=True)):
        signs = [np.hstack([each[incoming], np.sort(each[outgoing], axis=1)]) for each in (reference, found)]
        costs = np.array([np.sum((signs[1] - row) ** 2, axis=1) for row in signs[0]])
        found = _reorder(network, found, number, _assign(costs))
    return found


def _descend(network: HiddenUnits, reference: Array, start: Array, rng: np.random.Generator) -> Array:
    """Assign the units of one layer after the other, in a random order each time, until nothing changes."""
    found = start
    for _ in range(SWEEPS):
        before = found
        for number in rng.permutation(len(network.incoming)):
            weights = network.weights[number]
            products = reference[weights] @ found[weights].T
            order = _assign(-products)
            gain = products[np.arange(len(order)), order].sum() - np.trace(products)
            # What differs by rounding errors only would go on for ever.
            if gain > 1e-12 * np.abs(products).sum():
                found = _reorder(network, found, int(number), order)
        if found is before:
            break
    return found


def _reorder(network: HiddenUnits, point: Array, number: int, order: NDArray[np.int64]) -> Array:
    weights = network.weights[number]
    found = point.copy()
    found[weights] = point[weights[order]]
    return found


def _assign(costs: Array) -> NDArray[np.int64]:
    """Return for each row the column that it is assigned, at the least sum of costs (n, n)."""
    from scipy.optimize import linear_sum_assignment

    return np.asarray(linear_sum_assignment(costs)[1], dtype=np.int64)
