"""Ends agents that propose nothing for too long, as far as Python can interrupt them.

A thread watches the clocks of all agents in this process. It interrupts the main thread by a signal, which also ends
calls that wait, and any other thread by an exception that Python raises at its next instruction. Compiled code that
does not return to Python cannot be interrupted: a process of our own is then killed, in any other the user is told.
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from .failure import AgentCalledExit, AgentTimeout, describe_hang

STUCK_SECONDS = 5.0
"""An agent that has not ended so long after it was interrupted is stuck."""
LONGEST_WATCH_PAUSE = 3600.0
WAKE_SIGNAL = getattr(signal, "SIGVTALRM", None)
"""A signal that hardly any program uses. It is sent only to a main thread whose agent is to be ended."""


class AgentClock:
    """Measures how long an agent takes to propose, and ends it if that is too long.

    One clock serves all agents of an executor, which thinks with one of them at a time.

    Args:
        seconds: The time that an agent may take; None: any time.
        disposable: Whether this process may be killed to end an agent.
    """

    __slots__ = ("_disposable", "_process", "_reported", "_thread", "agent", "began", "fired", "seconds")

    def __init__(self, seconds: float | None, disposable: bool = False) -> None:
        self.seconds = math.inf if seconds is None else seconds
        self.began = math.inf
        """When the agent began to think; infinite while it does not."""
        self.fired = False
        self.agent = ""
        self._disposable = disposable and seconds is not None and hasattr(signal, "setitimer")
        self._process, self._thread, self._reported = os.getpid(), 0, False
        if seconds is not None:
            _watch(self)

    def start(self, agent: str) -> None:
        """Note that an agent begins to think, in this thread."""
        self.agent, self._thread = agent, threading.get_ident()
        os._exit = self._exit  # type: ignore[assignment]
        self.began = time.monotonic()
        if self._disposable:
            # Ends the process even if compiled code holds Python's lock.
            signal.setitimer(signal.ITIMER_REAL, self.seconds + 2 * STUCK_SECONDS)

    def stop(self) -> None:
        """Note that the agent has proposed or ended."""
        self.began = math.inf
        os._exit = _exit
        if self._disposable:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        if self.fired:
            self._recall()

    def close(self) -> None:
        """Stop being watched."""
        _clocks.discard(self)

    def describe(self) -> str:
        """Return the cause of the lease of an agent that was ended."""
        return describe_hang(self.seconds)

    def check(self) -> float:
        """Interrupt the agent if its time is up. Return after how many seconds to check again."""
        left = self.began + self.seconds - time.monotonic()
        if left > 0.0:
            return min(left, self.seconds / 2)
        self.fired = True
        if left < -STUCK_SECONDS and not self._reported:
            self._reported = True
            self._end_stuck_agent(self.seconds - left)
        if self._thinks_in_main and _handles_signal():
            assert WAKE_SIGNAL is not None
            signal.pthread_kill(self._thread, WAKE_SIGNAL)
        else:
            _raise_in_thread(self._thread, AgentTimeout)
        return 0.5

    @property
    def is_over(self) -> bool:
        """Whether the agent that thinks in the main thread is to be ended now."""
        return self.fired and self.began < math.inf and self._thinks_in_main

    @property
    def _thinks_in_main(self) -> bool:
        return self._thread == threading.main_thread().ident

    def _recall(self) -> None:
        """Take back an interruption that has not reached the agent any more."""
        self.fired = self._reported = False
        if not self._thinks_in_main:
            _raise_in_thread(self._thread, None)

    def _end_stuck_agent(self, seconds: float) -> None:
        if self._disposable:
            _exit(1)
        sys.stderr.write(
            f"Agent {self.agent} has proposed nothing for {seconds:.0f} s and cannot be interrupted in this process: "
            f"it is in compiled code, or ignores exceptions. What was found is in the log. End this process (kill -9 "
            f"{self._process}), and resume with --executor ray, which kills such agents, or leave the agent out.\n"
        )

    def _exit(self, status: int) -> None:
        """Do what ``os._exit`` does, unless the agent itself calls it: then the agent fails."""
        if self.began < math.inf and threading.get_ident() == self._thread and os.getpid() == self._process:
            raise AgentCalledExit(f"called os._exit({status!r})")
        _exit(status)


_exit: Any = os._exit
_clocks: set[AgentClock] = set()
_changed = threading.Event()
_shortest = math.inf
"""The least time of any clock so far. The thread looks at its clocks at least twice in that time."""


def _watch(clock: AgentClock) -> None:
    """Have a clock checked from now on."""
    global _shortest
    first = _shortest == math.inf
    _clocks.add(clock)
    in_main = threading.current_thread() is threading.main_thread()
    # Another handler than the default is left alone: then a call that waits is not interrupted.
    if WAKE_SIGNAL is not None and in_main and signal.getsignal(WAKE_SIGNAL) == signal.SIG_DFL:
        signal.signal(WAKE_SIGNAL, _interrupt_main)
    if clock.seconds < _shortest:
        _shortest = clock.seconds
        _changed.set()
    if first:
        threading.Thread(target=_check_clocks, name="searchparty-agents", daemon=True).start()


def _check_clocks() -> None:
    """Check all clocks, for as long as this process lives."""
    while True:
        _changed.clear()
        pauses = [clock.check() for clock in list(_clocks)]
        _changed.wait(min([*pauses, _shortest / 2, LONGEST_WATCH_PAUSE]))


def _interrupt_main(_: int, __: FrameType | None) -> None:
    if any(clock.is_over for clock in list(_clocks)):
        raise AgentTimeout


def _handles_signal() -> bool:
    return WAKE_SIGNAL is not None and signal.getsignal(WAKE_SIGNAL) is _interrupt_main


def _raise_in_thread(thread: int, error: type[BaseException] | None) -> None:
    """Have Python raise an error in a thread at its next instruction; None takes back one that has not been raised."""
    raised = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)


def _forget_in_child() -> None:
    """A forked process has none of the threads and runs of its parent."""
    global _shortest, _changed
    _clocks.clear()
    _shortest, _changed = math.inf, threading.Event()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
