"""The layers of networks: what a YAML lists, the weights that they have, and their outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..geometry.filters import Filters, join_filters
from ..geometry.hessian import GeometryError
from ..geometry.matching import HiddenUnits
from ..landscape import LandscapeError
from .backend import import_jax

LayerSpec = int | dict[str, int]
"""A layer as a YAML writes it: 64, {conv: 8} or {pool: 2}."""
Activation = Literal["relu", "tanh", "gelu", "silu", "elu", "sigmoid"]
Role = Literal["weight", "bias", "gain"]
Shape = tuple[int, ...]
MOST_WEIGHTS = 1_000_000
KERNEL = 3
"""The side of the squares that a convolution looks at, if its layer does not set it."""


@dataclass(frozen=True, slots=True)
class WeightBlock:
    """Weights that belong together, one after the other in a point.

    Attributes:
        layer: The layer's number, from 1.
        role: What they are.
        shape: Their shape: (in, out) for a dense layer, (height, width, in, out) for a convolution, else (size,).
        fan_in: The number of inputs of each output of the layer.
        fan_out: The number of outputs that each input of the layer has a part in.
    """

    layer: int
    role: Role
    shape: Shape
    fan_in: int
    fan_out: int

    @property
    def size(self) -> int:
        """How many weights these are."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer whose shapes are known.

    Attributes:
        kind: What it does.
        before: The shape of a row of its input: (features,) or (height, width, channels).
        after: The shape of a row of its output.
        side: The side of the square of a convolution or a pool; 0 for a dense layer.
        normed: Whether its outputs are normalised.
        active: Whether its outputs pass the activation; those of the last layer do not.
        skipped: Whether its inputs are added to its outputs.
    """

    kind: Literal["dense", "conv", "pool"]
    before: Shape
    after: Shape
    side: int = 0
    normed: bool = False
    active: bool = False
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """A network whose shapes are known; its weights are given with each call.

    Attributes:
        layers: The layers, the last of which gives the outputs.
        activation: The activation of all layers but the last.
    """

    layers: tuple[Layer, ...]
    activation: Activation

    @property
    def blocks(self) -> tuple[WeightBlock, ...]:
        """The weights in the order in which they stand in a point."""
        return tuple(
            block for number, layer in enumerate(self.layers, 1) for block in list_weight_blocks(layer, number)
        )

    @property
    def dimension(self) -> int:
        """The number of all weights, D."""
        return sum(block.size for block in self.blocks)

    @property
    def takes_images(self) -> bool:
        """Whether its first layer needs rows of shape (height, width, channels)."""
        return self.layers[0].kind != "dense"

    def unpack(self, weights: Any) -> list[Any]:
        """Return the arrays of all blocks of a vector of weights (D,)."""
        blocks = self.blocks
        ends = list(accumulate(block.size for block in blocks))
        return [weights[end - block.size : end].reshape(block.shape) for block, end in zip(blocks, ends, strict=True)]

    def apply(self, weights: Sequence[Any], inputs: Any, columns: bool) -> Any:
        """Return the outputs of a network.

        Args:
            weights: The arrays of all blocks.
            inputs: Rows of data, shape (n, features) or (n, height, width, channels); with ``columns`` (features, n).
            columns: Whether the inputs stand in columns.

        Returns:
            The outputs, shape (outputs, n): sums over the few outputs of a row are then sums over whole vectors.
        """
        return self.complete(weights, self.multiply_first(weights[0], inputs, columns), inputs, columns)

    def multiply_first(self, weights: Any, inputs: Any, columns: bool) -> Any:
        """Return the product of the weights of the first layer and the inputs: all in it that is linear in weights.

        A pool as the first layer has no weights: it returns the inputs.
        """
        layer = self.layers[0]
        if layer.kind == "dense":
            return multiply_dense(weights, inputs, columns)
        return inputs if layer.kind == "pool" else convolve(weights, inputs)

    def complete(self, weights: Sequence[Any], product: Any, inputs: Any, columns: bool) -> Any:
        """Return the outputs of a network (outputs, n), given what ``multiply_first`` returned.

        Args:
            weights: The arrays of all blocks.
            product: The product of the first layer.
            inputs: Rows of data, as for ``apply``.
            columns: Whether the inputs stand in columns.
        """
        state, given = inputs, list(weights)
        for number, layer in enumerate(self.layers):
            count = len(list_weight_blocks(layer, 0))
            mine, given = given[:count], given[count:]
            if layer.kind == "dense":
                found = multiply_dense(mine[0], state, columns) if number else product
                state = finish_dense(layer, mine, found, state, columns, self.activation)
                columns = True
            elif layer.kind == "pool":
                state = pool(layer, state)
            else:
                found = convolve(mine[0], state) if number else product
                state = finish_convolution(layer, mine, found, state, self.activation)
        return state


def list_network_filters(network: Network) -> Filters:
    """Return the filters of a network: of a block of weights, the last axis; its biases and gains belong to them."""
    blocks: list[tuple[NDArray[np.int64], bool]] = []
    first = 0
    for block in network.blocks:
        units = block.shape[-1]
        if block.role == "weight":
            # Numbers of a layer's units follow those of the layer before.
            first = 0 if not blocks else int(blocks[-1][0].max()) + 1
        blocks.append((np.broadcast_to(first + np.arange(units), block.shape), block.role != "weight"))
    return join_filters(blocks)


def list_network_units(network: Network) -> HiddenUnits:
    """Return the hidden units of a dense network, whose order may be changed.

    Raises:
        GeometryError: It has convolutions, or layers whose inputs are added to their outputs: there the order of units
            is tied to that of other layers.
    """
    if any(layer.kind != "dense" for layer in network.layers):
        raise GeometryError("layers must be dense for units to be matched, got convolutions. Leave out the matching.")
    if any(layer.skipped for layer in network.layers):
        raise GeometryError(
            "residual must be false for units to be matched, got true, which ties the order of units to that of inputs "
            "or of the layer before. Leave out the matching."
        )
    places = network.unpack(np.arange(network.dimension))
    layers = [[places[k] for k, block in enumerate(network.blocks) if block.layer == number + 1]
              for number in range(len(network.layers))]  # fmt: skip
    incoming = tuple(np.vstack([each.reshape(-1, each.shape[-1]) for each in layer]).T for layer in layers[:-1])
    return HiddenUnits(incoming, tuple(layer[0] for layer in layers[1:]), network.dimension)


def list_weight_blocks(layer: Layer, number: int) -> list[WeightBlock]:
    """Return the blocks of weights of a layer, in the order of a point."""
    if layer.kind == "pool":
        return []
    width, area = layer.after[-1], max(1, layer.side**2)
    inputs = layer.before[-1] if layer.kind == "conv" else math.prod(layer.before)
    shape = (layer.side, layer.side, inputs, width) if layer.kind == "conv" else (inputs, width)
    fans = area * inputs, area * width
    blocks = [WeightBlock(number, "weight", shape, *fans), WeightBlock(number, "bias", (width,), *fans)]
    if layer.normed:
        blocks.append(WeightBlock(number, "gain", (width,), *fans))
    return blocks


def plan_network(
    specs: Sequence[LayerSpec], row: Shape, outputs: int, activation: Activation, normed: bool, residual: bool
) -> Network:
    """Plan a network from what a YAML lists.

    Args:
        specs: The hidden layers.
        row: The shape of a row of data: (features,) or (height, width, channels).
        outputs: The number of outputs.
        activation: The activation of the hidden layers.
        normed: Whether hidden layers are normalised (LayerNorm).
        residual: Whether inputs are added to outputs where their shapes are equal.

    Raises:
        LandscapeError: The layers do not fit the data or each other.
    """
    has_convolutions = any(isinstance(spec, dict) for spec in specs)
    if has_convolutions and len(row) == 1:
        raise LandscapeError(
            f"layers must be dense where rows are no images, got {list(specs)} for rows of {row[0]} columns. Write "
            "numbers, e.g. [64, 32], or give x of shape (rows, height, width) or (rows, height, width, channels)."
        )
    shape = row if has_convolutions else (math.prod(row),)
    layers: list[Layer] = []
    for number, spec in enumerate(specs):
        layer = _plan_layer(spec, shape, f"layers.{number}", normed)
        if residual and layer.kind != "pool" and layer.before == layer.after:
            layer = Layer(layer.kind, layer.before, layer.after, layer.side, layer.normed, True, True)
        layers.append(layer)
        shape = layer.after
    if residual and not any(layer.skipped for layer in layers):
        raise LandscapeError(
            f"residual must have a layer with as many outputs as inputs, got {list(specs)} for rows of shape {row}. "
            "Make two layers in a row equally wide, or leave residual out."
        )
    layers.append(Layer("dense", shape, (outputs,)))
    network = Network(tuple(layers), activation)
    if network.dimension > MOST_WEIGHTS:
        raise LandscapeError(
            f"layers must have at most {MOST_WEIGHTS:,} weights in all, got {network.dimension:,}. Make them narrower."
        )
    return network


def _plan_layer(spec: LayerSpec, before: Shape, field: str, normed: bool) -> Layer:
    if isinstance(spec, int):
        return Layer("dense", before, (spec,), 0, normed, True)
    if len(before) == 1:
        raise LandscapeError(
            f"{field} must be a number after a dense layer, got {spec}. Move it before the first dense layer."
        )
    height, width, channels = before
    if "pool" in spec:
        side = spec["pool"]
        if side > min(height, width):
            raise LandscapeError(
                f"{field} must pool at most the {height} x {width} pixels that reach it, got pool: {side}. Make it "
                "smaller, or leave it out."
            )
        return Layer("pool", before, (height // side, width // side, channels), side)
    return Layer("conv", before, (height, width, spec["conv"]), spec.get("kernel", KERNEL), normed, True)


def check_layer_spec(spec: Any) -> None:
    """Raise ValueError unless a layer, as it was given, has one of its forms."""
    rule = "layers must be numbers of units, {conv: filters}, {conv: filters, kernel: side} or {pool: side}"
    if isinstance(spec, dict):
        if set(spec) not in ({"conv"}, {"conv", "kernel"}, {"pool"}):
            raise ValueError(f"{rule}, got {spec}. Write e.g. {{conv: 8}}.")
        sizes = list(spec.values())
    else:
        sizes = [spec]
    if any(isinstance(size, bool) or not isinstance(size, int) for size in sizes):
        raise ValueError(f"{rule}, got {spec!r}. Write whole numbers, without quotes.")
    if min(sizes) < 1:
        raise ValueError(f"layers must have sizes of 1 or more, got {spec}. Make it larger.")


def multiply_dense(weights: Any, state: Any, columns: bool) -> Any:
    """Return the sums (units, n) of a dense layer, from columns (features, n) or rows of any shape."""
    lax = import_jax().lax
    if not columns:
        state = state.reshape(len(state), -1)
    contracted = ((0,), (0 if columns else 1,))
    return lax.dot_general(weights, state, (contracted, ((), ())), precision=lax.Precision.HIGHEST)


def finish_dense(layer: Layer, weights: Sequence[Any], product: Any, state: Any, columns: bool, activation: str) -> Any:
    """Return the outputs (units, n) of a dense layer, given its sums and its inputs."""
    found = _finish(layer, product, weights, (slice(None), None), 0, activation)
    if not layer.skipped:
        return found
    return found + (state if columns else state.reshape(len(state), -1).T)


def convolve(weights: Any, state: Any) -> Any:
    """Return the sums (n, height, width, channels) of a convolution."""
    lax = import_jax().lax
    form = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(
        state, weights, (1, 1), "SAME", dimension_numbers=form, precision=lax.Precision.HIGHEST
    )


def finish_convolution(layer: Layer, weights: Sequence[Any], product: Any, state: Any, activation: str) -> Any:
    """Return the outputs (n, height, width, channels) of a convolution, given its sums and its inputs."""
    found = _finish(layer, product, weights, (None, None, None, slice(None)), (1, 2, 3), activation)
    return found + state if layer.skipped else found


def pool(layer: Layer, state: Any) -> Any:
    """Return the largest of each square of images, shape (n, height, width, channels)."""
    # Twice as fast, with its gradient, as a maximum over windows.
    (height, width, channels), side = layer.after, layer.side
    squares = state[:, : height * side, : width * side].reshape(-1, height, side, width, side, channels)
    return squares.max(axis=(2, 4))


def _finish(
    layer: Layer, product: Any, weights: Sequence[Any], place: Any, axes: int | tuple[int, ...], activation: str
) -> Any:
    """Normalise if the layer does, add the bias, and apply the activation."""
    if layer.normed:
        jnp = import_jax().numpy
        centered = product - jnp.mean(product, axis=axes, keepdims=True)
        scale = import_jax().lax.rsqrt(jnp.mean(centered * centered, axis=axes, keepdims=True) + 1e-5)
        product = centered * scale * weights[2][place]
    product = product + weights[1][place]
    return find_activation(activation)(product) if layer.active else product


def find_activation(name: str) -> Callable[[Any], Any]:
    """Return an activation as a function of arrays."""
    jax = import_jax()
    if name == "relu":
        # jax.nn.relu is a program of its own, which is called wherever it stands.
        return lambda x: jax.numpy.maximum(x, 0)
    if name == "gelu":
        return lambda x: jax.nn.gelu(x, approximate=False)
    found: Callable[[Any], Any] = {"tanh": jax.numpy.tanh, "silu": jax.nn.silu, "elu": jax.nn.elu,
                                   "sigmoid": jax.nn.sigmoid}[name]  # fmt: skip
    return found
