"""Mini-batches: points that are evaluated over a few rows of data. Their losses are estimates, and are kept apart.

A log and a ledger hold such a row as one without a loss, whose cause has the loss over its mini-batch. So nothing that
compares losses can take it for one of the landscape. The agent is told the loss over the mini-batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...landscapes.causes import describe_mini_batch, is_mini_batch, read_mini_batch
from ...landscapes.landscape import Array
from ..evaluation.evaluator import EvaluationResult

RowStream = Callable[[int, int], np.random.Generator]
"""Returns the random numbers for a row of a lease, by the lease's id and the row's number. They are valid until it is
called again."""


class ShareEvaluator(Protocol):
    """Protocol of what evaluates points over rows of data: an evaluator, or one that counts what is evaluated again."""

    def evaluate_share(self, points: Array, rows: NDArray[np.int64], /) -> EvaluationResult:
        """Evaluate points (n, D) with their gradients, each over some rows of data (n, b)."""
        ...


class MiniBatches:
    """Evaluates points over rows of data that are drawn for each, keyed with its lease and its row.

    Args:
        units: How many rows of data there are.
        stream: Returns the random numbers for a row.
    """

    def __init__(self, units: int, stream: RowStream) -> None:
        self._units, self._stream = units, stream

    def evaluate(
        self, evaluator: ShareEvaluator, lease: int, rows: Iterable[int], points: Array, size: int
    ) -> EvaluationResult:
        """Evaluate points (n, D), with their gradients, each over ``size`` rows of data; return them as logged.

        Args:
            evaluator: Evaluates them.
            lease: Id of the lease.
            rows: The numbers of these points among the rows of the lease.
            points: The points, shape (n, D), in the unit cube.
            size: How many rows of data each has.
        """
        drawn = np.array([draw_rows(self._stream(lease, row), self._units, size) for row in rows])
        found = evaluator.evaluate_share(points, drawn)
        causes = dict(found.causes)
        for at, loss in enumerate(found.losses.tolist()):
            if at not in causes:
                causes[at] = describe_mini_batch(size, loss)
        return EvaluationResult(np.full(len(points), np.inf), found.gradients, causes)


def draw_rows(rng: np.random.Generator, units: int, size: int) -> NDArray[np.int64]:
    """Draw ``size`` of ``units`` rows of data without repetition, in random order, shape (size,).

    Example:
        >>> sorted(draw_rows(np.random.default_rng(0), 3, 3).tolist())
        [0, 1, 2]
    """
    return rng.choice(units, size, replace=False, shuffle=False)


def tell_mini_batches(outcome: EvaluationResult) -> EvaluationResult:
    """Return the outcome of mini-batches as the agent is told it, with the losses over them, from what is logged."""
    losses, causes = outcome.losses.copy(), dict(outcome.causes)
    for row, cause in outcome.causes.items():
        if is_mini_batch(cause):
            losses[row] = read_mini_batch(cause)[1]
            del causes[row]
    return EvaluationResult(losses, outcome.gradients, causes)
