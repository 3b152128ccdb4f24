"""The two kinds of children: Python processes that open a landscape, and programs of the user."""

from __future__ import annotations

import os
import pickle
import sys
import zlib

import numpy as np

from ....landscapes.command import Command, NoLoss, answer, question
from ....landscapes.landscape import Array, Landscape, Space
from ....landscapes.process.line_pipe import Lines
from ....landscapes.process.program import Program
from ..evaluator import CannotEvaluate, Evaluated, without_failures
from .batch import failed
from .child_main import SERVE
from .fork_server import Stem
from .wire import Lacking, asked, greeting, told, unpacked

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
