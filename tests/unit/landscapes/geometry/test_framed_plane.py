"""A rectangle of a plane: its grid, its holes, and losses that do not depend on how they are evaluated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.landscapes.axis import Axis
from searchparty.landscapes.geometry.framed_plane import (
    FramedPlane,
    PlanarProblem,
    evaluate_framed,
    find_inside,
    find_scale,
)
from searchparty.landscapes.landscape import EvaluationError, Space
from searchparty.landscapes.planes import EDGE_TOLERANCE, Plane, plane_along


class Bowl:
    """The sum of squares on [-3, 3]^D, which fails where the first coordinate is above a limit."""

    def __init__(self, dimension, limit=np.inf):
        self.space = Space(np.full(dimension, -3.0), np.full(dimension, 3.0))
        self.limit = limit

    def evaluate(self, points):
        losses = (points**2).sum(axis=1)
        wrong = np.flatnonzero(points[:, 0] > self.limit)
        if len(wrong):
            losses[wrong] = np.nan
            raise EvaluationError(losses, dict.fromkeys(wrong.tolist(), "too far"))
        return losses


class PlanarBowl(Bowl):
    """The same, which evaluates planes by itself."""

    def evaluate_plane(self, vectors, u, v):
        origin, first, second = vectors
        points = origin + u[None, :, None] * first + v[:, None, None] * second
        return (points**2).sum(axis=2)


def frame(plane, reach, scale=6.0):
    return FramedPlane(plane, (-reach, reach, -reach, reach), scale, ("a", "b"), "a plane")


def random_plane(dimension, seed):
    rng = np.random.default_rng(seed)
    plane = plane_along(rng.random(dimension), *rng.standard_normal((2, dimension)))
    assert plane is not None
    return plane


def test_losses_on_a_plane_are_those_of_its_points():
    plane = plane_along(np.full(7, 0.5), *np.random.default_rng(1).standard_normal((2, 7)))
    framed = frame(plane, 0.1)
    u, v = framed.list_coordinates(5)
    losses = evaluate_framed(Bowl(7), framed, 5)
    point = -3.0 + 6.0 * (plane.origin + u[3] * plane.first + v[1] * plane.second)
    assert losses.shape == (5, 5)
    assert losses[1, 3] == pytest.approx(float(point @ point), rel=1e-12)


def test_bounds_are_in_the_units_of_the_landscape():
    assert frame(random_plane(3, 0), 0.25).bounds == (-1.5, 1.5, -1.5, 1.5)
    assert frame(random_plane(3, 0), 0.25, scale=0.0).bounds == (-0.25, 0.25, -0.25, 0.25)


@given(seed=st.integers(0, 10_000), dimension=st.integers(2, 9), reach=st.floats(0.05, 2.0))
@settings(max_examples=60, deadline=None)
def test_holes_are_the_points_outside_the_cube(seed, dimension, reach):
    plane = random_plane(dimension, seed)
    u = np.linspace(-reach, reach, 9)
    inside = find_inside(plane, u, u)
    cube = plane.points(np.tile(u, 9), np.repeat(u, 9))
    margin = np.minimum(cube, 1.0 - cube).min(axis=1).reshape(9, 9)
    assert inside[margin > 2 * EDGE_TOLERANCE].all()
    assert not inside[margin < -1e-6].any()


def test_a_plane_along_an_axis_stands_off_other_faces():
    plane = Plane(np.array([0.5, 1.2]), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert find_inside(plane, np.array([0.0]), np.array([0.0, -0.3])).tolist() == [[False], [True]]


def test_a_problem_that_evaluates_planes_finds_the_same_holes_and_losses():
    framed = frame(random_plane(6, 3), 0.6)
    assert isinstance(PlanarBowl(6), PlanarProblem)
    one, other = (evaluate_framed(problem, framed, 21) for problem in (Bowl(6), PlanarBowl(6)))
    assert np.isnan(one).any()
    assert np.isfinite(one).any()
    np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_failed_points_are_holes():
    plane = Plane(np.full(2, 0.5), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    losses = evaluate_framed(Bowl(2, limit=0.0), frame(plane, 0.4), 5)
    assert np.isnan(losses[:, 3:]).all()
    assert np.isfinite(losses[:, :3]).all()


@pytest.mark.parametrize(
    ("space", "scale"),
    [
        (Space(np.full(4, -3.0), np.full(4, 3.0)), 6.0),
        (Space(np.array([0.0, 5.0]), np.array([1.0, 6.0])), 1.0),
        (Space(np.zeros(2), np.array([1.0, 3.0])), 0.0),
        (Space.of_axes((Axis("a", 1.0, 2.0, log=True), Axis("b", 1.0, 2.0))), 0.0),
    ],
)
def test_a_scale_is_common_to_all_axes_or_there_is_none(space, scale):
    assert find_scale(space) == scale


@pytest.mark.extras
@pytest.mark.parametrize(
    "layers",
    [(64,), ({"conv": 3}, {"pool": 2}, 8), ({"pool": 4}, {"conv": 2}), (), (16, 16)],
    ids=["dense", "conv", "pool-first", "linear", "two"],
)
def test_shared_sums_give_the_losses_of_a_network(layers):
    pytest.importorskip("jax")
    from searchparty.landscapes.network import NeuralNetwork

    deep = {"residual": True, "norm": "layer"} if layers == (16, 16) else {}
    problem = NeuralNetwork(data="digits", layers=layers, weight_decay=1e-3, **deep).open()
    rng = np.random.default_rng(0)
    dimension = problem.space.dimension
    plane = plane_along(problem.space.init.draw(rng), *rng.standard_normal((2, dimension)))
    framed = frame(plane, 0.3)
    shared = evaluate_framed(problem, framed, 7)
    u, v = framed.list_coordinates(7)
    points = plane.points(np.tile(u, 7), np.repeat(v, 7))
    alone = problem.evaluate(problem.space.to_box(np.clip(points, 0.0, 1.0))).reshape(7, 7)
    np.testing.assert_allclose(shared, np.where(np.isnan(shared), np.nan, alone), rtol=1e-5, atol=1e-5)
    assert np.isfinite(shared).sum() > 20
