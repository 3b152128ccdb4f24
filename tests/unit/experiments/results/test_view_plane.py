"""Planes through the cube, landscapes on them, and the plane on which a run is shown."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.experiments.minimization.team import build_part
from searchparty.experiments.results.pictures.view_plane import SampledPoints, choose_plane, default_plane_spec
from searchparty.experiments.spec.errors import SpecError
from searchparty.landscapes.landscape import Landscape, Space
from searchparty.landscapes.planes import Plane, axes_plane, clip_polygon, plane_along

QUICK = settings(max_examples=60, deadline=None)
TEAM = ["ann", "bob", "cyd", "dan"]


@st.composite
def planes(draw, least=2):
    """Generate a plane through a cube, sometimes through a face or along one."""
    dimension = draw(st.sampled_from([d for d in (2, 3, 5, 20) if d >= least]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    origin = rng.random(dimension)
    if draw(st.booleans()):
        faces = rng.random(dimension) < 0.3
        origin[faces] = rng.integers(0, 2, faces.sum())
    first, second = rng.normal(size=(2, dimension))
    if dimension > 2 and draw(st.booleans()):
        still = rng.permutation(dimension)[: dimension - 2]
        first[still] = second[still] = 0.0
    plane = plane_along(origin, first, second)
    assert plane is not None
    return plane


def vertices(plane):
    """Return (u, v) of the corners of the plane's part in the cube.

    They are the intersections of the lines of two faces, except those outside the cube.
    """
    dimension, found = len(plane.origin), []
    for i, j in itertools.combinations(range(dimension), 2):
        matrix = np.array([[plane.first[i], plane.second[i]], [plane.first[j], plane.second[j]]])
        if abs(np.linalg.det(matrix)) < 1e-12:
            continue
        for faces in itertools.product((0.0, 1.0), repeat=2):
            uv = np.linalg.solve(matrix, np.array(faces) - plane.origin[[i, j]])
            point = plane.origin + uv[0] * plane.first + uv[1] * plane.second
            if ((point >= -1e-9) & (point <= 1.0 + 1e-9)).all():
                found.append(uv)
    return np.array(found)


@QUICK
@given(planes(), st.integers(0, 2**32))
def test_points_and_project_undo_each_other_on_the_plane(plane, seed):
    u, v = np.random.default_rng(seed).normal(size=(2, 7))
    again = plane.project(plane.points(u, v))
    np.testing.assert_allclose(again, [u, v, np.zeros(7)], atol=1e-7)
    assert abs(plane.first @ plane.second) < 1e-12
    np.testing.assert_allclose([np.linalg.norm(plane.first), np.linalg.norm(plane.second)], 1.0)


@QUICK
@given(planes(), st.integers(0, 2**32))
def test_distance_is_that_of_the_nearest_point_of_the_plane(plane, seed):
    cube = np.random.default_rng(seed).random((5, len(plane.origin)))
    u, v, distance = plane.project(cube)
    rest = cube - plane.points(u, v)
    np.testing.assert_allclose(np.linalg.norm(rest, axis=1), distance, atol=1e-9)
    np.testing.assert_allclose(rest @ plane.first, 0.0, atol=1e-9)
    np.testing.assert_allclose(rest @ plane.second, 0.0, atol=1e-9)
    if len(plane.origin) == 2:
        np.testing.assert_allclose(distance, 0.0, atol=1e-9)


@QUICK
@given(planes())
def test_the_extent_is_the_bounding_box_of_what_lies_in_the_cube(plane):
    corners = vertices(plane)
    left, right, bottom, top = plane.extent
    np.testing.assert_allclose([left, bottom], corners.min(axis=0), atol=1e-6)
    np.testing.assert_allclose([right, top], corners.max(axis=0), atol=1e-6)


def test_extents_of_coordinates_are_exactly_the_unit_square():
    for dimension in (2, 3, 20):
        for i, j in ((0, 1), (1, 0), (dimension - 1, 0)):
            assert axes_plane(np.full(dimension, 0.3), i, j).extent == (0.0, 1.0, 0.0, 1.0)
            assert axes_plane(np.zeros(dimension), i, j).extent == (0.0, 1.0, 0.0, 1.0)
            assert axes_plane(np.ones(dimension), i, j).extent == (0.0, 1.0, 0.0, 1.0)


def test_one_dimension_is_a_ribbon():
    plane = axes_plane(np.array([0.7]), 0, 0)
    assert plane.extent == (0.0, 1.0, -0.5, 0.5)
    u, v, distance = plane.project(np.array([[0.2], [0.9]]))
    assert (u.tolist(), v.tolist(), distance.tolist()) == ([0.2, 0.9], [0.0, 0.0], [0.0, 0.0])
    problem = build_part("landscape", ("landscape",), Landscape, {"kind": "rastrigin", "dimension": 1}).open()
    surface = plane.evaluate_surface(problem, 11)
    at = problem.space.to_box(np.linspace(0.0, 1.0, 11)[:, None])
    np.testing.assert_array_equal(surface, np.tile(problem.evaluate(at), (11, 1)))


def test_what_rounding_leaves_of_a_direction_along_a_face_cuts_nothing_off():
    first, second = np.array([1.0, 0.0, 1e-17]), np.array([0.0, 1.0, -1e-17])
    for face in (0.0, 1.0):
        plane = Plane(np.array([0.5, 0.5, face]), first, second)
        assert plane.extent == pytest.approx((-0.5, 0.5, -0.5, 0.5))


def test_a_plane_that_but_touches_the_cube_has_an_extent_of_no_size():
    plane = plane_along(np.zeros(3), np.array([1.0, -1.0, 0.0]), np.array([1.0, 1.0, -2.0]))
    left, right, bottom, top = plane.extent
    assert right - left < 1e-9
    assert top - bottom < 1e-9


@QUICK
@given(planes())
def test_a_surface_is_the_landscape_within_the_cube_and_nothing_outside(plane):
    problem = build_part(
        "landscape", ("landscape",), Landscape, {"kind": "sphere", "dimension": len(plane.origin)}
    ).open()
    resolution = 9
    surface = plane.evaluate_surface(problem, resolution)
    left, right, bottom, top = plane.extent
    for j, v in enumerate(np.linspace(bottom, top, resolution)):
        for i, u in enumerate(np.linspace(left, right, resolution)):
            (point,) = plane.points(np.array([u]), np.array([v]))
            off = max(0.0, float((-point).max()), float((point - 1.0).max()))
            if off > 1e-8:
                assert np.isnan(surface[j, i])
            elif off == 0.0:
                loss = problem.evaluate(problem.space.to_box(point[None]))[0]
                assert surface[j, i] == pytest.approx(loss, abs=1e-9)


def test_clipped_keeps_the_half_where_the_side_is_positive():
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    np.testing.assert_array_equal(clip_polygon(square, np.array([1.0, 0.0]), 0.0), square)
    half = clip_polygon(square, np.array([1.0, 0.0]), -0.25)
    assert sorted(map(tuple, half)) == [(0.25, 0.0), (0.25, 1.0), (1.0, 0.0), (1.0, 1.0)]
    corner = clip_polygon(square, np.array([-1.0, -1.0]), 0.5)
    assert {tuple(p) for p in corner} == {(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)}
    nothing = clip_polygon(square, np.array([1.0, 0.0]), -3.0)
    assert nothing.shape == (0, 2)
    assert clip_polygon(nothing, np.array([1.0, 0.0]), 0.0).shape == (0, 2)


@QUICK
@given(st.integers(0, 2**32), st.floats(-1.0, 1.0))
def test_clipping_never_gains(seed, offset):
    rng = np.random.default_rng(seed)
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    normal = rng.normal(size=2)
    kept = clip_polygon(square, normal, offset)
    assert (kept >= -1e-12).all()
    assert (kept <= 1.0 + 1e-12).all()
    if (square @ normal + offset >= 0).any():
        assert (kept @ normal + offset >= -1e-9).all()


def test_directions_that_are_almost_one_span_no_plane():
    origin, along = np.full(3, 0.5), np.array([1.0, 1.0, 0.0])
    assert plane_along(origin, along, 2.0 * along) is None
    assert plane_along(origin, 0.0 * along, along) is None
    assert plane_along(origin, along, along + np.array([0.0, 0.0, 1e-13])) is None
    assert plane_along(origin, along, along + np.array([0.0, 0.0, 1e-6])) is not None


# --- which plane is shown ---


def space(dimension):
    return Space(np.full(dimension, -5.0), np.full(dimension, 5.0))


def seen(cube, losses=None, agent=None):
    cube = np.asarray(cube, dtype=float)
    losses = np.arange(len(cube), dtype=float) if losses is None else np.asarray(losses, dtype=float)
    agent = np.arange(len(cube)) % len(TEAM) if agent is None else np.asarray(agent)
    return SampledPoints(cube, losses, agent, TEAM)


def some(dimension, n=40, seed=0):
    rng = np.random.default_rng(seed)
    return seen(rng.random((n, dimension)), rng.random(n))


def is_sound(found, dimension):
    """Return whether a plane is finite, orthonormal, and has an extent."""
    plane = found.plane
    for vector in (plane.origin, plane.first, plane.second):
        assert vector.shape == (dimension,)
        assert np.isfinite(vector).all()
    np.testing.assert_allclose(np.linalg.norm(plane.first), 1.0)
    assert dimension == 1 or np.linalg.norm(plane.second) == pytest.approx(1.0)
    assert abs(plane.first @ plane.second) < 1e-9
    left, right, bottom, top = plane.extent
    assert right - left > 1e-3
    assert top - bottom > 1e-3


@pytest.mark.parametrize("dimension", [1, 2, 3, 20])
@pytest.mark.parametrize("spec", ["best", "pca", None])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 40])
def test_every_plane_of_any_points_is_sound(dimension, spec, n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = choose_plane(spec or default_plane_spec(dimension), space(dimension), some(dimension, n))
    is_sound(found, dimension)
    assert len(found.ticks) == 2
    assert found.text


@pytest.mark.parametrize("spec", ["best", "pca"])
@pytest.mark.parametrize(
    "given",
    [
        seen(np.full((30, 4), 0.3)),
        seen(np.linspace(0.1, 0.9, 30)[:, None] * np.array([1.0, 0.5, 0.25, 0.7])),
        seen(np.full((30, 4), 0.3), np.full(30, np.inf)),
        seen(np.random.default_rng(1).random((30, 4)), np.full(30, np.nan)),
        seen(np.random.default_rng(1).random((30, 4)), [1.0, 2.0, *[np.inf] * 28]),
        seen(np.full((30, 4), 1.0)),
        seen(np.zeros((30, 4))),
    ],
    ids=["equal", "collinear", "all failed", "no number", "two finite", "upper corner", "lower corner"],
)
def test_points_that_span_no_plane_leave_the_coordinates(spec, given):
    found = choose_plane(spec, space(4), given)
    assert found.spec == "axes:0:1"
    is_sound(found, 4)


def test_coordinates_go_through_the_best_point():
    given = seen(np.random.default_rng(3).random((10, 3)), [np.inf, 5, 3, 1, 2, np.nan, 8, 9, 7, 6])
    found = choose_plane("axes:2:0", space(3), given)
    np.testing.assert_array_equal(found.plane.origin, [0.0, given.cube[3, 1], 0.0])
    assert [tick.name for tick in found.ticks] == ["x3", "x1"]
    assert [(tick.offset, tick.scale) for tick in found.ticks] == [(-5.0, 10.0)] * 2
    assert found.text == "coordinates x3 and x1, the others as at the best point found"
    assert choose_plane("axes:1:0", space(2), some(2)).text == "coordinates x2 and x1"
    assert choose_plane("axes:0:0", space(1), some(1)).text == "coordinate x1"


def test_best_goes_through_the_best_points_of_three_agents():
    given = some(5)
    found = choose_plane("best", space(5), given)
    bests = {}
    for row in np.argsort(given.losses):
        bests.setdefault(int(given.agent[row]), int(row))
    rows = list(bests.values())[:3]
    _, _, distance = found.plane.project(given.cube[rows])
    np.testing.assert_allclose(distance, 0.0, atol=1e-12)
    names = [TEAM[given.agent[row]] for row in rows]
    assert found.text == "the plane through the best points of {}, {} and {}".format(*names)
    u, v, _ = found.plane.project(given.cube[rows])
    np.testing.assert_allclose([u[0], v[0], v[1]], 0.0, atol=1e-12)
    assert u[1] > 0
    assert v[2] > 0


def test_best_passes_over_agents_on_one_line():
    cube = [[0.1, 0.1, 0.1], [0.2, 0.2, 0.2], [0.3, 0.3, 0.3], [0.9, 0.1, 0.5]]
    found = choose_plane("best", space(3), seen(cube, [0, 1, 2, 3]))
    assert found.text == "the plane through the best points of ann, bob and dan"


def test_best_of_one_agent_is_pca():
    given = some(3)
    found = choose_plane("best", space(3), SampledPoints(given.cube, given.losses, np.zeros(40, dtype=np.int64), TEAM))
    assert found.spec == "pca"
    assert "principal" in found.text


def test_pca_follows_the_spread_through_the_best_point():
    rng = np.random.default_rng(5)
    cube = 0.5 + rng.normal(size=(200, 6)) * np.array([0.01, 0.1, 0.01, 0.05, 0.01, 0.01])
    losses = rng.random(200)
    found = choose_plane("pca", space(6), seen(cube, losses))
    assert np.argmax(np.abs(found.plane.first)) == 1
    assert np.argmax(np.abs(found.plane.second)) == 3
    assert found.plane.first[1] > 0.9
    assert found.plane.second[3] > 0.9
    _, _, distance = found.plane.project(cube[[np.argmin(losses)]])
    assert distance[0] == pytest.approx(0.0, abs=1e-12)
    assert "97%" in found.text or "96%" in found.text


@QUICK
@given(st.integers(0, 2**32), st.sampled_from([3, 5, 20]))
def test_directions_do_not_turn_with_the_order_of_the_points(seed, dimension):
    given = some(dimension, 30, seed)
    order = np.random.default_rng(seed).permutation(30)
    again = SampledPoints(given.cube[order], given.losses[order], given.agent[order], TEAM)
    for spec in ("best", "pca"):
        one, other = choose_plane(spec, space(dimension), given), choose_plane(spec, space(dimension), again)
        np.testing.assert_allclose(one.plane.origin, other.plane.origin, atol=1e-9)
        np.testing.assert_allclose(one.plane.first, other.plane.first, atol=1e-6)
        np.testing.assert_allclose(one.plane.second, other.plane.second, atol=1e-6)
        same = choose_plane(spec, space(dimension), given)
        np.testing.assert_array_equal(one.plane.first, same.plane.first)


def test_pca_of_a_best_point_in_the_corner_goes_through_the_middle_of_all():
    rng = np.random.default_rng(0)
    across = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]]) / 4.0
    cube = np.vstack([np.zeros(3), 0.5 + rng.uniform(-0.7, 0.7, (300, 2)) @ across])
    found = choose_plane("pca", space(3), seen(cube, np.arange(301.0), np.zeros(301, dtype=np.int64)))
    is_sound(found, 3)


@pytest.mark.parametrize(
    "spec", ["worst", "", "axes", "axes:0", "axes:0:1:2", "axes:-1:0", "axes:a:b", "PCA", "axes:0:12345"]
)
def test_unknown_planes(spec):
    with pytest.raises(SpecError, match=r"plane must be best, pca, or axes:I:J .*got .*Choose one of them\."):
        choose_plane(spec, space(3), some(3))


@pytest.mark.parametrize(("spec", "dimension"), [("axes:0:3", 3), ("axes:3:0", 3), ("axes:1:1", 3), ("axes:0:2", 2)])
def test_coordinates_that_there_are_not(spec, dimension):
    rule = f"plane must name two different coordinates from 0 to {dimension - 1}, got '{spec}'. Choose others."
    with pytest.raises(SpecError, match=rule):
        choose_plane(spec, space(dimension), some(dimension))


def test_one_dimension_has_one_plane():
    with pytest.raises(SpecError, match="plane must be axes:0:0 where there is only one coordinate, got 'axes:0:1'"):
        choose_plane("axes:0:1", space(1), some(1))
