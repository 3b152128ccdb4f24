"""The two kinds of children: Python processes that open a landscape, and programs of the user."""

from __future__ import annotations

import os
import pickle
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from ....landscapes.causes import GRADIENT_CAUSE
from ....landscapes.command import Command, NoLoss, encode_json_request, parse_json_answer
from ....landscapes.landscape import Array, Landscape, Space
from ....landscapes.process.line_pipe import LineProcess
from ....landscapes.process.program import Program
from ....landscapes.user_code import USER_FOLDERS
from ..evaluator import CannotEvaluate, EvaluationResult, mark_failures
from .batch import failed_row
from .child_main import CHILD_PROGRAM
from .fork_server import ForkServer
from .language import RowAnswer
from .wire import Share, decode_answer, decode_message, encode_greeting, encode_request

PACKAGE = __name__.partition(".")[0]
STARTUP_SECONDS = 60.0
"""The time that a child may take to import and to open the landscape; a row's time-out counts only after that."""


FORKS_CHILDREN = sys.platform == "linux"
"""Whether children are forked from a fork server: on other systems, libraries may not survive a fork."""


class PythonChild:
    """The protocol of Python processes that open the landscape."""

    startup, sends_greeting, most_unanswered = STARTUP_SECONDS, True, 64

    def __init__(
        self, landscape: Landscape, dimension: int, memory: int, dumps: Callable[[Landscape], bytes] = pickle.dumps,
        modules: Sequence[str] = (), environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self._environment = environment
        self._memory, self._longest = memory, (1 << 20) + 32 * dimension
        self._fork_server: ForkServer | None = None
        place = type(landscape).__module__
        # The fork server imports nothing of the user's: what that starts or opens would be shared by all children.
        self._modules = [*([place] if place.startswith(f"{PACKAGE}.") else []), *modules]
        try:
            self._greeting = encode_greeting(dumps(landscape))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise CannotEvaluate(
                f"landscape must be one that a child process can open, got {landscape.label} ({error}). "
                "Define what it needs in a file or a module, or leave out evaluation.timeout, memory and workers."
            ) from None

    def start(self) -> LineProcess:
        installed = [folder for folder in sys.path if folder and folder not in USER_FOLDERS]
        environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(installed), **self._environment}
        child: LineProcess
        if FORKS_CHILDREN:
            if self._fork_server is None or self._fork_server.end_reason:
                self.close()
                self._fork_server = ForkServer(CHILD_PROGRAM, environment, self._modules)
            child = self._fork_server.fork_child(self._memory, self._longest)
        else:
            child = Program([sys.executable, "-c", CHILD_PROGRAM], None, self._memory, self._longest, environment)
        child.ask(self._greeting)
        return child

    def check_greeting(self, line: bytes) -> str:
        return str(decode_message(line))

    def make_request(self, rows: Array, with_gradient: bool, ahead: bool, share: Share | None, measured: bool) -> bytes:
        return encode_request(rows, with_gradient, ahead, share, measured)

    def read_answer(self, line: bytes, row: Array, with_gradient: bool) -> RowAnswer:
        decoded = decode_answer(line)
        if isinstance(decoded, CannotEvaluate):
            raise decoded
        return failed_row(decoded) if isinstance(decoded, str) else decoded

    def close(self) -> None:
        if self._fork_server is not None:
            self._fork_server.kill()
            self._fork_server = None


class ProgramChild:
    """The protocol of programs of the user."""

    sends_greeting, most_unanswered = False, 1

    def __init__(self, landscape: Command, space: Space, memory: int) -> None:
        self._landscape, self._space, self._memory = landscape, space, memory
        self._arguments = landscape.arguments
        self.startup = landscape.startup

    def start(self) -> LineProcess:
        return self._landscape.start_program(self._memory)

    def check_greeting(self, line: bytes) -> str:
        return ""

    def make_request(self, rows: Array, with_gradient: bool, ahead: bool, share: Share | None, measured: bool) -> bytes:
        argument = self._arguments.of_row(self._space.to_box(rows)[0])
        return encode_json_request(request_id(rows), argument, with_gradient)

    def read_answer(self, line: bytes, row: Array, with_gradient: bool) -> EvaluationResult:
        try:
            loss, gradient, cause = parse_json_answer(line, request_id(row), self._arguments, with_gradient)
        except NoLoss as error:
            return failed_row(str(error))
        losses, causes = mark_failures(np.array([loss]), {})
        if gradient is None or causes:
            return EvaluationResult(losses, None, causes)
        causes = {0: GRADIENT_CAUSE + cause} if cause else causes
        gradients = self._space.to_cube_gradients(self._space.to_box(row), gradient[None])
        return EvaluationResult(losses, gradients, causes)

    def close(self) -> None:
        """Do nothing: there is nothing to close except the children."""


def request_id(row: Array) -> int:
    """Return the id of a row's request. It depends on the point alone, because a cause of failure may quote it."""
    return zlib.crc32(row.tobytes())
