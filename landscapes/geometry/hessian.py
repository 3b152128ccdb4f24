"""Products of the Hessian with directions: by the problem itself, or by differences of its gradients."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from ..landscape import Array, GradientError, Problem, Refusal


class GeometryError(Refusal):
    """Raised where the geometry of a loss cannot be measured as asked; the message says what to change.

    Example:
        >>> raise GeometryError("points must differ, got one twice. Choose another.")
        Traceback (most recent call last):
        ...
        searchparty.landscapes.geometry.hessian.GeometryError: points must differ, got one twice. Choose another.
    """


@runtime_checkable
class CurvedProblem(Protocol):
    """Protocol of a problem that multiplies its Hessian with a direction.

    Example:
        >>> class Valley:
        ...     space = Space(np.full(2, -1.0), np.full(2, 1.0), has_gradient=True)
        ...     def evaluate(self, points):
        ...         return points[:, 0] ** 2 + 5 * points[:, 1] ** 2
        ...     def gradient(self, points):
        ...         return points * [2.0, 10.0]
        ...     def multiply_hessian(self, point, direction):
        ...         return direction * [2.0, 10.0]
        >>> Valley().multiply_hessian(np.zeros(2), np.array([1.0, 1.0])).tolist()
        [2.0, 10.0]
    """

    def multiply_hessian(self, point: Array, direction: Array) -> Array:
        """Multiply the matrix of second derivatives at a point with a direction.

        Args:
            point: The point, shape (D,), float64, in the box and the landscape's units.
            direction: The direction, shape (D,), float64, in the landscape's units.

        Returns:
            The product, shape (D,), float64: the change of the gradient per unit along the direction.
        """
        ...


class DifferencedHessian:
    """The Hessian of any problem with gradients, by central differences of them.

    Both points lie ``step`` from the point along the direction, measured with each axis in units of its bounds'
    distance. The step is the cube root of the gradients' precision, which balances rounding and the third order; for a
    quadratic there is only rounding. Gradients that are all representable in float32 are taken for such. Points nearer
    to a bound than the step are moved inside by it, so that nothing is evaluated outside the box.

    Args:
        problem: The problem; its space has gradients.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._sides = problem.space.upper - problem.space.lower
        self._is_single: bool | None = None

    def multiply_hessian(self, point: Array, direction: Array) -> Array:
        """Return the product (D,) of the Hessian at a point (D,) with a direction (D,).

        Raises:
            GeometryError: A gradient beside the point cannot be computed, or is not finite.
        """
        length = float(np.linalg.norm(direction / self._sides))
        if length == 0.0:
            return np.zeros(len(point))
        if self._is_single is None:
            _, gradients = self._differentiate_ends(point, direction / length, np.float64)
            # At the point itself gradients may be zero, which any precision has.
            self._is_single = _fits_single(gradients) and bool(gradients.any())
        precision = np.float32 if self._is_single else np.float64
        apart, gradients = self._differentiate_ends(point, direction / length, precision)
        return (gradients[0] - gradients[1]) * (length / apart)

    def _differentiate_ends(self, point: Array, direction: Array, precision: type) -> tuple[float, Array]:
        """Return how far two ends are apart, and the gradients (2, D) at them."""
        step = float(np.cbrt(np.finfo(precision).eps))
        space, margin = self._problem.space, step * self._sides
        center = np.clip(point, space.lower + margin, space.upper - margin)
        ends = np.array([center + step * direction, center - step * direction])
        # What was added exactly is what is left of the step after rounding.
        apart = float(np.linalg.norm((ends[0] - ends[1]) / self._sides))
        return apart, differentiate_points(self._problem, ends)


def _fits_single(numbers: Array) -> bool:
    """Return whether all numbers are representable in float32."""
    with np.errstate(over="ignore"):
        return bool((numbers.astype(np.float32) == numbers).all())


def differentiate_points(problem: Problem, points: Array) -> Array:
    """Return the gradients of a problem at points, all of them finite.

    Args:
        problem: A problem with gradients.
        points: Points in the box, shape (n, D), in the landscape's units.

    Returns:
        The gradients, shape (n, D), per unit of the landscape.

    Raises:
        GeometryError: The problem has no gradients, or none at one of the points.
    """
    refuse_without_gradients(problem)
    try:
        found = problem.gradient(points)
    except GradientError as error:
        raise GeometryError(f"point must have a gradient, got one where it failed: {error}. Choose another.") from None
    if not np.isfinite(found).all():
        raise GeometryError(
            "point must have a finite gradient, got one where it is infinite or no number. Choose another."
        )
    return found


def refuse_without_gradients(problem: Problem) -> None:
    """Raise GeometryError unless a problem has gradients."""
    if not problem.space.has_gradient:
        raise GeometryError(
            "landscape must have gradients for curvature and curved paths, got one without. Give its gradient (for "
            "kind: python, the setting gradient), or choose a plane or a path that needs none."
        )


def choose_hessian(problem: Problem) -> CurvedProblem:
    """Return what multiplies the Hessian of a problem: the problem itself, or else differences of its gradients.

    Args:
        problem: Any opened landscape.

    Raises:
        GeometryError: It has no gradients.

    Example:
        >>> class Bowl:
        ...     space = Space(np.full(2, -1.0), np.full(2, 1.0), has_gradient=True)
        ...     def evaluate(self, points):
        ...         return (points**2).sum(axis=1)
        ...     def gradient(self, points):
        ...         return 2 * points
        >>> choose_hessian(Bowl()).multiply_hessian(np.zeros(2), np.array([1.0, 0.5])).round(6).tolist()
        [2.0, 1.0]
    """
    if isinstance(problem, CurvedProblem):
        return problem
    refuse_without_gradients(problem)
    return DifferencedHessian(problem)
