"""Evaluation in child processes that can be killed: for objectives that hang, crash, or are programs of their own."""

from __future__ import annotations

import os
import pickle
import sys
import time
import zlib
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from ..landscapes.command import Command, Garbled, NoLoss, answer, question
from ..landscapes.landscape import Array, Landscape, Space
from ..landscapes.program import Ended, Program, wait_for
from .evaluate import CannotEvaluate, Evaluated, without_failures
from .evaluation import Evaluation
from .serve import SERVE, greeting, packed, unpacked

STARTUP_SECONDS = 60.0
"""A child may take so long to import and to open the landscape; a row's time-out counts only after that."""


MOST_STARTS = 3
"""A child that dies before it can be asked is started so often."""


class Language(Protocol):
    """What a child is and how it is spoken to."""

    startup: float
    """Seconds a child may take, beside a row's time-out, until it first answers."""
    greets: bool
    """Whether a child says a line, once it is ready for questions."""

    def start(self) -> Program: ...

    def question(self, number: int, row: Array, with_gradient: bool) -> bytes:
        """The line that asks for a row (1, D) of the cube."""
        ...

    def answer(self, line: bytes, number: int, with_gradient: bool) -> Evaluated:
        """What a line says. Raises Garbled."""
        ...


class Own:
    """A Python process that opens the landscape."""

    startup, greets = STARTUP_SECONDS, True

    def __init__(self, landscape: Landscape, dimension: int, memory: int) -> None:
        self._memory, self._longest = memory, (1 << 20) + 32 * dimension
        try:
            self._greeting = greeting(landscape)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise CannotEvaluate(
                f"landscape must be one that a child process can open, got {landscape.label} ({error}). "
                "Define what it needs in a file or a module, or leave out evaluation.timeout, memory and workers."
            ) from None

    def start(self) -> Program:
        environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        program = Program([sys.executable, "-c", SERVE], None, self._memory, self._longest, environment)
        program.ask(self._greeting)
        return program

    def question(self, number: int, row: Array, with_gradient: bool) -> bytes:
        return packed((row, with_gradient))

    def answer(self, line: bytes, number: int, with_gradient: bool) -> Evaluated:
        said = unpacked(line)
        if isinstance(said, Evaluated):
            return said
        return failed(str(said))


class Foreign:
    """A program of the user's own."""

    greets = False

    def __init__(self, landscape: Command, space: Space, memory: int) -> None:
        self._landscape, self._space, self._memory = landscape, space, memory
        self.startup = landscape.startup

    def start(self) -> Program:
        return self._landscape.start(self._memory)

    def question(self, number: int, row: Array, with_gradient: bool) -> bytes:
        return question(number, self._space.to_box(row)[0], with_gradient)

    def answer(self, line: bytes, number: int, with_gradient: bool) -> Evaluated:
        try:
            loss, gradient = answer(line, number, self._space.dimension, with_gradient)
        except NoLoss as error:
            return failed(str(error))
        losses, causes = without_failures(np.array([loss]), {})
        if gradient is None or causes:
            return Evaluated(losses, None, causes)
        return Evaluated(losses, (gradient * (self._space.upper - self._space.lower))[None], causes)


def failed(cause: str) -> Evaluated:
    """A row that has no loss."""
    return Evaluated(np.array([np.inf]), None, {0: cause})


