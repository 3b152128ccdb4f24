"""Products with the Hessian: known values, differences of gradients, precision, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from searchparty.landscapes.geometry.hessian import (
    CurvedProblem,
    DifferencedHessian,
    GeometryError,
    choose_hessian,
    differentiate_points,
)
from searchparty.landscapes.landscape import GradientError, Space

OWN = str(Path(__file__).parent.parent / "networks" / "own_models.py")
RNG = np.random.default_rng(4)


class Quadratic:
    """Half of x' A x - b' x over a box."""

    def __init__(self, matrix, vector=None, side=5.0):
        self.matrix, count = np.asarray(matrix, dtype=float), len(matrix)
        self.vector = np.zeros(count) if vector is None else vector
        self.space = Space(np.full(count, -side), np.full(count, side), has_gradient=True)

    def evaluate(self, points):
        return 0.5 * np.einsum("ni,ij,nj->n", points, self.matrix, points) - points @ self.vector

    def gradient(self, points):
        assert (points >= self.space.lower).all()
        assert (points <= self.space.upper).all()
        return points @ self.matrix - self.vector


def draw_symmetric(count):
    half = RNG.normal(size=(count, count))
    return half + half.T


@pytest.mark.parametrize("place", ["inside", "corner"])
@pytest.mark.parametrize("length", [1e-6, 1.0, 1e6])
def test_differences_are_exact_for_a_quadratic_and_stay_in_the_box(place, length):
    problem = Quadratic(draw_symmetric(6), RNG.normal(size=6))
    point = problem.space.upper.copy() if place == "corner" else RNG.normal(size=6)
    direction = length * RNG.normal(size=6)
    found = choose_hessian(problem).multiply_hessian(point, direction)
    np.testing.assert_allclose(found, problem.matrix @ direction, rtol=1e-8, atol=1e-9 * length)


def test_the_step_fits_the_precision_of_gradients():
    class Single(Quadratic):
        def gradient(self, points):
            return (points.astype(np.float32) @ self.matrix.astype(np.float32)).astype(np.float64)

    problem = Single(draw_symmetric(6))
    direction = RNG.normal(size=6)
    found = choose_hessian(problem).multiply_hessian(RNG.normal(size=6), direction)
    np.testing.assert_allclose(found, problem.matrix @ direction, atol=3e-4 * np.abs(problem.matrix).max())


def test_the_third_order_is_small():
    class Quartic(Quadratic):
        def gradient(self, points):
            return points**3 / 3

    point, direction = RNG.normal(size=4), RNG.normal(size=4)
    found = choose_hessian(Quartic(np.eye(4))).multiply_hessian(point, direction)
    np.testing.assert_allclose(found, point**2 * direction, atol=1e-7)


def test_the_precision_is_told_where_gradients_are_zero():
    class Quartic(Quadratic):
        def gradient(self, points):
            return points**3 - 4 * points

    point = np.full(4, 2.0)
    assert not Quartic(np.eye(4)).gradient(point[None]).any()
    found = choose_hessian(Quartic(np.eye(4))).multiply_hessian(point, np.ones(4))
    np.testing.assert_allclose(found, 8.0, rtol=1e-8)


def test_no_direction_has_no_product():
    np.testing.assert_array_equal(choose_hessian(Quadratic(np.eye(3))).multiply_hessian(np.ones(3), np.zeros(3)), 0)


def test_a_problem_that_knows_its_hessian_is_asked():
    class Known(Quadratic):
        def multiply_hessian(self, point, direction):
            return self.matrix @ direction

    problem = Known(np.eye(2))
    assert isinstance(problem, CurvedProblem)
    assert choose_hessian(problem) is problem


def test_a_landscape_without_gradients_is_refused():
    problem = Quadratic(np.eye(2))
    problem.space = Space(np.zeros(2), np.ones(2))
    for refused in (lambda: choose_hessian(problem), lambda: differentiate_points(problem, np.zeros((1, 2)))):
        with pytest.raises(GeometryError, match="landscape must have gradients .*, got one without"):
            refused()


@pytest.mark.parametrize("how", ["raises", "infinite"])
def test_a_point_without_a_gradient_is_refused(how):
    class Broken(Quadratic):
        def gradient(self, points):
            if how == "raises":
                raise GradientError(np.full(points.shape, np.nan), {0: "the mesh is degenerate"})
            return np.full(points.shape, np.inf)

    message = "got one where it failed: row 0: the mesh" if how == "raises" else "must have a finite gradient"
    with pytest.raises(GeometryError, match=message):
        DifferencedHessian(Broken(np.eye(2))).multiply_hessian(np.zeros(2), np.ones(2))


@pytest.mark.extras
class TestNetworks:
    @pytest.fixture(autouse=True)
    def _need_jax(self):
        pytest.importorskip("jax", reason="jax is not installed")

    def test_a_networks_hessian_is_that_of_jax_in_float64(self):
        import jax

        from searchparty.landscapes.network import NeuralNetwork
        from searchparty.landscapes.networks.backend import use_precision
        from searchparty.landscapes.networks.network_loss import NetworkLoss

        landscape = NeuralNetwork(data="wine", layers=(3,), activation="gelu", norm="layer", weight_decay=0.01)
        problem = landscape.open()
        data = landscape.load_data()
        point = RNG.normal(size=problem.space.dimension)
        with use_precision(np.float64):
            loss = NetworkLoss(landscape.plan_network(data), data, "cross-entropy", 0.01, np.float64)
            exact = np.asarray(jax.jit(jax.hessian(loss.evaluate))(point))
        assert exact.dtype == np.float64
        direction = RNG.normal(size=len(point))
        found = problem.multiply_hessian(point, direction)
        np.testing.assert_allclose(found, exact @ direction, rtol=1e-10, atol=1e-12)

    def test_differences_of_float32_gradients_are_near_it(self):
        from searchparty.landscapes.network import NeuralNetwork

        # Without LayerNorm: with it, the curvature of so small a network changes within a step of differences.
        problem = NeuralNetwork(data="wine", layers=(3,), activation="gelu", weight_decay=0.01).open()
        rng = np.random.default_rng(0)
        point = problem.space.to_box(problem.space.init.draw(rng))
        direction = rng.normal(size=len(point))
        found = problem.multiply_hessian(point, direction)
        differences = DifferencedHessian(problem).multiply_hessian(point, direction)
        np.testing.assert_allclose(differences, found, atol=5e-3 * np.abs(found).max())

    @pytest.mark.parametrize("layers", [(6,), ({"conv": 2}, {"pool": 2}, 5)])
    def test_products_change_no_bit_of_losses_and_gradients_and_no_precision(self, layers):
        import jax

        from searchparty.landscapes.network import NeuralNetwork

        kept, used = (NeuralNetwork(data="digits", layers=layers).open() for _ in range(2))
        points = kept.space.to_box(np.array([kept.space.init.draw(np.random.default_rng(k)) for k in range(3)]))
        product = used.multiply_hessian(points[0], points[1])
        np.testing.assert_array_equal(used.evaluate(points), kept.evaluate(points))
        np.testing.assert_array_equal(used.gradient(points), kept.gradient(points))
        np.testing.assert_array_equal(used.probe(), kept.probe())
        assert used.measure(points[0]) == kept.measure(points[0])
        # Once more, after the other programs.
        np.testing.assert_array_equal(used.multiply_hessian(points[0], points[1]), product)
        assert jax.numpy.ones(1).dtype == np.float32
        assert not jax.config.jax_enable_x64
        # More digits than float32 has.
        assert (product.astype(np.float32) != product).any()

    def test_the_users_loss_has_the_precision_of_its_weights(self):
        from own_models import X

        from searchparty.landscapes.jax_function import JaxFunction

        problem = JaxFunction(function=f"{OWN}:fit", init="seeded_init", data="rows").open()
        direction = RNG.normal(size=10)
        bias, kernel = direction[:2], direction[2:].reshape(4, 2)
        shifts = (X @ kernel + bias) / len(X)
        expected = np.concatenate([shifts.sum(axis=0), (X.T @ shifts).reshape(-1)])
        found = problem.multiply_hessian(RNG.normal(size=10), direction)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(found.astype(np.float32), found)


@pytest.mark.extras
class TestTorch:
    @pytest.fixture(autouse=True)
    def _need_torch(self):
        pytest.importorskip("torch", reason="torch is not installed")

    # PyTorch 2.13 differentiates weight_norm wrongly the second time: curvature refuses it for want of symmetry.
    @pytest.mark.parametrize("module", ["dense", "normed"])
    def test_products_are_those_of_differences(self, module):
        from searchparty.landscapes.torch_module import TorchModule

        problem = TorchModule(module=f"{OWN}:{module}", data="torch_rows").open()
        point, direction = np.random.default_rng(0).normal(size=(2, problem.space.dimension))
        before = problem.gradient(point[None])
        found = problem.multiply_hessian(point, direction)
        ends = problem.gradient(np.array([point + 0.001 * direction, point - 0.001 * direction]))
        np.testing.assert_allclose(found, (ends[0] - ends[1]) / 0.002, atol=2e-2 * np.abs(found).max())
        np.testing.assert_array_equal(problem.gradient(point[None]), before)

    def test_a_loss_without_curvature_has_no_product(self, tmp_path):
        from searchparty.landscapes.torch_module import TorchModule

        (tmp_path / "linear.py").write_text(
            "import torch\n"
            "def model():\n    return torch.nn.Linear(2, 1)\n"
            "def loss(outputs, targets):\n    return (outputs * targets).mean()\n"
            "data = (torch.ones(4, 2), torch.ones(4, 1))\n"
        )
        problem = TorchModule(module=f"{tmp_path}/linear.py:model", loss="loss", data="data").open()
        np.testing.assert_array_equal(problem.multiply_hessian(np.ones(3), np.ones(3)), 0)

    def test_an_operation_without_a_second_derivative_is_refused(self, tmp_path):
        from searchparty.landscapes.torch_module import TorchModule

        (tmp_path / "once.py").write_text(
            "import torch\n"
            "class Square(torch.autograd.Function):\n"
            "    @staticmethod\n"
            "    def forward(context, x):\n        context.save_for_backward(x)\n        return x * x\n"
            "    @staticmethod\n"
            "    @torch.autograd.function.once_differentiable\n"
            "    def backward(context, slope):\n        return 2 * context.saved_tensors[0] * slope\n"
            "def model():\n    return torch.nn.Linear(2, 1)\n"
            "def loss(outputs, targets):\n    return Square.apply(outputs - targets).mean()\n"
            "data = (torch.ones(4, 2), torch.ones(4, 1))\n"
        )
        problem = TorchModule(module=f"{tmp_path}/once.py:model", loss="loss", data="data").open()
        with pytest.raises(GeometryError, match="module must have second derivatives for curvature, got none"):
            problem.multiply_hessian(np.ones(3), np.ones(3))
