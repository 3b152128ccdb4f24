"""The Pareto front of loss against cost, its knee, and the probability of being on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty.experiments.studies.front import find_front, find_front_shares, find_knee

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12)


def dominated(point, others):
    return any(all(a <= b for a, b in zip(o, point, strict=True)) and o != point for o in others)


@given(POINTS)
def test_no_point_of_the_front_is_dominated_and_all_others_are(points):
    costs, losses = np.array(points, dtype=float).T
    assert find_front(costs, losses).tolist() == [not dominated(point, points) for point in points]


def test_fronts_are_found_of_many_draws_at_once():
    random = np.random.default_rng(1)
    costs, losses = random.integers(0, 5, (2, 40, 9)).astype(float)
    assert np.array_equal(
        find_front(costs, losses), [find_front(c, loss) for c, loss in zip(costs, losses, strict=True)]
    )


def test_the_knee_is_farthest_from_the_chord():
    assert find_knee(np.array([0.0, 1.0, 2.0, 10.0]), np.array([10.0, 4.0, 1.0, 0.0])) == 2
    # A straight front, and one that bends outwards, have none; nor have two points, or one.
    assert find_knee(np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 0.0])) is None
    assert find_knee(np.array([0.0, 9.0, 10.0]), np.array([10.0, 9.0, 0.0])) is None
    assert find_knee(np.array([0.0, 1.0]), np.array([1.0, 0.0])) is None
    assert find_knee(np.array([3.0]), np.array([1.0])) is None


def test_the_probability_of_being_on_the_front_follows_the_runs():
    cheap, dear = np.array([1.0, 1.0, 1.0]), np.array([9.0, 9.0, 9.0])
    shares = find_front_shares(
        [cheap, dear, dear], [np.array([5.0] * 3), np.array([1.0] * 3), np.array([0.0, 2.0, 2.0])],
        np.random.default_rng(0),
    )  # fmt: skip
    # The third is on the front if at least two of three drawn runs are the first: 7 of 27 times.
    assert shares[0] == 1.0
    assert shares[2] == pytest.approx(7 / 27, abs=0.03)
    assert shares[1] == 1 - shares[2]
    again = find_front_shares([cheap, dear], [cheap, dear], np.random.default_rng(0))
    assert again.tolist() == [1.0, 0.0]


@pytest.mark.extras
def test_front_and_knee_are_those_of_moocore():
    moocore = pytest.importorskip("moocore")
    random = np.random.default_rng(7)
    for _ in range(200):
        points = random.random((random.integers(2, 60), 2))
        if random.random() < 0.5:
            points = np.round(points, 1)
        mask = find_front(*points.T)
        assert np.array_equal(mask, moocore.is_nondominated(points, keep_weakly=True))
        front = points[mask]
        scaled = moocore.normalise(front, to_range=[0, 1]) if np.ptp(front, axis=0).all() else front
        knee = find_knee(*front.T)
        depths = 1 - scaled.sum(axis=1)
        if knee is None:
            assert len(front) < 3 or depths.max() <= 1e-9 or not np.ptp(front, axis=0).all()
        else:
            assert depths[knee] == pytest.approx(depths.max())
