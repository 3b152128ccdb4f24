"""One scheduler interleaves runs: whichever is ready goes on; when all wait, wait for the executor."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Key = TypeVar("Key")
Drive = Generator[bool, None, None]


def schedule(
    drives: Iterable[tuple[Key, Callable[[], Drive]]],
    at_once: int,
    wait: Callable[[], None],
    ended: Callable[[Key, Exception | None], None],
    stepped: Callable[[Key], None] = lambda _: None,
) -> None:
    """Work runs to their ends, ``at_once`` interleaved, started in order.

    ``ended`` hears of each run's end, with the error that ended it if one did: the others go on. ``stepped``
    hears of each outcome. ``wait`` returns when something may have arrived.
    """
    coming = iter(drives)
    active: dict[Key, Drive] = {}
    try:
        while True:
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
    finally:
        for drive in active.values():
            drive.close()
