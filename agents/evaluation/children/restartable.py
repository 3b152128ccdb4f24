"""A child process that is started when it is needed, and restarted after it was lost."""

from __future__ import annotations

import selectors
from typing import Any, NoReturn

from ....landscapes.process.line_pipe import LineProcess, ProcessEnded
from ..evaluator import CannotEvaluate
from .language import ChildProtocol

MOST_STARTS = 3
"""How often a child is started for a row, if it ends each time before it can be sent one."""


class RestartableChild:
    """At most one child process at a time, whose output is registered with a selector."""

    __slots__ = ("_protocol", "_selector", "_starts", "lines", "send_error")

    def __init__(self, protocol: ChildProtocol, selector: selectors.BaseSelector) -> None:
        self._protocol, self._selector = protocol, selector
        self.lines: LineProcess | None = None
        """The process, or None if there is none."""
        self.send_error = ""
        """Why the last row could not be sent, or ""."""
        self._starts = 0

    @property
    def started(self) -> bool:
        """False if there is no process, or if its program could not be run."""
        return self.lines is not None and self.lines.started

    def reset_starts(self) -> None:
        """Count starts from 0, for a new row."""
        self._starts = 0

    def start(self) -> None:
        """Start the process. Raises CannotEvaluate."""
        self._starts += 1
        try:
            self.lines = self._protocol.start()
        except OSError as error:
            raise CannotEvaluate(f"a process to evaluate in could not be started ({error}).") from None

    def check_starts(self, cause: str) -> None:
        """Raise CannotEvaluate if the process may not be started once more for the same row."""
        if self._starts >= MOST_STARTS:
            raise CannotEvaluate(
                f"a child process must start, but it {cause}. Check the command and evaluation.memory, and resume."
            )

    def read_greeting(self) -> bool:
        """Return whether the process has sent its greeting.

        Raises ProcessEnded, or CannotEvaluate if the greeting says that the process cannot evaluate.
        """
        assert self.lines is not None
        line = self.lines.hear()
        if line is None:
            return False
        problem = self._protocol.check_greeting(line)
        if problem:
            raise CannotEvaluate(f"{problem}. Correct it, and resume.")
        return True

    def refuse_late_greeting(self) -> NoReturn:
        """Raise CannotEvaluate because the process has not sent its greeting in time."""
        raise CannotEvaluate(
            f"a child process must be ready within {self._protocol.startup:g} s, but was not. "
            "The machine may be overloaded; resume when it is not."
        )

    def send(self, request: bytes) -> bool:
        """Send the request for a row to a process that has no other; if that fails, record why and return False."""
        assert self.lines is not None
        try:
            self.lines.ask(request)
        except ProcessEnded as error:
            self.send_error = str(error)
            return False
        return True

    def send_more(self, request: bytes) -> None:
        """Send a request to a process that has others."""
        assert self.lines is not None
        self.lines.ask(request, ahead=True)

    def watch(self, data: Any) -> None:
        """Register the process with the selector, which reports ``data`` when there is output."""
        assert self.lines is not None
        self.lines.watch(self._selector, data)

    def unwatch(self) -> None:
        """Unregister the process from the selector."""
        if self.lines is not None:
            self.lines.unwatch()

    def kill(self) -> None:
        """Kill the process, if there is one, with all processes that it started."""
        lines, self.lines = self.lines, None
        if lines is not None:
            lines.kill()
