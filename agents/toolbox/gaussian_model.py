"""A Gaussian process: a distribution over functions, fitted to points and their losses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array

JITTER = 1e-8
"""Added to the noise, in variances of the function, so that matrices can be factorised."""
LENGTH, LENGTH_SPREAD = 0.8, 1.0
"""The prior of a length: its median, for one axis, and the standard deviation of its logarithm."""
NOISE, NOISE_SPREAD = 1e-4, 2.0
"""The prior of the noise: its median, in variances of the function, and the standard deviation of its logarithm."""
REACH = 6.0
"""How far the logarithms of lengths and noise may lie from those of the prior."""
ITERATIONS = 30
LEAST_VARIANCE = 1e-12
SAME = 0.2
"""Points that are nearer than this, in lengths of the model, have most of their noise in common."""
ROOT5 = 5.0**0.5


class GaussianModel:
    """A Gaussian process with a Matern 5/2 kernel, which has a length for each group of features, and noise.

    Lengths and noise are those of greatest posterior density under log-normal priors; the variance of the function is
    the one of maximum likelihood, and its mean is that of the losses. A short length says that the group matters.

    Source: Rasmussen & Williams 2006, "Gaussian processes for machine learning", ch. 2 and 5.

    Args:
        groups: The group of each feature, from 0, shape (F,).

    Example:
        >>> x = np.linspace(0.0, 1.0, 9)[:, None]
        >>> model = GaussianModel(np.array([0]))
        >>> model.fit(x, np.sin(6.0 * x[:, 0]))
        >>> mean, deviation = model.predict(np.array([[0.3]]))
        >>> abs(float(mean[0]) - np.sin(1.8)) < 0.01
        True
    """

    def __init__(self, groups: NDArray[np.int64]) -> None:
        self._groups = groups
        n = int(groups.max()) + 1
        # The distance of two random points grows with the square root of the number of axes.
        self._prior = np.append(np.full(n, np.log(LENGTH * n**0.5)), np.log(NOISE))
        self._spread = np.append(np.full(n, LENGTH_SPREAD), NOISE_SPREAD)
        self._settings = self._prior.copy()

    @property
    def lengths(self) -> Array:
        """The length of each group, shape (G,), in units of its features."""
        return np.exp(self._settings[:-1])

    @property
    def noise(self) -> float:
        """The variance of the noise, in variances of the function."""
        return float(np.exp(self._settings[-1]))

    def fit(self, features: Array, losses: Array, moves: bool = True) -> None:
        """Fit the model to points.

        Args:
            features: The features of the points, shape (n, F).
            losses: Their losses, shape (n,), all finite.
            moves: Whether lengths and noise are fitted too; otherwise they stay as they are.
        """
        # Imported here, because the import is slow and few runs need it.
        from scipy.optimize import minimize

        self._features, self._mean = features, float(losses.mean())
        self._scale = float(losses.std()) or 1.0
        self._values = (losses - self._mean) / self._scale
        gaps = self._square_gaps(features)
        if moves and len(losses) > 2:
            found = minimize(
                self.compute_density,
                self._settings,
                (gaps,),
                jac=True,
                method="L-BFGS-B",
                bounds=[(middle - REACH, middle + REACH) for middle in self._prior],
                options={"maxiter": ITERATIONS},
            )
            self._settings = found.x if np.isfinite(found.fun) else self._prior.copy()
        self._factor = self._factorise(self._settings, self._kernel(self._settings, gaps)[0])
        self._weights = self._solve(self._factor, self._values)
        self._variance = max(float(self._values @ self._weights) / len(losses), LEAST_VARIANCE)

    def predict(self, features: Array) -> tuple[Array, Array]:
        """Return the means and standard deviations, both shape (n,), of the losses of points with features (n, F).

        A loss is the function with noise, which is what each point has for itself. Points that are nearly the same
        have it in common, so that near a known point there is none.
        """
        from scipy.linalg import solve_triangular
        from scipy.spatial.distance import cdist

        lengths = self.lengths[self._groups]
        away = ROOT5 * cdist(features / lengths, self._features / lengths)
        cross = _correlate(away)
        known = solve_triangular(self._factor, cross.T, lower=True)
        left = np.maximum(1.0 - np.einsum("ij,ij->j", known, known), LEAST_VARIANCE)
        left += self.noise * (1.0 - _correlate(away.min(axis=1) / SAME) ** 2)
        return self._mean + self._scale * (cross @ self._weights), self._scale * np.sqrt(self._variance * left)

    def compute_density(self, settings: Array, gaps: Array) -> tuple[float, Array]:
        """Return the negative logarithm of the posterior density of lengths and noise, and its gradient.

        Args:
            settings: The logarithms of the lengths and of the noise, shape (G + 1,).
            gaps: The squared distances of the points in each group, shape (G, n, n).
        """
        n = len(self._values)
        kernel, slope = self._kernel(settings, gaps)
        try:
            factor = self._factorise(settings, kernel)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros(len(settings))
        weights, inverse = self._solve(factor, self._values), self._solve(factor, np.eye(n))
        fit = max(float(self._values @ weights), LEAST_VARIANCE)
        away = (settings - self._prior) / self._spread
        value = 0.5 * n * np.log(fit) + float(np.log(factor.diagonal()).sum()) + 0.5 * float(away @ away)
        pull = 0.5 * (inverse - n / fit * np.outer(weights, weights))
        by_length = np.einsum("gnm,nm->g", gaps, pull * slope) * -np.exp(-2.0 * settings[:-1])
        by_noise = float(np.trace(pull)) * np.exp(settings[-1])
        return value, np.append(by_length, by_noise) + away / self._spread

    def _square_gaps(self, features: Array) -> Array:
        """Return the squared distances of points (n, F) in each group, shape (G, n, n)."""
        gaps = np.zeros((len(self._prior) - 1, len(features), len(features)))
        for feature, group in enumerate(self._groups.tolist()):
            gaps[group] += np.subtract.outer(features[:, feature], features[:, feature]) ** 2
        return gaps

    def _kernel(self, settings: Array, gaps: Array) -> tuple[Array, Array]:
        """Return the kernel, and its derivative by half the squared distance in lengths, both shape (n, n)."""
        away = ROOT5 * np.sqrt(np.einsum("g,gnm->nm", np.exp(-2.0 * settings[:-1]), gaps))
        return _correlate(away), -5.0 / 3.0 * (1.0 + away) * np.exp(-away)

    def _factorise(self, settings: Array, kernel: Array) -> Array:
        """Return the Cholesky factor of the kernel with noise."""
        return np.linalg.cholesky(kernel + (np.exp(settings[-1]) + JITTER) * np.eye(len(kernel)))

    def _solve(self, factor: Array, values: Array) -> Array:
        from scipy.linalg import cho_solve

        found: Array = cho_solve((factor, True), values)
        return found


def _correlate(away: Array) -> Array:
    """Return the Matern 5/2 correlation over distances, which are in lengths, times the root of 5."""
    found: Array = (1.0 + away + away**2 / 3.0) * np.exp(-away)
    return found
