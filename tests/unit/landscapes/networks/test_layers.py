"""Layers: how many weights they have, where they stand, how they are drawn, and which do not fit."""

import numpy as np
import pytest

from searchparty.landscapes.landscape import LandscapeError
from searchparty.landscapes.networks.initial import choose_rule, plan_initial_weights
from searchparty.landscapes.networks.layers import check_layer_spec, plan_network

DIGITS = (8, 8, 1)


@pytest.mark.parametrize(
    ("specs", "row", "normed", "dimension"),
    [
        ((), (64,), False, 64 * 10 + 10),
        ((64,), DIGITS, False, 64 * 64 + 64 + 64 * 10 + 10),
        ((64,), DIGITS, True, 64 * 64 + 64 + 64 + 64 * 10 + 10),
        ((32, 16), (13,), False, 13 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10),
        (({"conv": 8}, {"pool": 2}, 64), DIGITS, False, 9 * 8 + 8 + 4 * 4 * 8 * 64 + 64 + 650),
        (({"conv": 8, "kernel": 5}, {"conv": 4}), DIGITS, True, 25 * 8 + 16 + 9 * 8 * 4 + 8 + 64 * 4 * 10 + 10),
        (({"pool": 3},), (8, 8, 2), False, 2 * 2 * 2 * 10 + 10),
    ],
)
def test_the_number_of_weights(specs, row, normed, dimension):
    assert plan_network(specs, row, 10, "relu", normed, False).dimension == dimension


@pytest.mark.parametrize(
    ("specs", "row", "residual", "message"),
    [
        (({"conv": 8},), (13,), False, "layers must be dense where rows are no images"),
        ((16, {"conv": 8}), DIGITS, False, r"layers.1 must be a number after a dense layer, got \{'conv': 8\}"),
        ((16, {"pool": 2}), DIGITS, False, "layers.1 must be a number after a dense layer"),
        (({"pool": 9},), DIGITS, False, "layers.0 must pool at most the 8 x 8 pixels"),
        (({"pool": 4}, {"pool": 4}), DIGITS, False, "layers.1 must pool at most the 2 x 2 pixels"),
        ((32, 16), DIGITS, True, "residual must have a layer with as many outputs as inputs"),
        ((100_000,), DIGITS, False, "layers must have at most 1,000,000 weights in all, got 7,500,010"),
    ],
)
def test_layers_that_do_not_fit_are_refused(specs, row, residual, message):
    with pytest.raises(LandscapeError, match=message):
        plan_network(specs, row, 10, "relu", False, residual)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"conf": 8}, "layers must be numbers of units, {conv: filters}"),
        ({"conv": 8, "pool": 2}, "layers must be numbers of units"),
        ({}, "layers must be numbers of units"),
        (0, "layers must have sizes of 1 or more"),
        ({"conv": -1}, "layers must have sizes of 1 or more"),
        (True, "layers must be numbers of units, .* got True"),
        ("64", "layers must be numbers of units, .* got '64'. Write whole numbers, without quotes"),
        (64.5, "layers must be numbers of units"),
        (None, "layers must be numbers of units"),
        ({"conv": "8"}, "layers must be numbers of units"),
        ({"pool": 2.5}, "layers must be numbers of units"),
    ],
)
def test_layers_of_another_form_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        check_layer_spec(spec)


@pytest.mark.parametrize(
    ("rule", "variance"), [("he", 2 / 400), ("lecun", 1 / 400), ("glorot", 2 / 600), ("torch", 1 / 400 / 3)]
)
def test_weights_are_drawn_with_the_variance_of_their_rule(rule, variance):
    network = plan_network((200,), (400,), 10, "relu", True, False)
    init = plan_initial_weights(network.blocks, rule, -3.0, 3.0)
    cube = init.draw(np.random.default_rng(1))
    assert cube.shape == (network.dimension,)
    weights = -3 + 6 * cube
    first = weights[: 400 * 200]
    assert np.var(first) == pytest.approx(variance, rel=0.02)
    assert abs(first.mean()) < 3 * np.sqrt(variance / first.size)
    bias, gain = weights[80_000:80_200], weights[80_200:80_400]
    np.testing.assert_allclose(gain, 1)
    if rule == "torch":
        assert np.var(bias) == pytest.approx(variance, rel=0.3)
    else:
        np.testing.assert_allclose(bias, 0, atol=1e-15)


def test_a_convolution_counts_its_square_for_its_inputs():
    network = plan_network(({"conv": 500, "kernel": 5},), (8, 8, 4), 2, "relu", False, False)
    weights = -3 + 6 * plan_initial_weights(network.blocks, "he", -3.0, 3.0).draw(np.random.default_rng(0))
    assert np.var(weights[: 25 * 4 * 500]) == pytest.approx(2 / 100, rel=0.03)


def test_what_is_drawn_beyond_a_bound_is_set_to_it():
    network = plan_network((), (4,), 100, "relu", False, False)
    cube = plan_initial_weights(network.blocks, "he", -0.1, 0.1).draw(np.random.default_rng(0))
    assert cube.min() == 0
    assert cube.max() == 1


def test_the_rule_follows_the_activation():
    assert (choose_rule("tanh"), choose_rule("relu"), choose_rule("gelu")) == ("glorot", "he", "he")
