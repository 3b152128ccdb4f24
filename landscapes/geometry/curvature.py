"""The curvature of a loss at a point: eigenvalues of its Hessian, and what they make of the point."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from ..landscape import Array, Problem
from .filters import find_filters
from .hessian import GeometryError, choose_hessian, differentiate_points
from .lanczos import (
    TOP,
    Estimate,
    Extremes,
    Multiply,
    Spectrum,
    estimate_spectrum,
    find_extremes,
    find_largest,
    join_spectra,
    measure_residual,
)

PointKind = Literal["minimum", "saddle", "flat", "slope"]
DENSE = 1500
"""Up to so many dimensions all eigenvalues are computed: that takes no more products than estimates would."""
RESOLVED = 1e-3
"""The part of the greatest absolute eigenvalue from which the sign of another counts. Those of networks crowd round
zero, where a quadrature cannot tell signs."""
TOLERANCE = 0.01
"""The part below which gradients and eigenvalues count as zero where a point is named."""
STARTS = 5
"""At how many points where searches start gradients are measured to compare with."""
MOST_NOISE = 0.1
"""How far from symmetry products may be, relative to their lengths."""
PRECISION = 1e-8
"""The least relative precision of residuals, however exact products are."""


@dataclass(frozen=True, slots=True)
class Curvature:
    """The curvature of a loss at a point, in the landscape's units.

    Attributes:
        extremes: The five largest eigenvalues and the least, with their directions; ``extremes.escape`` is the
            direction in which the loss falls fastest from a saddle, either way.
        trace: The sum of all eigenvalues, with its 95 % interval over random vectors.
        negative: The part of all eigenvalues that is less than -1/1000 of the greatest absolute one, with its 95 %
            interval over random vectors. Of those nearer to zero the sign cannot be told by an estimate.
        spectrum: How all eigenvalues are spread.
        is_exact: Whether trace, part and spectrum are of all eigenvalues, not estimated.
        gradient: The length of the gradient.
        filter_sharpness: The largest eigenvalue of N H N, where N has the norm of each weight's filter, and 0 for
            biases and gains: the greatest curvature along filter-normalised directions. It stays as it is if all units
            of a layer of ReLU are multiplied by c and what they feed by 1/c, but not if one of them is. NaN if not
            found.
        weight_sharpness: The same, where N has the absolute value of each weight (Kwon et al. 2021). It stays as it is
            also if any one unit is multiplied so.
        kind: What the point is, see ``name_point``.
        precision: The relative precision of the products, estimated by how far they are from symmetry.
    """

    extremes: Extremes
    trace: Estimate
    negative: Estimate
    spectrum: Spectrum
    is_exact: bool
    gradient: float
    filter_sharpness: float
    weight_sharpness: float
    kind: PointKind
    precision: float


def measure_curvature(problem: Problem, point: Array, seed: int) -> Curvature:
    """Measure the curvature of a loss at a point.

    It takes about 1,500 to 2,500 products with the Hessian; up to 1,500 dimensions, about D. Nothing is charged.

    Args:
        problem: A problem with gradients.
        point: The point, shape (D,), in the box and the landscape's units.
        seed: Which random vectors are used; equal seeds give equal numbers.

    Returns:
        The curvature.

    Raises:
        GeometryError: The problem has no gradients, or none at the point, or its second derivatives are no symmetric
            matrix.

    Example:
        >>> class Saddle:
        ...     space = Space(np.full(2, -1.0), np.full(2, 1.0), has_gradient=True)
        ...     def evaluate(self, points):
        ...         return points[:, 0] ** 2 - 2 * points[:, 1] ** 2
        ...     def gradient(self, points):
        ...         return points * [2.0, -4.0]
        >>> found = measure_curvature(Saddle(), np.zeros(2), seed=0)
        >>> found.kind, round(found.extremes.least, 6), np.abs(found.extremes.escape).round(6).tolist()
        ('saddle', -4.0, [0.0, 1.0])
    """
    hessian = PointHessian(problem, point, seed)
    slope = differentiate_points(problem, point[None])[0]
    if hessian.matrix is None:
        extremes = hessian.find_ends()
        trace, spectra = estimate_spectrum(hessian.multiply, len(point), hessian.rng)
    else:
        extremes, trace, spectra = _solve_densely(hessian.multiply, hessian.matrix)
    zero = max(RESOLVED, hessian.precision) * extremes.scale
    parts = np.array([each.weights[each.values < -zero].sum() for each in spectra])
    negative = Estimate.of_samples(parts, 0.0, 1.0) if len(parts) > 1 else Estimate(*[float(parts[0])] * 3)
    filters = find_filters(problem)
    scales = np.where(filters.offsets, 0.0, filters.measure_norms(point)), np.abs(point)
    sharpness = [hessian.measure_scaled(each) for each in scales]
    return Curvature(
        extremes=extremes,
        trace=trace,
        negative=negative,
        spectrum=join_spectra(spectra),
        is_exact=hessian.matrix is not None,
        gradient=float(np.linalg.norm(slope)),
        filter_sharpness=sharpness[0],
        weight_sharpness=sharpness[1],
        kind=_find_kind(problem, point, slope, extremes, hessian.rng),
        precision=hessian.precision,
    )


@dataclass(frozen=True, slots=True)
class Sharpness:
    """The part of ``Curvature`` that takes few products with the Hessian; the attributes are those."""

    extremes: Extremes
    gradient: float
    filter_sharpness: float
    kind: PointKind


def measure_sharpness(problem: Problem, point: Array, seed: int) -> Sharpness:
    """Measure the ends of the spectrum at a point, its gradient and its filter sharpness, and name the point.

    It takes 150 to 700 products with the Hessian; up to 1,500 dimensions, D. Nothing is charged.

    Args:
        problem: A problem with gradients.
        point: The point, shape (D,), in the box and the landscape's units.
        seed: Which random vectors are started with.

    Raises:
        GeometryError: As ``measure_curvature`` does.

    Example:
        >>> class Bowl:
        ...     space = Space(np.full(2, -1.0), np.full(2, 1.0), has_gradient=True)
        ...     def evaluate(self, points):
        ...         return (points**2).sum(axis=1)
        ...     def gradient(self, points):
        ...         return 2 * points
        >>> measure_sharpness(Bowl(), np.zeros(2), seed=0).kind
        'minimum'
    """
    hessian = PointHessian(problem, point, seed)
    slope = differentiate_points(problem, point[None])[0]
    extremes = hessian.find_ends()
    filters = find_filters(problem)
    scales = np.where(filters.offsets, 0.0, filters.measure_norms(point))
    sharpness = hessian.measure_scaled(scales)
    kind = _find_kind(problem, point, slope, extremes, hessian.rng)
    return Sharpness(extremes, float(np.linalg.norm(slope)), sharpness, kind)


def find_steepest(problem: Problem, point: Array, seed: int) -> Extremes:
    """Find the five largest eigenvalues of the Hessian at a point and the least, in 100 to 500 products with it.

    Args:
        problem: A problem with gradients.
        point: The point, shape (D,), in the box and the landscape's units.
        seed: Which random vector is started with.

    Raises:
        GeometryError: As ``measure_curvature`` does.
    """
    return PointHessian(problem, point, seed).find_ends()


class PointHessian:
    """The Hessian at a point: its products, how precise they are, and the matrix where it is small.

    Args:
        problem: A problem with gradients.
        point: The point, shape (D,).
        seed: Which random vectors are used.

    Attributes:
        rng: Random numbers.
        precision: The relative precision of products.
        matrix: The whole matrix, shape (D, D); None above ``DENSE`` dimensions.
    """

    def __init__(self, problem: Problem, point: Array, seed: int) -> None:
        self.rng = np.random.Generator(np.random.Philox(seed))
        self._hessian, self._point = choose_hessian(problem), point
        self.precision = measure_asymmetry(self.multiply, len(point), self.rng)
        self.matrix = _make_matrix(self.multiply, len(point)) if len(point) <= DENSE else None

    def multiply(self, direction: Array) -> Array:
        """Return the product (D,) with a direction (D,)."""
        return self._hessian.multiply_hessian(self._point, direction)

    def find_ends(self) -> Extremes:
        """Return the ends of its spectrum."""
        if self.matrix is not None:
            return _solve_densely(self.multiply, self.matrix)[0]
        return find_extremes(self.multiply, len(self._point), self.rng, self.precision)

    def measure_scaled(self, scales: Array) -> float:
        """Return the largest eigenvalue of N H N, where N has these scales (D,) on its diagonal; NaN if not found."""
        return _measure_sharpness(self.multiply, self.matrix, scales, self.rng, self.precision)


def measure_asymmetry(multiply: Multiply, dimension: int, rng: np.random.Generator) -> float:
    """Measure how far products are from those of a symmetric matrix; of exact ones only rounding is left.

    Args:
        multiply: The matrix.
        dimension: D.
        rng: Random numbers.

    Returns:
        The relative error of products that would explain it, at least 1e-8.

    Raises:
        GeometryError: It is greater than 0.1.
    """
    vectors = rng.standard_normal((3, dimension))
    products = np.array([multiply(each) for each in vectors])
    if not np.isfinite(products).all():
        raise GeometryError("point must have finite second derivatives, got infinite ones. Choose another.")
    lengths = np.linalg.norm(products, axis=1)
    # An error that has any direction shows by 1 / sqrt(D) of its length along a random vector of length sqrt(D).
    found = max(
        abs(float(vectors[i] @ products[j] - vectors[j] @ products[i]))
        / max(float(lengths[i]), float(lengths[j]), 1e-300)
        for i, j in combinations(range(3), 2)
    )
    if found > MOST_NOISE:
        raise GeometryError(
            "landscape must have second derivatives that are a symmetric matrix, got products that differ by "
            f"{found:.2g} of their length. Its loss may have kinks within the step of differences, or an operation "
            "whose second derivative is wrong, as PyTorch's weight_norm has."
        )
    return max(PRECISION, found)


def _make_matrix(multiply: Multiply, dimension: int) -> Array:
    found = np.array([multiply(each) for each in np.eye(dimension)])
    return (found + found.T) / 2


def _solve_densely(multiply: Multiply, matrix: Array) -> tuple[Extremes, Estimate, list[Spectrum]]:
    values, vectors = np.linalg.eigh(matrix)
    count = min(TOP, len(values))
    largest, directions = values[::-1][:count].copy(), vectors.T[::-1][:count].copy()
    residual = measure_residual(multiply, np.array([*largest, values[0]]), np.array([*directions, vectors[:, 0]]))
    extremes = Extremes(largest, directions, float(values[0]), vectors[:, 0].copy(), residual)
    trace = float(np.trace(matrix))
    spectrum = Spectrum(values, np.full(len(values), 1 / len(values)))
    return extremes, Estimate(trace, trace, trace), [spectrum]


def _measure_sharpness(
    multiply: Multiply, matrix: Array | None, scales: Array, rng: np.random.Generator, tolerance: float
) -> float:
    if matrix is not None:
        return float(np.linalg.eigvalsh(scales[:, None] * matrix * scales)[-1])
    if not scales.any():
        return 0.0
    try:
        return find_largest(lambda x: scales * multiply(scales * x), len(scales), rng, tolerance)
    except GeometryError:
        return float("nan")


def _find_kind(problem: Problem, point: Array, slope: Array, extremes: Extremes, rng: np.random.Generator) -> PointKind:
    # Networks have directions with next to no curvature, along which no search ever ends.
    step = measure_step(slope, extremes) if problem.space.init is None else 0.0
    return name_point(float(np.linalg.norm(slope)), extremes, measure_starts(problem, point, rng), step)


def measure_step(slope: Array, extremes: Extremes) -> float:
    """Measure how far Newton's step leads along the known ends of a spectrum: how far away the minimum seems to be.

    Eigenvalues that are zero to the precision of products do not count.

    Args:
        slope: The gradient, shape (D,).
        extremes: The ends of the spectrum.

    Returns:
        The length of the step, in the landscape's units.

    Example:
        >>> ends = Extremes(np.array([2.0]), np.array([[1.0, 0.0]]), 0.5, np.array([0.0, 1.0]), 0.0)
        >>> measure_step(np.array([2.0, 1.0]), ends)
        2.0
    """
    values = np.array([*extremes.largest, extremes.least])
    along = np.abs(np.array([*extremes.directions, extremes.escape]) @ slope)
    known = np.abs(values) > PRECISION * extremes.scale
    return float((along[known] / np.abs(values[known])).max(initial=0.0))


def measure_starts(problem: Problem, point: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Measure five points where searches start, to compare a point with.

    Args:
        problem: A problem with gradients.
        point: The point, shape (D,), in the landscape's units.
        rng: Random numbers.

    Returns:
        The medians of the lengths of their gradients, and of their distances from the point, in the landscape's units;
        points without a gradient do not count, and both are 0 if none has one.
    """
    space = problem.space
    cube = [rng.random(space.dimension) if space.init is None else space.init.draw(rng) for _ in range(STARTS)]
    lengths, distances = [], []
    for start in space.to_box(np.array(cube)):
        try:
            lengths.append(float(np.linalg.norm(differentiate_points(problem, start[None])[0])))
        except GeometryError:
            continue
        distances.append(float(np.linalg.norm(start - point)))
    return (float(np.median(lengths)), float(np.median(distances))) if lengths else (0.0, 0.0)


