"""The compiled programs of a loss: the loss alone, its gradient, and both over some rows of data."""

from __future__ import annotations

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
ALIGNMENT = 64
"""Arrays that begin at a multiple of so many bytes are handed to a program without a copy."""


class LossFunctions(Protocol):
    """Protocol of what is compiled: functions of weights, an array (D,) of float32, written with JAX."""

    def evaluate(self, weights: Any) -> Any:
        """Return the loss over all rows of data."""
        ...

    def evaluate_rows(self, weights: Any, rows: Any) -> Any:
        """Return the loss over some rows of data, given their numbers (b,)."""
        ...

    def measure(self, weights: Any) -> dict[str, Any]:
        """Return the measures."""
        ...


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
        self._chunk = max(1, min(MOST_CHUNK, CHUNK_NUMBERS // dimension))
        self._points = make_aligned((self._chunk, dimension))
        self._weights = make_aligned((dimension,))
        # The buffers are those of one call at a time: runs in several threads may share a problem.
        self._lock = threading.Lock()
        self._losses = jax.jit(_loop_over_points(functions.evaluate, self._chunk))
        self._gradient = jax.jit(jax.grad(functions.evaluate))
        self._share = jax.jit(_join_value_and_gradient(functions.evaluate_rows))
        self._measures = jax.jit(functions.measure)

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of points (n, D)."""
        losses = np.empty(len(points))
        first = 0
        try:
            with self._lock:
                while first < len(points):
                    count = min(self._chunk, len(points) - first)
                    self._points[:count] = points[first : first + count]
                    losses[first : first + count] = np.asarray(self._losses(count, self._points))[:count]
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
                self._weights[:] = point
                gradient[:] = self._gradient(self._weights)
        return gradients

    def evaluate_share(self, points: Array, rows: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return the losses (n,) and gradients (n, D) of points (n, D), each over its rows of data (n, b)."""
        losses, gradients = np.empty(len(points)), np.empty(points.shape)
        numbers = rows.astype(np.int32)
        with self._lock:
            for number in range(len(points)):
                self._weights[:] = points[number]
                found = np.asarray(self._share(self._weights, numbers[number]))
                losses[number], gradients[number] = found[0], found[1:]
        return losses, gradients

    def measure(self, point: Array) -> dict[str, float]:
        """Return the measures at a point (D,)."""
        return {name: float(value) for name, value in self._measures(point.astype(np.float32)).items()}


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


def make_aligned(shape: Sequence[int]) -> NDArray[np.float32]:
    """Return an array of zeros, float32, that programs are handed without a copy."""
    count = int(np.prod(shape))
    room = np.zeros(count * 4 + ALIGNMENT, dtype=np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + count * 4].view(np.float32).reshape(shape)
