"""Lets Ctrl-C wait while rows are on their way from the landscape to the log, so that none of them is lost.

Python runs the handler of a signal between any two calls. An exception that a handler raises there would lose what has
been evaluated and is not in the log yet. So where a lease is worked, executors have interrupts wait until the landscape
or the agent is called, or something is waited for. All else takes no time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import TypeVar, TypeVarTuple

Params = TypeVarTuple("Params")
Returned = TypeVar("Returned")


class Interrupts:
    """Whether the work of the main thread may be interrupted now; Python interrupts no other.

    Attributes:
        held: Whether an interrupt waits for the next ``call``.
        waiting: Whether one does.
    """

    __slots__ = ("held", "waiting")

    def __init__(self) -> None:
        self.held = self.waiting = False

    def receive(self) -> None:
        """Raise KeyboardInterrupt now, or once it loses nothing. To be called by the handler of a signal."""
        # Somebody who presses Ctrl-C again does not want to wait.
        self.waiting = self.held and not self.waiting
        if not self.waiting:
            raise KeyboardInterrupt

    def call(self, function: Callable[[*Params], Returned], *args: *Params) -> Returned:
        """Return the result of a function that may take long: it can be interrupted.

        Raises:
            KeyboardInterrupt: An interrupt has come.
        """
        if not self.held or get_ident() != _main_thread:
            return function(*args)
        self.held = False
        try:
            self.raise_waiting()
            return function(*args)
        finally:
            # Python looks for signals at calls and jumps back, so never between the return and this line.
            self.held = True

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Have interrupts wait within the context, but for what is called by ``call``.

        One that waits at the end goes on waiting: what the context gives must be kept first.
        """
        if get_ident() != _main_thread:
            yield
            return
        before, self.held = self.held, True
        try:
            yield
        finally:
            self.held = before

    def raise_waiting(self) -> None:
        """Raise KeyboardInterrupt if an interrupt waits, unless interrupts are held."""
        if self.waiting and not self.held and get_ident() == _main_thread:
            self.waiting = False
            raise KeyboardInterrupt


_main_thread = threading.main_thread().ident
interrupts = Interrupts()
"""Those of this process."""
