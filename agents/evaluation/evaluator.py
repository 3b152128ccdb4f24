"""The protocol of evaluators, which executors pass to ``work_lease``, and their results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, Space

FLOAT64 = np.dtype(np.float64)
"""To compare a type with it is faster than with ``np.float64``, and is done for every evaluation."""


class EvaluationResult(NamedTuple):
    """The result of evaluating a batch.

    Attributes:
        losses: Losses, shape (n,); failed rows are +inf.
        gradients: Gradients per cube unit, shape (n, D), or None; failed rows are NaN.
        causes: Why rows failed, by row number.
    """

    losses: Array
    gradients: Array | None
    causes: dict[int, str]


class CannotEvaluate(Exception):
    """Raised where no point can be evaluated, through no fault of a point; the message says what to do."""


class Evaluator(Protocol):
    """Protocol of evaluators of points of the unit cube.

    An evaluator does not raise for what an objective does: such rows fail. It raises CannotEvaluate or
    ModuleNotFoundError where no point can be evaluated.
    """

    space: Space
    rowwise: bool
    """Whether ``evaluate_in_pieces`` may be used: no bit of a row's loss depends on the other rows."""

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube, with their gradients if requested."""
        ...

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """Evaluate in pieces and yield each as soon as it is done, in any order, as (first row, result)."""
        ...

    def evaluate_share(self, cube: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube with their gradients, each over some rows of data (n, b).

        It is called only if ``space.units`` is above 1.
        """
        ...

    def measure(self, point: Array) -> dict[str, float]:
        """Return what the landscape tells of a point (D,) of the unit cube besides its loss; {} if that is nothing."""
        ...

    def close(self) -> None:
        """Release what evaluation has started, such as child processes."""
        ...


def assemble_pieces(
    pieces: Iterable[tuple[int, EvaluationResult]], cube: Array, with_gradient: bool
) -> EvaluationResult:
    """Assemble the result of a batch of points (n, D) from its pieces."""
    losses = np.empty(len(cube))
    gradients = np.full(cube.shape, np.nan) if with_gradient else None
    causes: dict[int, str] = {}
    for first, found in pieces:
        rows = slice(first, first + len(found.losses))
        losses[rows] = found.losses
        if gradients is not None and found.gradients is not None:
            gradients[rows] = found.gradients
        causes |= {first + row: cause for row, cause in found.causes.items()}
    return EvaluationResult(losses, gradients, causes)


NO_CAUSES: dict[int, str] = {}
"""The causes of a batch without failures; shared, and never changed."""


def mark_failures(losses: Array, causes: dict[int, str]) -> tuple[Array, dict[int, str]]:
    """Replace losses that are NaN or infinite by +inf, and add a cause for each of them."""
    bad = ~np.isfinite(losses)
    for row in np.flatnonzero(bad).tolist():
        causes.setdefault(row, f"returned {losses[row]}")
    return np.where(bad, np.inf, losses), causes
