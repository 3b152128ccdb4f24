"""The compiled programs of a loss: the loss alone, its gradient, both over some rows of data, and its Hessian."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..landscape import Array, keep_found_rows
from .backend import import_jax, use_precision

MOST_CHUNK = 16
"""The most points that one call of the program of losses evaluates."""
CHUNK_NUMBERS = 1 << 20
"""The most coordinates of them in all."""
MOST_SHARED_NUMBERS = 1 << 26
"""The most numbers of four bytes that the points of a plane may share."""
MEASURES = ("train loss", "held-out loss", "train accuracy", "held-out accuracy")
"""The measures that there may be, in the order in which they are told."""
ALIGNMENT = 64
"""Arrays that begin at a multiple of so many bytes need not be copied for a program."""


class LossFunctions(Protocol):
    """Protocol of what is compiled: functions of weights, an array (D,) of float32, written with JAX."""

    def evaluate(self, weights: Any) -> Any:
        """Return the loss over all rows of data."""
        ...

    def evaluate_rows(self, weights: Any, rows: Any) -> Any:
        """Return the loss over some rows of data, given their numbers (b,)."""
        ...

    def measure(self, weights: Any) -> dict[str, Any]:
        """Return the measures: some of ``MEASURES``."""
        ...


@runtime_checkable
class SharingLoss(Protocol):
    """Protocol of functions that compute what the points of a plane share once."""

    @property
    def plane_numbers(self) -> int:
        """How many numbers of four bytes ``prepare_plane`` returns."""
        ...

    def prepare_plane(self, vectors: Any) -> Any:
        """Return what the points of a plane share, given its origin and two directions as one array (3, D)."""
        ...

    def evaluate_line(self, shared: Any, v: Any, u: Any) -> Any:
        """Return the losses (k,) at the points of a line of the plane, which share v, with coordinates u (k,)."""
        ...


class HostBuffer:
    """An array that this process fills and programs read, without a copy where JAX can use the same memory.

    JAX takes its arrays for immutable. This one is written only while no program runs that was given it: whoever calls
    a program waits for its result before the next write.

    Args:
        shape: Its shape.
        dtype: The type of its numbers, of four bytes.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any = np.float32) -> None:
        self.array = make_aligned(shape, dtype)
        placed = import_jax().device_put(self.array, may_alias=True)
        self._placed = placed if _has_address(placed, self.array.ctypes.data) else None

    def read(self) -> Any:
        """Return what a program is called with to read the present numbers."""
        return self.array.copy() if self._placed is None else self._placed


def _has_address(placed: Any, address: int) -> bool:
    """Return whether an array of JAX lies at an address of this process; one on a GPU does not."""
    return import_jax().default_backend() == "cpu" and bool(placed.unsafe_buffer_pointer() == address)


