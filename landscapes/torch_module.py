"""Landscapes that are losses of the user's PyTorch models."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from .landscape import LandscapeError, Problem
from .networks.initial import make_weight_space
from .networks.torch_library import import_torch
from .networks.torch_model import TorchInit, find_batch_norms, list_weights, make_module
from .networks.torch_problem import TorchProblem
from .networks.torch_rows import gather_rows
from .networks.user_objects import call_user_function, qualify_reference
from .networks.weights import WeightLandscape
from .user_code import load_object, split_reference

LOSSES = {"cross-entropy": "cross_entropy", "mean-squared": "mse_loss"}
"""Losses of torch.nn.functional by the names that they have for networks."""


class TorchModule(WeightLandscape):
    """The loss of your own PyTorch model on your own data, as a function of all its weights.

    Use it for any architecture. ``module`` names a class or function that makes the model, ``loss`` a function of
    outputs and targets that returns a mean over rows, and ``data`` a DataLoader, a Dataset or tensors, of which all
    rows are gathered once. The model is in evaluation mode: dropout is off, and statistics of BatchNorm are frozen, or
    with ``renew`` those of the rows that are evaluated. Parameters that need no gradient keep their values. It computes
    on the CPU, with one thread. Needs PyTorch (``pip install torch``).
    """

    shareable: ClassVar[bool] = True
    packages: ClassVar[tuple[str, ...]] = ("torch",)
    kind: Literal["torch"] = "torch"
    module: str = Field(description='Makes the model: "path/to/file.py:name" or "package.module:name".')
    loss: str = Field(
        "cross-entropy",
        description="cross-entropy, mean-squared, or a function of outputs and targets, in the same form. A name "
        "without a path is in the same file.",
    )
    data: str = Field(description="The rows of data, or a function that returns them, in the same form.")
    renew: bool = Field(
        False, description="Whether statistics of BatchNorm are those of the rows that are evaluated, not frozen."
    )
    held_out: float = Field(0.0, ge=0, lt=1, description="The part of the rows that is held out.")

    @field_validator("module")
    @classmethod
    def _check_reference(cls, value: str) -> str:
        split_reference(value, "module")
        return value

    def open(self) -> Problem:
        """Make the model, gather the data and try both. Raises LandscapeError if they cannot be used."""
        import_torch()
        module = make_module(self.module, self.base, 0)
        if self.renew and not find_batch_norms(module):
            raise LandscapeError(
                f"renew must be false where the model has no BatchNorm, got true for {self.module}. Leave it out."
            )
        loss = self._load_loss()
        reference = qualify_reference(self.data, self.module)
        found = load_object(reference, "data", self.base)
        rows = gather_rows(reference, found, self.held_out, self.seed)
        dimension = sum(each.numel() for each in list_weights(module))
        init = TorchInit(self.module, self.base, self.bounds)
        space = make_weight_space(dimension, self.bounds, self.gradient_price, rows.count, init)
        problem = TorchProblem(space, module, loss, rows, self.renew)
        self._try(problem)
        return problem

    def _load_loss(self) -> Callable[[Any, Any], Any]:
        if self.loss in LOSSES:
            found: Any = getattr(import_torch().nn.functional, LOSSES[self.loss])
            return found
        found = load_object(qualify_reference(self.loss, self.module), "loss", self.base)
        if not callable(found):
            raise LandscapeError(f"loss must be callable, got {type(found).__name__}. Give a function.")
        return found

    def _try(self, problem: TorchProblem) -> None:
        """Raise LandscapeError unless the model has a loss, equal ones at equal weights, and a gradient."""
        point = problem.space.to_box(TorchInit(self.module, self.base, self.bounds).draw(np.random.default_rng(0)))
        points = np.array([point, point])
        names = f"{self.module} with {self.loss}"
        one, other = call_user_function("module", names, problem.evaluate, points).tolist()
        if one != other and not (math.isnan(one) and math.isnan(other)):
            raise LandscapeError(
                f"module must give equal losses at equal weights, got {one} and {other} from {self.module}. Leave out "
                "what draws at random in forward, or keeps state from one call to the next."
            )
        call_user_function("module", names, problem.gradient, points[:1])

    @property
    def code_references(self) -> tuple[str, ...]:
        """The model, its loss and its data."""
        named = (self.data,) if self.loss in LOSSES else (self.loss, self.data)
        return (self.module, *(qualify_reference(each, self.module) for each in named))

    @property
    def label(self) -> str:
        """A short name for tables and figures: the model's name."""
        return f"torch {self.module.rpartition(':')[2]}"
