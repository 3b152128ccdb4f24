"""Ways down from a point: known falls, rises that end them, bounds, rounding, and holes."""

import numpy as np
import pytest

from searchparty.landscapes.geometry.escape import find_precision, follow_direction
from searchparty.landscapes.landscape import Space


class Function:
    def __init__(self, loss, dimension=2, side=1.0):
        self.space = Space(np.full(dimension, -side), np.full(dimension, side))
        self._loss = loss

    def evaluate(self, points):
        return self._loss(points)


def test_a_saddle_falls_to_the_bound():
    found = follow_direction(Function(lambda x: x[:, 0] ** 2 - 2 * x[:, 1] ** 2), np.zeros(2), np.array([0.0, 3.0]))
    assert (found.fall, found.distance, found.is_confirmed) == (2.0, 1.0, True)


def test_a_bowl_does_not_fall():
    found = follow_direction(Function(lambda x: (x**2).sum(axis=1)), np.zeros(2), np.array([1.0, 1.0]))
    assert (found.fall, found.distance, found.is_confirmed) == (0.0, 0.0, False)


def test_the_deeper_way_is_taken():
    # Down to -1 at x = 1 one way, to -2 at x = -1 the other.
    found = follow_direction(Function(lambda x: np.where(x > 0, -x, 2 * x)[:, 0], 1), np.zeros(1), np.ones(1))
    assert (found.fall, found.distance) == (2.0, 1.0)


def test_a_slope_that_falls_one_way_is_no_saddle():
    found = follow_direction(Function(lambda x: x[:, 0] - 0.1 * x[:, 0] ** 2, 1), np.zeros(1), np.ones(1))
    assert found.fall == pytest.approx(1.1)
    assert not found.is_confirmed


def test_a_valley_beyond_a_rise_does_not_count():
    # A hill between 0 and 0.5, and beyond it a valley that is lower than the point.
    found = follow_direction(Function(lambda x: np.sin(2 * np.pi * np.abs(x[:, 0])), 1), np.zeros(1), np.ones(1))
    assert found.fall == 0.0


def test_the_fall_ends_where_the_loss_rises():
    found = follow_direction(Function(lambda x: x[:, 0] ** 4 - x[:, 0] ** 2, 1), np.zeros(1), np.ones(1))
    # The minimum is -1/4 at the root of a half, which is one of the steps.
    assert found.fall == pytest.approx(0.25)
    assert found.distance == pytest.approx(np.sqrt(0.5))


def test_a_point_on_the_bound_has_one_way():
    problem = Function(lambda x: -x[:, 0], 1)
    assert follow_direction(problem, np.ones(1), np.ones(1)).fall == 0.0
    assert follow_direction(problem, -np.ones(1), np.ones(1)).fall == 2.0


def test_rounding_is_no_fall():
    rng = np.random.default_rng(0)
    noisy = Function(lambda x: (1.0 + 1e-7 * rng.standard_normal(len(x))).astype(np.float32).astype(float))
    found = follow_direction(noisy, np.zeros(2), np.array([1.0, 0.0]))
    assert found.fall <= found.precision
    assert not found.is_confirmed


def test_a_hole_ends_the_way():
    holed = Function(lambda x: np.where(np.abs(x[:, 0]) > 0.6, np.nan, -np.abs(x[:, 0])), 1)
    found = follow_direction(holed, np.zeros(1), np.ones(1))
    assert found.fall == 0.5
    everywhere = Function(lambda x: np.full(len(x), np.nan))
    assert follow_direction(everywhere, np.zeros(2), np.ones(2)).fall == 0.0


def test_precision_is_that_of_the_numbers():
    assert find_precision(np.array([1.0, 0.5])) == 16 * np.finfo(np.float32).eps
    assert find_precision(np.array([1.0, 0.1])) == 16 * np.finfo(np.float64).eps
    assert find_precision(np.array([np.nan])) == 0.0