def name_point(
    gradient: float, extremes: Extremes, starts: tuple[float, float], step: float = 0.0, tolerance: float = TOLERANCE
) -> PointKind:
    """Name what a point is, relative to the points where searches start.

    - slope: its gradient is longer than 1 % of theirs (the median), or Newton's step from it than 1 % of the distance.
    - flat: all its eigenvalues are below 1 % of their gradient divided by their distance, which is the mean curvature
      on the way from them.
    - saddle: its least eigenvalue is negative, by more than 1 % of the greatest absolute one.
    - minimum: none of these.

    The first that holds is taken. None of them depends on the scale of the loss or of all axes.

    Args:
        gradient: The length of the gradient.
        extremes: The ends of the Hessian's spectrum.
        starts: Length of gradient and distance of starts, as ``measure_starts`` returns them.
        step: The length of Newton's step, as ``measure_step`` returns it; 0 if it does not count.
        tolerance: The part below which something counts as zero.

    Returns:
        The word.

    Example:
        >>> ends = Extremes(np.array([2.0]), np.array([[1.0, 0.0]]), -1.0, np.array([0.0, 1.0]), 0.0)
        >>> name_point(0.0, ends, (1.0, 1.0)), name_point(0.5, ends, (1.0, 1.0)), name_point(0.0, ends, (999.0, 1.0))
        ('saddle', 'slope', 'flat')
    """
    usual, distance = starts
    if gradient > tolerance * usual or step > tolerance * distance > 0:
        return "slope"
    if extremes.scale * distance <= tolerance * usual:
        return "flat"
    return "saddle" if extremes.least < -tolerance * extremes.scale else "minimum"
