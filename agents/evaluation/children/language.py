"""What every kind of child must understand."""

from __future__ import annotations

from typing import Protocol

from ....landscapes.landscape import Array
from ....landscapes.process.line_pipe import Lines
from ..evaluator import Evaluated


class Language(Protocol):
    """What a child is and how it is spoken to."""

    startup: float
    """Seconds a child may take, beside a row's time-out, until it first answers."""
    greets: bool
    """Whether a child says a line, once it is ready for questions."""
    most: int
    """Rows that a child may be asked for before it has answered the first of them."""

    def start(self) -> Lines: ...

    def greeted(self, line: bytes) -> str:
        """What is wrong, by a child's first line ("": nothing is)."""
        ...

    def question(self, rows: Array, with_gradient: bool, ahead: bool) -> bytes:
        """What asks for rows (n, D) of the cube; ``ahead`` of answers to others."""
        ...

    def answer(self, line: bytes, row: Array, with_gradient: bool) -> float | Evaluated:
        """What a line says of a row (1, D): its loss, where that is finite and all there is. Raises Garbled."""
        ...

    def close(self) -> None:
        """Let go of what children were started from."""
        ...