class Programs:
    """The programs of a loss, each compiled when it is first used.

    The program of losses has a loop over points, whose number is an argument: a point's loss comes from the same
    instructions however many points are evaluated with it. Points are never evaluated side by side.

    Args:
        functions: What is compiled.
        dimension: The number of weights, D.
    """

    def __init__(self, functions: LossFunctions, dimension: int) -> None:
        jax = import_jax()
        chunk = max(1, min(MOST_CHUNK, CHUNK_NUMBERS // dimension))
        self._points, self._weights = HostBuffer((chunk, dimension)), HostBuffer((dimension,))
        self._rows: dict[int, HostBuffer] = {}
        self._counts = [jax.numpy.int32(count) for count in range(chunk + 1)]
        # The buffers are those of one call at a time: runs in several threads may share a problem.
        self._lock = threading.Lock()
        self._losses = jax.jit(_loop_over_points(functions.evaluate, chunk))
        self._gradient = jax.jit(jax.grad(functions.evaluate))
        self._share = jax.jit(_join_value_and_gradient(functions.evaluate_rows))
        self._measures = jax.jit(functions.measure)
        self._prepare, self._line = (jax.jit(each) for each in _make_plane_functions(functions))

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of points (n, D)."""
        losses = np.empty(len(points))
        first, chunk = 0, len(self._points.array)
        try:
            with self._lock:
                while first < len(points):
                    count = min(chunk, len(points) - first)
                    self._points.array[:count] = points[first : first + count]
                    found = np.asarray(self._losses(self._counts[count], self._points.read()))
                    losses[first : first + count] = found[:count]
                    first += count
        except BaseException as error:
            # Ctrl-C: what the earlier rows gave leaves with it.
            keep_found_rows(error, losses[:first], {})
            raise
        return losses

    def differentiate(self, points: Array) -> Array:
        """Return the gradients (n, D) at points (n, D)."""
        gradients = np.empty(points.shape)
        with self._lock:
            for point, gradient in zip(points, gradients, strict=True):
                self._weights.array[:] = point
                gradient[:] = np.asarray(self._gradient(self._weights.read()))
        return gradients

    def evaluate_share(self, points: Array, rows: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return the losses (n,) and gradients (n, D) of points (n, D), each over its rows of data (n, b)."""
        losses, gradients = np.empty(len(points)), np.empty(points.shape)
        size = rows.shape[1]
        with self._lock:
            if size not in self._rows:
                self._rows[size] = HostBuffer((size,), np.int32)
            numbers = self._rows[size]
            for number in range(len(points)):
                self._weights.array[:] = points[number]
                numbers.array[:] = rows[number]
                found = np.asarray(self._share(self._weights.read(), numbers.read()))
                losses[number], gradients[number] = found[0], found[1:]
        return losses, gradients

    def evaluate_plane(self, vectors: Array, u: Array, v: Array) -> Array:
        """Return the losses (m, k) on a grid of a plane, one row for each v (m,) and one column for each u (k,).

        Args:
            vectors: The origin of the plane and its two directions, shape (3, D).
            u: Coordinates along the first direction.
            v: Coordinates along the second one.
        """
        shared, along = self._prepare(vectors.astype(np.float32)), u.astype(np.float32)
        return np.array([np.asarray(self._line(shared, np.float32(each), along), dtype=float) for each in v])

    def measure(self, point: Array) -> dict[str, float]:
        """Return the measures at a point (D,)."""
        # A program returns them by the alphabet.
        found = self._measures(point.astype(np.float32))
        return {name: float(found[name]) for name in MEASURES if name in found}


class HessianProgram:
    """The Hessian of a loss, multiplied with a direction by forward over reverse differentiation (Pearlmutter 1994).

    Losses and gradients have programs of their own: making this one changes no bit of theirs, and the precision holds
    for the calling thread within a call only.

    Args:
        make_loss: Makes the loss, with data in the precision; called with the first product.
        dtype: The precision of weights, float32 or float64.
    """

    def __init__(self, make_loss: Callable[[], Callable[[Any], Any]], dtype: Any) -> None:
        self._make_loss, self._dtype = make_loss, dtype

    def multiply(self, point: Array, direction: Array) -> Array:
        """Return the product (D,) of the Hessian at a point (D,) with a direction (D,)."""
        with use_precision(self._dtype):
            found = self._product(point.astype(self._dtype), direction.astype(self._dtype))
            return np.asarray(found).astype(np.float64)

    @cached_property
    def _product(self) -> Callable[[Array, Array], Any]:
        jax = import_jax()
        differentiate = jax.grad(self._make_loss())

        def multiply(weights: Any, direction: Any) -> Any:
            return jax.jvp(differentiate, (weights,), (direction,))[1]

        return jax.jit(multiply)


def _loop_over_points(evaluate: Callable[[Any], Any], size: int) -> Callable[[Any, Any], Any]:
    jax = import_jax()
    jnp = jax.numpy

    def evaluate_points(count: Any, points: Any) -> Any:
        """Return an array (size,) whose first ``count`` numbers are the losses of the first points (size, D)."""

        def evaluate_next(number: Any, losses: Any) -> Any:
            return losses.at[number].set(evaluate(points[number]).astype(jnp.float32))

        return jax.lax.fori_loop(0, count, evaluate_next, jnp.zeros(size, jnp.float32))

    return evaluate_points


def _make_plane_functions(functions: LossFunctions) -> tuple[Callable[[Any], Any], Callable[[Any, Any, Any], Any]]:
    """Return a function that prepares a plane, and one that evaluates a line of it, as ``SharingLoss`` describes."""
    if isinstance(functions, SharingLoss) and functions.plane_numbers <= MOST_SHARED_NUMBERS:
        return functions.prepare_plane, functions.evaluate_line

    def evaluate_line(vectors: Any, v: Any, u: Any) -> Any:
        origin = vectors[0] + v * vectors[2]
        return import_jax().lax.map(lambda place: functions.evaluate(origin + place * vectors[1]), u)

    return lambda vectors: vectors, evaluate_line


def _join_value_and_gradient(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    jax = import_jax()
    differentiate = jax.value_and_grad(evaluate)

    def evaluate_joined(weights: Any, rows: Any) -> Any:
        """Return loss and gradient in one array (1 + D,), which takes one step less to fetch than two."""
        loss, gradient = differentiate(weights, rows)
        return jax.numpy.concatenate([loss[None], gradient])

    return evaluate_joined


def make_aligned(shape: Sequence[int], dtype: Any = np.float32) -> NDArray[Any]:
    """Return an array of zeros, of four bytes each, that begins at a multiple of ``ALIGNMENT``."""
    size = math.prod(shape) * 4
    room = np.zeros(size + ALIGNMENT, dtype=np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)
