"""Functions of the user's own: named in a YAML, or given to ``searchparty.minimize``."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from .landscape import Array, AxisBounds, EvaluationError, Landscape, LandscapeError, Problem, Space, describe_exception
from .user_code import load_object, split_reference

Function = Callable[[Array], Any]


class BoundedLandscape(Landscape):
    """A landscape whose bounds the user gives."""

    bounds: tuple[float, float] | AxisBounds = Field(
        description="One (low, high) an axis, or one pair with `dimension`."
    )
    dimension: int | None = Field(None, ge=1, description="Number of axes, D, where bounds are one pair.")

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        if not self.bounds:
            raise ValueError("bounds must have a pair an axis, got []. Write e.g. [-5, 5] with a dimension.")
        pairs = self.pairs
        if self.dimension is not None and len(pairs) != self.dimension:
            raise ValueError(f"bounds must have one pair an axis ({self.dimension}), got {len(pairs)}")
        for low, high in pairs:
            if not low < high:
                raise ValueError(f"bounds must have low < high, got ({low}, {high})")
        return self

    @property
    def pairs(self) -> AxisBounds:
        """Bounds, one pair an axis."""
        if isinstance(self.bounds[0], tuple):
            return self.bounds
        return (self.bounds,) * (self.dimension or 1)


class UserFunction(BoundedLandscape):
    """A function of your own: path/to/file.py:name or package.module:name."""

    kind: Literal["python"] = "python"
    function: str = Field(description='"path/to/file.py:name" (relative to the YAML) or "package.module:name".')
    vectorized: bool = Field(False, description="Whether it takes (n, D) and returns (n,), not (D,) and a number.")
    gradient: str | None = Field(None, description="Its gradient, named likewise; a bare name is in the same file.")
    gradient_price: int = Field(1, ge=0, description="What one gradient costs, in evaluations.")
    minimum: float | None = Field(None, description="The known least loss, for reports only.")
    base: str | None = Field(
        None, exclude=True, repr=False, description="Directory of relative paths (set on loading)."
    )
    source: str | None = Field(None, exclude=True, repr=False, description="The file's text (set on loading).")

    @field_validator("function")
    @classmethod
    def _check_reference(cls, value: str) -> str:
        split_reference(value, "function")
        return value

    def open(self) -> Problem:
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
        return f"{self.function.rpartition(':')[2]} D={len(self.pairs)}"


class InMemory(Landscape):
    """A callable at hand, for ``searchparty.minimize``; no YAML can name it."""

    catalogued: ClassVar[bool] = False
    kind: Literal["in-memory"] = "in-memory"
    bounds: AxisBounds
    vectorized: bool = False
    function: Any = Field(exclude=True, repr=False)
    gradient_function: Any = Field(None, exclude=True, repr=False)

    def open(self) -> Problem:
        return FunctionProblem(self.function, self.bounds, self.vectorized, self.gradient_function, 1, None)

    @property
    def label(self) -> str:
        return f"{getattr(self.function, '__name__', 'function')} D={len(self.bounds)}"


class FunctionProblem:
    """An opened function of the user's. What it does wrong becomes the cause of a failed row."""

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
        assert self._gradient is not None
        if self._vectorized:
            return np.asarray(self._gradient(points.copy()), dtype=float).reshape(points.shape)
        return np.array([np.asarray(self._gradient(row.copy()), dtype=float) for row in points]).reshape(points.shape)

    def _evaluate_rows(self, points: Array) -> Array:
        losses = np.empty(len(points))
        causes: dict[int, str] = {}
        for row in range(len(points)):
            try:
                # A copy: the function may write on what it is given.
                losses[row] = to_real_number(self._function(points[row].copy()))
            except ModuleNotFoundError:
                # No fault of the point's: it would have a loss where the package is installed.
                raise
            except (Exception, SystemExit) as error:
                losses[row] = np.nan
                causes[row] = str(error) if isinstance(error, NotANumber) else describe_exception(error)
        if causes:
            raise EvaluationError(losses, causes)
        return losses

    def _evaluate_batch(self, points: Array) -> Array:
        n = len(points)
        try:
            found = np.asarray(self._function(points.copy()))
        except ModuleNotFoundError:
            raise
        except (Exception, SystemExit) as error:
            if n > 1:
                # One row may have spoilt the batch for all: ask for each alone.
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
    """A function returned something that is no real number."""


def to_real_number(value: Any) -> float:
    """What a function returned, as a float; NotANumber says what it was instead."""
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
    """Every row of a batch failed, for one cause."""
    return EvaluationError(np.full(n, np.nan), dict.fromkeys(range(n), cause))
