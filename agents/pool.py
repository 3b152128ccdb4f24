"""Evaluation in child processes that can be killed: for objectives that hang, crash, or are programs of their own."""

from __future__ import annotations

import math
import os
import pickle
import selectors
import sys
import time
import zlib
from collections.abc import Iterator

import numpy as np

from ..landscapes.command import Command, NoLoss, answer, question
from ..landscapes.landscape import Array, Landscape, Space
from ..landscapes.lines import Lines
from ..landscapes.program import Program
from .ahead import Ahead
from .evaluate import CannotEvaluate, Evaluated, whole, without_failures
from .evaluation import Evaluation
from .serve import SERVE, Lacking, asked, greeting, told, unpacked
from .stem import Stem
from .worker import Answer, Batch, Language, Worker, failed

STARTUP_SECONDS = 60.0
"""A child may take so long to import and to open the landscape; a row's time-out counts only after that."""

SPLITS = sys.platform == "linux"
"""Whether children are split off from a stem: libraries of other systems may not bear it."""


class Own:
    """A Python process that opens the landscape."""

    startup, greets, most = STARTUP_SECONDS, True, 64

    def __init__(self, landscape: Landscape, dimension: int, memory: int) -> None:
        self._memory, self._longest = memory, (1 << 20) + 32 * dimension
        self._stem: Stem | None = None
        try:
            self._greeting = greeting(landscape)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise CannotEvaluate(
                f"landscape must be one that a child process can open, got {landscape.label} ({error}). "
                "Define what it needs in a file or a module, or leave out evaluation.timeout, memory and workers."
            ) from None

    def start(self) -> Lines:
        environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        child: Lines
        if SPLITS:
            if self._stem is None or self._stem.fate:
                self.close()
                self._stem = Stem(SERVE, environment)
            child = self._stem.split(self._memory, self._longest)
        else:
            child = Program([sys.executable, "-c", SERVE], None, self._memory, self._longest, environment)
        child.ask(self._greeting)
        return child

    def greeted(self, line: bytes) -> str:
        return str(unpacked(line))

    def question(self, rows: Array, with_gradient: bool, ahead: bool) -> bytes:
        return asked(rows, with_gradient, ahead)

    def answer(self, line: bytes, row: Array, with_gradient: bool) -> float | Evaluated:
        said = told(line)
        if isinstance(said, Lacking):
            raise CannotEvaluate(f"{said.words}. Install it, and resume.")
        return failed(said) if isinstance(said, str) else said

    def close(self) -> None:
        if self._stem is not None:
            self._stem.kill()
            self._stem = None


class Foreign:
    """A program of the user's own."""

    greets, most = False, 1

    def __init__(self, landscape: Command, space: Space, memory: int) -> None:
        self._landscape, self._space, self._memory = landscape, space, memory
        self.startup = landscape.startup

    def start(self) -> Lines:
        return self._landscape.start(self._memory)

    def greeted(self, line: bytes) -> str:
        return ""

    def question(self, rows: Array, with_gradient: bool, ahead: bool) -> bytes:
        return question(number_of(rows), self._space.to_box(rows)[0], with_gradient)

    def answer(self, line: bytes, row: Array, with_gradient: bool) -> Evaluated:
        try:
            loss, gradient = answer(line, number_of(row), self._space.dimension, with_gradient)
        except NoLoss as error:
            return failed(str(error))
        losses, causes = without_failures(np.array([loss]), {})
        if gradient is None or causes:
            return Evaluated(losses, None, causes)
        return Evaluated(losses, (gradient * (self._space.upper - self._space.lower))[None], causes)

    def close(self) -> None:
        """Nothing to close but the children."""


def number_of(row: Array) -> int:
    """A question's id: of the point alone, as a cause of failure may quote it."""
    return zlib.crc32(row.tobytes())


def workers_of(evaluation: Evaluation) -> int:
    """How many children share a batch: with ``auto``, one for each CPU that this process may use."""
    if evaluation.workers != "auto":
        return evaluation.workers or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pending:
    """Rows of a batch that are still to be asked for."""

    def __init__(self, size: int) -> None:
        self._next, self._size = 0, size
        self._again: list[int] = []
        """Rows that a child was lost before it came to."""

    def __len__(self) -> int:
        return self._size - self._next + len(self._again)

    def take(self, most: int) -> tuple[int, int]:
        """The first of some rows that stand side by side, and how many they are."""
        if self._again:
            return self._again.pop(), 1
        first, self._next = self._next, min(self._next + most, self._size)
        return first, self._next - first

    def put_back(self, rows: list[int]) -> None:
        self._again += rows


class Pool:
    """Evaluates row by row in ``workers`` children, which are started when they are first needed."""

    rowwise = True

    def __init__(self, landscape: Landscape, evaluation: Evaluation) -> None:
        self.space = landscape.open().space
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


def joined(answers: list[Answer]) -> Iterator[tuple[int, Evaluated]]:
    """Answers in pieces, losses that stand side by side in one."""
    first, losses = 0, list[float]()
    for row, found in answers:
        if losses and (row != first + len(losses) or isinstance(found, Evaluated)):
            yield first, Evaluated(np.array(losses), None, {})
            losses = []
        if isinstance(found, Evaluated):
            yield row, found
        else:
            first = first if losses else row
            losses.append(found)
    if losses:
        yield first, Evaluated(np.array(losses), None, {})
