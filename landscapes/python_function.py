"""Landscapes made of the user's Python functions: named in a YAML, or passed to ``searchparty.minimize``."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from .ambient import USUAL_ERRORS
from .causes import describe_failure, describe_return
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
from .real_numbers import NotANumber, to_gradient, to_real_number, to_real_numbers
from .user_code import load_object, split_reference

Function = Callable[[Array], Any]


class BoundedLandscape(Landscape):
    """Base class of landscapes whose bounds the user gives."""

    bounds: tuple[float, float] | AxisBounds = Field(
        description="Bounds, one (low, high) per axis, or one pair with `dimension`."
    )
    dimension: int | None = Field(None, ge=1, description="Number of axes, D, if bounds are one pair.")

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        if not self.bounds:
            raise ValueError("bounds must have one pair per axis, got []. Write e.g. [-5, 5] with a dimension.")
        pairs = self.pairs
        if self.dimension is not None and len(pairs) != self.dimension:
            raise ValueError(f"bounds must have one pair per axis ({self.dimension}), got {len(pairs)}")
        for low, high in pairs:
            if not low < high:
                raise ValueError(f"bounds must have low < high, got ({low}, {high})")
            check_width(low, high)
        return self

    @property
    def pairs(self) -> AxisBounds:
        """The bounds, one pair per axis."""
        if isinstance(self.bounds[0], tuple):
            return self.bounds
        return (self.bounds,) * (self.dimension or 1)


class UserFunction(BoundedLandscape):
    """Your own Python function, named as path/to/file.py:name or package.module:name.

    Use it for a loss that can be computed in Python. The function receives a point of shape (D,) in the landscape's
    units and returns one number; with ``vectorized`` it receives points (n, D) and returns losses (n,). A row for which
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
        argument = "points (n, D)" if self.vectorized else "a point (D,)"
        check_function(function, "function", argument)
        if gradient is not None:
            check_function(gradient, "gradient", argument)
        return FunctionProblem(function, self.pairs, self.vectorized, gradient, self.gradient_price, self.minimum)

    @property
    def label(self) -> str:
        """A short name for tables and figures: the function's name and the dimension."""
        return f"{self.function.rpartition(':')[2]} D={len(self.pairs)}"


def check_width(low: float, high: float) -> None:
    """Check that the width of finite bounds is finite too: points between them could not be computed.

    Raises:
        ValueError: It is not.
    """
    if not math.isfinite(high - low):
        raise ValueError(
            f"bounds must have a finite width, got ({low}, {high}), which is wider than the largest float. Narrow them."
        )


class InMemory(Landscape):
    """A callable in memory, for ``searchparty.minimize``; no YAML can name it."""

    catalogued: ClassVar[bool] = False
    kind: Literal["in-memory"] = "in-memory"
    bounds: AxisBounds
    vectorized: bool = False
    function: Any = Field(exclude=True, repr=False)
    gradient_function: Any = Field(None, exclude=True, repr=False)

    def open(self) -> Problem:
        """Open the function. Raises LandscapeError if it cannot be called."""
        argument = "points (n, D)" if self.vectorized else "a point (D,)"
        check_function(self.function, "fun", argument)
        if self.gradient_function is not None:
            check_function(self.gradient_function, "gradient", argument)
        return FunctionProblem(self.function, self.bounds, self.vectorized, self.gradient_function, 1, None)

    @property
    def label(self) -> str:
        """A short name for tables and figures: the function's name and the dimension."""
        return f"{getattr(self.function, '__name__', 'function')} D={len(self.bounds)}"


class FunctionProblem:
    """An opened function of the user. Its errors become the causes of failed rows.

    Args:
        function: The function.
        pairs: The bounds, one pair per axis.
        vectorized: Whether the functions take batches.
        gradient: The gradient, or None.
        gradient_price: Cost of one gradient, in evaluations.
        minimum: The known minimum loss, or None.
    """

    minimizers: None = None

    def __init__(
        self,
        function: Function,
        pairs: AxisBounds,
        vectorized: bool,
        gradient: Function | None,
        gradient_price: int,
        minimum: float | None,
    ) -> None:
        low, high = np.array(pairs, dtype=float).T
        self.space = Space(low.copy(), high.copy(), gradient is not None, gradient_price)
        self.minimum = minimum
        self._function, self._gradient, self._vectorized = function, gradient, vectorized
        self.evaluate = self._evaluate_batch if vectorized else self._evaluate_rows
        self.rowwise = not vectorized

    def gradient(self, points: Array) -> Array:
        """Return the gradients (n, D) at points (n, D). Raises GradientError if some points have none."""
        assert self._gradient is not None
        if self._vectorized and len(points) > 1:
            try:
                with np.errstate(**USUAL_ERRORS):
                    return self._check_gradients(to_gradient(self._gradient(points.copy()), points.shape), {})
            except (GradientError, ModuleNotFoundError):
                raise
            except Exception:
                # One row may have made the whole batch fail: each row is tried alone.
                pass
        gradients, causes = np.full(points.shape, np.nan), {}
        for row in range(len(points)):
            point = points[row : row + 1].copy() if self._vectorized else points[row].copy()
            try:
                with np.errstate(**USUAL_ERRORS):
                    gradients[row] = to_gradient(self._gradient(point), points[row].shape)
            except ModuleNotFoundError:
                raise
            except Exception as error:
                causes[row] = self._describe(error, self._gradient)
        return self._check_gradients(gradients, causes)

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
        with np.errstate(**USUAL_ERRORS):
            for row in range(len(points)):
                try:
                    # A copy, because the function may change its argument.
                    losses[row] = to_real_number(self._function(points[row].copy()))
                except ModuleNotFoundError:
                    # The point is not at fault: it would have a loss where the package is installed.
                    raise
                except Exception as error:
                    losses[row] = np.nan
                    causes[row] = self._describe(error, self._function)
                except BaseException as error:
                    # Ctrl-C, or the function ends the program: what the earlier rows gave leaves with it.
                    keep_found_rows(error, losses[:row], causes)
                    raise
        if causes:
            raise EvaluationError(losses, causes)
        return losses

    def _evaluate_batch(self, points: Array) -> Array:
        n = len(points)
        try:
            with np.errstate(**USUAL_ERRORS):
                losses, wrong = to_real_numbers(self._function(points.copy()), n)
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

    @staticmethod
    def _describe(error: BaseException, function: Function) -> str:
        return describe_return(function, str(error)) if isinstance(error, NotANumber) else describe_failure(error)


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
