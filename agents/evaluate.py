"""Where points become losses: the evaluators that executors lend to ``work``."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..landscapes.landscape import Array, EvaluationError, Landscape, Problem, Space


class Evaluated(NamedTuple):
    """Losses (n,), failed rows +inf; gradients (n, D) per cube unit or None; causes of failure by row."""

    losses: Array
    gradients: Array | None
    causes: dict[int, str]


class Evaluator(Protocol):
    """Evaluates points of the cube. Never raises for what an objective does."""

    space: Space

    def evaluate(self, cube: Array, with_gradient: bool) -> Evaluated:
        """Losses of points (n, D) in the unit cube, and their gradients if asked for."""
        ...

    def close(self) -> None: ...


NO_CAUSES: dict[int, str] = {}


class InPlace:
    """Evaluates in this process."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.space = problem.space
        self._lower, self._upper = problem.space.lower, problem.space.upper
        self._span = self._upper - self._lower

    def evaluate(self, cube: Array, with_gradient: bool) -> Evaluated:
        box = np.minimum(self._lower + cube * self._span, self._upper)
        try:
            losses: Any = self.problem.evaluate(box)
        except Exception as error:
            losses, causes = self._rescue(cube, error)
        else:
            # The path of nearly every call, kept short: one finite double.
            if type(losses) is np.ndarray and losses.dtype == np.float64 and losses.shape == (len(cube),):
                clean = math.isfinite(losses[0]) if len(losses) == 1 else bool(np.isfinite(losses).all())
                causes = NO_CAUSES
                if not clean:
                    losses, causes = _without_failures(losses, {})
            else:
                losses, causes = _coerced(losses, len(cube))
        gradients = self._gradients(cube, losses) if with_gradient else None
        return Evaluated(losses, gradients, causes)

    def close(self) -> None:
        """Nothing to close."""

    def _rescue(self, cube: Array, error: Exception) -> tuple[Array, dict[int, str]]:
        """An evaluation raised: keep the rows that have losses, find out which have none."""
        if isinstance(error, EvaluationError):
            return _without_failures(np.array(error.losses, dtype=float), dict(error.causes))
        if len(cube) == 1:
            return np.array([np.inf]), {0: f"raised {type(error).__name__}: {error}"}
        rows = [self.evaluate(cube[i : i + 1], False) for i in range(len(cube))]
        causes = {i: row.causes[0] for i, row in enumerate(rows) if row.causes}
        return np.array([row.losses[0] for row in rows]), causes

    def _gradients(self, cube: Array, losses: Array) -> Array:
        gradients = np.full(cube.shape, np.nan)
        good = np.isfinite(losses)
        if good.any():
            box = np.minimum(self._lower + cube[good] * self._span, self._upper)
            try:
                gradients[good] = self.problem.gradient(box) * self._span
            except Exception:
                # The loss stands; an agent is told NaN and steps back.
                gradients[good] = np.nan
        return gradients


def _without_failures(losses: Array, causes: dict[int, str]) -> tuple[Array, dict[int, str]]:
    """Losses with +inf for rows that are NaN or infinite, and a cause for each of them."""
    bad = ~np.isfinite(losses)
    for row in np.flatnonzero(bad).tolist():
        causes.setdefault(row, f"returned {losses[row]}")
    return np.where(bad, np.inf, losses), causes


def _coerced(losses: Any, n: int) -> tuple[Array, dict[int, str]]:
    """Losses of an unusual type or shape: taken where they are n real numbers, else every row fails."""
    array = np.asarray(losses)
    if array.shape == (n,) and array.dtype.kind in "fiub":
        return _without_failures(array.astype(np.float64), {})
    what = f"a {array.dtype} array of shape {array.shape}"
    cause = f"returned {what} for {n} points; it must return {n} real numbers, shape ({n},)"
    return np.full(n, np.inf), dict.fromkeys(range(n), cause)


def evaluator_for(landscape: Landscape) -> Evaluator:
    """In place, or in a killable child process where the landscape sets a time-out."""
    timeout = getattr(landscape, "timeout", None)
    if timeout is None:
        return InPlace(landscape.open())
    from .killable import Killable

    return Killable(landscape, timeout)
