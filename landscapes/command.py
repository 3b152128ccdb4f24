"""Programs of the user's own, in any language: a point in, a loss out, a line of JSON each."""

from __future__ import annotations

import json
import math
import re
import shutil
import time
import weakref
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from .landscape import Array, EvaluationError, LandscapeError, Problem, Space
from .process.line_pipe import ProcessEnded, quote_bytes
from .process.program import Program
from .python_function import BoundedLandscape
from .user_code import find_local_path, resolve_path

BYTES_PER_NUMBER = 64
NOT_FINITE = re.compile(rb"[+-]?(nan|inf|infinity)", re.IGNORECASE)


class MalformedAnswer(Exception):
    """A line that is no answer; the message is a cause of failure that quotes it."""


class NoLoss(Exception):
    """The program said that this point has no loss, and why."""


class Command(BoundedLandscape):
    """A program of your own in any language: it reads a point and writes its loss, one line of JSON each.

    It is started once and asked again and again: {"id": 7, "x": [0.5, 1.5]} on its standard input, to be answered by a
    line with a number, or {"loss": 0.25}, or {"error": "why"}. It may print what it likes on its standard error.
    """

    external: ClassVar[bool] = True

    kind: Literal["command"] = "command"
    command: tuple[str, ...] = Field(min_length=1, description="The program and its arguments, e.g. [./simulate, -q].")
    gradient: bool = Field(False, description='Whether it answers "gradient": [...] too when asked with "gradient".')
    gradient_price: int = Field(1, ge=0, description="What one gradient costs, in evaluations.")
    minimum: float | None = Field(None, description="The known least loss, for reports only.")
    startup: float = Field(10.0, gt=0, description="Seconds its first answer may take beside the time-out.")
    base: str | None = Field(None, exclude=True, repr=False, description="Directory it runs in (set on loading).")

    @field_validator("command", mode="before")
    @classmethod
    def _wrap_string(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("command")
    @classmethod
    def _check_command(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value[0].strip() or any("\0" in word for word in value):
            raise ValueError(f"command must name a program, got {list(value)!r}. Write e.g. [python3, simulate.py].")
        return value

    def open(self) -> Problem:
        self.resolve_argv()
        return CommandProblem(self)

    def resolve_argv(self) -> list[str]:
        """The command with the program's place in full. Raises LandscapeError if there is no such program."""
        program = self.command[0]
        place = resolve_path(program, self.base) if "/" in program else program
        found = shutil.which(place)
        if found is None:
            exists = isinstance(place, Path) and place.exists()
            why = "cannot be executed. Make it so (chmod +x)" if exists else "is not there. Check its path, or PATH"
            raise LandscapeError(f"command must be a program that can be run, got {str(place)!r}, which {why}.")
        # A file named in full may have travelled here from another machine.
        rest = (str(find_local_path(Path(word))) if word.startswith("/") else word for word in self.command[1:])
        return [str(Path(found).absolute()), *rest]

    def start(self, memory: int = 0) -> Program:
        """One run of the program."""
        directory = None if self.base is None else str(find_local_path(Path(self.base)))
        return Program(self.resolve_argv(), directory, memory, (1 << 20) + BYTES_PER_NUMBER * len(self.pairs))

    @property
    def space(self) -> Space:
        low, high = np.array(self.pairs, dtype=float).T
        return Space(low.copy(), high.copy(), self.gradient, self.gradient_price)

    @property
    def label(self) -> str:
        files = (word for word in self.command[1:] if Path(word).suffix and not word.startswith("-"))
        return f"{Path(next(files, self.command[0])).name} D={len(self.pairs)}"


def encode_json_request(number: int, point: Array, with_gradient: bool) -> bytes:
    """The line that asks for the loss of a point (D,) in the landscape's units."""
    asked: dict[str, Any] = {"id": number, "x": point.tolist()}
    if with_gradient:
        asked["gradient"] = True
    return json.dumps(asked, separators=(",", ":")).encode() + b"\n"


def parse_json_answer(line: bytes, number: int, dimension: int, with_gradient: bool) -> tuple[float, Array | None]:
    """The loss and the gradient (D,), if asked for, that a line says. Raises Garbled, or NoLoss with its word."""
    try:
        # Not JSON, but what a C program prints.
        said = float(line) if NOT_FINITE.fullmatch(line.strip()) else json.loads(line)
    except (ValueError, RecursionError):
        raise MalformedAnswer(f"answered {quote_bytes(line)}, which is not JSON") from None
    if not isinstance(said, dict):
        said = {"loss": said}
    if said.get("id", number) != number:
        raise MalformedAnswer(f"answered {quote_bytes(line)}, which has another id than {number}")
    if "error" in said:
        raise NoLoss(f"said: {' '.join(str(said['error']).split())[:300]}")
    loss = said.get("loss", said)
    if loss is None:
        loss = math.nan
    found = _parse_numbers([loss], 1)
    if found is None:
        raise MalformedAnswer(f'answered {quote_bytes(line)}, which has no number as its "loss"')
    if not with_gradient:
        return float(found[0]), None
    gradient = _parse_numbers(said.get("gradient"), dimension)
    if gradient is None:
        raise MalformedAnswer(f'answered {quote_bytes(line)}, which has no {dimension} numbers as its "gradient"')
    return float(found[0]), gradient


def _parse_numbers(said: Any, count: int) -> Array | None:
    """So many numbers as an array, or None where that is not what was said."""
    if not isinstance(said, list) or len(said) != count or not all(type(each) in (int, float) for each in said):
        return None
    try:
        return np.array(said, dtype=float)
    except OverflowError:
        return None


class CommandProblem:
    """An opened command: one run of the program, started at the first question. It has no time-out: evaluations of an
    experiment are asked by a pool that has one."""

    minimizers: None = None
    rowwise = True

    def __init__(self, landscape: Command) -> None:
        self.space, self.minimum = landscape.space, landscape.minimum
        self._landscape = landscape
        self._program: Program | None = None
        self._request_count = 0
        self._finalizer: Any = None

    def evaluate(self, points: Array) -> Array:
        losses, causes = np.full(len(points), np.nan), {}
        for row, point in enumerate(points):
            try:
                losses[row] = self._request_loss(point, False)[0]
            except (MalformedAnswer, NoLoss, ProcessEnded, TimeoutError) as error:
                causes[row] = str(error) or "gave no answer in time"
        if causes:
            raise EvaluationError(losses, causes)
        return losses

    def gradient(self, points: Array) -> Array:
        found = [self._request_loss(point, True)[1] for point in points]
        return np.array(found).reshape(points.shape)

    def _request_loss(self, point: Array, with_gradient: bool) -> tuple[float, Array | None]:
        deadline = None
        if self._program is None:
            self._program = self._landscape.start()
            self._finalizer = weakref.finalize(self, self._program.kill)
            deadline = time.monotonic() + self._landscape.startup
        self._request_count += 1
        try:
            self._program.ask(encode_json_request(self._request_count, point, with_gradient))
            line = self._program.wait_for_line(deadline)
            return parse_json_answer(line, self._request_count, self.space.dimension, with_gradient)
        except NoLoss:
            raise
        except BaseException:
            # Out of step, or gone: the next question goes to a new run of it.
            self._program = None
            self._finalizer()
            raise
