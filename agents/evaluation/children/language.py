"""The protocol that every kind of child implements."""

from __future__ import annotations

from typing import Protocol

from ....landscapes.landscape import Array
from ....landscapes.process.line_pipe import LineProcess
from ..evaluator import EvaluationResult
from ..leaving import ExitRequest
from ..measures import Measures
from .wire import Share

RowAnswer = float | EvaluationResult | ExitRequest | Measures
"""The result of a row: only its loss if that is finite and there is nothing else; or what was measured at it."""


class ChildProtocol(Protocol):
    """How a child is started, what it is sent, and how its lines are read."""

    startup: float
    """Seconds that a child may take, in addition to a row's time-out, until its first answer."""
    sends_greeting: bool
    """Whether a child sends a line as soon as it is ready for requests."""
    most_unanswered: int
    """The most rows that may be requested from a child before it has answered the first of them."""

    def start(self) -> LineProcess:
        """Start a child process. Raises OSError."""
        ...

    def check_greeting(self, line: bytes) -> str:
        """Return what is wrong according to a child's first line, or "" if nothing is."""
        ...

    def make_request(self, rows: Array, with_gradient: bool, ahead: bool, share: Share | None, measured: bool) -> bytes:
        """Encode a request for rows (n, D) of the cube; ``ahead`` if earlier ones are not answered yet.

        ``share`` has the rows of data over which one row is evaluated, shape (1, b); None: over all. With ``measured``,
        the one row is not evaluated but measured.
        """
        ...

    def read_answer(self, line: bytes, row: Array, with_gradient: bool) -> RowAnswer:
        """Decode the answer to a row (1, D).

        Raises MalformedAnswer, or CannotEvaluate if no row could be evaluated.
        """
        ...

    def close(self) -> None:
        """Release what children are started from."""
        ...
