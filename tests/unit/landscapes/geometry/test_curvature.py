"""Curvature: known values, eigenvalues against exact Hessians, sharpness under rescaling, and the words for points."""

import numpy as np
import pytest

from searchparty.landscapes.geometry import curvature
from searchparty.landscapes.geometry.curvature import measure_curvature, measure_step, name_point
from searchparty.landscapes.geometry.filters import Filters
from searchparty.landscapes.geometry.hessian import GeometryError
from searchparty.landscapes.geometry.lanczos import Estimate, Extremes, Spectrum, estimate_spectrum, find_extremes
from searchparty.landscapes.landscape import Space


class Quadratic:
    """Half of x' A x over a box."""

    def __init__(self, matrix):
        self.matrix, count = np.asarray(matrix, dtype=float), len(matrix)
        self.space = Space(np.full(count, -5.0), np.full(count, 5.0), has_gradient=True)

    def evaluate(self, points):
        return 0.5 * np.einsum("ni,ij,nj->n", points, self.matrix, points)

    def gradient(self, points):
        return points @ self.matrix


class DeepLinear:
    """The mean square of y - b a x over y = x = 1: two layers of one unit each, with a saddle at zero."""

    def __init__(self):
        self.space = Space(np.full(2, -3.0), np.full(2, 3.0), has_gradient=True)

    def evaluate(self, points):
        return (1 - points[:, 0] * points[:, 1]) ** 2

    def gradient(self, points):
        return -2 * (1 - points[:, :1] * points[:, 1:]) * points[:, ::-1]


def turn(values, seed=0):
    basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))[0]
    return (basis * values) @ basis.T, basis


def test_of_a_quadratic_all_is_exact():
    values = np.array([-2.0, 0.0, 0.5, 1.0, 3.0, 7.0, 11.0])
    matrix, basis = turn(values)
    found = measure_curvature(Quadratic(matrix), np.zeros(7), seed=1)
    np.testing.assert_allclose(found.extremes.largest, values[::-1][:5], atol=1e-8)
    assert found.extremes.least == pytest.approx(-2, abs=1e-8)
    assert abs(found.extremes.escape @ basis[:, 0]) == pytest.approx(1)
    np.testing.assert_allclose(np.abs(np.sum(found.extremes.directions.T * basis[:, :1:-1], axis=0)), 1)
    assert found.extremes.residual < 1e-8
    assert found.trace.value == found.trace.low == found.trace.high == pytest.approx(20.5)
    assert found.negative == Estimate(*[pytest.approx(1 / 7)] * 3)
    np.testing.assert_allclose(found.spectrum.values, values, atol=1e-8)
    assert (found.is_exact, found.gradient, found.kind) == (True, 0.0, "saddle")


def test_in_many_dimensions_ends_are_exact_and_intervals_hold_the_rest(monkeypatch):
    monkeypatch.setattr(curvature, "DENSE", 100)
    rng = np.random.default_rng(2)
    values = np.sort(np.concatenate([-rng.uniform(0.1, 1, 60), 0.1 * rng.random(200), [20, 30, 40, 50, 60.0]]))
    matrix, _ = turn(values)
    found = measure_curvature(Quadratic(matrix), np.zeros(len(values)), seed=0)
    np.testing.assert_allclose(found.extremes.largest, [60, 50, 40, 30, 20], rtol=1e-8)
    assert found.extremes.least == pytest.approx(values[0], abs=1e-7)
    assert found.extremes.residual < 1e-5
    assert not found.is_exact
    assert found.trace.low < values.sum() < found.trace.high
    assert found.negative.low < 60 / 265 < found.negative.high
    assert found.spectrum.weights.sum() == pytest.approx(1)
    assert found.kind == "saddle"
    again = measure_curvature(Quadratic(matrix), np.zeros(len(values)), seed=0)
    np.testing.assert_array_equal(again.extremes.escape, found.extremes.escape)
    assert again.trace == found.trace


def test_the_interval_of_the_trace_holds_it_in_most_seeds():
    matrix, _ = turn(np.linspace(-1, 3, 80))
    held = 0
    for seed in range(60):
        trace, spectra = estimate_spectrum(lambda x: matrix @ x, 80, np.random.default_rng(seed))
        held += trace.low <= 80.0 <= trace.high
        assert len(spectra) == 10
    assert held >= 52


def test_a_deep_linear_networks_saddle_at_zero():
    found = measure_curvature(DeepLinear(), np.zeros(2), seed=0)
    # H = [[0, -2], [-2, 0]].
    np.testing.assert_allclose([found.extremes.largest[0], found.extremes.least], [2, -2], atol=1e-8)
    assert found.kind == "saddle"
    # The way out is where both layers grow with equal signs: their product comes near to 1.
    np.testing.assert_allclose(np.abs(found.extremes.escape), 0.5**0.5)
    assert found.extremes.escape[0] * found.extremes.escape[1] > 0
    assert DeepLinear().evaluate(0.1 * found.extremes.escape[None])[0] < 1
    assert measure_curvature(DeepLinear(), np.ones(2), seed=0).kind == "minimum"
    assert measure_curvature(DeepLinear(), np.array([1.0, 0.0]), seed=0).kind == "slope"


