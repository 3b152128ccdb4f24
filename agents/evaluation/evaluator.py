"""Where points become losses: the evaluators that executors lend to ``work``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from ...landscapes.landscape import Array, Space


class EvaluationResult(NamedTuple):
    """Losses (n,), failed rows +inf; gradients (n, D) per cube unit or None; causes of failure by row."""

    losses: Array
    gradients: Array | None
    causes: dict[int, str]


class CannotEvaluate(Exception):
    """No point can be evaluated here, through no fault of a point; the message says what to do."""


class Evaluator(Protocol):
    """Evaluates points of the cube. Never raises for what an objective does."""

    space: Space
    rowwise: bool
    """Whether ``pieces`` may be asked for: a row's loss does not depend, in any bit, on the rows beside."""

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        """Losses of points (n, D) in the unit cube, and their gradients if asked for."""
        ...

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """The same as it comes, in any order: (first row, what these rows came to)."""
        ...

    def close(self) -> None: ...


def assemble_pieces(
    pieces: Iterable[tuple[int, EvaluationResult]], cube: Array, with_gradient: bool
) -> EvaluationResult:
    """A batch of points (n, D), put together from its pieces."""
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


def mark_failures(losses: Array, causes: dict[int, str]) -> tuple[Array, dict[int, str]]:
    """Losses with +inf for rows that are NaN or infinite, and a cause for each of them."""
    bad = ~np.isfinite(losses)
    for row in np.flatnonzero(bad).tolist():
        causes.setdefault(row, f"returned {losses[row]}")
    return np.where(bad, np.inf, losses), causes
