"""Eigenvalues of a symmetric matrix that is only multiplied with: its ends, its trace, and how all are spread."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from ..landscape import Array
from .hessian import GeometryError

Multiply = Callable[[Array], Array]
"""The product (D,) of a symmetric matrix with a vector (D,)."""
TOP = 5
"""How many of the largest eigenvalues are found."""
KRYLOV = 60
"""The dimension of the space in which the ends of a spectrum are looked for, before it is restarted."""
RESTARTS = 300
VECTORS = 10
"""How many random vectors the trace and the spectrum are estimated from."""
STEPS = 100
"""How many products each of them takes, at most."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval over random probes; both ends are the number where it is exact.

    Attributes:
        value: The mean over probes.
        low: The lower end.
        high: The upper end.

    Example:
        >>> Estimate(0.5, 0.4, 0.6).high
        0.6
    """

    value: float
    low: float
    high: float

    @classmethod
    def of_samples(cls, samples: Array, least: float = -math.inf, most: float = math.inf) -> Estimate:
        """Return mean and interval (Student's t) of samples (n,), cut at the least and most possible value.

        Example:
            >>> Estimate.of_samples(np.array([2.0, 2.0, 2.0]))
            Estimate(value=2.0, low=2.0, high=2.0)
        """
        from scipy.special import stdtrit

        mean, count = float(samples.mean()), len(samples)
        reach = float(stdtrit(count - 1, 0.975)) * float(samples.std(ddof=1)) / math.sqrt(count)
        return cls(mean, max(least, mean - reach), min(most, mean + reach))


@dataclass(frozen=True, slots=True)
class Extremes:
    """The ends of a spectrum.

    Attributes:
        largest: The largest eigenvalues, falling, shape (k,); k is 5, or D where that is less.
        directions: Their eigenvectors of length 1, shape (k, D).
        least: The least eigenvalue.
        escape: Its eigenvector of length 1, shape (D,). Its sign is arbitrary.
        residual: The greatest |H v - lambda v| of them all: no eigenvalue is farther than this from one of the matrix.

    Example:
        >>> Extremes(np.array([2.0]), np.array([[1.0, 0.0]]), -3.0, np.array([0.0, 1.0]), 0.0).scale
        3.0
    """

    largest: Array
    directions: Array
    least: float
    escape: Array
    residual: float

    @property
    def scale(self) -> float:
        """The greatest absolute value of an eigenvalue."""
        return max(abs(float(self.largest[0])), abs(self.least))


@dataclass(frozen=True, slots=True)
class Spectrum:
    """How the eigenvalues of a matrix are spread: values, and the part of all eigenvalues near each.

    Attributes:
        values: Values, shape (k,): all eigenvalues, or nodes of a quadrature.
        weights: The part of the eigenvalues that each stands for, shape (k,); together 1.

    Example:
        >>> spectrum = Spectrum(np.array([-1.0, 4.0]), np.array([0.25, 0.75]))
        >>> float(spectrum.values @ spectrum.weights)
        2.75
    """

    values: Array
    weights: Array

    def smooth(self, places: Array, width: float) -> Array:
        """Return the density at places (n,), each value widened to a normal distribution.

        Args:
            places: Where, in the units of eigenvalues, shape (n,).
            width: The standard deviation of the distributions.

        Returns:
            The density, shape (n,); its integral is 1.

        Example:
            >>> Spectrum(np.array([0.0]), np.array([1.0])).smooth(np.array([0.0, 50.0]), 2.0).round(4).tolist()
            [0.1995, 0.0]
        """
        apart = (places[:, None] - self.values) / width
        return np.exp(-0.5 * apart**2) @ self.weights / (width * math.sqrt(2 * math.pi))


def find_extremes(multiply: Multiply, dimension: int, rng: np.random.Generator, tolerance: float) -> Extremes:
    """Find the five largest eigenvalues and the least, by restarted Lanczos (ARPACK; Lehoucq et al. 1998).

    Args:
        multiply: The matrix.
        dimension: D, more than 60.
        rng: Random numbers for the vector that it starts with.
        tolerance: How far residuals may be from zero, relative to each eigenvalue.

    Returns:
        The ends. The eigenvalues are far more precise than the residuals: their errors are of second order in them.

    Raises:
        GeometryError: They are not found, as of a matrix whose products are too noisy.

    Example:
        >>> found = find_extremes(lambda x: x * np.arange(100), 100, np.random.default_rng(0), 1e-8)
        >>> found.largest.round(6).tolist(), found.directions.shape
        ([99.0, 98.0, 97.0, 96.0, 95.0], (5, 100))
    """
    # Both ends at once: alone, the least would take several times as many products, as it lies close to many others.
    values, vectors = _call_arpack(multiply, dimension, rng, 2 * TOP, "BE", tolerance)
    rows = [0, *range(len(values) - 1, len(values) - 1 - TOP, -1)]
    residual = measure_residual(multiply, values[rows], vectors.T[rows])
    return Extremes(values[rows[1:]], vectors.T[rows[1:]].copy(), float(values[0]), vectors[:, 0].copy(), residual)


def find_largest(multiply: Multiply, dimension: int, rng: np.random.Generator, tolerance: float) -> float:
    """Find the largest eigenvalue. The arguments are those of ``find_extremes``."""
    return float(_call_arpack(multiply, dimension, rng, 1, "LA", tolerance)[0][0])


def _call_arpack(
    multiply: Multiply, dimension: int, rng: np.random.Generator, count: int, which: str, tolerance: float
) -> tuple[Array, Array]:
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    operator = LinearOperator((dimension, dimension), matvec=lambda x: multiply(np.ravel(x)), dtype=np.float64)
    start = rng.standard_normal(dimension)
    try:
        values, vectors = eigsh(
            operator, count, which=which, v0=start, ncv=min(KRYLOV, dimension), tol=tolerance, maxiter=RESTARTS
        )
    except ArpackError as error:
        raise GeometryError(
            f"point must have eigenvalues that Lanczos' method finds in {RESTARTS} restarts, got one where it does not "
            f"({error}). Its Hessian may be zero, or too noisy; choose another point."
        ) from None
    order = np.argsort(values)
    return values[order], vectors[:, order]


def measure_residual(multiply: Multiply, values: Array, vectors: Array) -> float:
    """Return the greatest |H v - lambda v| of eigenvalues (k,) and eigenvectors (k, D)."""
    pairs = zip(values, vectors, strict=True)
    return max(float(np.linalg.norm(multiply(vector) - value * vector)) for value, vector in pairs)


def estimate_spectrum(multiply: Multiply, dimension: int, rng: np.random.Generator) -> tuple[Estimate, list[Spectrum]]:
    """Estimate trace and spectrum by ten random vectors, each followed for up to 100 steps of Lanczos' method.

    The trace is Hutchinson's (1990). The spectrum is by stochastic Lanczos quadrature (Ghorbani et al. 2019).

    Args:
        multiply: The matrix.
        dimension: D.
        rng: Random numbers.

    Returns:
        The trace, and a spectrum from each vector; their mean estimates the matrix's.

    Example:
        >>> trace, spectra = estimate_spectrum(lambda x: 2 * x, 50, np.random.default_rng(0))
        >>> round(trace.value, 6), len(spectra)
        (100.0, 10)
    """
    from scipy.linalg import eigh_tridiagonal

    traces, spectra = [], []
    for _ in range(VECTORS):
        start = rng.choice((-1.0, 1.0), dimension) / math.sqrt(dimension)
        diagonal, beside = run_lanczos(multiply, start, min(STEPS, dimension))
        values, vectors = eigh_tridiagonal(diagonal, beside)
        traces.append(dimension * diagonal[0])
        spectra.append(Spectrum(values, vectors[0] ** 2))
    return Estimate.of_samples(np.array(traces)), spectra


def run_lanczos(multiply: Multiply, start: Array, steps: int) -> tuple[Array, Array]:
    """Run Lanczos' method with full reorthogonalisation.

    Args:
        multiply: The matrix.
        start: A vector of length 1, shape (D,).
        steps: How many products, at most D.

    Returns:
        The diagonal (k,) and what is beside it (k - 1,) of the tridiagonal matrix; k is less than ``steps`` where the
        vectors span an invariant space before.

    Example:
        >>> diagonal, beside = run_lanczos(lambda x: x * [1.0, 3.0], np.full(2, 0.5**0.5), 2)
        >>> diagonal.round(6).tolist(), beside.round(6).tolist()
        ([2.0, 2.0], [1.0])
    """
    basis = np.empty((steps, len(start)))
    diagonal: list[float] = []
    beside: list[float] = []
    vector = start
    for step in range(steps):
        basis[step] = vector
        rest = multiply(vector)
        diagonal.append(float(vector @ rest))
        known = basis[: step + 1]
        # Twice is enough (Parlett 1980): what rounding leaves of a projection is projected once more.
        for _ in range(2):
            rest = rest - known.T @ (known @ rest)
        length = float(np.linalg.norm(rest))
        scale = max(map(abs, diagonal + beside))
        if step + 1 == steps or length <= 1e-12 * scale:
            break
        beside.append(length)
        vector = rest / length
    return np.array(diagonal), np.array(beside)


@dataclass(frozen=True, slots=True)
class EndBounds:
    """What a few steps of Lanczos' method tell of the ends of a spectrum.

    Attributes:
        largest: The largest eigenvalue is at least this.
        least: The least eigenvalue is at most this: where it is negative, there is a negative eigenvalue.
        drift: How far the last quarter of the steps moved them, relative to the greater absolute one: what more steps
            would change is about as small, or smaller.
    """

    largest: float
    least: float
    drift: float


def bound_ends(multiply: Multiply, dimension: int, rng: np.random.Generator, steps: int) -> EndBounds:
    """Bound the ends of a spectrum by a few products, as suffices to follow them over many points.

    Args:
        multiply: The matrix.
        dimension: D.
        rng: Random numbers for the vector that it starts with.
        steps: How many products, 4 or more; with D of them the ends are exact.

    Example:
        >>> found = bound_ends(lambda x: x * [3.0, -1.0, 0.5, 0.0], 4, np.random.default_rng(0), 4)
        >>> round(found.largest, 9), round(found.least, 9)
        (3.0, -1.0)
    """
    from scipy.linalg import eigvalsh_tridiagonal

    start = rng.standard_normal(dimension)
    diagonal, beside = run_lanczos(multiply, start / np.linalg.norm(start), min(steps, dimension))
    least, largest = (float(each) for each in eigvalsh_tridiagonal(diagonal, beside)[[0, -1]])
    drift, fewer = 0.0, 3 * len(diagonal) // 4
    if len(diagonal) == steps < dimension and fewer:
        before = eigvalsh_tridiagonal(diagonal[:fewer], beside[: fewer - 1])[[0, -1]]
        scale = max(abs(least), abs(largest)) or 1.0
        drift = max(abs(float(before[0]) - least), abs(float(before[1]) - largest)) / scale
    return EndBounds(largest, least, drift)


def join_spectra(spectra: Iterable[Spectrum]) -> Spectrum:
    """Return the mean of spectra."""
    parts = list(spectra)
    weights = np.concatenate([part.weights for part in parts]) / len(parts)
    return Spectrum(np.concatenate([part.values for part in parts]), weights)
