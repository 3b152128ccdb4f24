"""The loss of a network on data, and its measures, as functions that JAX compiles."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from .backend import import_jax
from .data import DataSet, Part
from .layers import Network

LossName = Literal["cross-entropy", "mean-squared"]


class NetworkLoss:
    """The loss of a network over the training rows: a mean over rows, plus weight decay.

    Args:
        network: The network.
        data: The data.
        loss: What is averaged over rows.
        weight_decay: Half of it times the sum of squares of all weights is added; biases and gains do not count.
        dtype: The type of inputs and targets; weights must have the same.
    """

    def __init__(
        self, network: Network, data: DataSet, loss: LossName, weight_decay: float, dtype: Any = np.float32
    ) -> None:
        self._network, self._loss, self._decay, self._dtype = network, loss, weight_decay, dtype
        self._classes = data.classes
        self._weights = [number for number, block in enumerate(network.blocks) if block.role == "weight"]
        self._train, self._held_out = self._place(data.train), self._place(data.held_out)
        self._labels = {"train": data.train.targets, "held-out": data.held_out.targets}
        jnp = import_jax().numpy
        # Rows of a mini-batch are gathered from these; sums over all rows read columns.
        self._rows, self._row_targets = jnp.asarray(self._shape(data.train)), jnp.asarray(self._spread(data.train).T)
        self._count = len(data.train)

    def evaluate(self, weights: Any) -> Any:
        """Return the loss over all training rows."""
        arrays = self._network.unpack(weights)
        return self._average(arrays, self._train) + self._penalise(arrays)

    def evaluate_rows(self, weights: Any, rows: Any) -> Any:
        """Return the loss over some training rows, given their numbers (b,)."""
        arrays = self._network.unpack(weights)
        batch = self._rows.at[rows].get(mode="clip"), self._row_targets.at[rows].get(mode="clip").T
        outputs = self._network.apply(arrays, batch[0], False)
        return self._sum_losses(outputs, batch[1]) / len(rows) + self._penalise(arrays)

    @property
    def plane_numbers(self) -> int:
        """How many numbers of four bytes ``prepare_plane`` returns."""
        first = self._network.layers[0]
        inputs = self._count * math.prod(first.before if first.kind == "pool" else first.after)
        return 3 * (inputs + self._network.dimension)

    def prepare_plane(self, vectors: Any) -> tuple[Any, Any]:
        """Return what the points of a plane share, given its origin and two directions as one array (3, D).

        The sums of the first layer are linear in its weights. So those at any point of the plane are a sum of three
        arrays, and the largest product of most networks need not be computed again.
        """
        arrays = [self._network.unpack(vector) for vector in vectors]
        inputs, columns = self._train[0], not self._network.takes_images
        return arrays, [self._network.multiply_first(each[0], inputs, columns) for each in arrays]

    def evaluate_line(self, shared: tuple[Any, Any], v: Any, u: Any) -> Any:
        """Return the losses (k,) at the points of a line of a plane, which share v, with coordinates u (k,)."""
        (origin, first, second), (product, along, across) = shared
        origin = [one + v * other for one, other in zip(origin, second, strict=True)]
        product = product + v * across

        def evaluate_next(place: Any) -> Any:
            arrays = [one + place * other for one, other in zip(origin, first, strict=True)]
            inputs, columns = self._train[0], not self._network.takes_images
            outputs = self._network.complete(arrays, product + place * along, inputs, columns)
            return self._sum_losses(outputs, self._train[1]) / self._count + self._penalise(arrays)

        return import_jax().lax.map(evaluate_next, u)

    def measure(self, weights: Any) -> dict[str, Any]:
        """Return loss without weight decay, and accuracy where there are classes, of training and held-out rows."""
        arrays = self._network.unpack(weights)
        found = self._measure_part("train", arrays, self._train)
        if self._held_out[1].shape[1]:
            found |= self._measure_part("held-out", arrays, self._held_out)
        return found

    def _measure_part(self, name: str, arrays: list[Any], part: tuple[Any, Any]) -> dict[str, Any]:
        inputs, targets = part
        outputs = self._network.apply(arrays, inputs, not self._network.takes_images)
        found = {f"{name} loss": self._sum_losses(outputs, targets) / targets.shape[1]}
        if self._classes:
            # Not the places of the ones in the targets: the compiler would look for them, and take seconds.
            right = outputs.argmax(axis=0) == self._labels[name]
            found[f"{name} accuracy"] = right.mean()
        return found

    def _average(self, arrays: list[Any], part: tuple[Any, Any]) -> Any:
        inputs, targets = part
        outputs = self._network.apply(arrays, inputs, not self._network.takes_images)
        return self._sum_losses(outputs, targets) / targets.shape[1]

    def _sum_losses(self, outputs: Any, targets: Any) -> Any:
        """Return the sum of the losses of rows, given outputs and targets, both of shape (outputs, n)."""
        jax = import_jax()
        jnp = jax.numpy
        if self._loss == "mean-squared":
            return jnp.sum(jnp.mean((outputs - targets) ** 2, axis=0))
        highest = jax.lax.stop_gradient(jnp.max(outputs, axis=0))
        sums = jnp.sum(jnp.exp(outputs - highest), axis=0)
        return jnp.sum(jnp.log(sums) + highest - jnp.sum(outputs * targets, axis=0))

    def _penalise(self, arrays: list[Any]) -> Any:
        if not self._decay:
            return 0.0
        jnp = import_jax().numpy
        return self._decay / 2 * sum(jnp.sum(arrays[number] ** 2) for number in self._weights)

    def _place(self, part: Part) -> tuple[Any, Any]:
        """Return inputs and targets of a part as arrays of JAX, in columns unless the inputs are images."""
        jnp = import_jax().numpy
        inputs = self._shape(part)
        return jnp.asarray(inputs if self._network.takes_images else inputs.T), jnp.asarray(self._spread(part))

    def _shape(self, part: Part) -> Any:
        inputs = part.inputs.astype(self._dtype, copy=False)
        if self._network.takes_images:
            return inputs
        return inputs.reshape(len(part), math.prod(inputs.shape[1:]))

    def _spread(self, part: Part) -> Any:
        """Return the targets in columns, shape (outputs, n), of which each is 1 in its class and else 0."""
        if not self._classes:
            return np.ascontiguousarray(part.targets.T.astype(self._dtype, copy=False))
        return (np.arange(self._classes)[:, None] == part.targets).astype(self._dtype)
