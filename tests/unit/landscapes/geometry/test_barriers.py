"""Barriers on segments and on paths with a bend: known values, holes, and what is refused."""

import numpy as np
import pytest
from wells import Wells

from searchparty.landscapes.geometry.barriers import bend_path, measure_barrier, place_steps
from searchparty.landscapes.geometry.hessian import GeometryError
from searchparty.landscapes.landscape import EvaluationError, Space


class Bowl:
    def __init__(self):
        self.space = Space(np.full(3, -2.0), np.full(3, 2.0), has_gradient=True)

    def evaluate(self, points):
        return (points**2 * [1.0, 10.0, 0.1]).sum(axis=1)

    def gradient(self, points):
        return 2 * points * [1.0, 10.0, 0.1]


LEFT, RIGHT = np.array([-1.0, 0.0]), np.array([1.0, 0.0])


def test_a_quadratic_has_no_barrier():
    rng = np.random.default_rng(0)
    for _ in range(20):
        one, other = rng.uniform(-2, 2, (2, 3))
        assert measure_barrier(Bowl(), one, other).height == 0.0
    found = bend_path(Bowl(), one, other, seed=0)
    assert found.height == 0.0
    assert found.losses.mean() < measure_barrier(Bowl(), one, other).losses.mean()


def test_the_ridge_between_two_wells_is_the_barrier():
    found = measure_barrier(Wells(), LEFT, RIGHT)
    assert found.height == 1.0
    np.testing.assert_allclose(
        found.losses, (found.steps * 2 - 1) ** 4 - 2 * (found.steps * 2 - 1) ** 2 + 1, atol=1e-12
    )
    assert found.failed == 0
    # Above the line between the ends, not above zero.
    higher = measure_barrier(Wells(), np.array([-1.5, 0.0]), RIGHT, 4001)
    assert higher.losses[0] == pytest.approx(1.5625)
    assert 0.3 < higher.height < 0.5


@pytest.mark.parametrize("seed", range(4))
def test_a_bend_goes_round_the_ridge(seed):
    straight, bent = measure_barrier(Wells(), LEFT, RIGHT), bend_path(Wells(), LEFT, RIGHT, seed)
    assert bent.height < 0.3 * straight.height
    assert abs(bent.points[1][1]) > 0.5
    assert straight.detour == 1.0
    assert bent.detour == pytest.approx(np.linalg.norm(bent.points[1] - [LEFT, RIGHT], axis=1).sum() / 2)
    np.testing.assert_array_equal(bent.points[[0, 2]], [LEFT, RIGHT])
    again = bend_path(Wells(), LEFT, RIGHT, seed)
    np.testing.assert_array_equal(again.losses, bent.losses)


def test_a_point_and_itself_have_no_barrier():
    found = measure_barrier(Wells(), LEFT + 0.3, LEFT + 0.3)
    assert (found.height, found.detour) == (0.0, 1.0)


def test_steps_lie_on_the_legs():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 4.0]])
    found = place_steps(corners, np.array([0.0, 0.25, 0.5, 0.75, 1.0]))
    np.testing.assert_array_equal(found, [[0, 0], [0.5, 0], [1, 0], [1, 2], [1, 4]])


class Broken(Wells):
    def __init__(self, low, high, how):
        super().__init__()
        self.low, self.high, self.how = low, high, how

    def evaluate(self, points):
        losses = super().evaluate(points)
        failed = (points[:, 0] >= self.low) & (points[:, 0] <= self.high)
        losses[failed] = np.inf if self.how == "infinite" else np.nan
        if self.how == "raises" and failed.any():
            raise EvaluationError(losses, {int(row): "no mesh" for row in np.flatnonzero(failed)})
        return losses


@pytest.mark.parametrize("how", ["infinite", "missing", "raises"])
def test_failed_points_are_holes(how):
    found = measure_barrier(Broken(-0.11, 0.11, how), LEFT, RIGHT, 41)
    hole = np.abs(found.steps - 0.5) < 0.0501
    np.testing.assert_array_equal(np.isnan(found.losses), hole)
    assert found.failed == hole.sum() == 5
    assert found.height == np.nanmax(found.losses) < 1.0
    ends = measure_barrier(Broken(0.9, 1.1, how), LEFT, RIGHT)
    assert np.isnan(ends.height)
    with pytest.raises(GeometryError, match="path must have finite losses where it is bent"):
        bend_path(Broken(-0.1, 0.1, how), LEFT, RIGHT, 0)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(GeometryError, match="count must be 3 or more, got 2"):
        measure_barrier(Wells(), LEFT, RIGHT, 2)
    problem = Wells()
    problem.space = Space(np.full(2, -2.0), np.full(2, 2.0))
    assert measure_barrier(problem, LEFT, RIGHT).height == 1.0
    with pytest.raises(GeometryError, match="landscape must have gradients"):
        bend_path(problem, LEFT, RIGHT, 0)


def test_the_path_stays_in_the_box():
    class Wall(Wells):
        def __init__(self):
            super().__init__()
            self.space = Space(np.array([-1.0, -0.3]), np.array([1.0, 0.3]), has_gradient=True)

        def evaluate(self, points):
            assert (np.abs(points) <= self.space.upper).all()
            return super().evaluate(points)

    found = bend_path(Wall(), LEFT, RIGHT, 0)
    assert abs(found.points[1][1]) == 0.3
    assert found.height < 1.0


def descend(problem, seed, steps=1500, rate=0.003, batch=128):
    """Train a network by Adam (Kingma & Ba 2015) from the start of a seed."""
    rng = np.random.default_rng(seed)
    point = problem.space.to_box(problem.space.init.draw(rng))
    mean, square = np.zeros_like(point), np.zeros_like(point)
    for step in range(1, steps + 1):
        _, gradient = problem.evaluate_share(point[None], rng.choice(problem.space.units, (1, batch), replace=False))
        mean, square = 0.9 * mean + 0.1 * gradient[0], 0.999 * square + 0.001 * gradient[0] ** 2
        point = point - rate * mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return point


@pytest.mark.extras
def test_matching_and_a_bend_lower_the_barrier_between_two_trained_networks():
    pytest.importorskip("jax", reason="jax is not installed")
    from searchparty.landscapes.geometry.matching import find_hidden_units, match_units
    from searchparty.landscapes.network import NeuralNetwork

    problem = NeuralNetwork(data="digits", layers=(64,)).open()
    one, other = descend(problem, 0), descend(problem, 1)
    straight = measure_barrier(problem, one, other)
    assert 0.1 < straight.height < 0.4
    matched = measure_barrier(problem, one, match_units(find_hidden_units(problem), one, other))
    assert matched.height < 0.25 * straight.height
    assert bend_path(problem, one, other, seed=0, count=201).height < 0.01
