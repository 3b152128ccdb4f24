"""Filters: their norms, normalised directions, and which weights each kind of landscape puts into one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.geometry.filters import FilteredProblem, Filters, find_filters, join_filters
from searchparty.landscapes.landscape import Space

OWN = str(Path(__file__).parent.parent / "networks" / "own_models.py")
RNG = np.random.default_rng(3)
FLAT = np.array([0, 1, 0, 1, 0, 1])
# Two units with two weights and a bias each.
TWO = Filters(FLAT, np.array([False] * 4 + [True] * 2))


def test_norms_are_of_weights_without_biases():
    norms = TWO.measure_norms(np.array([3.0, 1.0, 4.0, 0.0, 9.0, 9.0]))
    np.testing.assert_array_equal(norms, [5, 1, 5, 1, 5, 1])
    alone = Filters(np.array([0, 0, 1]), np.array([True, True, False]))
    np.testing.assert_array_equal(alone.measure_norms(np.array([3.0, 4.0, 7.0])), [5, 5, 7])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_each_filter_of_a_direction_gets_the_norm_of_the_points(seed, scale):
    rng = np.random.default_rng(seed)
    point, direction = rng.normal(size=6), rng.normal(size=6)
    found = TWO.normalise_direction(direction, point)
    np.testing.assert_allclose(TWO.measure_norms(found), TWO.measure_norms(point))
    np.testing.assert_array_equal(found[4:], 0)
    np.testing.assert_allclose(TWO.normalise_direction(scale * direction, point), found)
    np.testing.assert_allclose(TWO.normalise_direction(direction, scale * point), scale * found)


def test_a_filter_that_is_zero_stays_zero():
    point, direction = np.array([1.0, 1, 1, 1, 1, 1]), np.array([0.0, 1, 0, 1, 5, 5])
    np.testing.assert_allclose(TWO.normalise_direction(direction, point), [0, 1, 0, 1, 0, 0])
    assert not TWO.normalise_direction(direction, np.zeros(6)).any()


def test_a_problem_without_filters_has_one_of_all_coordinates():
    problem = Sphere(dimension=3).open()
    assert not isinstance(problem, FilteredProblem)
    filters = find_filters(problem)
    assert filters.count == 1
    point, direction = np.array([2.0, 0.0, 0.0]), np.array([0.0, 3.0, 0.0])
    np.testing.assert_array_equal(filters.normalise_direction(direction, point), [0, 2, 0])


def test_numbers_are_renewed_in_their_order():
    found = join_filters([(np.array([[9, 2], [9, 2]]), False), (np.array([9]), True)])
    np.testing.assert_array_equal(found.numbers, [1, 0, 1, 0, 1])
    np.testing.assert_array_equal(found.offsets, [False] * 4 + [True])


class TestModels:
    pytestmark = pytest.mark.extras

    def test_a_unit_of_a_network_owns_its_bias_and_gain(self):
        pytest.importorskip("jax", reason="jax is not installed")
        from searchparty.landscapes.network import NeuralNetwork

        problem = NeuralNetwork(data="digits", layers=({"conv": 2, "kernel": 2}, {"pool": 4}, 3), norm="layer").open()
        filters = find_filters(problem)
        assert isinstance(problem, FilteredProblem)
        assert filters.count == 2 + 3 + 10
        assert filters.numbers[:12].tolist() == [0, 1] * 6
        assert filters.offsets[:12].tolist() == [False] * 8 + [True] * 4
        # 2 x 2 pixels of 2 channels remain.
        assert filters.numbers[12 : 12 + 30].tolist() == [2, 3, 4] * 10
        assert filters.numbers[42:].tolist() == list(range(5, 15)) * 4
        assert len(filters.numbers) == problem.space.dimension

    def test_of_the_users_tree_the_last_axis_counts(self):
        pytest.importorskip("jax", reason="jax is not installed")
        from searchparty.landscapes.jax_function import JaxFunction

        filters = find_filters(JaxFunction(function=f"{OWN}:fit", init="seeded_init", data="rows").open())
        # b (2,) stands before w (4, 2).
        assert filters.numbers.tolist() == [0, 0] + [1, 2] * 4
        assert filters.offsets.tolist() == [True] * 2 + [False] * 8

    def test_of_a_pytorch_model_the_first_axis_counts(self):
        pytest.importorskip("torch", reason="torch is not installed")
        from searchparty.landscapes.torch_module import TorchModule

        filters = find_filters(TorchModule(module=f"{OWN}:normed", data="torch_rows").open())
        # Linear (6, 4) and (6,), BatchNorm (6,) and (6,), Linear (3, 6) and (3,).
        expected = [
            *np.repeat(np.arange(6), 4), *range(6), *[6] * 6, *[7] * 6, *np.repeat([8, 9, 10], 6), 8, 9, 10,
        ]  # fmt: skip
        assert filters.numbers.tolist() == expected
        assert filters.offsets.tolist() == [False] * 24 + [True] * 18 + [False] * 18 + [True] * 3


def test_vectors_alone_are_weights():
    class Vectors:
        space = Space(np.full(3, -1.0), np.full(3, 1.0))
        filters = Filters(np.array([0, 0, 1]), np.ones(3, dtype=bool))

        def evaluate(self, points):
            return (points**2).sum(axis=1)

    found = find_filters(Vectors())
    assert not found.offsets.any()
    np.testing.assert_allclose(
        found.normalise_direction(np.array([1.0, 0.0, 5.0]), np.array([3.0, 4.0, 2.0])), [5, 0, 2]
    )
