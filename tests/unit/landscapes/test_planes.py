"""Planes through the cube: what they cut out of boxes."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.landscapes import planes
from searchparty.landscapes.planes import axes_plane, plane_along


def test_a_plane_of_two_axes_cuts_a_box_in_its_face():
    plane = axes_plane(np.full(5, 0.5), 1, 3)
    corners = plane.cut_box(np.full(5, 0.25), np.full(5, 0.75))
    assert sorted(map(tuple, corners.tolist())) == [(0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)]
    assert len(plane.cut_box(np.full(5, 0.6), np.full(5, 0.75))) == 0
    assert plane.extent == (0.0, 1.0, 0.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 80))
def test_what_is_cut_lies_in_the_box_and_on_its_faces(seed, dimension):
    rng = np.random.default_rng(seed)
    origin = rng.random(dimension)
    plane = plane_along(origin, rng.standard_normal(dimension), rng.standard_normal(dimension))
    lower, upper = np.maximum(origin - 0.2, 0.0), np.minimum(origin + 0.3, 1.0)
    corners = plane.cut_box(lower, upper)
    assert len(corners) >= 3
    points = plane.points(corners[:, 0], corners[:, 1])
    assert (points >= lower - 1e-9).all()
    assert (points <= upper + 1e-9).all()
    # Each corner of the polygon lies on two faces of the box.
    on_faces = (np.abs(points - lower) < 1e-9) | (np.abs(points - upper) < 1e-9)
    assert (on_faces.sum(axis=1) >= 2).all()
    center = corners.mean(axis=0)
    assert plane.points(*(center[:, None]))[0] == pytest.approx(plane.points(*(center[:, None]))[0].clip(lower, upper))


@pytest.mark.parametrize("blocks", [1, 7, 4096])
def test_many_axes_are_worked_on_in_blocks(monkeypatch, blocks):
    rng = np.random.default_rng(3)
    dimension, points = 60, rng.random((5, 60))
    plane = plane_along(rng.random(dimension), rng.standard_normal(dimension), rng.standard_normal(dimension))
    offset = points - plane.origin
    expected = [offset @ plane.first, offset @ plane.second]
    rest = offset - np.outer(expected[0], plane.first) - np.outer(expected[1], plane.second)
    lower, upper = np.maximum(plane.origin - 0.2, 0.0), np.minimum(plane.origin + 0.3, 1.0)
    whole = plane.cut_box(lower, upper)
    monkeypatch.setattr(planes, "BLOCK_AXES", blocks)
    np.testing.assert_allclose(plane.project(points), [*expected, np.linalg.norm(rest, axis=1)], atol=1e-13)
    found = plane.cut_box(lower, upper)
    assert sorted(np.round(found, 9).tolist()) == sorted(np.round(whole, 9).tolist())
    far = plane.cut_box(np.full(dimension, 0.9), np.full(dimension, 0.95))
    assert far.shape == (0, 2)


def test_a_region_in_very_many_dimensions_is_cut_at_once():
    rng = np.random.default_rng(3)
    dimension = 100_000
    origin = 0.5 + 0.02 * rng.standard_normal(dimension)
    plane = plane_along(origin, rng.standard_normal(dimension), rng.standard_normal(dimension))
    lower, upper = np.maximum(origin - 0.1, 0.0), np.minimum(origin + 0.1, 1.0)
    began = time.process_time()
    corners = plane.cut_box(lower, upper)
    # 0.02 s; with faces in the order of axes 0.7 s, and hundreds of regions are cut for one film.
    assert time.process_time() - began < 0.4
    points = plane.points(corners[:, 0], corners[:, 1])
    assert len(corners) >= 3
    assert ((points >= lower - 1e-9) & (points <= upper + 1e-9)).all()
