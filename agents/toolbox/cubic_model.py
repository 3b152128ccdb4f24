"""A smooth function through scattered points: a sum of cubes of distances, and a plane."""

from __future__ import annotations

import numpy as np

from ...landscapes.landscape import Array

MOST_ITERATIONS = 50


class CubicModel:
    """The function ``plane(z) + sum of weights * |z - place|**3`` that passes through all places it is fitted to.

    It needs no length or other setting: scaled places give the same function. It is the smoothest function through the
    places in the sense of a spline.

    Source: Powell 1992, "The theory of radial basis function approximation in 1990"; Wild, Regis & Shoemaker 2008.

    Args:
        places: The places, shape (n, D).
        weights: The weight of each, shape (n,).
        plane: The plane's constant and its slopes, shape (1 + D,).

    Example:
        >>> places = np.array([[0.0], [1.0], [2.0], [3.0]])
        >>> model = CubicModel.fit(places, (places[:, 0] - 1.4) ** 2)
        >>> abs(float(model.find_lowest(np.array([0.0]), np.array([3.0]))[0]) - 1.4) < 0.1
        True
    """

    def __init__(self, places: Array, weights: Array, plane: Array) -> None:
        self.places, self.weights, self.plane = places, weights, plane

    @classmethod
    def fit(cls, places: Array, losses: Array) -> CubicModel | None:
        """Fit the model to places (n, D) and losses (n,); None if the equations have no finite solution."""
        n, dimension = places.shape
        flat = np.hstack([np.ones((n, 1)), places])
        system = np.zeros((n + 1 + dimension,) * 2)
        system[:n, :n] = measure_distances(places) ** 3
        system[:n, n:], system[n:, :n] = flat, flat.T
        try:
            found = np.linalg.solve(system, np.append(losses, np.zeros(1 + dimension)))
        except np.linalg.LinAlgError:
            return None
        return cls(places, found[:n], found[n:]) if np.isfinite(found).all() else None

    def evaluate(self, place: Array) -> tuple[float, Array]:
        """Return the model's value at a place (D,), and its gradient (D,)."""
        gaps = place - self.places
        distances = np.sqrt(np.einsum("nd,nd->n", gaps, gaps))
        pull = self.weights * distances
        value = float(self.plane[0] + self.plane[1:] @ place + pull @ distances**2)
        return value, self.plane[1:] + 3.0 * (pull @ gaps)

    def find_lowest(self, low: Array, high: Array) -> Array:
        """Return the lowest place (D,) within a box around the origin that is found on the way down from there."""
        # Imported here, because the import is slow and few runs need it.
        from scipy.optimize import minimize

        found = minimize(
            self.evaluate,
            np.zeros(len(low)),
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(low.tolist(), high.tolist(), strict=True)),
            options={"maxiter": MOST_ITERATIONS},
        )
        lowest: Array = found.x
        return lowest


def measure_distances(places: Array) -> Array:
    """Return the distances between all places (n, D), shape (n, n).

    Example:
        >>> measure_distances(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist()
        [[0.0, 5.0], [5.0, 0.0]]
    """
    gaps = places[:, None] - places
    distances: Array = np.sqrt(np.einsum("nmd,nmd->nm", gaps, gaps))
    return distances
