"""Work items in child processes with a time limit; a process that runs over is killed and replaced."""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import monotonic
from typing import Any

MOST_DATA_BYTES = 3 * 2**30
"""The memory that a child may allocate: what takes more fails there, and not on the whole machine."""
ITEMS_PER_CHILD = 500
"""After so many items a child is replaced, so that nothing that they leave in it piles up."""


@dataclass
class Outcome:
    """What came of an item.

    Attributes:
        item: The item.
        result: What the work returned; None if there is a fault.
        fault: What went wrong, in words; "" if nothing did.
    """

    item: Any
    result: Any
    fault: str


class Child:
    """A process that works one item after the other."""

    def __init__(self, work: Callable[[Any, Path], Any], limited: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve_items, args=(theirs, work, limited))
        self.process.start()
        theirs.close()
        self.item: Any = None
        self.deadline, self.given = 0.0, 0

    def give(self, item: Any, seconds: float) -> None:
        """Let the child work an item."""
        self.item, self.deadline, self.given = item, monotonic() + seconds, self.given + 1
        self.pipe.send(item)

    def end(self) -> None:
        """Let the process end by itself, as it may have to stop what it started; kill it if it works on."""
        self.pipe.close()
        if self.item is None:
            self.process.join(20)
        self.process.kill()
        self.process.join()


def serve_items(pipe: Connection, work: Callable[[Any, Path], Any], limited: bool) -> None:
    """Work items until the pipe is closed. The main function of a child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if limited:
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_DATA_BYTES, MOST_DATA_BYTES))
    folders = tempfile.TemporaryDirectory(prefix="fuzz", ignore_cleanup_errors=True)
    with folders as folder, contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            item = pipe.recv()
            try:
                answer = (work(item, Path(folder)), "")
            except BaseException as error:
                words = str(error) if isinstance(error, AssertionError) and str(error) else traceback.format_exc()
                answer = (None, words)
            pipe.send(answer)


def work_items(
    work: Callable[[Any, Path], Any], items: Iterable[Any], seconds: float, processes: int, limited: bool = True
) -> Iterator[Outcome]:
    """Work items in child processes, and yield what came of each, in the order in which they are done.

    Args:
        work: Called in a child with an item and a folder of that child's; must be importable there.
        items: The items.
        seconds: The seconds of the clock that an item may take. They guard against what hangs.
        processes: The number of children.
        limited: Whether the memory of children is limited.
    """
    waiting = iter(items)
    children: list[Child] = []
    try:
        while True:
            for child in [each for each in children if each.item is None and each.given >= ITEMS_PER_CHILD]:
                child.end()
                children.remove(child)
            for item in _take(waiting, processes - sum(child.item is not None for child in children)):
                idle = next((child for child in children if child.item is None), None)
                if idle is None:
                    idle = Child(work, limited)
                    children.append(idle)
                idle.give(item, seconds)
            busy = [child for child in children if child.item is not None]
            if not busy:
                return
            yield from _collect(busy, children)
    finally:
        for child in children:
            child.end()


def _take(items: Iterator[Any], count: int) -> Iterator[Any]:
    for _ in range(count):
        with contextlib.suppress(StopIteration):
            yield next(items)


def _collect(busy: list[Child], children: list[Child]) -> Iterator[Outcome]:
    """Wait until a child is done, lost or late, and yield what came of its item."""
    patience = max(0.0, min(child.deadline for child in busy) - monotonic())
    ready = wait([child.pipe for child in busy], patience)
    for child in busy:
        item = child.item
        if child.pipe in ready:
            try:
                result, fault = child.pipe.recv()
                child.item = None
            except (EOFError, OSError):
                child.process.join(5)
                result, fault = None, f"its process ended with exit code {child.process.exitcode}"
        elif monotonic() > child.deadline:
            result, fault = None, "it did not end in its time"
        else:
            continue
        if child.item is not None:
            # It is lost, or works on: another child takes its place.
            child.end()
            children.remove(child)
        yield Outcome(item, result, fault)
