"""The way down from a saddle: known curvatures, faces, and what is no saddle."""

import numpy as np
import pytest

from searchparty.agents.agent import Lease, Region, WithGradient
from searchparty.agents.toolbox.saddles import find_way_down

LEASE = Lease(0, "a", 1000, Region.whole(3), "")


def follow(loss, gradient, point, seed=0):
    """Answer the search for a way down from a point, and return what it found and the rows that it asked for."""
    search = find_way_down(np.array(point, dtype=float), loss(np.array(point)), np.random.default_rng(seed))
    rows, told = 0, None
    try:
        while True:
            asked = search.send(told)
            points = asked.points if isinstance(asked, WithGradient) else asked
            assert ((points >= 0) & (points <= 1)).all()
            rows += len(points)
            gradients = np.array([gradient(p) for p in points]) if isinstance(asked, WithGradient) else None
            told = type("Answer", (), {})()
            told.losses, told.gradients, told.lease = np.array([loss(p) for p in points]), gradients, LEASE
    except StopIteration as end:
        return end.value[0], rows


def quadratic(curvatures, turn):
    hessian = turn @ np.diag(curvatures) @ turn.T
    middle = np.full(len(curvatures), 0.5)
    return lambda p: 0.5 * (p - middle) @ hessian @ (p - middle), lambda p: hessian @ (p - middle)


@pytest.mark.parametrize("curvatures", [(3.0, 1.0, -2.0), (50.0, -1.0, -0.1), (1e3, 1.0, -2.0)])
def test_least_eigenpair_of_a_quadratic(curvatures):
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    found, rows = follow(*quadratic(curvatures, turn), (0.5, 0.5, 0.5))
    assert rows == 3 * 2 + 4
    assert found.least == pytest.approx(min(curvatures), rel=1e-6)
    assert found.greatest == pytest.approx(max(curvatures), rel=1e-6)
    assert abs(found.direction @ turn[:, int(np.argmin(curvatures))]) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("curvatures", [(3.0, 1.0, 2.0), (3.0, 1.0, 0.0), (1.0, 1.0, -1e-6)])
def test_minima_and_flat_valleys_are_no_saddles(curvatures):
    assert follow(*quadratic(curvatures, np.eye(3)), (0.5, 0.5, 0.5))[0] is None


def test_axes_on_a_face_are_left_out():
    loss, gradient = quadratic((1.0, -3.0, -1.0), np.eye(3))
    found, _ = follow(loss, gradient, (0.5, 1.0, 0.5))
    assert np.abs(found.direction).round(6).tolist() == [0.0, 0.0, 1.0]
    assert follow(loss, gradient, (0.0, 1.0, 0.0)) == (None, 0)


def test_a_failed_gradient_ends_the_search():
    loss, _ = quadratic((1.0, -3.0, -1.0), np.eye(3))
    assert follow(loss, lambda p: p * np.nan, (0.5, 0.5, 0.5)) == (None, 2)


def test_the_lower_side_is_taken():
    def loss(p):
        return (p[0] - 0.5) ** 2 - (p[1] - 0.5) ** 2 - 0.1 * (p[1] - 0.5) ** 3 + p[2] ** 2

    def gradient(p):
        return np.array([2 * (p[0] - 0.5), -2 * (p[1] - 0.5) - 0.3 * (p[1] - 0.5) ** 2, 2 * p[2]])

    for seed in range(4):
        assert follow(loss, gradient, (0.5, 0.5, 0.0), seed)[0].direction[1] == pytest.approx(1.0, abs=1e-6)
