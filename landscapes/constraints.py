"""Constraints: conditions that a setting must meet before an evaluation is spent on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import Arguments, ArrayArguments
from .causes import CONSTRAINT_CAUSE, INFEASIBLE_CAUSE, describe_failure
from .expression import Condition
from .landscape import Array
from .real_numbers import describe_value
from .user_code import split_reference

Constraint = Callable[[Any], Any]
"""A function of the user: it takes what the objective takes, and returns True or False."""


@dataclass(frozen=True)
class Conditions:
    """The constraints of a space that are conditions over its parameters; no code of the user is run for them.

    Attributes:
        listed: The conditions.
        arguments: What makes values from points.
    """

    listed: tuple[Condition, ...]
    arguments: Arguments

    def broken_by(self, point: Array) -> str:
        """Return what is to be said of a point (D,) in the landscape's units that breaks one; "" if it meets all."""
        argument = self.arguments.of_row(point)
        values = argument if isinstance(argument, dict) else name_coordinates(argument)
        for condition in self.listed:
            try:
                if condition.holds(values):
                    continue
            except (ArithmeticError, ValueError, TypeError, KeyError):
                # What cannot be computed for a setting, such as a division by zero, is not met by it.
                pass
            return f"{INFEASIBLE_CAUSE}{condition.text}"
        return ""


def name_coordinates(point: Array) -> dict[str, float]:
    """Return the coordinates of a point by name: x1, x2, ..."""
    return {f"x{number}": value for number, value in enumerate(point.tolist(), 1)}


def names_function(text: str) -> bool:
    """Return whether a constraint names a function, as in "train.py:feasible", rather than being a condition."""
    try:
        split_reference(text, "constraints")
    except ValueError:
        return False
    return not any(sign in text for sign in "<>=()")


def read_conditions(constraints: tuple[str, ...] | None, arguments: Arguments) -> Conditions | None:
    """Return those of the constraints that are conditions; None if none is.

    Raises:
        ValueError: One is neither a condition nor the name of a function. The message begins with its place.
    """
    names = _names_of(arguments)
    listed = []
    for number, text in enumerate(constraints or ()):
        if not names_function(text):
            try:
                listed.append(Condition(text, names))
            except ValueError as error:
                raise ValueError(f"constraints.{number} {error}") from None
    return Conditions(tuple(listed), arguments) if listed else None


def _names_of(arguments: Arguments) -> tuple[str, ...]:
    if isinstance(arguments, ArrayArguments):
        return tuple(f"x{number}" for number in range(1, len(arguments.pairs) + 1))
    parameters: Any = arguments
    return tuple(parameters.parameters.names)


def check_constraint(function: Constraint, argument: Any) -> str:
    """Return what is to be said of a setting that a user's constraint refuses; "" if it meets the constraint.

    Args:
        function: The constraint.
        argument: What the objective would be called with.

    Returns:
        The name of the constraint after ``INFEASIBLE_CAUSE``, or why the row fails: the constraint raised an exception,
        or did not return True or False.
    """
    name = getattr(function, "__name__", type(function).__name__)
    try:
        found = function(argument)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        return f"{CONSTRAINT_CAUSE}{name} {describe_failure(error)}"
    if isinstance(found, bool | np.bool_):
        return "" if found else f"{INFEASIBLE_CAUSE}{name}"
    return f"{CONSTRAINT_CAUSE}{name} returned {describe_value(found)}, must be True or False"
