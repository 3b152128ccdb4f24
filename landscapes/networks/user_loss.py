"""Losses that the user wrote with JAX."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..landscape import Array, LandscapeError
from ..user_code import load_object
from .backend import import_jax
from .data import choose_held_out, refuse_unbounded
from .initial import SEEDS, WeightBounds, to_cube_weights
from .user_objects import call_user_function
from .weight_tree import WeightTree

KEY_NAMES = ("key", "rng", "prng_key")
"""Names of a parameter that gets a key of jax.random; one of another name gets a whole number."""


@dataclass(frozen=True, slots=True)
class UserInit:
    """Draws starts by the user's function, or gives the weights that the user names.

    Attributes:
        reference: "path/to/file.py:name" of the function, or of the weights.
        base: The directory that relative paths start at.
        source: The text to use if the file is not on this machine.
        bounds: The bounds of every weight. What is drawn beyond a bound is set to it.
    """

    reference: str
    base: str | None
    source: str | None
    bounds: WeightBounds

    def draw(self, rng: np.random.Generator) -> Array:
        """Draw one starting point (D,) in the unit cube."""
        tree = self.make_weights(int(rng.integers(SEEDS)))
        return to_cube_weights(WeightTree.read(tree, self.reference).pack(tree), self.bounds)

    def make_weights(self, seed: int) -> Any:
        """Return a tree of weights. Raises LandscapeError if the user's function raises something."""
        init = load_object(self.reference, "init", self.base, self.source)
        if not callable(init):
            return init
        return call_user_function("init", self.reference, init, _make_argument(init, seed))

    def read_shape(self) -> WeightTree:
        """Return the shape of the weights, without computing them where the function is written with JAX."""
        init = load_object(self.reference, "init", self.base, self.source)
        if not callable(init) or not _takes_key(init):
            return WeightTree.read(self.make_weights(0), self.reference)
        jax = import_jax()

        def make(seed: Any) -> Any:
            return init(jax.random.key(seed))

        seed = jax.ShapeDtypeStruct((), np.uint32)
        return WeightTree.read(call_user_function("init", self.reference, jax.eval_shape, make, seed), self.reference)


def _takes_key(init: Callable[..., Any]) -> bool:
    try:
        names = list(inspect.signature(init).parameters)
    except (TypeError, ValueError):
        return False
    return bool(names) and names[0] in KEY_NAMES


def _make_argument(init: Callable[..., Any], seed: int) -> Any:
    return import_jax().random.key(seed) if _takes_key(init) else seed


@dataclass(frozen=True, slots=True)
class UserRows:
    """The user's data: a tree of arrays with a row of data along their first axes.

    Attributes:
        train: The rows over which the loss is a mean.
        held_out: The rows that only measures see, or None.
        count: The number of training rows.
    """

    train: Any
    held_out: Any
    count: int

    @classmethod
    def load(cls, reference: str, base: str | None, held_out: float, seed: int) -> UserRows:
        """Load data. Raises LandscapeError if they are no rows of finite numbers."""
        jax = import_jax()
        found = load_object(reference, "data", base)
        tree = call_user_function("data", reference, found) if callable(found) else found
        tree = jax.tree.map(np.asarray, tree)
        arrays = jax.tree.leaves(tree)
        counts = {len(array) if array.ndim else 0 for array in arrays}
        if len(counts) != 1 or min(counts) < 2 or any(array.dtype.kind not in "fiub" for array in arrays):
            shapes = ", ".join(f"{array.shape} of {array.dtype}" for array in arrays) or "nothing"
            raise LandscapeError(
                f"data must be arrays of numbers with one row of data along each first axis, got {shapes} from "
                f"{reference}. Return e.g. a tuple (x, y) of equally many rows."
            )
        for number, array in enumerate(arrays):
            refuse_unbounded(array, f"array {number}", reference)
        held = choose_held_out(None, counts.pop(), held_out, seed, reference)
        return cls(
            jax.tree.map(lambda array: array[~held], tree),
            jax.tree.map(lambda array: array[held], tree) if held.any() else None,
            int((~held).sum()),
        )


class UserLoss:
    """A loss that the user wrote: a function of weights, or of weights and rows of data, over which it is a mean.

    Args:
        function: The user's function.
        tree: The shape of its weights.
        rows: The data, or None.
    """

    def __init__(self, function: Callable[..., Any], tree: WeightTree, rows: UserRows | None) -> None:
        self._function, self._tree = function, tree
        jax = import_jax()
        place = partial(jax.tree.map, jax.numpy.asarray)
        self._train = None if rows is None else place(rows.train)
        self._held_out = None if rows is None or rows.held_out is None else place(rows.held_out)

    def evaluate(self, weights: Any) -> Any:
        """Return the loss over all training rows, if there are data."""
        return self._evaluate_part(weights, self._train)

    def evaluate_rows(self, weights: Any, rows: Any) -> Any:
        """Return the loss over some training rows, given their numbers (b,)."""
        batch = import_jax().tree.map(lambda array: array.at[rows].get(mode="clip"), self._train)
        return self._evaluate_part(weights, batch)

    def measure(self, weights: Any) -> dict[str, Any]:
        """Return the losses of training and held-out rows."""
        found = {"train loss": self.evaluate(weights)}
        if self._held_out is not None:
            found["held-out loss"] = self._evaluate_part(weights, self._held_out)
        return found

    def _evaluate_part(self, weights: Any, part: Any) -> Any:
        numpy = import_jax().numpy
        batch = () if part is None else (part,)
        return numpy.asarray(self._function(self._tree.unpack(weights), *batch), dtype=numpy.float32)


def check_user_loss(reference: str, function: Any, tree: WeightTree, rows: UserRows | None) -> None:
    """Trace the user's function and its gradient, without computing anything.

    Raises:
        LandscapeError: It cannot be traced, or it returns something else than one number.
    """
    jax = import_jax()

    def shape_of(array: NDArray[Any]) -> Any:
        return jax.ShapeDtypeStruct(array.shape, jax.dtypes.canonicalize_dtype(array.dtype))

    arguments = [tree.describe()] + ([] if rows is None else [jax.tree.map(shape_of, rows.train)])
    found = call_user_function("function", reference, jax.eval_shape, function, *arguments)
    if not hasattr(found, "shape") or found.shape != () or not jax.numpy.issubdtype(found.dtype, jax.numpy.floating):
        got = f"{found.dtype} of shape {found.shape}" if hasattr(found, "shape") else type(found).__name__
        raise LandscapeError(
            f"function must return one floating-point number, got {got} from {reference}. Return the mean over rows."
        )
    call_user_function("function", reference, jax.eval_shape, jax.grad(function), *arguments)
