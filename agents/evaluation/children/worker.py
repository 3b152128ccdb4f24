"""A child process that evaluates, with the rows it has been asked for."""

from __future__ import annotations

import math
import selectors
import time
from collections import deque

import numpy as np

from ....landscapes.command import Garbled
from ....landscapes.process.line_pipe import Ended, Lines
from ..evaluator import CannotEvaluate
from .batch import Answer, Batch, failed_row
from .language import ChildProtocol
from .prefetch import Prefetch

MOST_STARTS = 3
"""A child that dies before it can be asked is started so often."""


class Worker:
    """A child and the rows it is asked for. It is at work on the first of them: the time-out is of that one, and should
    the child be lost, it is that one's fault. Lost, it is started anew for its next row."""

    def __init__(
        self, language: ChildProtocol, timeout: float | None, selector: selectors.BaseSelector, ahead: Prefetch
    ) -> None:
        self._protocol, self._selector, self._prefetch = language, selector, ahead
        self._timeout = math.inf if timeout is None else timeout
        self.rows: deque[int] = deque()
        """Rows of the batch that were asked for and are not answered."""
        self._unstarted: list[int] = []
        self.deadline = math.inf
        self._row_began = 0.0
        """When the first of the rows was begun, as far as can be told from here."""
        self._program: Lines | None = None
        self._batch = Batch(np.empty((0, 0)), False)
        self._starts = 0
        self._ready = False
        """Whether the child has said that it is."""
        self._send_error = ""
        """Why the child could not be asked."""

    @property
    def accepts_more(self) -> bool:
        """Whether more rows may be asked for, ahead of answers."""
        return self._ready and not self._send_error

    def begin_row(self, batch: Batch, row: int) -> None:
        """Ask for a row of a batch, once the child is ready. It has no other."""
        self._batch, self._starts = batch, 0
        self.rows.append(row)
        if self._program is None:
            self._start()
        else:
            self._send_row(0.0)

    def request_more(self, first: int, count: int) -> None:
        """Ask for rows of the batch while the child is at work."""
        assert self._program is not None
        self.rows.extend(range(first, first + count))
        self._program.ask(self._batch.make_request(self._protocol, first, count, True), ahead=True)

    def collect_answers(self) -> list[Answer]:
        """What has come of the rows. Raises CannotEvaluate where no row ever could."""
        assert self._program is not None
        if self._send_error:
            return self._handle_loss(self._send_error)
        found: list[Answer] = []
        cube, with_gradient = self._batch
        try:
            while self.rows and (line := self._program.hear()) is not None:
                if self._ready:
                    row = self.rows[0]
                    found.append((row, self._protocol.read_answer(line, cube[row : row + 1], with_gradient)))
                    self.rows.popleft()
                else:
                    self._handle_greeting(line)
        except (Ended, Garbled) as error:
            return found + self._handle_loss(str(error))
        now = time.monotonic()
        if found:
            self._prefetch.record_duration(len(found), now - self._row_began)
            self._row_began, self.deadline = now, now + self._timeout if self.rows else math.inf
        elif now >= self.deadline:
            return self._handle_timeout()
        return found

    def unwatch(self) -> None:
        """Be listened to no more, until the next row: an idle child's words are of no row."""
        if self._program is not None:
            self._program.unwatch()

    def take_unstarted(self) -> list[int]:
        """Rows that were asked for and not begun before the child was lost; they are no longer its own."""
        left, self._unstarted = self._unstarted, []
        return left

    def kill(self) -> None:
        """Kill the child, if there is one, with all it has started."""
        program, self._program, self._ready, self._send_error = self._program, None, False, ""
        self.deadline = math.inf
        if program is not None:
            program.kill()

    def drop_rows(self) -> None:
        """Kill the child if rows are out; they are asked for no more."""
        if self.rows:
            self.rows.clear()
            self._unstarted.clear()
            self.kill()

    def _start(self) -> None:
        self._starts += 1
        try:
            self._program = self._protocol.start()
        except OSError as error:
            raise CannotEvaluate(f"a process to evaluate in could not be started ({error}).") from None
        if self._protocol.sends_greeting:
            self._program.watch(self._selector, self)
            self.deadline = time.monotonic() + self._protocol.startup
        else:
            self._ready = True
            self._send_row(self._protocol.startup)

    def _send_row(self, startup: float) -> None:
        """Ask for the one row there is."""
        assert self._program is not None
        self._row_began = time.monotonic()
        self.deadline = self._row_began + self._timeout + startup
        try:
            self._program.ask(self._batch.make_request(self._protocol, self.rows[0]))
        except Ended as error:
            self._send_error, self.deadline = str(error), self._row_began
        self._program.watch(self._selector, self)

    def _handle_greeting(self, line: bytes) -> None:
        problem = self._protocol.check_greeting(line)
        if problem:
            raise CannotEvaluate(f"{problem}. Mend it, and resume.")
        self._ready = True
        self._send_row(0.0)

    def _drop_child(self) -> None:
        """Kill the child; of its rows it keeps the one that it was at."""
        self._unstarted += list(self.rows)[1:]
        self.rows = deque([self.rows[0]])
        self.kill()

    def _handle_timeout(self) -> list[Answer]:
        if not self._ready:
            raise CannotEvaluate(
                f"a child process must be ready within {self._protocol.startup:g} s, and was not. "
                "Is the machine overloaded? Resume when it is not."
            )
        self._drop_child()
        return [(self.rows.popleft(), failed_row(f"gave no answer within its time-out of {self._timeout:g} s"))]

    def _handle_loss(self, cause: str) -> list[Answer]:
        assert self._program is not None
        unable = not self._ready or not self._program.started
        self._drop_child()
        if not unable:
            return [(self.rows.popleft(), failed_row(cause))]
        if self._starts < MOST_STARTS:
            self._start()
            return []
        raise CannotEvaluate(
            f"a child process must start, and {cause}. Check the command and evaluation.memory, and resume."
        )
