"""Why a point has no loss or no gradient, in words, and which of these causes are errors of a program."""

from __future__ import annotations

import os
import re
import sysconfig
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from .landscape import describe_exception

NON_FINITE_CAUSES = frozenset({"returned nan", "returned inf", "returned -inf"})
"""Causes of points whose loss is not finite; all others are errors."""
GRADIENT_CAUSE = "the gradient "
"""First words of the cause of a point that has a loss, and whose gradient failed."""
KNOWN_CAUSE = "known: "
"""First words about a point whose setting is known: it has a loss, and was not evaluated again."""
INFEASIBLE_CAUSE = "infeasible: "
"""First words about a point that breaks a constraint: it has no loss, was not evaluated, and is no failure."""
CONSTRAINT_CAUSE = "constraint "
"""First words of the cause of a point for which a constraint of the user could not be checked."""
PROGRAMMING_ERRORS = (NameError, TypeError, ImportError, AttributeError)
"""Exceptions that hardly ever mean that one point has no loss: the function itself is wrong."""
MINI_BATCH_CAUSE = "mini-batch of "
"""First words about a point that was evaluated over some rows of data only: its loss over all of them is not known."""
_MINI_BATCH = re.compile(rf"{MINI_BATCH_CAUSE}(\d+) rows: loss (\S+)")
_NAMES = frozenset({"NameError", "UnboundLocalError", "TypeError", "ImportError", "AttributeError"})
_PLACE = re.compile(r"; in \S+:\d+$")
"""The place that only causes of these exceptions have; so their subclasses are recognised, too."""
_KIND_OF_CAUSE = re.compile(
    rf"(?:{CONSTRAINT_CAUSE}\S+ )?"
    r"(?:raised (?P<raised>\w+):|returned (?P<returned>(?:an? )?[\w.]+)"
    r"|answered .*, which (?P<answered>is not JSON|has no number))",
    re.DOTALL,
)
PACKAGE_FOLDERS = tuple(
    os.path.join(Path(__file__).parent.parent, room, "")
    for room in ("landscapes", "agents", "orchestrator", "experiments")
)
"""The folders of this package's own code; in a checkout, files of users may lie beside them."""


def describe_failure(error: BaseException) -> str:
    """Describe an exception that user code raised, as a cause of failure.

    For an error of a program, it has the line at which it was raised.
    """
    cause = describe_exception(error)
    return f"{cause}{_name_place(_line_of(error))}" if isinstance(error, PROGRAMMING_ERRORS) else cause


def describe_return(function: Any, words: str) -> str:
    """Return the cause of failure of a function that returned something else than it must, with the place of its code.

    Args:
        function: The function.
        words: What it returned and what it must return, from "returned" on.
    """
    while hasattr(function, "func"):
        # functools.partial
        function = function.func
    caller: Any = function if hasattr(function, "__code__") else vars(type(function)).get("__call__")
    code = getattr(caller, "__code__", None)
    place = f"{Path(code.co_filename).name}:{code.co_firstlineno}" if isinstance(code, CodeType) else ""
    return words + _name_place(place)


def programming_error(cause: str) -> str | None:
    """Return what kind of error of a program a cause is: causes of one kind are the same mistake.

    Example:
        >>> programming_error("raised NameError: name 'x' is not defined; in train.py:3")
        'NameError'
        >>> programming_error("returned a tuple of 2, must be one real number"), programming_error("raised OSError: no")
        ('a tuple', None)
    """
    if cause in NON_FINITE_CAUSES or (found := _KIND_OF_CAUSE.match(cause)) is None:
        return None
    if found["raised"] is not None:
        return found["raised"] if found["raised"] in _NAMES or _PLACE.search(cause) else None
    return found["returned"] or found["answered"]


def is_gradient_cause(cause: str) -> bool:
    """Return whether a cause is that of a gradient: the point itself has a loss."""
    return cause.startswith(GRADIENT_CAUSE)


def is_free_cause(cause: str) -> bool:
    """Return whether a cause says that a point was not evaluated, and so costs nothing."""
    return cause.startswith((KNOWN_CAUSE, INFEASIBLE_CAUSE))


def describe_mini_batch(rows: int, loss: float) -> str:
    """Return what is recorded of a point that was evaluated over some rows of data.

    Example:
        >>> describe_mini_batch(128, 0.25), read_mini_batch("mini-batch of 128 rows: loss 0.25")
        ('mini-batch of 128 rows: loss 0.25', (128, 0.25))
    """
    return f"{MINI_BATCH_CAUSE}{rows} rows: loss {loss!r}"


def is_mini_batch(cause: str) -> bool:
    """Return whether a cause says that a point was evaluated over some rows of data only."""
    return cause.startswith(MINI_BATCH_CAUSE)


def read_mini_batch(cause: str) -> tuple[int, float]:
    """Return the number of rows of a mini-batch and the loss over them, from its cause.

    Raises:
        ValueError: If it is no such cause.
    """
    found = _MINI_BATCH.fullmatch(cause)
    if found is None:
        raise ValueError(f"a mini-batch must be described by its rows and its loss, got {cause!r:.80}")
    return int(found[1]), float(found[2])


def _name_place(place: str) -> str:
    return f"; in {place}" if place else ""


def _line_of(error: BaseException) -> str:
    """Return the innermost line of the user's own code through which an exception came, as "train.py:12"."""
    own, foreign, trace = "", "", error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        line = f"{Path(path).name}:{trace.tb_lineno}"
        if not path.startswith((*PACKAGE_FOLDERS, "<frozen")):
            foreign = line
            own = own if path.startswith(_library_folders()) else line
        trace = trace.tb_next
    return own or foreign


@cache
def _library_folders() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({sysconfig.get_path(name) for name in names if sysconfig.get_path(name)})
