"""What a landscape tells of a point besides its loss: it is asked for and checked, or refused in words."""

from __future__ import annotations

from collections.abc import Mapping

from ...landscapes.causes import describe_failure
from ...landscapes.landscape import Array, MeasuredProblem
from ...landscapes.real_numbers import NotANumber, describe_value, to_real_number
from .evaluator import CannotEvaluate, EvaluationResult
from .leaving import ExitRequest

RULE = "measure must return numbers by name"
CURE = "Correct it, and resume."

Measures = dict[str, float]
"""Numbers by name."""


def measure_point(problem: MeasuredProblem, point: Array) -> Measures:
    """Measure a point (D,) of the box in this process.

    Raises:
        CannotEvaluate: It raises, or returns something else than numbers by name. A run must not go on without what its
            report is to tell, nor end with a log that cannot be read.
        ModuleNotFoundError: A package is missing that the landscape needs.
    """
    try:
        found = problem.measure(point)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise CannotEvaluate(f"{RULE}, but {describe_failure(error)}. {CURE}") from None
    if not isinstance(found, Mapping):
        raise CannotEvaluate(f"{RULE}, but returned {describe_value(found)}. {CURE}")
    return {_check_name(name): _read_value(name, value) for name, value in found.items()}


def read_measures(found: Measures | EvaluationResult | ExitRequest | float) -> Measures:
    """Return the measures that another process was asked for.

    Args:
        found: The measures, or the result of a row that failed because the process was lost or was too slow.

    Raises:
        CannotEvaluate: There are none.
        SystemExit: The landscape ends the program; likewise KeyboardInterrupt.
    """
    if isinstance(found, ExitRequest):
        raise found.to_exception()
    if isinstance(found, EvaluationResult):
        raise CannotEvaluate(
            "the best point of a lease must be measured where it was evaluated, but the process there "
            f"{found.causes[0]}. "
            "Give it more time or memory (evaluation:), or correct measure, and resume."
        )
    assert isinstance(found, dict)
    return found


def _check_name(name: object) -> str:
    if not isinstance(name, str):
        raise CannotEvaluate(f"{RULE}, but one of its names is {name!r:.80}. {CURE}")
    return name


def _read_value(name: str, value: object) -> float:
    try:
        return float(to_real_number(value))
    except NotANumber as error:
        raise CannotEvaluate(f"{RULE}, but of {name!r} it {error}. {CURE}") from None
