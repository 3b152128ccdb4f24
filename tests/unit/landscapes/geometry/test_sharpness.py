"""The ends of spectra by few products, against exact ones."""

import numpy as np
import pytest

from searchparty.landscapes.geometry.curvature import measure_curvature, measure_sharpness
from searchparty.landscapes.geometry.lanczos import bound_ends
from searchparty.landscapes.landscape import Space


class Quadratic:
    def __init__(self, eigenvalues):
        self.eigenvalues = np.asarray(eigenvalues, dtype=float)
        count = len(self.eigenvalues)
        self.space = Space(np.full(count, -1.0), np.full(count, 1.0), has_gradient=True)

    def evaluate(self, points):
        return (points**2 * self.eigenvalues).sum(axis=1) / 2

    def gradient(self, points):
        return points * self.eigenvalues

    def multiply_hessian(self, point, direction):
        return direction * self.eigenvalues


@pytest.mark.parametrize("dimension", [6, 1600])
def test_sharpness_is_that_of_the_whole_measurement(dimension):
    rng = np.random.default_rng(0)
    problem = Quadratic(np.concatenate([[9.0, 5.0, -1.0], 0.1 * rng.random(dimension - 3)]))
    point = np.full(dimension, 1e-9)
    found, whole = measure_sharpness(problem, point, 0), measure_curvature(problem, point, 0)
    assert found.kind == whole.kind == "saddle"
    np.testing.assert_allclose(found.extremes.largest[:2], [9.0, 5.0], rtol=1e-6)
    assert found.extremes.least == pytest.approx(-1.0)
    assert found.gradient == whole.gradient
    assert found.filter_sharpness == pytest.approx(whole.filter_sharpness, rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_bounds_are_bounds_and_near(seed):
    rng = np.random.default_rng(seed)
    values = np.concatenate([[20.0, 7.0, -3.0], rng.standard_normal(500) * 0.1])
    found = bound_ends(lambda x: values * x, len(values), rng, 40)
    assert 20.0 - 1e-6 <= found.largest <= 20.0 + 1e-9
    assert -3.0 - 1e-9 <= found.least <= -3.0 + 1e-6
    assert found.drift < 1e-6
    few = bound_ends(lambda x: values * x, len(values), rng, 4)
    assert few.largest <= 20.0 + 1e-9
    assert few.least >= -3.0 - 1e-9


def test_all_products_are_exact():
    values = np.array([1.0, 2.0, -5.0])
    found = bound_ends(lambda x: values * x, 3, np.random.default_rng(0), 40)
    assert (found.largest, found.least, found.drift) == (pytest.approx(2.0), pytest.approx(-5.0), 0.0)
    zero = bound_ends(lambda x: 0.0 * x, 30, np.random.default_rng(0), 10)
    assert (zero.largest, zero.least) == (0.0, 0.0)
