"""Why an agent failed, in words and as the line of its file."""

from __future__ import annotations

import os
import sys
from types import TracebackType

from ...landscapes.causes import PACKAGE_FOLDERS
from ...landscapes.landscape import describe_exception, escape_unprintable
from ..agent import Agent, AgentError, Search

LOST_AGENT = "took its process down 3 times"
"""The cause of an agent at which processes were lost, not while a row was evaluated."""
HUNG_AGENT = "proposed nothing for "
"""The first words of the cause of an agent that was ended by ``agent_timeout``."""
CONFINED_PROCESS = "its confined process "
"""The first words of the causes of an agent in a sandbox whose process was late or lost, or sent what is no message."""
UNASKED_PROCESS = f"{CONFINED_PROCESS}was not asked: the time is over"
"""The cause where the time of all that a stranger's class may do is over (``limit_conversations``)."""
LATE_PROCESS = f"{CONFINED_PROCESS}sent nothing for "
"""The first words if it was late."""


MOST_WORDS = 1000
"""The most characters of what an agent says that are logged: why it failed, or why it stops."""


class AgentTimeout(BaseException):
    """Raised within an agent that proposes nothing for too long. No ``except Exception`` of an agent catches it."""


class AgentCalledExit(BaseException):
    """Raised where an agent calls ``os._exit``; the message is the cause of its failed lease."""


def describe_hang(seconds: float) -> str:
    """Return the cause of an agent that proposed nothing for this many seconds."""
    return f"{HUNG_AGENT}{seconds:g} s, its agent_timeout"


def limit_words(text: str) -> str:
    """Return words of an agent as they are logged: on one line, printable, and of limited length."""
    return escape_unprintable(text[:MOST_WORDS])[:MOST_WORDS]


def describe_failure_of(error: BaseException) -> str:
    """Return what an agent raised as the cause of its failed lease: its own words, or the kind of the error and its."""
    if isinstance(error, AgentError | AgentCalledExit):
        try:
            return limit_words(str(error))
        except Exception:
            # Its class has words that cannot be read, which is said below.
            pass
    return limit_words(describe_exception(error))


def is_outer_verdict(cause: str) -> bool:
    """Return whether a lease failed for something that the agent's code does not repeat when it is replayed: a clock
    or the loss of processes, or what a process happened to send."""
    return cause.startswith((HUNG_AGENT, CONFINED_PROCESS)) or cause == LOST_AGENT


def format_cause(cause: str, place: str) -> str:
    """Return a recorded cause as users read it: "ValueError: no idea, cand.py:12"."""
    return cause.removeprefix("raised ") + (f", {place}" if place else "")


def place_of_error(agent: Agent, error: BaseException) -> str:
    """Return where an agent raised an error, as "cand.py:12"; "" if it is no line of a user's file.

    That is the innermost line in the agent's folder; a library that it called is not where the error is mended. A
    breach of the rules that an agent of this package reports says all in its words.
    """
    if isinstance(error, AgentError) and error.place:
        return error.place
    home = _folder_of(agent)
    lines = list(_lines_of(error.__traceback__))
    found = next((line for line in reversed(lines) if os.path.dirname(line[0]) == home), None)
    if found is None and not isinstance(error, AgentError):
        outside = [line for line in lines if not line[0].startswith(PACKAGE_FOLDERS)]
        found = next(reversed(outside or lines), None)
    if found is None or (isinstance(error, AgentError) and found[0].startswith(PACKAGE_FOLDERS)):
        return ""
    return f"{os.path.basename(found[0])}:{found[1]}"


def place_of_search(agent: Agent, search: Search | None) -> str:
    """Return the line at which a user's agent waits for an answer, as "cand.py:12", or its file if it waits nowhere.

    Returns "" for an agent of this package.
    """
    code = getattr(type(agent).search, "__code__", None)
    home, found = _folder_of(agent), os.path.basename(code.co_filename) if code is not None else ""
    if os.path.join(home, "").startswith(PACKAGE_FOLDERS):
        return ""
    step = search
    while step is not None:
        frame = getattr(step, "gi_frame", None)
        if frame is not None and os.path.dirname(frame.f_code.co_filename) == home:
            found = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
        step = getattr(step, "gi_yieldfrom", None)
    return found


def _folder_of(agent: Agent) -> str:
    code = getattr(type(agent).search, "__code__", None)
    if code is None:
        module = sys.modules.get(type(agent).__module__)
        return os.path.dirname(getattr(module, "__file__", None) or "")
    return os.path.dirname(code.co_filename)


def _lines_of(trace: TracebackType | None) -> list[tuple[str, int]]:
    lines = []
    while trace is not None:
        lines.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return lines