class Worker:
    """A child and the row it works on. Lost, it is started anew for its next row."""

    def __init__(self, language: Language, timeout: float | None) -> None:
        self._language, self._timeout = language, timeout
        self.program: Program | None = None
        self.deadline: float | None = None
        self._asked = self._starts = 0
        """``_asked`` is the question's id: of the point alone, as a cause of failure may quote it."""
        self._row: tuple[Array, bool] | None = None
        self._ready = False
        """Whether the child has said that it is."""
        self._amiss = ""
        """Why the child could not be asked."""

    def begin(self, row: Array, with_gradient: bool) -> None:
        """Ask for a row (1, D), once the child is ready."""
        self._row, self._starts, self._asked = (row, with_gradient), 0, zlib.crc32(row.tobytes())
        if self.program is None:
            self._start()
        else:
            self._ask(0.0)

    def step(self) -> Evaluated | None:
        """What has come of the row, or None while nothing has. Raises CannotEvaluate where no row ever could."""
        assert self.program is not None
        assert self._row is not None
        if self._amiss:
            return self._lost(self._amiss)
        try:
            while (line := self.program.hear()) is not None:
                if self._ready:
                    return self._language.answer(line, self._asked, self._row[1])
                self._greeted(line)
            if self.deadline is not None and time.monotonic() >= self.deadline:
                return self._late()
        except (Ended, Garbled) as error:
            return self._lost(str(error))
        return None

    def kill(self) -> None:
        """Kill the child, if there is one, with all it has started."""
        program, self.program, self._ready, self._amiss = self.program, None, False, ""
        if program is not None:
            program.kill()

    def _start(self) -> None:
        self._starts += 1
        try:
            self.program = self._language.start()
        except OSError as error:
            raise CannotEvaluate(f"a process to evaluate in could not be started ({error}).") from None
        if self._language.greets:
            self.deadline = time.monotonic() + self._language.startup
        else:
            self._ready = True
            self._ask(self._language.startup)

    def _ask(self, startup: float) -> None:
        assert self.program is not None
        assert self._row is not None
        now = time.monotonic()
        self.deadline = None if self._timeout is None else now + self._timeout + startup
        try:
            self.program.ask(self._language.question(self._asked, *self._row))
        except Ended as error:
            self._amiss, self.deadline = str(error), now

    def _greeted(self, line: bytes) -> None:
        problem = unpacked(line)
        if problem:
            self.kill()
            raise CannotEvaluate(f"{problem}. Mend it, and resume.")
        self._ready = True
        self._ask(0.0)

    def _late(self) -> Evaluated:
        ready = self._ready
        self.kill()
        if not ready:
            raise CannotEvaluate(
                f"a child process must be ready within {self._language.startup:g} s, and was not. "
                "Is the machine overloaded? Resume when it is not."
            )
        return failed(f"gave no answer within its time-out of {self._timeout:g} s")

    def _lost(self, cause: str) -> Evaluated | None:
        assert self.program is not None
        unable = not self._ready or not self.program.started
        self.kill()
        if not unable:
            return failed(cause)
        if self._starts < MOST_STARTS:
            self._start()
            return None
        raise CannotEvaluate(
            f"a child process must start, and {cause}. Check the command and evaluation.memory, and resume."
        )


class Pool:
    """Evaluates row by row in ``workers`` children, which are started when they are first needed."""

    rowwise = True

    def __init__(self, landscape: Landscape, evaluation: Evaluation) -> None:
        self.space = landscape.open().space
        memory = evaluation.memory or 0
        language: Language = (
            Foreign(landscape, self.space, memory)
            if isinstance(landscape, Command)
            else Own(landscape, self.space.dimension, memory)
        )
        self._workers = [Worker(language, evaluation.timeout) for _ in range(evaluation.workers or 1)]

    def evaluate(self, cube: Array, with_gradient: bool) -> Evaluated:
        losses = np.empty(len(cube))
        gradients = np.full(cube.shape, np.nan) if with_gradient else None
        causes: dict[int, str] = {}
        for row, found in self.pieces(cube, with_gradient):
            losses[row] = found.losses[0]
            if gradients is not None and found.gradients is not None:
                gradients[row] = found.gradients[0]
            if found.causes:
                causes[row] = found.causes[0]
        return Evaluated(losses, gradients, causes)

    def pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, Evaluated]]:
        idle, busy, coming = self._workers[::-1], dict[Worker, int](), 0
        try:
            while coming < len(cube) or busy:
                while idle and coming < len(cube):
                    worker = idle.pop()
                    busy[worker] = coming
                    worker.begin(cube[coming : coming + 1], with_gradient)
                    coming += 1
                deadlines = [worker.deadline for worker in busy if worker.deadline is not None]
                programs = [worker.program for worker in busy if worker.program is not None]
                wait_for(programs, min(deadlines, default=None))
                for worker, row in list(busy.items()):
                    found = worker.step()
                    if found is not None:
                        del busy[worker]
                        idle.append(worker)
                        yield row, found
        finally:
            # Left in the middle of a batch (Ctrl-C, an error): the children must not answer the next one.
            for worker in busy:
                worker.kill()

    def close(self) -> None:
        """Kill the children, and whatever they started."""
        for worker in self._workers:
            worker.kill()
