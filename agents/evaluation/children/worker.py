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
from .batch import Answer, Batch, failed
from .language import Language
from .prefetch import Ahead

MOST_STARTS = 3
"""A child that dies before it can be asked is started so often."""


class Worker:
    """A child and the rows it is asked for. It is at work on the first of them: the time-out is of that one, and should
    the child be lost, it is that one's fault. Lost, it is started anew for its next row."""

    def __init__(
        self, language: Language, timeout: float | None, selector: selectors.BaseSelector, ahead: Ahead
    ) -> None:
        self._language, self._selector, self._ahead = language, selector, ahead
        self._timeout = math.inf if timeout is None else timeout
        self.rows: deque[int] = deque()
        """Rows of the batch that were asked for and are not answered."""
        self._left: list[int] = []
        self.deadline = math.inf
        self._since = 0.0
        """When the first of the rows was begun, as far as can be told from here."""
        self._program: Lines | None = None
        self._batch = Batch(np.empty((0, 0)), False)
        self._starts = 0
        self._ready = False
        """Whether the child has said that it is."""
        self._amiss = ""
        """Why the child could not be asked."""

    @property
    def forward(self) -> bool:
        """Whether more rows may be asked for, ahead of answers."""
        return self._ready and not self._amiss

    def begin(self, batch: Batch, row: int) -> None:
        """Ask for a row of a batch, once the child is ready. It has no other."""
        self._batch, self._starts = batch, 0
        self.rows.append(row)
        if self._program is None:
            self._start()
        else:
            self._ask(0.0)

    def add(self, first: int, count: int) -> None:
        """Ask for rows of the batch while the child is at work."""
        assert self._program is not None
        self.rows.extend(range(first, first + count))
        self._program.ask(self._batch.question(self._language, first, count, True), ahead=True)

    def step(self) -> list[Answer]:
        """What has come of the rows. Raises CannotEvaluate where no row ever could."""
        assert self._program is not None
        if self._amiss:
            return self._lost(self._amiss)
        found: list[Answer] = []
        cube, with_gradient = self._batch
        try:
            while self.rows and (line := self._program.hear()) is not None:
                if self._ready:
                    row = self.rows[0]
                    found.append((row, self._language.answer(line, cube[row : row + 1], with_gradient)))
                    self.rows.popleft()
                else:
                    self._greeted(line)
        except (Ended, Garbled) as error:
            return found + self._lost(str(error))
        now = time.monotonic()
        if found:
            self._ahead.note(len(found), now - self._since)
            self._since, self.deadline = now, now + self._timeout if self.rows else math.inf
        elif now >= self.deadline:
            return self._late()
        return found

    def rest(self) -> None:
        """Be listened to no more, until the next row: an idle child's words are of no row."""
        if self._program is not None:
            self._program.unwatch()

    def dropped(self) -> list[int]:
        """Rows that were asked for and not begun before the child was lost; they are no longer its own."""
        left, self._left = self._left, []
        return left

    def kill(self) -> None:
        """Kill the child, if there is one, with all it has started."""
        program, self._program, self._ready, self._amiss = self._program, None, False, ""
        self.deadline = math.inf
        if program is not None:
            program.kill()

    def drop(self) -> None:
        """Kill the child if rows are out; they are asked for no more."""
        if self.rows:
            self.rows.clear()
            self._left.clear()
            self.kill()

    def _start(self) -> None:
        self._starts += 1
        try:
            self._program = self._language.start()
        except OSError as error:
            raise CannotEvaluate(f"a process to evaluate in could not be started ({error}).") from None
        if self._language.greets:
            self._program.watch(self._selector, self)
            self.deadline = time.monotonic() + self._language.startup
        else:
            self._ready = True
            self._ask(self._language.startup)

    def _ask(self, startup: float) -> None:
        """Ask for the one row there is."""
        assert self._program is not None
        self._since = time.monotonic()
        self.deadline = self._since + self._timeout + startup
        try:
            self._program.ask(self._batch.question(self._language, self.rows[0]))
        except Ended as error:
            self._amiss, self.deadline = str(error), self._since
        self._program.watch(self._selector, self)

    def _greeted(self, line: bytes) -> None:
        problem = self._language.greeted(line)
        if problem:
            raise CannotEvaluate(f"{problem}. Mend it, and resume.")
        self._ready = True
        self._ask(0.0)

    def _lose(self) -> None:
        """Kill the child; of its rows it keeps the one that it was at."""
        self._left += list(self.rows)[1:]
        self.rows = deque([self.rows[0]])
        self.kill()

    def _late(self) -> list[Answer]:
        if not self._ready:
            raise CannotEvaluate(
                f"a child process must be ready within {self._language.startup:g} s, and was not. "
                "Is the machine overloaded? Resume when it is not."
            )
        self._lose()
        return [(self.rows.popleft(), failed(f"gave no answer within its time-out of {self._timeout:g} s"))]

    def _lost(self, cause: str) -> list[Answer]:
        assert self._program is not None
        unable = not self._ready or not self._program.started
        self._lose()
        if not unable:
            return [(self.rows.popleft(), failed(cause))]
        if self._starts < MOST_STARTS:
            self._start()
            return []
        raise CannotEvaluate(
            f"a child process must start, and {cause}. Check the command and evaluation.memory, and resume."
        )
