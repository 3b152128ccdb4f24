"""Planes through points of runs: known planes of known points, and what chance would show."""

import numpy as np
import pytest

from searchparty.experiments.planes.lay import (
    find_components,
    lay_along,
    lay_principal,
    lay_random,
    lay_through,
    measure_walk_share,
)
from searchparty.experiments.planes.paths import AgentPath
from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.geometry.filters import Filters
from searchparty.landscapes.geometry.hessian import GeometryError
from searchparty.landscapes.landscape import Space


def make_path(cube, strategy="a", loss=0.0, best=-1):
    cube = np.asarray(cube, dtype=float)
    best = len(cube) - 1 if best == -1 else best
    return AgentPath("0123456789ab", strategy, 0, strategy, cube, np.arange(1, len(cube) + 1), best, loss)


class Box:
    """A problem of which only the space is asked."""

    def __init__(self, dimension, sides=1.0):
        self.space = Space(np.zeros(dimension), np.full(dimension, sides))


def walk(dimension, steps, seed):
    rng = np.random.default_rng(seed)
    return 0.5 + 1e-3 * np.cumsum(rng.standard_normal((steps, dimension)), axis=0)


class TestComponents:
    def test_points_on_a_plane_lie_on_it(self):
        rng = np.random.default_rng(0)
        axes = np.linalg.qr(rng.standard_normal((8, 2)))[0].T
        cube = 0.5 + 0.1 * rng.standard_normal((12, 2)) @ axes
        laid = lay_principal(Sphere(dimension=8).open(), [make_path(cube)])
        assert laid.facts["share"] == pytest.approx(1.0)
        assert laid.framed.plane.project(cube)[2].max() < 1e-12
        left, right, bottom, top = laid.framed.window
        u, v, _ = laid.framed.plane.project(cube)
        assert left < u.min() < u.max() < right
        assert bottom < v.min() < v.max() < top
        assert right - left == pytest.approx(top - bottom)

    def test_shares_are_those_of_the_covariance(self):
        cube = walk(6, 30, 1)
        values = np.linalg.eigvalsh(np.cov(cube.T))
        assert find_components(cube)[0] == pytest.approx(values[-2:].sum() / values.sum())

    def test_a_random_walk_is_told_to_be_one(self):
        # Its first component alone holds 6 / pi^2 of the spread in many dimensions (Antognini & Sohl-Dickstein 2018).
        cube = walk(2000, 100, 2)
        share, _ = find_components(cube)
        assert share == pytest.approx(6 / np.pi**2 * (1 + 1 / 4), abs=0.01)
        assert measure_walk_share([cube]) == pytest.approx(share, abs=0.01)
        laid = lay_principal(Box(2000), [make_path(np.clip(cube, 0, 1))])
        assert "no more than chance" in laid.sentences[0]

    @pytest.mark.parametrize("cube", [[[0.1, 0.2, 0.3]] * 5, [[x, x, 0.5] for x in (0.1, 0.2, 0.4)], [[0.1, 0.2, 0.3]]])
    def test_points_that_span_no_plane_are_refused(self, cube):
        with pytest.raises(GeometryError, match="plane pca needs three points of a run that are not on a line"):
            lay_principal(Sphere(dimension=3).open(), [make_path(cube)])


class TestThrough:
    def test_it_holds_three_points(self):
        rng = np.random.default_rng(5)
        paths = [make_path([point], name) for name, point in zip("abc", rng.random((3, 5)), strict=True)]
        laid = lay_through(Sphere(dimension=5).open(), paths, 0)
        assert max(laid.framed.plane.project(path.cube)[2].max() for path in paths) < 1e-12
        unit = 10.24
        length = np.linalg.norm(paths[0].end - paths[1].end) * unit
        assert f"a#0 and b#0: {length:.3g}" in laid.sentences[0]

    def test_two_points_and_a_random_direction(self):
        paths = [make_path([[0.2] * 4], "a"), make_path([[0.6] * 4], "b")]
        one, other = (lay_through(Sphere(dimension=4).open(), paths, seed).framed.plane for seed in (0, 1))
        np.testing.assert_allclose(one.first, 0.5)
        assert abs(one.second @ other.second) < 0.999

    def test_equal_points_are_refused(self):
        paths = [make_path([[0.2] * 4], "a"), make_path([[0.2] * 4], "b")]
        with pytest.raises(GeometryError, match="must have different points, got that of a#0 again for b#0"):
            lay_through(Sphere(dimension=4).open(), paths, 0)

    def test_points_on_a_line_are_refused(self):
        paths = [make_path([[x] * 4], name) for name, x in (("a", 0.2), ("b", 0.4), ("c", 0.9))]
        with pytest.raises(GeometryError, match="must have points that are not on a line, got a#0, b#0, c#0"):
            lay_through(Sphere(dimension=4).open(), paths, 0)


class TestAround:
    def test_a_random_plane_lies_around_the_best_point(self):
        center = make_path([[0.1] * 6, [0.3] * 6])
        laid = lay_random(Sphere(dimension=6).open(), center, 7)
        np.testing.assert_array_equal(laid.framed.plane.origin, center.end)
        left, right, _, _ = laid.framed.window
        assert right == -left == pytest.approx(0.5)
        assert "half as long as a side of the box" in laid.sentences[0]

    def test_zero_is_a_point_like_others_of_a_plain_function(self):
        problem = Sphere(dimension=2).open()
        # Where 0 is the minimizer, the way from 0 has no length.
        center, other = make_path([[0.5, 0.5]]), make_path([[0.7, 0.6]], "b")
        assert lay_random(problem, center, 0).framed.window[1] == pytest.approx(0.5)
        plane = lay_through(problem, [center, other], 0).framed.plane
        assert plane.project(np.array([[0.1, 0.9]]))[2][0] < 1e-12

    def test_directions_of_weights_are_as_long_as_the_weights(self):
        problem = Box(4, sides=2.0)
        problem.filters = Filters(np.array([0, 0, 1, 1]), np.array([False, False, False, True]))
        laid = lay_random(problem, make_path([[0.5, 0.0, 0.25, 0.1]]), 0)
        # Of weights 1, 0 and 0.5; the last one is a bias.
        assert laid.framed.bounds[1] == pytest.approx(np.sqrt(1.25))
        assert "the 1 biases and gains do not change" in laid.sentences[0]

    def test_axes_of_unequal_units_are_told_in_cube_units(self):
        laid = lay_random(Box(3, sides=np.array([1.0, 2.0, 3.0])), make_path([[0.5] * 3]), 0)
        assert laid.framed.scale == 0.0
        assert laid.framed.window[1] == pytest.approx(0.5)

    def test_the_window_shows_a_parabola_as_high_as_the_fall(self):
        problem = Sphere(dimension=4).open()
        laid = lay_along(problem, make_path([[0.5] * 4]), np.eye(4)[0], np.eye(4)[1], 2.0, np.array([4.0, 2.0]))
        assert laid.framed.bounds[1] == pytest.approx(np.sqrt(2.0))

    def test_a_point_that_curves_downwards_is_refused(self):
        with pytest.raises(GeometryError, match="plane hessian needs a point where the loss curves upwards"):
            lay_along(Sphere(dimension=4).open(), make_path([[0.5] * 4]), *np.eye(4)[:2], 1.0, np.array([3.0, -1.0]))
