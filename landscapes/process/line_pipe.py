"""Talking with a process in lines, over pipes that never block the asker."""

from __future__ import annotations

import os
import selectors
import signal
from abc import ABC, abstractmethod
from typing import Any

STDERR_TAIL_BYTES = 2000
"""Bytes kept of what a program says on standard error: its last words, should it die."""
READ_BYTES = 1 << 20
QUOTED_BYTES = 200
"""Bytes of an answer that a message quotes."""
ROW_SEPARATOR = b"-- searchparty: what follows belongs to the next row"
"""A line on standard error after which nothing counts that was said before it."""


class ProcessEnded(Exception):
    """The program is gone, or its line is too long to be an answer; the message is a cause of failure."""


class WatchedPipes:
    """The pipes of a program that a selector wakes for."""

    __slots__ = ("_data", "_pipes", "_selector")

    def __init__(self, selector: selectors.BaseSelector, data: Any) -> None:
        self._selector, self._data = selector, data
        self._pipes: set[int] = set()

    def add(self, pipe: int, event: int = selectors.EVENT_READ) -> None:
        if pipe not in self._pipes:
            self._pipes.add(pipe)
            self._selector.register(pipe, event, self._data)

    def drop(self, pipe: int) -> None:
        if pipe in self._pipes:
            self._pipes.discard(pipe)
            self._selector.unregister(pipe)


class LineProcess(ABC):
    """A process that is asked in lines and answers in lines, by the pipes to its standard input, output and error.
    ``longest`` is the most bytes of a line."""

    def __init__(self, into: int, out: int, err: int, longest: int) -> None:
        self._in, self._out, self._err = into, out, err
        for pipe in (into, out, err):
            os.set_blocking(pipe, False)
        self._longest = longest
        self._unsent = b""
        self._unread_output = bytearray()
        self._stderr_tail = bytearray()
        self._stderr_closed = False
        self._watched_pipes: WatchedPipes | None = None

    @property
    @abstractmethod
    def started(self) -> bool:
        """False if it was found, on its end, that it could not be run at all."""

    @abstractmethod
    def exit_code(self) -> int | None:
        """Its exit code, or less than 0 for a signal; None if it has not ended within a second."""

    @abstractmethod
    def kill(self) -> None:
        """Kill the process, and whatever it started in its session."""

    def describe_exit(self) -> str:
        """How the process ended (it has closed its standard output), and its last words."""
        code = self.exit_code()
        how = "closed its standard output" if code is None else f"took its process down ({_describe_exit_code(code)})"
        return how + self._describe_stderr_tail()

    def ask(self, line: bytes, ahead: bool = False) -> None:
        """Send a line, as much of it as the pipe takes now; ``hear`` sends the rest. With ``ahead`` it may still be at
        work on what it was asked before."""
        if not ahead:
            if self._unread_output:
                raise ProcessEnded(f"answered before it was asked: {quote_bytes(self._unread_output)}")
            # What it has said up to now belongs to what it was asked before.
            self._read_stderr(most=1000)
            self._stderr_tail.clear()
        self._unsent += line
        self._send()

    def watch(self, selector: selectors.BaseSelector, data: Any) -> None:
        """Have a selector wake, with ``data``, whenever ``hear`` has something to do, until ``unwatch``."""
        if self._watched_pipes is None:
            self._watched_pipes = WatchedPipes(selector, data)
            self._watched_pipes.add(self._out)
            if not self._stderr_closed:
                self._watched_pipes.add(self._err)
            if self._unsent:
                self._watched_pipes.add(self._in, selectors.EVENT_WRITE)

    def unwatch(self) -> None:
        """Have the selector wake no more."""
        if self._watched_pipes is not None:
            for pipe in (self._out, self._err, self._in):
                self._watched_pipes.drop(pipe)
            self._watched_pipes = None

    def hear(self) -> bytes | None:
        """Send and read what can be without waiting: a whole line, or None. Raises Ended."""
        if b"\n" not in self._unread_output:
            self._send()
            self._read_stderr()
            piece = _read_available(self._out)
            if piece == b"":
                raise ProcessEnded(self.describe_exit())
            if piece is not None:
                self._unread_output += piece
        line, newline, rest = self._unread_output.partition(b"\n")
        if newline:
            self._unread_output = rest
            return bytes(line)
        if len(self._unread_output) > self._longest:
            raise ProcessEnded(
                f"answered a line of over {self._longest:,} bytes: {quote_bytes(self._unread_output[:QUOTED_BYTES])}..."
            )
        return None

    def _describe_stderr_tail(self) -> str:
        self._read_stderr(most=1000)
        lines = self._stderr_tail.rpartition(ROW_SEPARATOR)[2].decode(errors="replace").strip().splitlines()
        return f": {lines[-1].strip()[:200]}" if lines else ""

    def _send(self) -> None:
        if not self._unsent:
            return
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self._in, self._unsent[:READ_BYTES]) :]
        except BlockingIOError:
            if self._watched_pipes is not None:
                self._watched_pipes.add(self._in, selectors.EVENT_WRITE)
            return
        except OSError:
            # It no longer listens; what it has to say, or its end, is read next.
            self._unsent = b""
        if self._watched_pipes is not None:
            self._watched_pipes.drop(self._in)

    def _read_stderr(self, most: int = 16) -> None:
        # A few at a time: a program may talk faster than it can be listened to.
        for _ in range(most):
            if self._stderr_closed or (words := _read_available(self._err)) is None:
                return
            if words == b"":
                self._stderr_closed = True
                if self._watched_pipes is not None:
                    self._watched_pipes.drop(self._err)
            self._stderr_tail += words
            del self._stderr_tail[:-STDERR_TAIL_BYTES]


def _read_available(pipe: int) -> bytes | None:
    """What is there: None if nothing is, b"" at the end."""
    try:
        return os.read(pipe, READ_BYTES)
    except BlockingIOError:
        return None


def _describe_exit_code(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def quote_bytes(text: bytes | bytearray) -> str:
    """The beginning of what was said, for a message."""
    shown = bytes(text[:QUOTED_BYTES]).decode(errors="replace")
    return repr(shown) + (f" and {len(text) - QUOTED_BYTES:,} bytes more" if len(text) > QUOTED_BYTES else "")
