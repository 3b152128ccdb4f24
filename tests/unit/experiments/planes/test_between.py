"""What lies between points: basins of known landscapes, permuted copies, and slopes that join nothing."""

from itertools import combinations

import numpy as np
import pytest
from wells import Wells

from searchparty.experiments.planes.between import (
    choose_barrier,
    find_basins,
    measure_distance,
    measure_pairs,
    name_unit,
)
from searchparty.experiments.results.records.minima_record import PairRecord
from searchparty.landscapes.geometry.matching import HiddenUnits
from searchparty.landscapes.landscape import Space


class SmallNetwork:
    """The mean squared difference of a network with three hidden units from another one."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.space = Space(np.full(9, -5.0), np.full(9, 5.0))
        self.inputs, self.target = rng.standard_normal((50, 2)), rng.standard_normal(9)

    def list_hidden_units(self):
        incoming = np.arange(6).reshape(3, 2)
        return HiddenUnits((incoming,), (np.arange(6, 9)[:, None],), 9)

    def compute(self, point):
        return np.tanh(self.inputs @ point[:6].reshape(3, 2).T) @ point[6:]

    def evaluate(self, points):
        return np.array([np.mean((self.compute(each) - self.compute(self.target)) ** 2) for each in points])


def make_pairs(barriers):
    """Return pairs with these barriers, given as {(one, other): height}."""
    return [PairRecord(*pair, 1.0, height) for pair, height in barriers.items()]


def test_two_wells_are_two_basins():
    problem = Wells()
    points = [np.array(each) for each in ([-1.0, 0.0], [1.0, 0.0], [-0.9, 0.0], [1.1, 0.0])]
    pairs = measure_pairs(problem, points, None, {(0, 1)}, 0)
    assert [(pair.one, pair.other) for pair in pairs] == list(combinations(range(4), 2))
    assert pairs[0].height == 1.0
    assert pairs[0].distance == 2.0
    # A path with a bend goes round the ridge; others are not looked for.
    assert pairs[0].bent_height < 0.6
    assert np.isnan(pairs[1].bent_height)
    assert np.isnan(pairs[0].matched_height)
    losses = problem.evaluate(np.array(points)).tolist()
    assert find_basins(losses, pairs, 0.01) == [0, 1, 0, 1]
    assert find_basins(losses, pairs, 2.0) == [0, 0, 0, 0]


def test_a_permuted_copy_is_one_basin_without_a_barrier():
    problem = SmallNetwork()
    units, target = problem.list_hidden_units(), problem.target
    copy = units.permute(target, [np.array([2, 0, 1])])
    (pair,) = measure_pairs(problem, [target, copy], units, (), 0)
    assert pair.height > 0.1
    assert (pair.matched_height, pair.matched_distance) == (0.0, 0.0)
    assert find_basins([0.0, 0.0], [pair], 1e-6) == [0, 0]
    (pair,) = measure_pairs(problem, [target, copy], None, (), 0)
    assert find_basins([0.0, 0.0], [pair], 1e-6) == [0, 1]


def test_a_point_on_a_slope_joins_no_basins():
    # Point 2 is high above both wells, and no barrier parts it from either; it is nearer to the second.
    pairs = [PairRecord(0, 1, 2.0, 1.0), PairRecord(0, 2, 5.0, 0.005), PairRecord(1, 2, 5.0, 0.0)]
    assert find_basins([0.0, 0.1, 3.0], pairs, 0.01) == [0, 1, 1]
    # As low as the second, it does join them.
    assert find_basins([0.0, 0.1, 0.105], pairs, 0.01) == [0, 0, 0]


def test_basins_are_numbered_as_their_points_come():
    pairs = make_pairs({(0, 1): 1.0, (0, 2): 1.0, (1, 2): 0.0})
    assert find_basins([5.0, 1.0, 2.0], pairs, 0.5) == [0, 1, 1]


@pytest.mark.parametrize("seed", range(10))
def test_basins_do_not_depend_on_the_order_of_points(seed):
    rng = np.random.default_rng(seed)
    losses, barriers = rng.random(7), rng.random((7, 7))
    order = rng.permutation(7)

    def find(numbers):
        heights = {}
        for one, other in combinations(range(7), 2):
            low, high = sorted((numbers[one], numbers[other]))
            heights[one, other] = barriers[low, high]
        return find_basins([losses[number] for number in numbers], make_pairs(heights), 0.2)

    before, after = find(range(7)), find(order)
    for one, other in combinations(range(7), 2):
        assert (after[one] == after[other]) == (before[order[one]] == before[order[other]])


def test_a_pair_without_a_barrier_is_of_two_basins():
    pair = PairRecord(0, 1, 1.0, float("nan"))
    assert choose_barrier(pair) == np.inf
    assert find_basins([0.0, 0.0], [pair], 1e9) == [0, 1]


def test_unlike_axes_are_measured_in_the_cube():
    class Box:
        space = Space(np.zeros(2), np.array([1.0, 4.0]))

    assert measure_distance(Box(), np.zeros(2), np.array([0.0, 2.0])) == 0.5
    assert name_unit(Box()) == "sides of the unit cube"
    assert name_unit(Wells()) == "units of the landscape"
