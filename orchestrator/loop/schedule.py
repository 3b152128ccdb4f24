"""The scheduler, which interleaves runs: it continues those that are ready, and waits when all of them wait."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from ...agents.evaluation.interrupts import interrupts

Key = TypeVar("Key")
Drive = Generator[bool, None, None]


def schedule(
    drives: Iterable[tuple[Key, Callable[[], Drive]]],
    at_once: int,
    wait: Callable[[], None],
    ended: Callable[[Key, Exception | None], None],
    stepped: Callable[[Key], None] = lambda _: None,
    interrupted: Callable[[], None] = lambda: None,
) -> None:
    """Work runs to their ends, several of them interleaved.

    An error that ends one run does not stop the others.

    Args:
        drives: (key, function that starts the run and returns its generator) of each run. Runs are started in this
            order.
        at_once: Greatest number of runs that are interleaved.
        wait: Called when all active runs wait. Returns when something may have arrived.
        ended: Called at the end of each run with its key and the error that ended it, or None.
        stepped: Called after each outcome of a run with its key.
        interrupted: Called after Ctrl-C, and where an objective ends the program, before the active runs are closed.
    """
    coming = iter(drives)
    active: dict[Key, Drive] = {}
    try:
        while True:
            interrupts.raise_waiting()
            while len(active) < at_once and (started := next(coming, None)) is not None:
                active[started[0]] = started[1]()
            if not active:
                return
            moved = False
            for key, drive in list(active.items()):
                try:
                    if next(drive):
                        moved = True
                        stepped(key)
                except StopIteration:
                    moved = True
                    del active[key]
                    ended(key, None)
                except Exception as error:
                    moved = True
                    del active[key]
                    ended(key, error)
            if not moved:
                wait()
    except (KeyboardInterrupt, SystemExit):
        interrupted()
        raise
    finally:
        for drive in active.values():
            drive.close()