def test_words_depend_on_no_scale():
    def extremes(largest, least):
        return Extremes(np.array([largest]), np.ones((1, 1)), least, np.ones(1), 0.0)

    for scale in (1e-9, 1.0, 1e9):
        starts = (scale * 10.0, 2.0)
        assert name_point(scale * 0.2, extremes(scale, 0), starts) == "slope"
        assert name_point(0.0, extremes(scale * 0.04, -scale * 0.01), starts) == "flat"
        assert name_point(0.0, extremes(scale, -scale * 0.02), starts) == "saddle"
        assert name_point(0.0, extremes(scale, -scale * 0.005), starts) == "minimum"
    assert name_point(0.0, extremes(0.0, 0.0), (0.0, 0.0)) == "flat"


class Rosenbrock:
    space = Space(np.full(2, -5.0), np.full(2, 10.0), has_gradient=True)

    def evaluate(self, points):
        x, y = points.T
        return 100 * (y - x**2) ** 2 + (1 - x) ** 2

    def gradient(self, points):
        x, y = points.T
        return np.stack([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)], axis=1)


def test_the_floor_of_a_steep_valley_is_no_minimum():
    # Gradients at starts are so steep that those along the valley are below 1 % of them.
    assert measure_curvature(Rosenbrock(), np.array([0.5, 0.25]), seed=0).kind == "slope"
    assert measure_curvature(Rosenbrock(), np.array([3.0, 9.0]), seed=0).kind == "slope"
    assert measure_curvature(Rosenbrock(), np.ones(2), seed=0).kind == "minimum"


def test_newtons_step_by_hand():
    ends = Extremes(np.array([4.0]), np.array([[1.0, 0.0]]), -1e-12, np.array([0.0, 1.0]), 0.0)
    # The least eigenvalue is zero to the precision of products.
    assert measure_step(np.array([2.0, 1.0]), ends) == 0.5
    assert measure_step(np.zeros(2), Extremes(np.zeros(1), np.eye(2)[:1], 0.0, np.eye(2)[1], 0.0)) == 0.0


def test_a_loss_without_curvature_is_flat():
    found = measure_curvature(Quadratic(np.zeros((3, 3))), np.ones(3), seed=0)
    assert (found.kind, found.extremes.scale, found.negative.value) == ("flat", 0.0, 0.0)


def test_a_spectrum_has_the_integral_one():
    places = np.linspace(-10, 20, 3001)
    density = Spectrum(np.array([-1.0, 4.0]), np.array([0.25, 0.75])).smooth(places, 0.5)
    assert density.sum() * 0.01 == pytest.approx(1)
    assert places[density.argmax()] == pytest.approx(4)


def test_products_that_are_not_symmetric_are_refused():
    class Wrong(Quadratic):
        def multiply_hessian(self, point, direction):
            return self.matrix @ direction

    with pytest.raises(GeometryError, match="must have second derivatives that are a symmetric matrix, got products"):
        measure_curvature(Wrong(np.triu(np.ones((9, 9)))), np.zeros(9), seed=0)


def test_infinite_products_and_unsolvable_ones_are_refused():
    class Infinite(Quadratic):
        def multiply_hessian(self, point, direction):
            return np.full(len(point), np.inf)

    with pytest.raises(GeometryError, match="point must have finite second derivatives"):
        measure_curvature(Infinite(np.eye(3)), np.zeros(3), seed=0)
    with pytest.raises(GeometryError, match="point must have eigenvalues that Lanczos' method finds"):
        find_extremes(lambda x: np.zeros_like(x), 300, np.random.default_rng(0), 1e-8)


class ReluNetwork:
    """A loss of a network with 2 inputs, 3 units of ReLU and 2 outputs, in numpy, with its filters."""

    def __init__(self):
        rng = np.random.default_rng(5)
        self.space = Space(np.full(17, -9.0), np.full(17, 9.0), has_gradient=True)
        self.inputs, self.targets = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
        self.filters = Filters(
            np.array([0, 1, 2] * 3 + [3, 4] * 4), np.array([False] * 6 + [True] * 3 + [False] * 6 + [True] * 2)
        )

    def evaluate(self, points):
        return np.array([np.mean((self.targets - self._run(point)[0]) ** 2) for point in points])

    def gradient(self, points):
        return np.array([self._differentiate(point) for point in points])

    def _run(self, point):
        sums = self.inputs @ point[:6].reshape(2, 3) + point[6:9]
        return np.maximum(sums, 0) @ point[9:15].reshape(3, 2) + point[15:], sums

    def _differentiate(self, point):
        outputs, sums = self._run(point)
        slopes = 2 * (outputs - self.targets) / outputs.size
        back = (slopes @ point[9:15].reshape(3, 2).T) * (sums > 0)
        parts = [self.inputs.T @ back, back.sum(axis=0), np.maximum(sums, 0).T @ slopes, slopes.sum(axis=0)]
        return np.concatenate([part.reshape(-1) for part in parts])


