"""Weights in the user's own shape, a pytree of JAX, and as one vector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry.filters import Filters, join_filters
from ..landscape import Array, LandscapeError
from .backend import import_jax


@dataclass(frozen=True, slots=True)
class WeightTree:
    """The shape of the user's weights.

    A vector has the leaves one after the other, in the order of ``jax.tree.leaves`` (dicts by their sorted keys), each
    in C order.

    Attributes:
        structure: The tree without its leaves, as JAX describes it.
        shapes: The shape of each leaf.
        dtypes: The type of each leaf, a floating one.
    """

    structure: Any
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[Any, ...]

    @classmethod
    def read(cls, tree: Any, reference: str) -> WeightTree:
        """Read the shape of a tree of arrays, or of their shapes.

        Raises:
            LandscapeError: It has no leaves, or some that are no floating-point numbers.
        """
        jax = import_jax()
        leaves, structure = jax.tree.flatten(tree)
        if not leaves:
            raise LandscapeError(
                f"init must return arrays of weights, got none from {reference}. Return a dict or list of them."
            )
        kinds = [leaf.dtype if hasattr(leaf, "dtype") else np.asarray(leaf).dtype for leaf in leaves]
        for path, kind in zip((path for path, _ in jax.tree.flatten_with_path(tree)[0]), kinds, strict=True):
            if not jax.numpy.issubdtype(kind, jax.numpy.floating):
                raise LandscapeError(
                    f"init must return floating-point weights only, got {kind} at {jax.tree_util.keystr(path)} from "
                    f"{reference}. Keep what is not searched out of it, or convert it."
                )
        shapes = tuple(tuple(np.shape(leaf)) for leaf in leaves)
        if not sum(map(math.prod, shapes)):
            raise LandscapeError(f"init must return weights, got empty arrays from {reference}. Return some.")
        return cls(structure, shapes, tuple(jax.dtypes.canonicalize_dtype(kind) for kind in kinds))

    @property
    def dimension(self) -> int:
        """The number of weights, D."""
        return sum(map(math.prod, self.shapes))

    @property
    def precision(self) -> Any:
        """The type of a vector that holds all weights: float64 if a leaf has it, else float32."""
        return np.float64 if np.float64 in self.dtypes else np.float32

    def describe(self) -> Any:
        """Return the tree with the shape and type of each leaf, for ``jax.eval_shape``."""
        jax = import_jax()
        pairs = zip(self.shapes, self.dtypes, strict=True)
        return jax.tree.unflatten(self.structure, [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in pairs])

    def unpack(self, weights: Any) -> Any:
        """Return the tree of a vector (D,)."""
        leaves, first = [], 0
        for shape, dtype in zip(self.shapes, self.dtypes, strict=True):
            size = math.prod(shape)
            leaves.append(weights[first : first + size].reshape(shape).astype(dtype))
            first += size
        return import_jax().tree.unflatten(self.structure, leaves)

    def pack(self, tree: Any) -> Array:
        """Return the vector (D,) of a tree of arrays."""
        leaves = import_jax().tree.leaves(tree)
        return np.concatenate([np.asarray(leaf, dtype=np.float64).reshape(-1) for leaf in leaves])


def list_tree_filters(tree: WeightTree) -> Filters:
    """Return the filters of the user's weights: the last axis of leaves of two axes or more.

    What belongs to a leaf of one axis or none is not known: it is one filter, of biases or gains.
    """
    blocks = []
    first = 0
    for shape in tree.shapes:
        units = shape[-1] if len(shape) > 1 else 1
        blocks.append((np.broadcast_to(_number_last(first, shape), shape), len(shape) < 2))
        first += units
    return join_filters(blocks)


def _number_last(first: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
    return first + np.arange(shape[-1]) if len(shape) > 1 else np.array(first)
