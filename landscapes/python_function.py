"""Landscapes made of the user's Python functions: named in a YAML, or passed to ``searchparty.minimize``."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from .landscape import (
    Array,
    AxisBounds,
    EvaluationError,
    Landscape,
    LandscapeError,
    Problem,
    Space,
    describe_exception,
    keep_found_rows,
)
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
    vectorized: bool = Field(False, description="Whether it takes (n, D) and returns (n,), not (D,) and one number.")
    gradient: str | None = Field(None, description="Its gradient, named likewise; a name alone is in the same file.")
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
        for field, found in (("function", function), ("gradient", gradient)):
            if found is not None and not callable(found):
                raise LandscapeError(f"{field} must be callable, got {type(found).__name__}. Name a function.")
        return FunctionProblem(function, self.pairs, self.vectorized, gradient, self.gradient_price, self.minimum)

    @property
    def label(self) -> str:
        """A short name for tables and figures: the function's name and the dimension."""
        return f"{self.function.rpartition(':')[2]} D={len(self.pairs)}"


class InMemory(Landscape):
    """A callable in memory, for ``searchparty.minimize``; no YAML can name it."""

    catalogued: ClassVar[bool] = False
    kind: Literal["in-memory"] = "in-memory"
    bounds: AxisBounds
    vectorized: bool = False
    function: Any = Field(exclude=True, repr=False)
    gradient_function: Any = Field(None, exclude=True, repr=False)

    def open(self) -> Problem:
        """Open the function."""
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
        """Return the gradients (n, D) at points (n, D)."""
        assert self._gradient is not None
        if self._vectorized:
            return np.asarray(self._gradient(points.copy()), dtype=float).reshape(points.shape)
        return np.array([np.asarray(self._gradient(row.copy()), dtype=float) for row in points]).reshape(points.shape)

    def _evaluate_rows(self, points: Array) -> Array:
        losses = np.empty(len(points))
        causes: dict[int, str] = {}
        for row in range(len(points)):
            try:
                # A copy, because the function may change its argument.
                losses[row] = to_real_number(self._function(points[row].copy()))
            except ModuleNotFoundError:
                # The point is not at fault: it would have a loss where the package is installed.
                raise
            except Exception as error:
                losses[row] = np.nan
                causes[row] = str(error) if isinstance(error, NotANumber) else describe_exception(error)
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
            found = np.asarray(self._function(points.copy()))
        except ModuleNotFoundError:
            raise
        except Exception as error:
            if n > 1:
                # One row may have made the whole batch fail: evaluate each row alone.
                return self._evaluate_singly(points)
            raise EvaluationError(np.array([np.nan]), {0: describe_exception(error)}) from None
        if found.shape != (n,):
            raise batch_error(n, f"returned shape {found.shape} for {n} points, must be ({n},)")
        if found.dtype.kind not in "fiub":
            raise batch_error(n, f"returned {found.dtype} values, must be real numbers")
        return found.astype(np.float64)

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


class NotANumber(Exception):
    """Raised where a function returned something that is not a real number; the message is a cause of failure."""


def to_real_number(value: Any) -> float:
    """Convert what a function returned to a float. Raises NotANumber, which says what it was instead."""
    if type(value) is float or type(value) is np.float64:
        return value
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "fiub":
        return float(value.reshape(()))
    if isinstance(value, np.ndarray):
        raise NotANumber(f"returned an array of shape {value.shape} and type {value.dtype}, must be one real number")
    raise NotANumber(f"returned {type(value).__name__} {value!r:.60}, must be one real number")


def batch_error(n: int, cause: str) -> EvaluationError:
    """Return the error that says that all n rows of a batch failed for one cause."""
    return EvaluationError(np.full(n, np.nan), dict.fromkeys(range(n), cause))
