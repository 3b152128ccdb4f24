"""The compiled programs of a loss: the loss alone, its gradient, and both over some rows of data."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..landscape import Array, keep_found_rows
from .backend import import_jax

MOST_CHUNK = 16
"""The most points that one call of the program of losses evaluates."""
CHUNK_NUMBERS = 1 << 20
"""The most coordinates of them in all."""
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

    def measure(self, point: Array) -> dict[str, float]:
        """Return the measures at a point (D,)."""
        # A program returns them by the alphabet.
        found = self._measures(point.astype(np.float32))
        return {name: float(found[name]) for name in MEASURES if name in found}


def _loop_over_points(evaluate: Callable[[Any], Any], size: int) -> Callable[[Any, Any], Any]:
    jax = import_jax()
    jnp = jax.numpy

    def evaluate_points(count: Any, points: Any) -> Any:
        """Return an array (size,) whose first ``count`` numbers are the losses of the first points (size, D)."""

        def evaluate_next(number: Any, losses: Any) -> Any:
            return losses.at[number].set(evaluate(points[number]).astype(jnp.float32))

        return jax.lax.fori_loop(0, count, evaluate_next, jnp.zeros(size, jnp.float32))

    return evaluate_points


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
