"""A batch of points, its rows that have yet to be requested, and the answers to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ....landscapes.landscape import Array
from ..evaluator import EvaluationResult
from ..leaving import ExitRequest
from .language import ChildProtocol, RowAnswer
from .wire import Share


class RowQueue:
    """The rows of a batch that have yet to be requested."""

    def __init__(self, size: int) -> None:
        self._next, self._size = 0, size
        self._returned: list[int] = []
        """Rows that a lost child had not begun."""

    def __len__(self) -> int:
        return self._size - self._next + len(self._returned)

    def take_rows(self, most: int) -> tuple[int, int]:
        """Take at most ``most`` adjacent rows, and return the first of them and their number."""
        if self._returned:
            return self._returned.pop(), 1
        first, self._next = self._next, min(self._next + most, self._size)
        return first, self._next - first

    def put_back_rows(self, rows: list[int]) -> None:
        """Put back rows that were taken and have not been begun."""
        self._returned += rows


def join_answers(answers: list[Answer]) -> Iterator[tuple[int, EvaluationResult]]:
    """Yield answers in pieces, with the losses of adjacent rows in one piece.

    Raises SystemExit or KeyboardInterrupt, after all answers, if an objective raised it instead of answering.
    """
    first, losses = 0, list[float]()
    leaving: ExitRequest | None = None
    for row, found in answers:
        if isinstance(found, ExitRequest):
            leaving = found
            continue
        if losses and (row != first + len(losses) or isinstance(found, EvaluationResult)):
            yield first, EvaluationResult(np.array(losses), None, {})
            losses = []
        if isinstance(found, EvaluationResult):
            yield row, found
        elif not isinstance(found, dict):
            first = first if losses else row
            losses.append(found)
    if losses:
        yield first, EvaluationResult(np.array(losses), None, {})
    if leaving is not None:
        raise leaving.to_exception()


class Batch(NamedTuple):
    """A batch that is evaluated row by row.

    Attributes:
        cube: The points, shape (n, D), in the unit cube.
        with_gradient: Whether gradients are requested.
        share: For each point the rows of data over which it is evaluated, shape (n, b); None: all.
        measured: Whether its points are not evaluated but measured.
    """

    cube: Array
    with_gradient: bool
    share: Share | None = None
    measured: bool = False

    def make_request(self, protocol: ChildProtocol, first: int, count: int = 1, ahead: bool = False) -> bytes:
        """Encode the request for adjacent rows."""
        share = None if self.share is None else self.share[first : first + count]
        return protocol.make_request(self.cube[first : first + count], self.with_gradient, ahead, share, self.measured)


Answer = tuple[int, RowAnswer]
"""The number of a row, and its result."""


def failed_row(cause: str) -> EvaluationResult:
    """Return the result of a row that has no loss."""
    return EvaluationResult(np.array([np.inf]), None, {0: cause})
