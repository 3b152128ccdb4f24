"""Where networks start: the usual rules by which weights are drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..landscape import Array, InitialPoints, Space
from .layers import Activation, WeightBlock

SEEDS = 2**31
"""Seeds that a user's functions receive are below it."""
Rule = Literal["he", "glorot", "lecun", "torch"]
WeightBounds = tuple[float, float]
"""The bounds (low, high) of every weight."""
MOST_WEIGHT = 1e6
"""The greatest bound of a weight: beyond, the outputs of a network of a few layers have no value as float32."""


def check_weight_bounds(bounds: WeightBounds) -> WeightBounds:
    """Return bounds of weights. Raises ValueError if there is nothing between them, or if they are too wide."""
    low, high = bounds
    if not -MOST_WEIGHT <= low < high <= MOST_WEIGHT:
        raise ValueError(
            f"bounds must have low < high, within +-{MOST_WEIGHT:g}, got {bounds}. Write e.g. bounds: [-3, 3]."
        )
    return bounds


def make_weight_space(
    dimension: int, bounds: WeightBounds, gradient_price: int, units: int, init: InitialPoints
) -> Space:
    """Return the space of the weights of a network."""
    lower, upper = (np.full(dimension, bound) for bound in bounds)
    return Space(lower, upper, has_gradient=True, gradient_price=gradient_price, units=units, init=init)


def to_cube_weights(weights: Array, bounds: WeightBounds) -> Array:
    """Convert weights (D,) to the unit cube; those beyond a bound are set to it."""
    low, high = bounds
    cube: Array = (np.clip(weights, low, high) - low) / (high - low)
    return cube


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the weights of a block are drawn.

    Attributes:
        size: How many there are.
        form: Their distribution.
        scale: Standard deviation, greatest absolute value, or the constant.
    """

    size: int
    form: Literal["normal", "uniform", "constant"]
    scale: float


@dataclass(frozen=True, slots=True)
class InitialWeights:
    """Draws the weights with which a network starts, as points of the unit cube.

    Attributes:
        drawings: How each block is drawn, in the order of a point.
        low: The lower bound of every weight.
        high: The upper bound of every weight. What is drawn beyond a bound is set to it.
    """

    drawings: tuple[Drawing, ...]
    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> Array:
        """Draw one starting point (D,) in the unit cube."""
        weights = np.concatenate([_draw_block(each, rng) for each in self.drawings])
        return to_cube_weights(weights, (self.low, self.high))

    def widen(self, factor: float) -> InitialWeights:
        """Return the rule whose random weights are so many times as wide; biases of 0 and gains of 1 stay."""
        wider = (
            each if each.form == "constant" else replace(each, scale=factor * each.scale) for each in self.drawings
        )
        return replace(self, drawings=tuple(wider))


def _draw_block(drawing: Drawing, rng: np.random.Generator) -> Array:
    if drawing.form == "normal":
        return rng.standard_normal(drawing.size) * drawing.scale
    if drawing.form == "uniform":
        return rng.uniform(-drawing.scale, drawing.scale, drawing.size)
    return np.full(drawing.size, drawing.scale)


def choose_rule(activation: Activation) -> Rule:
    """Return the usual rule for an activation."""
    return "glorot" if activation in ("tanh", "sigmoid") else "he"


def plan_initial_weights(blocks: Sequence[WeightBlock], rule: Rule, low: float, high: float) -> InitialWeights:
    """Plan how the weights of a network are drawn.

    ``he``: normal, variance 2 / fan-in (He et al. 2015). ``glorot``: uniform, variance 2 / (fan-in + fan-out) (Glorot &
    Bengio 2010). ``lecun``: normal, variance 1 / fan-in. With these, biases are 0. ``torch``: weights and biases
    uniform in +-1 / sqrt(fan-in), as PyTorch's layers start. Gains are 1.
    """
    return InitialWeights(tuple(_plan_drawing(block, rule) for block in blocks), low, high)


def _plan_drawing(block: WeightBlock, rule: Rule) -> Drawing:
    if block.role == "gain":
        return Drawing(block.size, "constant", 1.0)
    if rule == "torch":
        return Drawing(block.size, "uniform", 1 / math.sqrt(block.fan_in))
    if block.role == "bias":
        return Drawing(block.size, "constant", 0.0)
    if rule == "glorot":
        return Drawing(block.size, "uniform", math.sqrt(6 / (block.fan_in + block.fan_out)))
    return Drawing(block.size, "normal", math.sqrt((2 if rule == "he" else 1) / block.fan_in))
