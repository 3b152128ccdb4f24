"""Whether many points are in the unit cube is decided by their bits: the answer is that of comparisons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from searchparty.agents.agent import SMALL_SIZE, in_cube

TINY = float(np.finfo(float).smallest_subnormal)
ABOVE, BELOW = float(np.nextafter(1.0, 2.0)), float(np.nextafter(1.0, 0.0))
EDGES = [0.0, -0.0, TINY, -TINY, 1.0, ABOVE, BELOW, -1.0, np.nan, -np.nan, np.inf, -np.inf]


@pytest.mark.parametrize("rows", [1, 2, SMALL_SIZE, 100])
@pytest.mark.parametrize("value", EDGES)
def test_one_coordinate_decides(rows: int, value: float):
    points = np.linspace(0.0, 1.0, rows * 3).reshape(rows, 3)
    points[rows // 2, 1] = value
    assert in_cube(points) == (0.0 <= value <= 1.0)


@given(arrays(np.float64, (7, 5), elements=st.floats(width=64) | st.floats(0.0, 1.0) | st.sampled_from(EDGES)))
def test_answer_is_that_of_comparisons(points):
    assert in_cube(points) == bool(((points >= 0.0) & (points <= 1.0)).all())
    assert in_cube(points[::2, ::-1]) == bool(((points[::2] >= 0.0) & (points[::2] <= 1.0)).all())
