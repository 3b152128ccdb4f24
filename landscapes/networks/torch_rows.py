"""The rows of data of a PyTorch model: gathered once, in an order that does not depend on chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..landscape import LandscapeError
from .data import choose_held_out
from .torch_library import import_torch
from .user_objects import call_user_function

Tensors = tuple[Any, ...]
"""Inputs of the model, then the targets: tensors with a row of data along their first axes."""


@dataclass(frozen=True, slots=True)
class TorchRows:
    """Rows of data.

    Attributes:
        train: The rows over which the loss is a mean.
        held_out: The rows that only measures see, or None.
    """

    train: Tensors
    held_out: Tensors | None

    @property
    def count(self) -> int:
        """The number of training rows."""
        return len(self.train[0])


def gather_rows(reference: str, found: Any, held_out: float, seed: int) -> TorchRows:
    """Gather all rows of the user's data.

    Args:
        reference: What the setting says, for messages.
        found: A DataLoader, a Dataset or a tuple of tensors, or a function that returns one. A DataLoader's rows are
            taken in the order of its dataset, also if it shuffles.
        held_out: The part of the rows that is held out.
        seed: Which rows are held out.

    Raises:
        LandscapeError: They are no rows of finite numbers with targets.
    """
    torch = import_torch()
    with torch.random.fork_rng():
        # What augments rows by chance does it alike in every process.
        torch.manual_seed(seed)
        is_data = isinstance(found, torch.utils.data.Dataset | torch.utils.data.DataLoader | tuple | list)
        data = call_user_function("data", reference, found) if callable(found) and not is_data else found
        tensors = call_user_function("data", reference, _join_rows, data, reference)
    _check_rows(tensors, reference)
    count = len(tensors[0])
    held = torch.from_numpy(choose_held_out(None, count, held_out, seed, reference))
    return TorchRows(
        tuple(each[~held] for each in tensors), tuple(each[held] for each in tensors) if held.any() else None
    )


def _join_rows(data: Any, reference: str) -> Tensors:
    torch = import_torch()
    loaders = torch.utils.data
    if isinstance(data, loaders.TensorDataset):
        data = data.tensors
    if isinstance(data, tuple | list) and data and all(isinstance(each, torch.Tensor | np.ndarray) for each in data):
        return _convert(data)
    if isinstance(data, loaders.DataLoader) and not isinstance(data.dataset, loaders.IterableDataset):
        # Neither shuffled, nor by other processes, nor without the last rows.
        size, collate = data.batch_size or 64, data.collate_fn if data.batch_size else None
        data = loaders.DataLoader(data.dataset, batch_size=size, collate_fn=collate)
    elif isinstance(data, loaders.Dataset):
        data = loaders.DataLoader(data, batch_size=64)
    if not isinstance(data, Iterable):
        raise LandscapeError(
            f"data must be a DataLoader, a Dataset or tensors, got {type(data).__name__} from {reference}. Return e.g. "
            "a tuple (inputs, targets)."
        )
    batches = [_convert(batch) for batch in data if isinstance(batch, tuple | list)]
    if not batches or len({len(batch) for batch in batches}) != 1:
        raise LandscapeError(
            f"data must give batches (inputs, targets) of tensors, got something else from {reference}. Return such "
            "pairs from the dataset."
        )
    return tuple(torch.cat(column) for column in zip(*batches, strict=True))


def _convert(tensors: Iterable[Any]) -> Tensors:
    """Return tensors on the CPU; floating ones as float32."""
    torch = import_torch()
    found = [torch.as_tensor(each).detach().cpu() for each in tensors]
    return tuple(each.to(torch.float32) if each.is_floating_point() else each for each in found)


def _check_rows(tensors: Tensors, reference: str) -> None:
    torch = import_torch()
    counts = {len(each) if each.ndim else 0 for each in tensors}
    if len(tensors) < 2 or len(counts) != 1 or min(counts) < 2:
        shapes = ", ".join(str(tuple(each.shape)) for each in tensors) or "nothing"
        raise LandscapeError(
            f"data must have inputs and targets of equally many rows, two or more, got {shapes} from {reference}. "
            "Return a tuple (inputs, targets)."
        )
    for number, each in enumerate(tensors):
        if not bool(torch.isfinite(each).all()):
            row = int((~torch.isfinite(each.reshape(len(each), -1)).all(dim=1)).nonzero()[0])
            raise LandscapeError(
                f"data must be finite, got a number that is not in row {row} of tensor {number} from {reference}. "
                "Leave such rows out, or fill them in."
            )
