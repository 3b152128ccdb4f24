"""A worker: a child process, and the rows that are requested from it."""

from __future__ import annotations

import selectors

from ....landscapes.command import MalformedAnswer
from ....landscapes.process.line_pipe import ProcessEnded
from .batch import Answer, Batch, failed_row
from .held_rows import HeldRows
from .language import ChildProtocol
from .prefetch import Prefetch
from .restartable import RestartableChild
from .row_clock import RowClock
from .worker_state import (
    BUSY,
    IDLE,
    KILL,
    LAST_ANSWER,
    READY,
    SEND_FAILED,
    SEND_MORE,
    SEND_ROW,
    START,
    STARTING,
    STOPPED,
    TRANSITIONS,
    UNREACHABLE,
    IllegalTransition,
    WorkerEvent,
)


class Worker:
    """Evaluates rows in a child process.

    The child works on the first of its rows: the time-out applies to that row, and if the child is lost, that row
    fails. The child is then started again for its next row.

    The states of a worker and the transitions between them are listed in ``worker_state``.
    """

    def __init__(
        self, protocol: ChildProtocol, clock: RowClock, selector: selectors.BaseSelector, prefetch: Prefetch
    ) -> None:
        self.state = STOPPED
        self.rows = HeldRows()
        self.clock = clock
        self._child = RestartableChild(protocol, selector)
        self._protocol, self._prefetch = protocol, prefetch

    @property
    def accepts_more(self) -> bool:
        """Whether more rows may be requested, ahead of answers."""
        return self.state is BUSY

    def prepare(self) -> bool:
        """Start the child if there is none, and return whether it is ready. The worker has no rows.

        Raises:
            ProcessEnded: The child has ended before it was ready.
            CannotEvaluate: It says that it cannot evaluate.
        """
        if self.state is STOPPED:
            self._move(START)
            self._child.reset_starts()
            self._child.start()
        if self.state is STARTING and self._child.read_greeting():
            self._move(READY)
        return self.state is IDLE

    def begin_row(self, batch: Batch, row: int) -> None:
        """Request a row of a batch, once the child is ready. The worker has no other."""
        stopped = self.state is STOPPED
        self._move(START if stopped else SEND_ROW)
        self.rows.batch = batch
        self.rows.append(row)
        self._child.reset_starts()
        if stopped:
            self._start_child()
        else:
            self._send_row(0.0)

    def request_more(self, first: int, count: int) -> None:
        """Request more rows of the same batch while the child is busy."""
        self._move(SEND_MORE)
        self.rows.extend(range(first, first + count))
        self._child.send_more(self.rows.batch.make_request(self._protocol, first, count, True))

    def collect_answers(self) -> list[Answer]:
        """Read what the child has written, and return the rows that are done: answered, failed, or too late.

        Raises CannotEvaluate if no row can be evaluated.
        """
        answers: list[Answer] = []
        try:
            if self.state is STARTING and self._child.read_greeting():
                self._become_ready(0.0)
            if self.state is BUSY:
                self._read_answers(answers)
        except (ProcessEnded, MalformedAnswer) as error:
            return answers + self._handle_loss(str(error))
        if self.state is UNREACHABLE:
            return self._handle_loss(self._child.send_error)
        now = self.clock.now()
        if answers:
            self._prefetch.record_duration(len(answers), self.clock.end_row(now, bool(self.rows)))
        elif now >= self.clock.deadline:
            return self._handle_timeout()
        return answers

    def unwatch(self) -> None:
        """Stop watching the child while it is idle: what it prints now belongs to no row."""
        self._child.unwatch()

    def kill(self) -> None:
        """Kill the child, if there is one, with all processes that it started, and forget the rows."""
        self.rows.clear()
        self._kill_child()

    def drop_rows(self) -> None:
        """Forget the rows; kill the child if it has any, because it must no longer answer them."""
        # By state too: Ctrl-C may come between a transition and the actions that belong to it.
        if self.rows or self.state not in (STOPPED, IDLE):
            self._kill_child()
        self.rows.clear()

    def _move(self, event: WorkerEvent) -> None:
        try:
            self.state = TRANSITIONS[self.state][event]
        except KeyError:
            raise IllegalTransition(self.state, event) from None

    def _kill_child(self) -> None:
        self._move(KILL)
        self.clock.stop()
        self._child.kill()

    def _start_child(self) -> None:
        self._child.start()
        if self._protocol.sends_greeting:
            self._child.watch(self)
            self.clock.await_greeting(self._protocol.startup)
        else:
            self._become_ready(self._protocol.startup)

    def _become_ready(self, startup: float) -> None:
        """Send the row that has waited for the child; its answer may take ``startup`` seconds more."""
        self._move(READY)
        self._move(SEND_ROW)
        self._send_row(startup)

    def _send_row(self, startup: float) -> None:
        # To measure a point takes other programs than to evaluate it, which are loaded or compiled first.
        more = self._protocol.startup if self.rows.batch.measured else 0.0
        self.clock.begin_row(startup + more)
        if not self._child.send(self.rows.batch.make_request(self._protocol, self.rows[0])):
            self._move(SEND_FAILED)
            self.clock.expire()
        self._child.watch(self)

    def _read_answers(self, answers: list[Answer]) -> None:
        """Read the answers that are there, and add them to a list, which is kept if an error follows."""
        lines, rows = self._child.lines, self.rows
        cube, with_gradient = rows.batch.cube, rows.batch.with_gradient
        assert lines is not None
        while rows and (line := lines.hear()) is not None:
            row = rows[0]
            answers.append((row, self._protocol.read_answer(line, cube[row : row + 1], with_gradient)))
            rows.popleft()
        if not rows:
            self._move(LAST_ANSWER)

    def _handle_timeout(self) -> list[Answer]:
        if self.state is STARTING:
            self._child.refuse_late_greeting()
        return self._fail_row(f"gave no answer within its time-out of {self.clock.timeout:g} s")

    def _handle_loss(self, cause: str) -> list[Answer]:
        """Fail the first row; but if the child was never able to evaluate it, start the child again."""
        if self.state is not STARTING and self._child.started:
            return self._fail_row(cause)
        self._drop_child()
        self._child.check_starts(cause)
        self._move(START)
        self._start_child()
        return []

    def _fail_row(self, cause: str) -> list[Answer]:
        self._drop_child()
        return [(self.rows.popleft(), failed_row(cause))]

    def _drop_child(self) -> None:
        """Kill the child, and keep only the row that it was evaluating."""
        self.rows.release_unstarted()
        self._kill_child()
