"""Evaluation in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...landscapes.causes import GRADIENT_CAUSE, describe_failure
from ...landscapes.landscape import (
    Array,
    DivisibleProblem,
    EvaluationError,
    GradientError,
    MeasuredProblem,
    Problem,
    found_rows,
)
from ...landscapes.real_numbers import NotANumber, describe_value, to_real_numbers
from .evaluator import FLOAT64, NO_CAUSES, EvaluationResult, mark_failures
from .interrupts import interrupts
from .leaving import ObjectiveExit, place_of_exit
from .measures import measure_point

LAID_OUT_SIZE = 4096
"""How many numbers the bounds take that are laid out in advance, about."""
PIECE_SECONDS = 0.05
"""How long a piece of a batch that is evaluated row by row takes, about."""


class InProcessEvaluator:
    """Evaluates the points of a problem in this process."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.space = problem.space
        # Asked for with every lease, and slow to find out.
        self._measured = problem if isinstance(problem, MeasuredProblem) else None
        self.rowwise = bool(getattr(problem, "rowwise", False))
        lower, upper = problem.space.lower, problem.space.upper
        self._span = upper - lower
        # A plain box is converted here: nearly every space is one, and this is done for every evaluation. numpy takes a
        # fraction of the time if operands have the same shape, so bounds are repeated for as many rows as usual.
        self._is_plain = all(axis.is_plain for axis in problem.space.axes)
        rows = max(1, LAID_OUT_SIZE // max(len(lower), 1)) if self._is_plain else 1
        self._laid_out = [np.tile(vector, (rows, 1)) for vector in (lower, self._span, upper)]
        self._fit_bounds(1)
        self._converted: tuple[Array, Array] | None = None
        """The points that were converted ahead, and what they became."""

    def convert_next(self, cube: Array) -> Array:
        """Convert points (n, D) of the unit cube to the landscape's units, for the next call of ``evaluate`` too.

        Until then, the array must not be changed.
        """
        box = self._to_box(cube) if self._is_plain else self.space.to_box(cube)
        self._converted = cube, box
        return box

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube, with their gradients if requested."""
        box = self._to_box(cube)
        try:
            losses: Any = interrupts.call(self.problem.evaluate, box)
        except ModuleNotFoundError:
            raise
        except Exception as error:
            losses, causes = self._evaluate_row_by_row(cube, error)
        except SystemExit as error:
            raise _name_exit(error) from error
        else:
            # Nearly every call takes this path, so it is kept short: one finite double.
            if type(losses) is np.ndarray and losses.dtype == FLOAT64 and losses.shape == (len(cube),):
                # The sum of their squares is finite only if all losses are; if it overflows, each is looked at.
                causes = NO_CAUSES
                if not math.isfinite(losses[0] if len(losses) == 1 else losses.dot(losses)):
                    losses, causes = mark_failures(losses, {})
            else:
                losses, causes = _coerce_losses(losses, len(cube))
        if not with_gradient:
            return EvaluationResult(losses, None, causes)
        gradients, wrong = self._evaluate_gradients(cube, losses)
        return EvaluationResult(losses, gradients, causes | wrong if wrong else causes)

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        """Evaluate in pieces of about ``PIECE_SECONDS`` and yield each, in order, as (first row, result)."""
        first, size = 0, 1
        while first < len(cube):
            began = time.perf_counter()
            try:
                found = self.evaluate(cube[first : first + size], with_gradient)
            except BaseException as error:
                # Ctrl-C, or the objective ends the program: the rows of this piece that have a loss are kept.
                rows = found_rows(error)
                if rows is not None and len(rows[0]) and not with_gradient:
                    yield first, _without_gradients(*mark_failures(*rows))
                raise
            yield first, found
            first += size
            took = time.perf_counter() - began
            size = size * 4 if took < PIECE_SECONDS / 4 else max(1, int(size * PIECE_SECONDS / took))

    def evaluate_share(self, cube: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        """Evaluate points (n, D) of the unit cube with their gradients, each over some rows of data (n, b)."""
        # Asking whether it is one would take longer than the rest of this method.
        problem = cast(DivisibleProblem, self.problem)
        try:
            losses, gradients = interrupts.call(problem.evaluate_share, self._to_box(cube), rows)
        except ModuleNotFoundError:
            raise
        except Exception as error:
            failed = np.full(len(cube), np.inf)
            causes = dict.fromkeys(range(len(cube)), describe_failure(error))
            return EvaluationResult(failed, np.full(cube.shape, np.nan), causes)
        losses, causes = mark_failures(losses, {})
        return EvaluationResult(losses, gradients * self._span, causes)

    def measure(self, point: Array) -> dict[str, float]:
        """Return what the landscape tells of a point (D,) of the unit cube besides its loss; {} if that is nothing."""
        if self._measured is None:
            return {}
        try:
            return interrupts.call(measure_point, self._measured, self.space.to_box(point))
        except SystemExit as error:
            raise _name_exit(error) from error

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _to_box(self, cube: Array) -> Array:
        if not self._is_plain:
            converted, self._converted = self._converted, None
            return self.space.to_box(cube) if converted is None or converted[0] is not cube else converted[1]
        if len(cube) != self._rows:
            self._fit_bounds(len(cube))
        lower, span, upper = self._bounds
        box = cube * span
        box += lower
        return np.minimum(box, upper, out=box)

    def _fit_bounds(self, rows: int) -> None:
        """Set the bounds for batches of this many rows: as many rows of them, or one for batches that are larger."""
        laid_out = len(self._laid_out[0])
        self._rows, self._bounds = rows, [vector[: rows if rows <= laid_out else 1] for vector in self._laid_out]

    def _evaluate_row_by_row(self, cube: Array, error: Exception) -> tuple[Array, dict[int, str]]:
        """After an evaluation raised, keep the rows that have losses and find out which have none."""
        if isinstance(error, EvaluationError):
            return mark_failures(np.array(error.losses, dtype=float), dict(error.causes))
        if len(cube) == 1:
            return np.array([np.inf]), {0: describe_failure(error)}
        rows = [self.evaluate(cube[i : i + 1], False) for i in range(len(cube))]
        causes = {i: row.causes[0] for i, row in enumerate(rows) if row.causes}
        return np.array([row.losses[0] for row in rows]), causes

    def _evaluate_gradients(self, cube: Array, losses: Array) -> tuple[Array, dict[int, str]]:
        """Return gradients (n, D) per cube unit, NaN for rows without one, and why rows with a loss have none.

        An agent that receives NaN steps back; the loss is kept.
        """
        gradients = np.full(cube.shape, np.nan)
        good = np.flatnonzero(np.isfinite(losses))
        if not len(good):
            return gradients, {}
        box = self._to_box(cube[good])
        found, causes = self._gradients_at(box)
        gradients[good] = found * self._span if self._is_plain else self.space.to_cube_gradients(box, found)
        return gradients, {int(good[row]): GRADIENT_CAUSE + cause for row, cause in causes.items()}

    def _gradients_at(self, box: Array) -> tuple[Array, dict[int, str]]:
        """Return the gradients (n, D) at points of the box (n, D), and why some have none."""
        try:
            found = interrupts.call(self.problem.gradient, box)
            if np.shape(found) == box.shape:
                return np.asarray(found, dtype=np.float64), {}
            cause = f"returned {describe_value(found)} for {len(box)} points, must be shape {box.shape}"
        except ModuleNotFoundError:
            raise
        except GradientError as error:
            return error.gradients, error.causes
        except Exception as error:
            if len(box) > 1:
                # One point may have made the whole batch fail: each is tried alone.
                rows = [self._gradients_at(box[i : i + 1]) for i in range(len(box))]
                causes = {i: wrong[0] for i, (_, wrong) in enumerate(rows) if wrong}
                return np.concatenate([row for row, _ in rows]), causes
            cause = describe_failure(error)
        return np.full(box.shape, np.nan), dict.fromkeys(range(len(box)), cause)


def _name_exit(error: SystemExit) -> ObjectiveExit:
    """Return the exception with which an objective that raised SystemExit leaves; it says where that was."""
    leaving = ObjectiveExit(error.code, place_of_exit(error))
    leaving.__dict__.update(error.__dict__)
    return leaving


def _without_gradients(losses: Array, causes: dict[int, str]) -> EvaluationResult:
    return EvaluationResult(losses, None, causes)


def _coerce_losses(losses: Any, n: int) -> tuple[Array, dict[int, str]]:
    """Convert losses of an unusual type or shape if they are n real numbers; else every row fails."""
    try:
        array, causes = to_real_numbers(losses, n)
    except NotANumber as error:
        return np.full(n, np.inf), dict.fromkeys(range(n), str(error))
    return mark_failures(array, causes)
