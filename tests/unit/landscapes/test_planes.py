"""Planes through the cube: what they cut out of boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
