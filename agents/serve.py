"""The program that evaluates a landscape in a child process: lines in, lines out, each a pickle in base 64."""

from __future__ import annotations

import base64
import os
import pickle
import sys
from typing import Any

from ..landscapes.landscape import Landscape, raised
from ..landscapes.loading import LOADED, unpickled
from .evaluate import Evaluated, InPlace

SERVE = f"import sys; from {__name__} import serve; serve()"


def packed(message: Any) -> bytes:
    """A message as a line."""
    return base64.b64encode(pickle.dumps(message, protocol=5)) + b"\n"


def unpacked(line: bytes) -> Any:
    """The message of a line."""
    return pickle.loads(base64.b64decode(line))


def greeting(landscape: Landscape) -> bytes:
    """What a child is told first: the user's files that were run, and the landscape."""
    return packed((LOADED, pickle.dumps(landscape)))


def serve() -> None:
    """Open the landscape of the first line, then answer points with what they evaluate to, or with None and why."""
    # What the objective prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    sys.stdin = open(os.devnull)  # noqa: SIM115

    def answer(message: Any) -> None:
        answers.write(packed(message))
        answers.flush()

    try:
        landscape: Landscape = unpickled(*unpacked(questions.readline()))
        evaluator = InPlace(landscape.open())
    except BaseException as error:
        answer(f"the landscape could not be opened ({raised(error)})")
        return
    answer("")
    for line in questions:
        cube, with_gradient = unpacked(line)
        answer(_evaluated(evaluator, cube, with_gradient))


def _evaluated(evaluator: InPlace, cube: Any, with_gradient: bool) -> Evaluated | str:
    """What the row came to, or what an objective raised that is not an Exception."""
    try:
        return evaluator.evaluate(cube, with_gradient)
    except BaseException as error:
        return raised(error)
