"""Landscapes that are the losses of neural networks on data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from .landscape import LandscapeError, Problem
from .networks.backend import import_jax
from .networks.compiled import NetworkProblem
from .networks.data import DataSet, check_data_name, is_data_file, load_data
from .networks.initial import (
    Rule,
    choose_rule,
    make_weight_space,
    plan_initial_weights,
)
from .networks.layers import Activation, LayerSpec, Network, check_layer_spec, plan_network
from .networks.network_loss import LossName, NetworkLoss
from .networks.programs import HessianProgram
from .networks.weights import WeightLandscape
from .user_code import resolve_path

BATCH_NORM = "batch"


class NeuralNetwork(WeightLandscape):
    """The loss of a neural network on data, as a function of all its weights. Its gradients are exact.

    Use it to see where gradient descent gets stuck on a real loss, and what else finds a way. The network is a stack of
    dense layers, after convolutions and pools where rows are images; the last layer, one output for each class or
    target, is added. The loss is a mean over the training rows, plus half of ``weight_decay`` times the sum of squares
    of the weights (without biases and gains), computed in float32. Loss and accuracy on held-out rows are measured
    besides: no agent and no policy sees them. Needs the extra ``networks`` (JAX).
    """

    shareable: ClassVar[bool] = True
    packages: ClassVar[tuple[str, ...]] = ("jax", "jaxlib", "scikit-learn")
    kind: Literal["network"] = "network"
    data: str = Field(
        description='digits, wine, breast-cancer or diabetes, or a file "path/to/data.npz" with the arrays x and y.',
    )
    layers: tuple[LayerSpec, ...] = Field(
        (64,),
        description="The hidden layers: a number of units each; for images also {conv: filters, kernel: 3} and "
        "{pool: side}. [] is a linear model.",
    )
    activation: Activation = Field("relu", description="What follows each hidden layer.")
    loss: LossName | None = Field(
        None,
        description="What is averaged over rows: cross-entropy (of classes) or mean-squared. Default: cross-entropy "
        "for classes, mean-squared for numbers.",
    )
    weight_decay: float = Field(0.0, ge=0, description="Half of it times the sum of squares of weights is added.")
    held_out: float = Field(0.25, ge=0, lt=1, description="The part of the rows of each class that is held out.")
    residual: bool = Field(False, description="Whether inputs of a hidden layer are added to outputs of equal shape.")
    norm: Literal["layer"] | None = Field(None, description="layer normalises the sums of each hidden layer by row.")
    init: Rule | None = Field(
        None, description="How weights are drawn at a start. Default: glorot for tanh and sigmoid, he for others."
    )

    @field_validator("norm", mode="before")
    @classmethod
    def _refuse_batch_norm(cls, value: object) -> object:
        if value == BATCH_NORM:
            raise ValueError(
                "norm must be layer, got batch. With batch normalisation, the loss of a row depends on the rows beside "
                "it, so the loss is no function of the weights alone. Write norm: layer."
            )
        return value

    @field_validator("data")
    @classmethod
    def _check_data(cls, value: str) -> str:
        check_data_name(value)
        return value

    @field_validator("layers", mode="before")
    @classmethod
    def _check_layers(cls, value: Any) -> Any:
        # Before true counts as 1, and a number in quotes as one without.
        for spec in value if isinstance(value, list | tuple) else ():
            check_layer_spec(spec)
        return value

    def open(self) -> Problem:
        """Read the data and plan the network. Raises LandscapeError if they cannot be read, or do not fit."""
        # Known before the run starts, not when the first point is evaluated.
        import_jax()
        data = self.load_data()
        loss = self._choose_loss(data)
        network = self.plan_network(data)
        init = plan_initial_weights(network.blocks, self.init or choose_rule(self.activation), *self.bounds)
        space = make_weight_space(network.dimension, self.bounds, self.gradient_price, len(data.train), init)
        # Eigenvalues of trained networks span ten orders of magnitude: float32 would tell a few of them.
        hessian = HessianProgram(
            lambda: NetworkLoss(network, data, loss, self.weight_decay, np.float64).evaluate, np.float64
        )
        return NetworkProblem(space, network, lambda: NetworkLoss(network, data, loss, self.weight_decay), hessian)

    def load_data(self) -> DataSet:
        """Return the data, split and standardised. Raises LandscapeError if they cannot be used."""
        return load_data(self.data, self.base, self.held_out, self.seed)

    def plan_network(self, data: DataSet) -> Network:
        """Return the network for these data. Raises LandscapeError if they do not fit the layers."""
        row = data.train.inputs.shape[1:]
        return plan_network(self.layers, row, data.outputs, self.activation, self.norm is not None, self.residual)

    def _choose_loss(self, data: DataSet) -> LossName:
        if self.loss == "cross-entropy" and not data.classes:
            raise LandscapeError(
                f"loss must be mean-squared where targets are numbers, got cross-entropy for {self.data}. Change it, "
                "or give whole numbers from 0 for classes."
            )
        return self.loss or ("cross-entropy" if data.classes else "mean-squared")

    @property
    def data_files(self) -> tuple[Path, ...]:
        """The file of the data, if they are the user's."""
        return (resolve_path(self.data, self.base),) if is_data_file(self.data) else ()

    @property
    def label(self) -> str:
        """A short name for tables and figures: the data and the layers."""
        name = self.data.rpartition("/")[2].removesuffix(".npz") if is_data_file(self.data) else self.data
        return f"network {name} {'-'.join(map(_describe_layer, self.layers)) or 'linear'}"


def _describe_layer(spec: LayerSpec) -> str:
    if isinstance(spec, int):
        return str(spec)
    return "".join(f"{name}{value}" for name, value in spec.items() if name != "kernel" or value != 3)
