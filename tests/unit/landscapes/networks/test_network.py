"""The kind ``network``: known values, gradients, measures, and what is refused before and after JAX is there."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from searchparty.experiments.spec import catalogue
from searchparty.landscapes.landscape import (
    DivisibleProblem,
    LandscapeError,
    MeasuredProblem,
    ProbedProblem,
)
from searchparty.landscapes.network import NeuralNetwork
from searchparty.landscapes.networks.data import load_data

RNG = np.random.default_rng(0)
needs_jax = [pytest.mark.extras, pytest.mark.skipif("not has('jax')", reason="jax is not installed")]


def has(library):
    return __import__("importlib.util").util.find_spec(library) is not None


def relu(x):
    return np.maximum(x, 0)


def softmax_losses(outputs, labels):
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]


def normalise(values, axes):
    centered = values - values.mean(axis=axes, keepdims=True)
    return centered / np.sqrt((centered**2).mean(axis=axes, keepdims=True) + 1e-5)


def convolve(images, kernel):
    """Convolve images (n, h, w, c) with zeros around them, in plain loops over the kernel."""
    side = kernel.shape[0]
    before = (side - 1) // 2
    padded = np.pad(images, ((0, 0), (before, side - 1 - before), (before, side - 1 - before), (0, 0)))
    height, width = images.shape[1:3]
    return sum(
        np.einsum("nhwc,cd->nhwd", padded[:, i : i + height, j : j + width], kernel[i, j])
        for i in range(side)
        for j in range(side)
    )


@pytest.fixture
def make(tmp_path):
    """Make a landscape on data of a file."""

    def make(x, y, **settings):
        np.savez(tmp_path / "my.npz", x=x, y=y)
        return NeuralNetwork(data="my.npz", base=str(tmp_path), **settings)

    return make


class TestKnownValues:
    pytestmark = needs_jax

    def test_a_linear_model_has_its_minimum_at_the_least_squares_solution(self, make):
        x = RNG.normal(size=(80, 4))
        problem = make(x, x @ RNG.normal(size=(4, 2)) + RNG.normal(size=(80, 2)), layers=(), held_out=0).open()
        data = make(x, x[:, :2], held_out=0)
        assert problem.space.dimension == 4 * 2 + 2
        train = load_data("my.npz", data.base, 0, 0)
        assert train is not None
        problem = make(x, x[:, :2] ** 2 + x[:, 2:], layers=(), held_out=0).open()
        rows = load_data("my.npz", data.base, 0, 0).train
        inputs = np.column_stack([rows.inputs, np.ones(80)]).astype(float)
        best, residuals, *_ = np.linalg.lstsq(inputs, rows.targets.astype(float), rcond=None)
        point = best.reshape(-1)[None]
        assert problem.evaluate(point)[0] == pytest.approx(residuals.sum() / 160, rel=1e-5)
        assert np.abs(problem.gradient(point)).max() < 1e-5

    @pytest.mark.parametrize("norm", [None, "layer"])
    @pytest.mark.parametrize("residual", [False, True])
    def test_a_dense_network_computes_what_numpy_does(self, make, norm, residual):
        x, y = RNG.normal(size=(60, 5)), np.arange(60) % 3
        landscape = make(x, y, layers=(5, 4), norm=norm, residual=residual, weight_decay=0.1, held_out=0)
        problem = landscape.open()
        rows = load_data("my.npz", landscape.base, 0, 0).train
        point = RNG.normal(size=problem.space.dimension)
        left, parts = point, []
        for inputs, outputs, last in ((5, 5, False), (5, 4, False), (4, 3, True)):
            sizes = [inputs * outputs, outputs] + ([outputs] if norm and not last else [])
            parts.append([left[sum(sizes[:k]) : sum(sizes[: k + 1])] for k in range(len(sizes))])
            parts[-1][0] = parts[-1][0].reshape(inputs, outputs)
            left = left[sum(sizes) :]
        assert not len(left)
        state = rows.inputs.astype(float)
        for number, (kernel, bias, *gain) in enumerate(parts):
            found = state @ kernel
            if gain:
                found = normalise(found, 1) * gain[0]
            found = found + bias
            state = found if number == 2 else relu(found) + (state if residual and number == 0 else 0)
        decay = 0.05 * sum((kernel**2).sum() for kernel, *_ in parts)
        expected = softmax_losses(state, rows.targets)
        assert problem.evaluate(point[None])[0] == pytest.approx(expected.mean() + decay, rel=1e-5)
        measures = problem.measure(point)
        assert measures == {
            "train loss": pytest.approx(expected.mean(), rel=1e-5),
            "train accuracy": pytest.approx((state.argmax(axis=1) == rows.targets).mean()),
        }
        some = np.array([[3, 8, 8, 41]])
        losses, _ = problem.evaluate_share(point[None], some)
        assert losses[0] == pytest.approx(expected[some[0]].mean() + decay, rel=1e-5)

    @pytest.mark.parametrize("kernel", [3, 2])
    @pytest.mark.parametrize("norm", [None, "layer"])
    def test_a_convolution_computes_what_numpy_does(self, make, kernel, norm):
        x, y = RNG.normal(size=(30, 5, 7, 2)), np.arange(30) % 3
        layers = ({"conv": 2, "kernel": kernel}, {"pool": 2}, 4)
        landscape = make(x, y, layers=layers, norm=norm, residual=True, activation="tanh", held_out=0)
        problem = landscape.open()
        rows = load_data("my.npz", landscape.base, 0, 0).train
        point = 0.3 * RNG.normal(size=problem.space.dimension)
        left = point

        def take(*shape):
            nonlocal left
            found, left = left[: int(np.prod(shape))].reshape(shape), left[int(np.prod(shape)) :]
            return found

        image = rows.inputs.astype(float)
        found = convolve(image, take(kernel, kernel, 2, 2))
        bias = take(2)
        found = normalise(found, (1, 2, 3)) * take(2) if norm else found
        found = np.tanh(found + bias) + image
        found = found[:, :4, :6].reshape(30, 2, 2, 3, 2, 2).max(axis=(2, 4)).reshape(30, -1)
        found = found @ take(12, 4)
        bias = take(4)
        found = np.tanh((normalise(found, 1) * take(4) if norm else found) + bias) @ take(4, 3) + take(3)
        assert not len(left)
        expected = softmax_losses(found, rows.targets).mean()
        assert problem.evaluate(point[None])[0] == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu", "elu", "sigmoid"])
    @pytest.mark.parametrize("layers", [(6,), ({"conv": 2}, {"pool": 2}, 5)])
    def test_gradients_are_those_of_differences(self, make, activation, layers):
        x, y = RNG.normal(size=(40, 6, 6)), RNG.normal(size=(40, 2))
        settings = {"norm": "layer", "weight_decay": 0.01}
        problem = make(x, y, layers=layers, activation=activation, **settings).open()
        point = 0.4 * RNG.normal(size=(1, problem.space.dimension))
        gradient = problem.gradient(point)[0]
        differences = []
        for _ in range(8):
            way = RNG.normal(size=point.shape)
            way /= np.linalg.norm(way)
            # Of float32, whose losses have 24 bits, the best step of central differences is near the cube root of one.
            ends = problem.evaluate(np.concatenate([point + 5e-3 * way, point - 5e-3 * way]))
            differences.append((ends[0] - ends[1]) / 1e-2 - way[0] @ gradient)
        assert np.median(np.abs(differences)) < 2e-3 * np.linalg.norm(gradient) + 2e-5

    def test_a_share_of_all_rows_is_the_loss(self):
        problem = NeuralNetwork(data="wine", layers=(8,), weight_decay=0.01).open()
        point = problem.space.to_box(problem.space.init.draw(np.random.default_rng(0)))[None]
        rows = np.random.default_rng(0).permutation(problem.space.units)[None]
        losses, gradients = problem.evaluate_share(point, rows)
        np.testing.assert_allclose(losses, problem.evaluate(point), rtol=1e-6)
        np.testing.assert_allclose(gradients, problem.gradient(point), atol=1e-6)

    def test_shares_are_of_their_own_rows(self):
        problem = NeuralNetwork(data="wine", layers=(8,)).open()
        points = RNG.normal(size=(3, problem.space.dimension))
        rows = RNG.integers(0, problem.space.units, (3, 16))
        losses, gradients = problem.evaluate_share(points, rows)
        for number in range(3):
            alone = problem.evaluate_share(points[number : number + 1], rows[number : number + 1])
            np.testing.assert_array_equal(losses[number], alone[0][0])
            np.testing.assert_array_equal(gradients[number], alone[1][0])
        assert len(set(losses)) == 3

    def test_the_means_over_parts_of_the_rows_add_up_to_the_loss(self):
        problem = NeuralNetwork(data="wine", layers=(8,)).open()
        point = RNG.normal(size=(1, problem.space.dimension))
        units = problem.space.units
        parts = [
            problem.evaluate_share(point, each[None])[0][0] * len(each) for each in np.array_split(np.arange(units), 5)
        ]
        assert sum(parts) / units == pytest.approx(problem.evaluate(point)[0], rel=1e-6)

    def test_more_weight_decay_alone_moves_no_measure(self):
        one, other = (NeuralNetwork(data="wine", layers=(8,), weight_decay=decay).open() for decay in (0, 1))
        point = RNG.normal(size=one.space.dimension)
        assert one.measure(point) == other.measure(point)
        assert set(one.measure(point)) == {"train loss", "train accuracy", "held-out loss", "held-out accuracy"}
        assert other.evaluate(point[None])[0] > one.evaluate(point[None])[0]

    def test_numbers_have_no_accuracy(self):
        problem = NeuralNetwork(data="diabetes").open()
        assert set(problem.measure(np.zeros(problem.space.dimension))) == {"train loss", "held-out loss"}
        # The mean has the loss 1, because targets are standardised.
        assert problem.evaluate(np.zeros((1, problem.space.dimension)))[0] == pytest.approx(1.0, rel=1e-5)

    def test_the_space_says_what_agents_need(self):
        problem = NeuralNetwork(data="digits").open()
        space = pickle.loads(pickle.dumps(problem.space))
        assert (space.dimension, space.units, space.has_gradient, space.gradient_price) == (4810, 1347, True, 2)
        assert (space.lower.min(), space.upper.max()) == (-3, 3)
        assert len(pickle.dumps(space.init)) < 2000
        start = problem.evaluate(space.to_box(space.init.draw(np.random.default_rng(0)))[None])[0]
        assert 2 < start < 5
        for protocol in (DivisibleProblem, MeasuredProblem, ProbedProblem):
            assert isinstance(problem, protocol)

    def test_a_batch_has_equal_bits_row_by_row_across_chunks(self):
        problem = NeuralNetwork(data="wine", layers=(8,)).open()
        points = RNG.normal(size=(40, problem.space.dimension))
        together = problem.evaluate(points)
        np.testing.assert_array_equal(together, [problem.evaluate(point[None])[0] for point in points])
        np.testing.assert_array_equal(problem.probe(), problem.probe())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"norm": "batch"}, "norm must be layer, got batch. .* the loss of a row depends on the rows beside"),
        ({"data": "mnist"}, "data must be one of digits"),
        ({"layers": ({"dense": 8},)}, "layers must be numbers of units"),
        ({"bounds": (3, -3)}, "bounds must have low < high"),
        ({"bounds": (-1e9, 1)}, "bounds must have low < high, within"),
        ({"held_out": 1.0}, "less than 1"),
        ({"loss": "hinge"}, "cross-entropy"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        NeuralNetwork(**{"data": "wine", **settings})


@pytest.mark.extras
def test_a_loss_of_classes_for_numbers_is_refused():
    pytest.importorskip("jax")
    with pytest.raises(LandscapeError, match="loss must be mean-squared where targets are numbers"):
        NeuralNetwork(data="diabetes", loss="cross-entropy").open()


def test_the_catalogue_lists_the_kinds_without_importing_their_libraries():
    assert {"network", "jax", "torch"} <= set(catalogue.landscape_classes())
    code = """
import sys
from searchparty.experiments.spec import catalogue, schema
catalogue.landscape_classes()["network"](data="wine")
print([name for name in ("jax", "torch", "sklearn") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_a_missing_library_is_named_with_what_to_install(monkeypatch, library):
    from searchparty.landscapes.networks import backend
    from searchparty.landscapes.torch_module import TorchModule

    backend._import_jax.cache_clear()
    monkeypatch.setitem(sys.modules, library, None)
    landscape = NeuralNetwork(data="wine") if library == "jax" else TorchModule(module="a.py:b", data="c")
    with pytest.raises(
        LandscapeError, match="kind must be one whose packages are installed.*(pip install|under networks)"
    ):
        landscape.open()


def test_the_file_of_the_data_is_told(make):
    landscape = make(RNG.normal(size=(20, 3)), np.arange(20) % 2)
    assert [path.name for path in landscape.data_files] == ["my.npz"]
    assert landscape.label == "network my 64"
    assert NeuralNetwork(data="wine").data_files == ()
