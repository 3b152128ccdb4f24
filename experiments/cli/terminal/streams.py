"""Consoles on the standard output and error that print every text as it is, and whose failure never ends a command."""

from __future__ import annotations

import io
import os
import sys
from typing import IO, Any, cast

from rich.console import Console


class ForgivingStream:
    """The standard output or error as long as it can be written to; what it cannot take is dropped.

    A command works for hours and prints a few lines. A terminal that was closed, a pipe that nobody reads any more, a
    full disk or an encoding without accents must not end its work.

    Args:
        name: "stdout" or "stderr", of ``sys``. It is looked up at each use, because it may be replaced.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def write(self, text: str) -> int:
        """Write a text; characters that the encoding lacks are written as Python escapes them."""
        stream = self._stream
        try:
            stream.write(escape_unencodable(text, getattr(stream, "encoding", None)))
        except (OSError, ValueError):
            self._give_up(stream)
        return len(text)

    def flush(self) -> None:
        """Pass on what has been written."""
        stream = self._stream
        try:
            stream.flush()
        except (OSError, ValueError):
            self._give_up(stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def _stream(self) -> Any:
        stream = getattr(sys, self._name) or io.StringIO()
        # While it shows bars, rich puts a stream of its own in the place, which would write to this one.
        return getattr(stream, "rich_proxied_file", stream)

    @staticmethod
    def _give_up(stream: Any) -> None:
        """Send all that follows nowhere; otherwise Python would try again when it ends, and exit with code 120."""
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        except (OSError, ValueError):
            # It is closed, or has no descriptor: nothing is written when Python ends.
            return


def escape_unencodable(text: str, encoding: str | None) -> str:
    """Return a text in which characters that an encoding lacks are written as Python escapes them.

    Example:
        >>> escape_unencodable("équipe", "ascii")
        '\\\\xe9quipe'
    """
    try:
        return text.encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")
    except LookupError:
        return text


def open_console(name: str) -> Console:
    """Return a console on ``sys.stdout`` or ``sys.stderr`` that prints every text as it is: without markup or emoji."""
    return Console(file=cast("IO[str]", ForgivingStream(name)), highlight=False, markup=False, emoji=False)


def replace_closed_streams() -> None:
    """Put streams that take everything where the standard output or error is closed: some libraries expect streams."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def tolerate_encodings() -> None:
    """Let what other code prints to the standard output and error be escaped, where their encoding lacks characters."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
