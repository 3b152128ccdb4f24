"""Hidden units matched: permuted copies are recognised exactly, and what cannot be matched is refused."""

from itertools import pairwise

import numpy as np
import pytest

from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.geometry.barriers import measure_barrier
from searchparty.landscapes.geometry.hessian import GeometryError
from searchparty.landscapes.geometry.matching import HiddenUnits, find_hidden_units, match_units
from searchparty.landscapes.landscape import Space


def plan_units(sizes):
    """Return the units of a dense network without gains: (in, out) weights, then biases, layer by layer."""
    layers, first = [], 0
    for before, after in pairwise(sizes):
        kernel = first + np.arange(before * after).reshape(before, after)
        first += before * after + after
        layers.append((kernel, np.arange(first - after, first)))
    incoming = tuple(np.vstack([kernel, bias[None]]).T for kernel, bias in layers[:-1])
    return HiddenUnits(incoming, tuple(kernel for kernel, _ in layers[1:]), first)


def draw_orders(units, rng):
    return [rng.permutation(len(layer)) for layer in units.incoming]


@pytest.mark.parametrize("sizes", [(4, 9, 3), (4, 9, 7, 3), (4, 12, 9, 7, 2)])
@pytest.mark.parametrize("seed", range(5))
def test_a_permuted_copy_is_recognised_exactly(sizes, seed):
    units, rng = plan_units(sizes), np.random.default_rng(seed)
    reference = rng.normal(size=units.dimension)
    copy = units.permute(reference, draw_orders(units, rng))
    assert (copy != reference).any()
    np.testing.assert_array_equal(match_units(units, reference, copy, seed=seed), reference)


def test_a_copy_with_equal_and_dead_units_is_recognised():
    units, rng = plan_units((4, 9, 7, 3)), np.random.default_rng(0)
    reference = rng.normal(size=units.dimension)
    # Units without incoming weights, which differ by what they send only.
    for unit in (1, 2, 5):
        reference[units.incoming[0][unit]] = 0.0
        reference[units.incoming[1][unit]] = 0.0
    copy = units.permute(reference, draw_orders(units, rng))
    np.testing.assert_array_equal(match_units(units, reference, copy), reference)


@pytest.mark.parametrize("seed", range(3))
def test_a_noisy_copy_is_matched_to_the_same_order(seed):
    units, rng = plan_units((8, 16, 16, 3)), np.random.default_rng(seed)
    reference = rng.normal(size=units.dimension)
    noisy = reference + 0.05 * rng.normal(size=units.dimension)
    found = match_units(units, reference, units.permute(noisy, draw_orders(units, rng)), seed=seed)
    np.testing.assert_array_equal(found, noisy)


def test_units_are_nearer_after_than_before_and_their_weights_are_the_same():
    units, rng = plan_units((4, 9, 7, 3)), np.random.default_rng(1)
    reference, other = rng.normal(size=(2, units.dimension))
    kept = other.copy()
    found = match_units(units, reference, other)
    assert np.linalg.norm(found - reference) < np.linalg.norm(other - reference)
    np.testing.assert_array_equal(other, kept)
    np.testing.assert_array_equal(np.sort(found), np.sort(other))
    np.testing.assert_array_equal(found, match_units(units, reference, other))


def test_a_network_without_hidden_units_stays_as_it_is():
    point = np.arange(6.0)
    np.testing.assert_array_equal(match_units(HiddenUnits((), (), 6), np.ones(6), point), point)


@pytest.mark.parametrize("name", ["reference", "other"])
def test_unlike_networks_are_refused(name):
    units = plan_units((4, 9, 3))
    points = {"reference": np.zeros(units.dimension), "other": np.zeros(units.dimension)}
    points[name] = np.zeros(units.dimension + 1)
    with pytest.raises(GeometryError, match=rf"{name} must have the 75 weights of the network, got shape \(76,\)"):
        match_units(units, **points)


def test_other_kinds_are_refused():
    with pytest.raises(GeometryError, match="landscape must be of kind network for units to be matched"):
        find_hidden_units(Sphere(dimension=3).open())


@pytest.mark.extras
class TestNetworks:
    @pytest.fixture(autouse=True)
    def _need_jax(self):
        pytest.importorskip("jax", reason="jax is not installed")

    @pytest.mark.parametrize("layers", [(12,), (12, 9), (12, 9, 7)])
    @pytest.mark.parametrize("norm", [None, "layer"])
    def test_another_order_is_the_same_function_and_has_no_barrier_once_matched(self, layers, norm):
        from searchparty.landscapes.network import NeuralNetwork

        problem = NeuralNetwork(data="wine", layers=layers, norm=norm, init="torch").open()
        units, rng = find_hidden_units(problem), np.random.default_rng(0)
        assert [len(layer) for layer in units.incoming] == list(layers)
        point = problem.space.to_box(problem.space.init.draw(rng)) + 0.1 * rng.normal(size=units.dimension)
        copy = units.permute(point, draw_orders(units, rng))
        np.testing.assert_allclose(problem.evaluate(copy[None]), problem.evaluate(point[None]), rtol=1e-5)
        assert np.ptp(measure_barrier(problem, point, copy).losses) > 0.001
        matched = match_units(units, point, copy)
        np.testing.assert_array_equal(matched, point)
        assert measure_barrier(problem, point, matched).height == 0.0

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"layers": ({"conv": 2}, 8)}, "layers must be dense for units to be matched, got convolutions"),
            ({"layers": (8, 8), "residual": True}, "residual must be false for units to be matched, got true"),
        ],
    )
    def test_tied_units_are_refused(self, settings, message):
        from searchparty.landscapes.network import NeuralNetwork

        with pytest.raises(GeometryError, match=message):
            find_hidden_units(NeuralNetwork(data="digits", **settings).open())

    def test_layers_of_a_users_loss_are_not_known(self):
        from pathlib import Path

        from searchparty.landscapes.jax_function import JaxFunction

        own = Path(__file__).parent.parent / "networks" / "own_models.py"
        problem = JaxFunction(function=f"{own}:fit", init="seeded_init", data="rows").open()
        assert isinstance(problem.space, Space)
        with pytest.raises(GeometryError, match="landscape must be of kind network"):
            find_hidden_units(problem)
