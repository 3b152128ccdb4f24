"""Landscapes made of the user's Python functions: named in a YAML, or passed to ``searchparty.minimize``."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from .ambient import USUAL_ERRORS
from .arguments import Arguments, ArrayArguments, NamedArguments, make_space
from .bounded import BoundedLandscape, check_gradient_axes, omit_unset
from .causes import describe_failure, describe_return
from .constraints import Constraint, check_constraint, names_function, read_conditions
from .landscape import (
    Array,
    AxisBounds,
    EvaluationError,
    GradientError,
    Landscape,
    LandscapeError,
    Problem,
    Space,
    keep_found_rows,
)
from .parameters import Parameters, ParameterSet
from .real_numbers import NotANumber, to_real_number, to_real_numbers
from .user_code import load_object, split_reference

Function = Callable[[Array], Any]


class UserFunction(BoundedLandscape):
    """Your own Python function, named as path/to/file.py:name or package.module:name.

    Use it for a loss that can be computed in Python. The function receives a point of shape (D,) in the landscape's
    units and returns one number; with ``vectorized`` it receives points (n, D) and returns losses (n,). With
    ``parameters`` it receives a dict of values by name, or, with ``vectorized``, of columns. A row for which
    it raises, or returns something else, has no loss; the setting ``evaluation`` says what follows. A missing package
    stops the run.
    """

    kind: Literal["python"] = "python"
    function: str = Field(description='"path/to/file.py:name" (relative to the YAML) or "package.module:name".')
    vectorized: bool = Field(
        False, description="Whether it takes points (n, D) and returns losses (n,), not (D,) and one number."
    )
    gradient: str | None = Field(
        None, description="Its gradient, in the same form; a name without a path is in the same file."
    )
    gradient_price: int = Field(1, ge=0, description="Cost of one gradient, in evaluations.")
    minimum: float | None = Field(None, description="The known minimum loss, for reports only.")
    base: str | None = Field(
        None, exclude=True, repr=False, description="Directory that paths are relative to (set on loading)."
    )
    source: str | None = Field(None, exclude=True, repr=False, description="Text of the file (set on loading).")

    @field_validator("function")
    @classmethod
    def _check_reference(cls, value: str) -> str:
        split_reference(value, "function")
        return value

    def open(self) -> Problem:
        """Load the function and its gradient. Raises LandscapeError if they cannot be loaded or called."""
        function = load_object(self.function, "function", self.base, self.source)
        gradient = None
        if self.gradient is not None:
            place = self.function.rpartition(":")[0]
            reference = self.gradient if ":" in self.gradient else f"{place}:{self.gradient}"
            gradient = load_object(reference, "gradient", self.base, self.source)
        argument = describe_argument(self.vectorized, self.parameters)
        check_function(function, "function", argument)
        if gradient is not None:
            check_function(gradient, "gradient", argument)
        return FunctionProblem(
            function, self.arguments, self.vectorized, gradient, self.minimum,
            self.make_space(gradient is not None, self.gradient_price), self._load_constraints(),
        )  # fmt: skip

    def _load_constraints(self) -> tuple[Constraint, ...]:
        """Load the constraints that are functions. Raises LandscapeError if they cannot be loaded or called."""
        found = []
        for number, text in enumerate(self.constraints or ()):
            if names_function(text):
                field = f"constraints.{number}"
                # The text of the objective's file stands for no other file.
                same = text.rpartition(":")[0] == self.function.rpartition(":")[0]
                function = load_object(text, field, self.base, self.source if same else None)
                check_function(function, field, describe_argument(False, self.parameters))
                found.append(function)
        return tuple(found)

    @property
    def code_references(self) -> tuple[str, ...]:
        """The function, and its gradient if it has one."""
        return (self.function,) if self.gradient is None else (self.function, self.gradient)

    @property
    def label(self) -> str:
        """A short name for tables and figures: the function's name and the dimension."""
        return f"{self.function.rpartition(':')[2]} D={self.searched_axes}"


