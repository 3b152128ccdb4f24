"""A batch of points, the rows of it that are still to be asked for, and the answers to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ....landscapes.landscape import Array
from ..evaluator import Evaluated
from .language import Language


class Pending:
    """Rows of a batch that are still to be asked for."""

    def __init__(self, size: int) -> None:
        self._next, self._size = 0, size
        self._again: list[int] = []
        """Rows that a child was lost before it came to."""

    def __len__(self) -> int:
        return self._size - self._next + len(self._again)

    def take(self, most: int) -> tuple[int, int]:
        """The first of some rows that stand side by side, and how many they are."""
        if self._again:
            return self._again.pop(), 1
        first, self._next = self._next, min(self._next + most, self._size)
        return first, self._next - first

    def put_back(self, rows: list[int]) -> None:
        self._again += rows


def joined(answers: list[Answer]) -> Iterator[tuple[int, Evaluated]]:
    """Answers in pieces, losses that stand side by side in one."""
    first, losses = 0, list[float]()
    for row, found in answers:
        if losses and (row != first + len(losses) or isinstance(found, Evaluated)):
            yield first, Evaluated(np.array(losses), None, {})
            losses = []
        if isinstance(found, Evaluated):
            yield row, found
        else:
            first = first if losses else row
            losses.append(found)
    if losses:
        yield first, Evaluated(np.array(losses), None, {})


class Batch(NamedTuple):
    """The points (n, D) that rows are of."""

    cube: Array
    with_gradient: bool

    def question(self, language: Language, first: int, count: int = 1, ahead: bool = False) -> bytes:
        """What asks for rows that stand side by side."""
        return language.question(self.cube[first : first + count], self.with_gradient, ahead)


Answer = tuple[int, float | Evaluated]


def failed(cause: str) -> Evaluated:
    """A row that has no loss."""
    return Evaluated(np.array([np.inf]), None, {0: cause})
