"""Landscapes that a program of the user evaluates: it reads a point and writes a loss, one line of JSON each."""

from __future__ import annotations

import json
import math
import re
import shutil
import time
import weakref
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, field_validator

from .arguments import Arguments
from .bounded import BoundedLandscape, check_gradient_axes
from .constraints import names_function
from .landscape import Array, EvaluationError, GradientError, LandscapeError, Problem, Space
from .process.line_pipe import ProcessEnded, quote_bytes
from .process.program import Program
from .real_numbers import NotANumber, describe_value, to_real_number
from .user_code import find_local_path, require_user_code, resolve_path

BYTES_PER_NUMBER = 64
NOT_FINITE = re.compile(rb"[+-]?(nan|inf|infinity)", re.IGNORECASE)


class MalformedAnswer(Exception):
    """Raised where a line is not a valid answer; the message quotes it and is a cause of failure."""


class NoLoss(Exception):
    """Raised where the program answered that this point has no loss; the message says why."""


class Command(BoundedLandscape):
    """Your own program in any language, which reads a point and writes its loss, one line of JSON each.

    Use it for a loss that is not computed in Python, such as a simulator. The program is started once and receives one
    request after another on its standard input, e.g. {"id": 7, "x": [0.5, 1.5]}, with x in the landscape's units, or,
    with ``parameters``, {"id": 7, "x": {"rate": 0.01, "kernel": "rbf"}}. It
    answers each with a line: a number, or {"loss": 0.25}, or {"error": "why"}. It may print anything on its standard
    error. The setting ``evaluation`` can give its processes a time-out and a memory limit.
    """

    external: ClassVar[bool] = True

    kind: Literal["command"] = "command"
    command: tuple[str, ...] = Field(min_length=1, description="The program and its arguments, e.g. [./simulate, -q].")
    gradient: bool = Field(False, description='Whether it also answers "gradient": [...] to requests with "gradient".')
    gradient_price: int = Field(1, ge=0, description="Cost of one gradient, in evaluations.")
    minimum: float | None = Field(None, description="The known minimum loss, for reports only.")
    startup: float = Field(10.0, gt=0, description="Seconds that its first answer may take beyond the time-out.")
    base: str | None = Field(None, exclude=True, repr=False, description="Directory that it runs in (set on loading).")

    @field_validator("command", mode="before")
    @classmethod
    def _wrap_string(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("constraints")
    @classmethod
    def _check_constraints(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for number, text in enumerate(value or ()):
            if names_function(text):
                raise ValueError(
                    f"constraints.{number} must be a condition, got {text!r}, a function. Write e.g. rate <= 0.5, or "
                    "let the program answer with an error."
                )
        return value

    @field_validator("command")
    @classmethod
    def _check_command(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value[0].strip() or any("\0" in word for word in value):
            raise ValueError(f"command must name a program, got {value[0]!r}. Write e.g. [python3, simulate.py].")
        return value

    def open(self) -> Problem:
        """Check that the program exists, and return the problem. Raises LandscapeError if it cannot be run."""
        require_user_code(" ".join(self.command), "command")
        self.resolve_argv()
        return CommandProblem(self)

    def resolve_argv(self) -> list[str]:
        """Return the command with the program's absolute path. Raises LandscapeError if it cannot be run."""
        program = self.command[0]
        place = resolve_path(program, self.base) if "/" in program else program
        found = shutil.which(place)
        if found is None:
            exists = isinstance(place, Path) and place.exists()
            why = "is not executable. Run chmod +x on it" if exists else "does not exist. Check its path, or PATH"
            raise LandscapeError(f"command must be a program that can be run, got {str(place)!r}, which {why}.")
        # A file given by an absolute path may have been copied here from another machine.
        rest = (str(find_local_path(Path(word))) if word.startswith("/") else word for word in self.command[1:])
        return [str(Path(found).absolute()), *rest]

    def start_program(self, memory: int = 0) -> Program:
        """Start the program, with at most ``memory`` bytes of data for each process (0: no limit)."""
        directory = None if self.base is None else str(find_local_path(Path(self.base)))
        longest = (1 << 20) + BYTES_PER_NUMBER * max(len(self.pairs), self.searched_axes)
        return Program(self.resolve_argv(), directory, memory, longest)

    @property
    def space(self) -> Space:
        """The space, known without running the program."""
        space = self.make_space(self.gradient, self.gradient_price)
        check_gradient_axes(space)
        return space

    @property
    def label(self) -> str:
        """A short name for tables and figures: the first file among the arguments, or the program; then D."""
        files = (word for word in self.command[1:] if Path(word).suffix and not word.startswith("-"))
        return f"{Path(next(files, self.command[0])).name} D={self.searched_axes}"


class JsonAnswer(NamedTuple):
    """What a program said of a point.

    Attributes:
        loss: The loss, which may be NaN or infinite.
        gradient: The gradient (D,) in the landscape's units; None if it was not requested.
        gradient_cause: Why the gradient is none although it was requested; "" otherwise.
    """

    loss: float
    gradient: Array | None
    gradient_cause: str


def encode_json_request(number: int, argument: Any, with_gradient: bool) -> bytes:
    """Encode the request for the loss of a point as a line: an array in the landscape's units, or values by name."""
    asked: dict[str, Any] = {"id": number, "x": argument.tolist() if isinstance(argument, np.ndarray) else argument}
    if with_gradient:
        asked["gradient"] = True
    return json.dumps(asked, separators=(",", ":")).encode() + b"\n"


def parse_json_answer(line: bytes, number: int, arguments: Arguments, with_gradient: bool) -> JsonAnswer:
    """Parse an answer.

    Args:
        line: The line that the program wrote.
        number: The id of the request.
        arguments: What made the argument of the request, and reads the gradient.
        with_gradient: Whether the gradient was requested.

    Returns:
        The answer. Its loss counts even if its gradient is none.

    Raises:
        MalformedAnswer: The line is not a valid answer to this request.
        NoLoss: The program answered with an error.
    """
    try:
        # NaN and infinity are not JSON, but a C program prints them like this.
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
    try:
        found = to_real_number(loss)
    except (NotANumber, OverflowError):
        raise MalformedAnswer(
            f'answered {quote_bytes(line)}, which has no number as its "loss", but {describe_value(loss)}'
        ) from None
    if not with_gradient:
        return JsonAnswer(found, None, "")
    return JsonAnswer(found, *_parse_gradient(said.get("gradient"), arguments))


def _parse_gradient(said: Any, arguments: Arguments) -> tuple[Array, str]:
    """Return a gradient (D,), NaN where it has no number, and why it is none; "" if it is one."""
    try:
        gradient = arguments.read_gradient(said)
    except (NotANumber, OverflowError) as error:
        cause = str(error) if isinstance(error, NotANumber) else "returned a number that is too large"
        return np.full(len(arguments.bounds), np.nan), cause
    wrong = gradient[~np.isfinite(gradient)]
    return gradient, f"returned {wrong[0]}" if len(wrong) else ""


class CommandProblem:
    """An opened command: one run of the program, started at the first request.

    It has no time-out; in experiments, a pool that has one sends the requests.
    """

    minimizers: None = None
    rowwise = True

    def __init__(self, landscape: Command) -> None:
        self.space, self.minimum = landscape.space, landscape.minimum
        self._landscape, self._arguments = landscape, landscape.arguments
        self._program: Program | None = None
        self._request_count = 0
        self._finalizer: Any = None

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of points (n, D). Raises EvaluationError if rows have none."""
        losses, causes = np.full(len(points), np.nan), {}
        for row, point in enumerate(points):
            try:
                losses[row] = self._request_loss(point, False).loss
            except (MalformedAnswer, NoLoss, ProcessEnded, TimeoutError) as error:
                causes[row] = str(error) or "gave no answer in time"
        if causes:
            raise EvaluationError(losses, causes)
        return losses

    def gradient(self, points: Array) -> Array:
        """Return the gradients (n, D) at points (n, D).

        Raises GradientError if some points have none, what ``parse_json_answer`` raises, or ProcessEnded.
        """
        gradients, causes = np.full(points.shape, np.nan), {}
        for row, point in enumerate(points):
            answer = self._request_loss(point, True)
            gradients[row] = answer.gradient
            if answer.gradient_cause:
                causes[row] = answer.gradient_cause
        if causes:
            raise GradientError(gradients, causes)
        return gradients

    def _request_loss(self, point: Array, with_gradient: bool) -> JsonAnswer:
        deadline = None
        if self._program is None:
            self._program = self._landscape.start_program()
            self._finalizer = weakref.finalize(self, self._program.kill)
            deadline = time.monotonic() + self._landscape.startup
        self._request_count += 1
        try:
            argument = self._arguments.of_row(point)
            self._program.ask(encode_json_request(self._request_count, argument, with_gradient))
            line = self._program.wait_for_line(deadline)
            return parse_json_answer(line, self._request_count, self._arguments, with_gradient)
        except NoLoss:
            raise
        except BaseException:
            # The program is out of step, or has ended: the next request goes to a new run of it.
            self._program = None
            self._finalizer()
            raise
