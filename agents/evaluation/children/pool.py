"""Evaluation in child processes that can be killed: for objectives that hang, crash, or are programs of their own."""

from __future__ import annotations

import math
import os
import selectors
import time
from collections.abc import Iterator

from ....landscapes.command import Command
from ....landscapes.landscape import Array, Landscape, Space
from ....landscapes.opening import read_facts
from ..evaluator import Evaluated, whole
from ..settings import Evaluation
from .batch import Batch, Pending, joined
from .child_kinds import Foreign, Own
from .language import Language
from .prefetch import Ahead
from .worker import Worker


def workers_of(evaluation: Evaluation) -> int:
    """How many children share a batch: with ``auto``, one for each CPU that this process may use."""
    if evaluation.workers != "auto":
        return evaluation.workers or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pool:
    """Evaluates row by row in ``workers`` children, which are started when they are first needed."""

    rowwise = True

    def __init__(self, landscape: Landscape, evaluation: Evaluation, space: Space | None = None) -> None:
        self.space = read_facts(landscape).space if space is None else space
        memory = evaluation.memory or 0
        self._language: Language = (
            Foreign(landscape, self.space, memory)
            if isinstance(landscape, Command)
            else Own(landscape, self.space.dimension, memory)
        )
        self._selector = selectors.DefaultSelector()
        self._ahead = Ahead(self._language.most)
        self._workers = [
            Worker(self._language, evaluation.timeout, self._selector, self._ahead)
            for _ in range(workers_of(evaluation))
        ]
        self._due = math.inf
        """No deadline is earlier; so not all need be looked at each time."""

    def evaluate(self, cube: Array, with_gradient: bool) -> Evaluated:
        return whole(self.pieces(cube, with_gradient), cube, with_gradient)

    def pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, Evaluated]]:
        batch, pending = Batch(cube, with_gradient), Pending(len(cube))
        idle, left = self._workers[::-1], len(cube)
        try:
            while left:
                # One row each, before any child has more.
                begun = [self._begun(idle.pop(), batch, pending) for _ in range(min(len(idle), len(pending)))]
                for worker in begun:
                    self._add(worker, pending)
                for worker in self._heard(pending):
                    found = worker.step()
                    pending.put_back(worker.dropped())
                    if worker.rows or pending:
                        # Before the answers are handed on, so that the child need not wait for that.
                        self._add(worker if worker.rows else self._begun(worker, batch, pending), pending)
                    else:
                        idle.append(worker)
                    left -= len(found)
                    yield from joined(found)
        finally:
            # Left in the middle of a batch (Ctrl-C, an error): the children must not answer the next one.
            for worker in self._workers:
                worker.drop()

    def close(self) -> None:
        """Kill the children, and whatever they started."""
        for worker in self._workers:
            worker.kill()
        self._language.close()

    def _begun(self, worker: Worker, batch: Batch, pending: Pending) -> Worker:
        """A child that has no row, given one."""
        worker.begin(batch, pending.take(1)[0])
        return worker

    def _add(self, worker: Worker, pending: Pending) -> None:
        """Ask a child that is at work for more, if it may be and has little left."""
        depth = self._ahead.depth(len(pending), len(self._workers))
        if 2 * len(worker.rows) <= depth and worker.forward:
            worker.add(*pending.take(depth - len(worker.rows)))
        self._due = min(self._due, worker.deadline)

    def _heard(self, pending: Pending) -> list[Worker]:
        """Wait until there is something to hear of some children, or it is too late for it."""
        pause = self._ahead.pause(len(pending), len(self._workers))
        if pause:
            time.sleep(pause)
        timeout = None if self._due == math.inf else max(0.0, self._due - time.monotonic())
        # A child may be heard on two pipes.
        heard = dict.fromkeys(key.data for key, _ in self._selector.select(timeout))
        now = time.monotonic()
        if now >= self._due:
            heard |= dict.fromkeys(worker for worker in self._workers if worker.deadline <= now)
            self._due = min((worker.deadline for worker in self._workers if worker.deadline > now), default=math.inf)
        for worker in heard:
            if not worker.rows:
                worker.rest()
        return [worker for worker in heard if worker.rows]