class InMemory(Landscape):
    """A callable in memory, for ``searchparty.minimize``; no YAML can name it."""

    catalogued: ClassVar[bool] = False
    kind: Literal["in-memory"] = "in-memory"
    bounds: AxisBounds = ()
    parameters: Parameters | None = None
    start: Any = None
    noisy: bool | None = None
    constraints: tuple[str, ...] | None = None
    constraint_functions: tuple[Any, ...] = Field((), exclude=True, repr=False)
    vectorized: bool = False
    function: Any = Field(exclude=True, repr=False)
    gradient_function: Any = Field(None, exclude=True, repr=False)

    @model_serializer(mode="wrap")
    def _omit_unset(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return omit_unset(dump(self), "parameters", "start", "noisy", "constraints")

    def open(self) -> Problem:
        """Open the function. Raises LandscapeError if it cannot be called."""
        argument = describe_argument(self.vectorized, self.parameters)
        check_function(self.function, "fun", argument)
        if self.gradient_function is not None:
            check_function(self.gradient_function, "gradient", argument)
        return FunctionProblem(
            self.function, self.arguments, self.vectorized, self.gradient_function, None, self.make_space(),
            self.constraint_functions,
        )  # fmt: skip

    def make_space(self) -> Space:
        """Return the space. Raises ValueError if a constraint is none, or the start does not lie in it."""
        arguments = self.arguments
        conditions = read_conditions(self.constraints, arguments)
        has_gradient = self.gradient_function is not None
        return make_space(arguments, has_gradient, 1, self.start, bool(self.noisy), conditions)

    @property
    def arguments(self) -> Arguments:
        """What makes the arguments of the function from points."""
        return ArrayArguments(self.bounds) if self.parameters is None else NamedArguments(self.parameters)

    @property
    def label(self) -> str:
        """A short name for tables and figures: the function's name and the dimension."""
        return f"{getattr(self.function, '__name__', 'function')} D={len(self.arguments.bounds)}"


class FunctionProblem:
    """An opened function of the user. Its errors become the causes of failed rows.

    Args:
        function: The function.
        arguments: What makes its arguments from points.
        vectorized: Whether the functions take batches.
        gradient: The gradient, or None.
        minimum: The known minimum loss, or None.
        space: The space that is searched.
        constraints: Functions that a setting must meet, each called with one setting.

    Raises:
        LandscapeError: There is a gradient, and an axis with finitely many values.
    """

    minimizers: None = None

    def __init__(
        self,
        function: Function,
        arguments: Arguments,
        vectorized: bool,
        gradient: Function | None,
        minimum: float | None,
        space: Space,
        constraints: tuple[Constraint, ...] = (),
    ) -> None:
        check_gradient_axes(space)
        self._constraints = constraints
        self.space, self.minimum, self._arguments = space, minimum, arguments
        self._function, self._gradient, self._vectorized = function, gradient, vectorized
        in_batches = self._evaluate_meeting if constraints else self._evaluate_batch
        self.evaluate = in_batches if vectorized else self._evaluate_rows
        self.rowwise = not vectorized

    def gradient(self, points: Array) -> Array:
        """Return the gradients (n, D) at points (n, D). Raises GradientError if some points have none."""
        assert self._gradient is not None
        if self._vectorized and len(points) > 1:
            try:
                with np.errstate(**USUAL_ERRORS):
                    found = self._gradient(self._arguments.of_batch(points))
                    return self._check_gradients(self._arguments.read_gradients(found, len(points)), {})
            except (GradientError, ModuleNotFoundError):
                raise
            except Exception:
                # One row may have made the whole batch fail: each row is tried alone.
                pass
        gradients, causes = np.full(points.shape, np.nan), {}
        for row in range(len(points)):
            try:
                with np.errstate(**USUAL_ERRORS):
                    gradients[row] = self._differentiate(points[row])
            except ModuleNotFoundError:
                raise
            except Exception as error:
                causes[row] = self._describe(error, self._gradient)
        return self._check_gradients(gradients, causes)

    def _differentiate(self, point: Array) -> Array:
        """Return the gradient (D,) at a point (D,)."""
        assert self._gradient is not None
        if self._vectorized:
            return self._arguments.read_gradients(self._gradient(self._arguments.of_batch(point[None])), 1)[0]
        return self._arguments.read_gradient(self._gradient(self._arguments.of_row(point)))

    def _check_gradients(self, gradients: Array, causes: dict[int, str]) -> Array:
        """Return gradients (n, D), or raise GradientError if some are not finite or have a cause of failure already."""
        for row in np.flatnonzero(~np.isfinite(gradients).all(axis=1)).tolist():
            wrong = gradients[row][~np.isfinite(gradients[row])]
            causes.setdefault(row, f"returned {wrong[0]}")
        if causes:
            raise GradientError(gradients, causes)
        return gradients

    def _evaluate_rows(self, points: Array) -> Array:
        losses = np.empty(len(points))
        causes: dict[int, str] = {}
        row = 0
        try:
            with np.errstate(**USUAL_ERRORS):
                for row in range(len(points)):
                    losses[row] = self._evaluate_row(points[row], row, causes)
            if causes:
                raise EvaluationError(losses, causes)
            return losses
        except (EvaluationError, ModuleNotFoundError):
            raise
        except BaseException as error:
            # Ctrl-C, wherever it falls, or the function ends the program: what the earlier rows gave leaves with it.
            keep_found_rows(error, losses[:row], {at: cause for at, cause in causes.items() if at < row})
            raise

    def _evaluate_row(self, point: Array, row: int, causes: dict[int, str]) -> float:
        """Return the loss at a point (D,); NaN if there is none, which adds its cause to those of the batch's rows."""
        if self._constraints and (cause := self._refuse(point)):
            causes[row] = cause
            return math.nan
        try:
            return to_real_number(self._function(self._arguments.of_row(point)))
        except ModuleNotFoundError:
            # The point is not at fault: it would have a loss where the package is installed.
            raise
        except Exception as error:
            causes[row] = self._describe(error, self._function)
            return math.nan

    def _refuse(self, point: Array) -> str:
        """Return why a point (D,) is not evaluated; "" if it meets all constraints."""
        said = (check_constraint(each, self._arguments.of_row(point)) for each in self._constraints)
        return next(filter(None, said), "")

    def _evaluate_meeting(self, points: Array) -> Array:
        """Evaluate those of a batch of points (n, D) that meet all constraints."""
        causes = {row: cause for row, point in enumerate(points) if (cause := self._refuse(point))}
        if not causes:
            return self._evaluate_batch(points)
        rows = np.array([row for row in range(len(points)) if row not in causes], dtype=int)
        losses = np.full(len(points), np.nan)
        if len(rows):
            try:
                losses[rows] = self._evaluate_batch(points[rows])
            except EvaluationError as error:
                losses[rows] = error.losses
                causes |= {int(rows[row]): cause for row, cause in error.causes.items()}
        raise EvaluationError(losses, causes)

    def _evaluate_batch(self, points: Array) -> Array:
        n = len(points)
        try:
            with np.errstate(**USUAL_ERRORS):
                losses, wrong = to_real_numbers(self._function(self._arguments.of_batch(points)), n)
        except ModuleNotFoundError:
            raise
        except NotANumber as error:
            raise EvaluationError(
                np.full(n, np.nan), dict.fromkeys(range(n), self._describe(error, self._function))
            ) from None
        except Exception as error:
            if n > 1:
                # One row may have made the whole batch fail: evaluate each row alone.
                return self._evaluate_singly(points)
            raise EvaluationError(np.array([np.nan]), {0: self._describe(error, self._function)}) from None
        if wrong:
            raise EvaluationError(losses, {row: describe_return(self._function, cause) for row, cause in wrong.items()})
        return losses

    def _evaluate_singly(self, points: Array) -> Array:
        losses = np.full(len(points), np.nan)
        causes: dict[int, str] = {}
        for row in range(len(points)):
            try:
                losses[row] = self._evaluate_batch(points[row : row + 1])[0]
            except EvaluationError as error:
                causes[row] = error.causes[0]
        if causes:
            raise EvaluationError(losses, causes)
        return losses

    def _describe(self, error: BaseException, function: Function) -> str:
        if isinstance(error, NotANumber):
            return describe_return(function, str(error))
        cause = describe_failure(error)
        # A position in place of a name: the function takes the point for a list of numbers.
        positions = isinstance(error, KeyError) and bool(error.args) and not isinstance(error.args[0], str)
        if positions and isinstance(self._arguments, NamedArguments):
            return f"{cause}; it is called with a dict of values by name: write setting[{self.space.names[0]!r}]"
        return cause


def describe_argument(vectorized: bool, parameters: ParameterSet | None) -> str:
    """Return what a function of the user is called with, for messages."""
    if parameters is not None:
        return "a dict of columns by name" if vectorized else "a dict of values by name"
    return "points (n, D)" if vectorized else "a point (D,)"


def check_function(function: Any, field: str, argument: str) -> None:
    """Check that a function can be called with one argument, as far as that can be known without calling it.

    Args:
        function: The function.
        field: The setting that gives it, for messages.
        argument: What it will be called with.

    Raises:
        LandscapeError: It cannot.
    """
    if not callable(function):
        raise LandscapeError(f"{field} must be callable, got {type(function).__name__}. Give a function.")
    try:
        # What a decorator wraps may have other parameters than the decorated function.
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        # Functions written in C need not tell.
        return
    try:
        signature.bind(None)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise LandscapeError(
            f"{field} must take one argument, {argument}, got {name}{signature}: {error}. "
            f"Change its parameters, or wrap it in a function of one argument."
        ) from None