def rescale(point, units, factor):
    found = point.copy()
    first, second = found[:6].reshape(2, 3), found[9:15].reshape(3, 2)
    first[:, units] *= factor
    found[6:9][units] *= factor
    second[units] /= factor
    return found


def test_sharpness_stays_as_it_is_where_units_of_relu_are_rescaled():
    problem, point = ReluNetwork(), np.random.default_rng(6).normal(size=17)
    whole, one = rescale(point, [0, 1, 2], 3.0), rescale(point, [1], 3.0)
    np.testing.assert_allclose(problem.evaluate(np.array([whole, one])), problem.evaluate(np.array([point] * 2)))
    before, layer, unit = (measure_curvature(problem, each, seed=0) for each in (point, whole, one))
    # The same function, and yet the plain eigenvalues change (Dinh et al. 2017).
    assert abs(layer.extremes.largest[0] / before.extremes.largest[0] - 1) > 0.5
    assert layer.filter_sharpness == pytest.approx(before.filter_sharpness, rel=1e-5)
    assert layer.weight_sharpness == pytest.approx(before.weight_sharpness, rel=1e-5)
    assert unit.weight_sharpness == pytest.approx(before.weight_sharpness, rel=1e-5)
    # A filter that one unit of several feeds has no norm that would follow it.
    assert abs(unit.filter_sharpness / before.filter_sharpness - 1) > 0.01


@pytest.mark.extras
class TestNetworks:
    @pytest.fixture(autouse=True)
    def _need_jax(self):
        pytest.importorskip("jax", reason="jax is not installed")

    @pytest.mark.parametrize("place", ["start", "trained"])
    @pytest.mark.parametrize("dense", [100, 1000])
    def test_eigenvalues_are_those_of_the_exact_hessian(self, place, dense, monkeypatch):
        import jax
        from scipy.optimize import minimize

        from searchparty.landscapes.network import NeuralNetwork
        from searchparty.landscapes.networks.backend import use_precision
        from searchparty.landscapes.networks.network_loss import NetworkLoss

        landscape = NeuralNetwork(data="digits", layers=(8,))
        problem, data = landscape.open(), landscape.load_data()
        point = problem.space.to_box(problem.space.init.draw(np.random.default_rng(0)))
        if place == "trained":
            point = minimize(
                lambda x: (problem.evaluate(x[None])[0], problem.gradient(x[None])[0]),
                point, jac=True, method="L-BFGS-B", options={"maxiter": 150},
            ).x  # fmt: skip
        with use_precision(np.float64):
            loss = NetworkLoss(landscape.plan_network(data), data, "cross-entropy", 0.0, np.float64)
            exact = np.linalg.eigvalsh(np.asarray(jax.jit(jax.hessian(loss.evaluate))(point)))
        assert len(exact) == 610
        monkeypatch.setattr(curvature, "DENSE", dense)
        found = measure_curvature(problem, point, seed=0)
        np.testing.assert_allclose(found.extremes.largest, exact[::-1][:5], atol=1e-9 * exact[-1])
        assert found.extremes.least == pytest.approx(exact[0], abs=1e-9 * exact[-1])
        assert found.trace.low - 1e-9 <= exact.sum() <= found.trace.high + 1e-9
        share = (exact < -1e-3 * exact[-1]).mean()
        assert found.negative.low - 0.01 < share < found.negative.high + 0.01
        assert found.kind == ("slope" if place == "start" else "minimum")

    @pytest.mark.parametrize("dense", [100, 1000])
    def test_in_float32_eigenvalues_have_a_few_digits(self, tmp_path, dense, monkeypatch):
        from searchparty.landscapes.jax_function import JaxFunction

        (tmp_path / "own.py").write_text(
            "import jax.numpy as jnp\n"
            "init = {'x': jnp.ones(300)}\n"
            "scales = jnp.concatenate([jnp.linspace(-1, 1, 295), jnp.arange(10.0, 15.0)])\n"
            "def loss(weights):\n    return 0.5 * jnp.sum(scales * weights['x'] ** 2)\n"
        )
        monkeypatch.setattr(curvature, "DENSE", dense)
        problem = JaxFunction(function=f"{tmp_path}/own.py:loss", init="init").open()
        found = measure_curvature(problem, np.zeros(300), seed=0)
        np.testing.assert_allclose(found.extremes.largest, [14, 13, 12, 11, 10], rtol=1e-5)
        assert found.extremes.least == pytest.approx(-1, abs=1e-4)
        assert found.kind == "saddle"
