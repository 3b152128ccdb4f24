"""The program that evaluates a landscape in a child process: lines in, lines out.

Its first line is the landscape, a pickle in base 64, and it says a line when it is ready. Then each line asks for rows,
to be answered one by one, so that the row it dies of is known. With a socket it is a stem: it does not evaluate, but is
ready to, and splits into two whenever it is asked to; the other is such a child.
"""

from __future__ import annotations

import binascii
import os
import sys

import numpy as np

from ....landscapes.landscape import Array, Landscape, raised
from ....landscapes.process.line_pipe import NEXT
from ....landscapes.user_code import unpickled
from ..in_process import InPlace
from .fork_server import split_off
from .wire import AHEAD, WITH_GRADIENT, Lacking, packed, unpacked

SERVE = f"from {__name__} import main; main()"
MARK = b"\n" + NEXT + b"\n"


def main() -> None:
    """Evaluate; or be a stem, on the socket whose number is an argument, and evaluate in its children."""
    if len(sys.argv) < 2 or split_off(int(sys.argv[1])):
        serve()


def serve() -> None:
    """Open the landscape of the first line, then answer points with what they evaluate to, or with None and why."""
    # What the objective prints must not mix with the answers.
    answers = os.dup(1)
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    sys.stdin = open(os.devnull)  # noqa: SIM115
    try:
        landscape: Landscape = unpickled(*unpacked(questions.readline()))
        evaluator = InPlace(landscape.open())
    except BaseException as error:
        say(answers, packed(f"the landscape could not be opened ({raised(error)})"))
        return
    say(answers, packed(""))
    dimension = evaluator.space.dimension
    for line in questions:
        message = binascii.a2b_base64(line)
        with_gradient, ahead = bool(message[0] & WITH_GRADIENT), bool(message[0] & AHEAD)
        rows = np.frombuffer(message, dtype=np.float64, offset=1).reshape(-1, dimension)
        for at in range(len(rows)):
            if ahead or at:
                parted()
            say(answers, _answer(evaluator, rows[at : at + 1], with_gradient))


def say(pipe: int, line: bytes) -> None:
    """Write a line, all of it: at once, so that nothing is left behind when the next row kills this process."""
    while line:
        line = line[os.write(pipe, line) :]


def parted() -> None:
    """Have what was printed up to here not be the last words of the next row."""
    try:
        os.write(2, MARK)
    except OSError:
        # The objective has closed it: nobody hears it any more.
        return


def _answer(evaluator: InPlace, row: Array, with_gradient: bool) -> bytes:
    """The line that says what a row came to, or what an objective raised that is not an Exception."""
    try:
        found = evaluator.evaluate(row, with_gradient)
        if found.causes or found.gradients is not None:
            return packed(found)
        return b"=" + float(found.losses[0]).hex().encode() + b"\n"
    except ModuleNotFoundError as error:
        return packed(Lacking(f"the package {error.name!r} must be installed where points are evaluated ({error})"))
    except BaseException as error:
        return packed(raised(error))
