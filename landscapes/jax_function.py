"""Landscapes that are losses which the user wrote with JAX."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from .landscape import Problem
from .networks.backend import import_jax
from .networks.compiled import CompiledProblem, DividedProblem
from .networks.initial import make_weight_space
from .networks.programs import HessianProgram
from .networks.user_loss import UserInit, UserLoss, UserRows, check_user_loss
from .networks.user_objects import qualify_reference
from .networks.weight_tree import list_tree_filters
from .networks.weights import WeightLandscape
from .python_function import check_function
from .user_code import load_object, split_reference


class JaxFunction(WeightLandscape):
    """Your own loss, written with JAX, as a function of weights in any shape: a pytree. Its gradients are exact.

    Use it for a model of any architecture. ``function`` receives the weights as ``init`` returns them, and returns one
    number; with ``data``, it also receives rows of data and returns the mean over them, so that a mini-batch can be
    evaluated. A point has the leaves of the weights one after the other, in the order of ``jax.tree.leaves``, each in
    C order. The function is compiled, and must return the same for the same arguments. Needs the extra ``networks``.
    """

    shareable: ClassVar[bool] = True
    packages: ClassVar[tuple[str, ...]] = ("jax", "jaxlib")
    kind: Literal["jax"] = "jax"
    function: str = Field(description='The loss: "path/to/file.py:name" or "package.module:name".')
    init: str = Field(
        description="What draws weights at a start: a function of a seed, or of a key if its parameter is called key "
        "or rng; or weights, with which every search starts. A name without a path is in the same file."
    )
    data: str | None = Field(
        None, description="The rows of data: arrays, e.g. (x, y), or a function that returns them. In the same form."
    )
    held_out: float = Field(0.0, ge=0, lt=1, description="The part of the rows that is held out.")
    source: str | None = Field(None, exclude=True, repr=False, description="Text of the file (set on loading).")

    @field_validator("function")
    @classmethod
    def _check_reference(cls, value: str) -> str:
        split_reference(value, "function")
        return value

    def open(self) -> Problem:
        """Load the functions and trace them. Raises LandscapeError if they cannot be loaded or traced."""
        # Before the user's file is run: it may start the backend.
        import_jax()
        function: Any = load_object(self.function, "function", self.base, self.source)
        if self.data is None:
            check_function(function, "function", "weights")
        init = self._make_init()
        tree = init.read_shape()
        rows = None
        if self.data is not None:
            reference = qualify_reference(self.data, self.function)
            rows = UserRows.load(reference, self.base, self.held_out, self.seed)
        check_user_loss(self.function, function, tree, rows)
        units = 1 if rows is None else rows.count
        space = make_weight_space(tree.dimension, self.bounds, self.gradient_price, units, init)
        problem = CompiledProblem if rows is None else DividedProblem
        hessian = HessianProgram(lambda: UserLoss(function, tree, rows).evaluate, tree.precision)
        return problem(space, lambda: UserLoss(function, tree, rows), lambda: list_tree_filters(tree), hessian)

    def _make_init(self) -> UserInit:
        reference = qualify_reference(self.init, self.function)
        # The text of the loss's file stands for no other file.
        same = reference.rpartition(":")[0] == self.function.rpartition(":")[0]
        return UserInit(reference, self.base, self.source if same else None, self.bounds)

    @property
    def code_references(self) -> tuple[str, ...]:
        """The loss, and what draws its starts and gives its data."""
        named = (self.init,) if self.data is None else (self.init, self.data)
        return (self.function, *(qualify_reference(each, self.function) for each in named))

    @property
    def label(self) -> str:
        """A short name for tables and figures: the function's name."""
        return f"jax {self.function.rpartition(':')[2]}"
