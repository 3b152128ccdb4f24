"""Exchange lines with a process, over pipes that never block this process."""

from __future__ import annotations

import os
import selectors
import signal
from abc import ABC, abstractmethod
from typing import Any

STDERR_TAIL_BYTES = 2000
"""Bytes kept of a program's standard error, to quote its last line if it dies."""
READ_BYTES = 1 << 20
LONGEST_PAUSE = 3600.0
"""Seconds after which a process that waits looks again: the operating system takes none beyond 24 days."""
QUOTED_BYTES = 200
"""Bytes of an answer that a message quotes at most."""
ROW_SEPARATOR = b"-- searchparty: what follows belongs to the next row"
"""A line on standard error; what was written before it is ignored."""


TOOK_DOWN = "took its process down"
"""First words of the cause of a row whose process ended while it was evaluated."""


class ProcessEnded(Exception):
    """Raised if the program has ended, or wrote a line too long to be an answer; the message is a cause of failure."""


class WatchedPipes:
    """The pipes of a program that are registered with a selector."""

    __slots__ = ("_data", "_pipes", "_selector")

    def __init__(self, selector: selectors.BaseSelector, data: Any) -> None:
        self._selector, self._data = selector, data
        self._pipes: set[int] = set()

    def add(self, pipe: int, event: int = selectors.EVENT_READ) -> None:
        """Register a pipe, if it is not registered."""
        if pipe not in self._pipes:
            self._pipes.add(pipe)
            self._selector.register(pipe, event, self._data)

    def drop(self, pipe: int) -> None:
        """Unregister a pipe, if it is registered."""
        if pipe in self._pipes:
            self._pipes.discard(pipe)
            self._selector.unregister(pipe)


class LineProcess(ABC):
    """Base class of processes that receive requests and send answers as lines.

    Args:
        into: The pipe to the standard input of the process.
        out: The pipe from its standard output.
        err: The pipe from its standard error.
        longest: The most bytes that a line may have.
    """

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
        """Whether the program could be run; False only once the process has ended because it could not."""

    @abstractmethod
    def exit_code(self) -> int | None:
        """Return its exit code, below 0 for a signal, or None if it does not end within a second."""

    @abstractmethod
    def kill(self) -> None:
        """Kill the process, and all processes that it started in its session."""

    def describe_exit(self) -> str:
        """Describe how the process ended, after it has closed its standard output, and quote its last line."""
        code = self.exit_code()
        how = "closed its standard output" if code is None else f"{TOOK_DOWN} ({_describe_exit_code(code)})"
        return how + self._describe_stderr_tail()

    def ask(self, line: bytes, ahead: bool = False) -> None:
        """Send a line, as much of it as the pipe takes now; ``hear`` sends the rest.

        Args:
            line: The line, with its newline.
            ahead: Whether the process may still be working on earlier requests.

        Raises:
            ProcessEnded: The process has written something although it had no request.
        """
        if not ahead:
            if self._unread_output:
                raise ProcessEnded(f"answered before it was asked: {quote_bytes(self._unread_output)}")
            # What it has written up to now belongs to the previous request.
            self._read_stderr(most=1000)
            self._stderr_tail.clear()
        self._unsent += line
        self._send()

    def watch(self, selector: selectors.BaseSelector, data: Any) -> None:
        """Register with a selector, which reports ``data`` whenever ``hear`` has something to do, until ``unwatch``."""
        if self._watched_pipes is None:
            self._watched_pipes = WatchedPipes(selector, data)
            self._watched_pipes.add(self._out)
            if not self._stderr_closed:
                self._watched_pipes.add(self._err)
            if self._unsent:
                self._watched_pipes.add(self._in, selectors.EVENT_WRITE)

    def unwatch(self) -> None:
        """Unregister from the selector."""
        if self._watched_pipes is not None:
            for pipe in (self._out, self._err, self._in):
                self._watched_pipes.drop(pipe)
            self._watched_pipes = None

    def hear(self) -> bytes | None:
        """Send and read what is possible without waiting.

        Returns:
            The next whole line, without its newline, or None if there is none yet.

        Raises:
            ProcessEnded: The process has ended, or its line is too long.
        """
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
        """Return ": " and the last line on standard error, or "" if there is none."""
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
            # It no longer reads its input; its last output, or its end, is read next.
            self._unsent = b""
        if self._watched_pipes is not None:
            self._watched_pipes.drop(self._in)

    def _read_stderr(self, most: int = 16) -> None:
        # A limited number of reads: a program may write faster than this process can read.
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
    """Return what can be read now: None if there is nothing, b"" at the end."""
    try:
        return os.read(pipe, READ_BYTES)
    except BlockingIOError:
        return None


def _describe_exit_code(code: int) -> str:
    """Name an exit code, or a signal if it is below 0."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def quote_bytes(text: bytes | bytearray) -> str:
    """Quote the beginning of an output, for a message."""
    shown = bytes(text[:QUOTED_BYTES]).decode(errors="replace")
    return repr(shown) + (f" and {len(text) - QUOTED_BYTES:,} bytes more" if len(text) > QUOTED_BYTES else "")
