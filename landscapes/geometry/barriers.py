"""Barriers between two points: the loss on the segment, and on the best path with one bend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..landscape import Array, Problem
from ..slices import evaluate_in_chunks
from .hessian import GeometryError, differentiate_points, refuse_without_gradients

COUNT = 51
"""At how many points of a path the loss is evaluated."""
TRAINED = 16
"""At how many points of a path with a bend the loss is made small."""
ITERATIONS = 200
OFFSET = 0.01
"""How far from the middle of the segment a bend starts, relative to the segment's length."""


@dataclass(frozen=True, slots=True)
class Barrier:
    """Losses on a path between two points, and the height of the barrier.

    Attributes:
        points: The corners of the path, shape (k, D), in the landscape's units: two ends, and what is between.
        steps: Where on the path, from 0 to 1, shape (n,); each leg has an equal part.
        losses: The losses there, shape (n,); NaN where the evaluation failed.
        height: The greatest loss above the line between the losses of the ends, over all steps (Frankle et al. 2020); 0
            or more. NaN if an end has no loss. Where losses between are missing it is a lower bound.
        failed: How many evaluations failed.

    Example:
        >>> points, losses = np.array([[0.0], [2.0]]), np.array([1.0, np.nan, 2.0])
        >>> Barrier(points, np.array([0.0, 0.5, 1.0]), losses, 0.0, 1).detour
        1.0
    """

    points: Array
    steps: Array
    losses: Array
    height: float
    failed: int

    @property
    def detour(self) -> float:
        """How long the path is, relative to the segment between its ends; 1 for the segment itself, or equal ends."""
        whole = float(np.linalg.norm(self.points[-1] - self.points[0]))
        legs = float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())
        return legs / whole if whole else 1.0


def measure_barrier(problem: Problem, one: Array, other: Array, count: int = COUNT) -> Barrier:
    """Measure the barrier on the segment between two points.

    Args:
        problem: The problem.
        one: A point, shape (D,), in the box and the landscape's units.
        other: Another.
        count: At how many evenly spaced points the loss is evaluated, both ends among them; 3 or more.

    Returns:
        The barrier. A narrower peak than the space between two points is not seen.

    Raises:
        GeometryError: The count is less than 3.

    Example:
        >>> class TwoWells:
        ...     space = Space(np.array([-2.0]), np.array([2.0]))
        ...     def evaluate(self, points):
        ...         return (points[:, 0] ** 2 - 1) ** 2
        >>> measure_barrier(TwoWells(), np.array([-1.0]), np.array([1.0]), 21).height
        1.0
    """
    return _measure_path(problem, np.array([one, other]), count)


def bend_path(problem: Problem, one: Array, other: Array, seed: int, count: int = COUNT) -> Barrier:
    """Find the best path with one bend between two points, and measure its barrier.

    The bend starts near the middle of the segment, and L-BFGS makes the mean loss at 16 fixed points of the path small,
    by gradients (the polygonal chain of Garipov et al. 2018, whose points are drawn anew in each step).

    Args:
        problem: A problem with gradients.
        one: A point, shape (D,), in the box and the landscape's units.
        other: Another.
        seed: Which side the bend starts at.
        count: At how many points of the path the loss is evaluated.

    Returns:
        The barrier on the path; its bend is ``points[1]``. It is the best path that was found: another bend may be
        better, and more bends may be lower.

    Raises:
        GeometryError: The problem has no gradients, or no loss or gradient on the path.

    Example:
        >>> class Ring:
        ...     space = Space(np.full(2, -2.0), np.full(2, 2.0), has_gradient=True)
        ...     def evaluate(self, points):
        ...         return ((points**2).sum(axis=1) - 1) ** 2
        ...     def gradient(self, points):
        ...         return 4 * points * ((points**2).sum(axis=1, keepdims=True) - 1)
        >>> left, right = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
        >>> measure_barrier(Ring(), left, right).height, bend_path(Ring(), left, right, seed=0).height < 0.5
        (1.0, True)
    """
    from scipy.optimize import Bounds, minimize

    refuse_without_gradients(problem)
    space = problem.space
    length = float(np.linalg.norm(other - one))
    side = np.random.Generator(np.random.Philox(seed)).standard_normal(len(one))
    middle = one + 0.5 * (other - one) + OFFSET * length * side / np.linalg.norm(side)
    # Midpoints of equal parts: none is an end, whose loss does not depend on the bend.
    steps = (np.arange(TRAINED) + 0.5) / TRAINED
    shares = 1 - np.abs(2 * steps - 1)

    def evaluate(bend: Array) -> tuple[float, Array]:
        points = place_steps(np.array([one, bend, other]), steps)
        losses, gradients = evaluate_in_chunks(problem, points), differentiate_points(problem, points)
        if not np.isfinite(losses).all():
            raise GeometryError(
                "path must have finite losses where it is bent, got points where the evaluation fails. Measure the "
                "segment only."
            )
        return float(losses.mean()), (shares @ gradients) / len(steps)

    start, bounds = np.clip(middle, space.lower, space.upper), Bounds(space.lower, space.upper)
    found = minimize(evaluate, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": ITERATIONS})
    return _measure_path(problem, np.array([one, np.asarray(found.x), other]), count)


def place_steps(points: Array, steps: Array) -> Array:
    """Return the points (n, D) at steps (n,), from 0 to 1, of the path with these corners (k, D).

    Example:
        >>> place_steps(np.array([[0.0], [1.0], [5.0]]), np.array([0.25, 0.75])).tolist()
        [[0.5], [3.0]]
    """
    legs = len(points) - 1
    leg = np.minimum((steps * legs).astype(np.int64), legs - 1)
    part = (steps * legs - leg)[:, None]
    return points[leg] + part * (points[leg + 1] - points[leg])


def _measure_path(problem: Problem, points: Array, count: int) -> Barrier:
    if count < 3:
        raise GeometryError(f"count must be 3 or more, got {count}. Both ends are among the points.")
    steps = np.linspace(0.0, 1.0, count)
    places = np.clip(place_steps(points, steps), problem.space.lower, problem.space.upper)
    places[0], places[-1] = points[0], points[-1]
    losses = evaluate_in_chunks(problem, places)
    losses[~np.isfinite(losses)] = np.nan
    failed = int(np.isnan(losses).sum())
    if np.isnan(losses[[0, -1]]).any():
        return Barrier(points, steps, losses, float("nan"), failed)
    above = losses - (losses[0] + steps * (losses[-1] - losses[0]))
    # The ends are on the line; what rounding makes of it is no barrier.
    height = max(0.0, float(np.where(np.isnan(above), 0.0, above)[1:-1].max()))
    return Barrier(points, steps, losses, height, failed)
