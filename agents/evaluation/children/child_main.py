"""The program that evaluates a landscape in a child process: lines in, lines out.

Its first line is the landscape, a pickle in base 64, and it writes a line when it is ready. Then each line requests
rows, which are answered one by one, so that it is known which row the process dies of. With a socket it is a fork
server: it does not evaluate, but imports what evaluation needs, and forks on request; its children evaluate.
"""

from __future__ import annotations

import importlib
import os
import sys

from ....landscapes.ambient import keep_warnings_from_raising
from ....landscapes.landscape import Array, Landscape, describe_exception
from ....landscapes.process.line_pipe import ROW_SEPARATOR
from ....landscapes.user_code import unpickle_with_files
from ..evaluator import CannotEvaluate
from ..in_process import InProcessEvaluator
from ..leaving import ExitRequest
from .fork_server import run_fork_server
from .wire import ASKED_AHEAD, MEASURED, WITH_GRADIENT, Share, decode_message, decode_request, encode_message

CHILD_PROGRAM = f"from {__name__} import main; main()"
SEPARATOR_LINE = b"\n" + ROW_SEPARATOR + b"\n"


def main() -> None:
    """Evaluate; or run a fork server on the socket whose number is an argument, and evaluate in its children.

    The further arguments of a fork server are the names of modules of this package that its children need.
    """
    for module in sys.argv[2:]:
        importlib.import_module(module)
    if len(sys.argv) < 2 or run_fork_server(int(sys.argv[1])):
        serve_requests()


def serve_requests() -> None:
    """Open the landscape of the first line, then answer each row with its loss, or with the reason why it has none."""
    keep_warnings_from_raising()
    # What the objective prints must not mix with the answers.
    answers = os.dup(1)
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    sys.stdin = open(os.devnull)  # noqa: SIM115
    try:
        landscape: Landscape = unpickle_with_files(*decode_message(questions.readline()))
        evaluator = InProcessEvaluator(landscape.open())
    except BaseException as error:
        write_all(answers, encode_message(f"the landscape could not be opened ({describe_exception(error)})"))
        return
    write_all(answers, encode_message(""))
    dimension = evaluator.space.dimension
    for line in questions:
        flags, rows, share = decode_request(line, dimension)
        for at in range(len(rows)):
            if flags & ASKED_AHEAD or at:
                mark_output()
            write_all(answers, _encode_row_answer(evaluator, rows[at : at + 1], flags, share))


def write_all(pipe: int, line: bytes) -> None:
    """Write a whole line, unbuffered, so that none of it is lost when the next row kills this process."""
    while line:
        line = line[os.write(pipe, line) :]


def mark_output() -> None:
    """Write a separator to stderr so that earlier output is not quoted as the next row's last words."""
    try:
        os.write(2, SEPARATOR_LINE)
    except OSError:
        # The objective has closed it, so there is no output to separate.
        return


def _encode_row_answer(evaluator: InProcessEvaluator, row: Array, flags: int, share: Share | None) -> bytes:
    """Evaluate or measure a row and encode the answer, even if what raises is not an Exception."""
    try:
        if flags & MEASURED:
            return encode_message(evaluator.measure(row[0]))
        with_gradient = bool(flags & WITH_GRADIENT)
        found = evaluator.evaluate(row, with_gradient) if share is None else evaluator.evaluate_share(row, share)
        if found.causes or found.gradients is not None:
            return encode_message(found)
        return b"=" + float(found.losses[0]).hex().encode() + b"\n"
    except ModuleNotFoundError as error:
        words = f"the package {error.name!r} must be installed where points are evaluated ({error})"
        return encode_message(CannotEvaluate(f"{words}. Install it, and resume."))
    except CannotEvaluate as error:
        return encode_message(error)
    except (SystemExit, KeyboardInterrupt) as error:
        return encode_message(ExitRequest.from_exception(error))
    except BaseException as error:
        return encode_message(describe_exception(error))
