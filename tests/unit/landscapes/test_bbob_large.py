"""BBOB functions of more than 40 axes: those of COCO's large-scale suite, and no others."""

import numpy as np
import pytest
from pydantic import ValidationError

from searchparty.landscapes.bbob import LARGE_DIMENSIONS, Bbob
from searchparty.landscapes.landscape import known_minimizers


def test_values_are_those_of_the_suite():
    # Of the sphere, the loss is min(1, 40 / D) |x - x*|^2 + f*, so three values determine each coordinate of x*.
    problem = Bbob(function=1, dimension=80, instance=1).open()
    assert problem.minimum == 79.48
    origin = np.zeros((1, 80))
    base = problem.evaluate(origin)[0]
    steps = problem.evaluate(np.eye(80))
    best = (1 - (steps - base) / 0.5) / 2
    assert np.all(np.abs(best) <= 4)
    np.testing.assert_allclose(problem.evaluate(best[None]), [79.48], atol=1e-9)
    np.testing.assert_allclose(base, 0.5 * (best**2).sum() + 79.48, rtol=1e-12)
    assert base == pytest.approx(268.23306080000003, rel=1e-14)


@pytest.mark.parametrize(
    ("function", "instance", "minimum"),
    [(1, 7, -1000.0), (8, 1, 149.15), (15, 3, -48.22), (20, 1, -546.5)],
)
def test_the_known_minimum_is_that_of_the_instance(function, instance, minimum):
    problem = Bbob(function=function, dimension=160, instance=instance).open()
    assert problem.minimum == minimum
    rng = np.random.default_rng(function)
    assert (problem.evaluate(rng.uniform(-5, 5, (20, 160))) > minimum).all()
    assert known_minimizers(problem) is None


@pytest.mark.parametrize("dimension", LARGE_DIMENSIONS)
@pytest.mark.parametrize("function", [1, 7, 16, 24])
def test_rows_do_not_depend_on_their_batch(function, dimension):
    problem = Bbob(function=function, dimension=dimension).open()
    points = np.random.default_rng(1).uniform(-5, 5, (4, dimension))
    alone = [problem.evaluate(point[None])[0] for point in points]
    np.testing.assert_array_equal(problem.evaluate(points), alone)
    np.testing.assert_array_equal(problem.evaluate(np.asfortranarray(points)), alone)
    assert problem.space.dimension == dimension


@pytest.mark.parametrize("dimension", [41, 64, 79, 100, 639])
def test_other_dimensions_are_refused(dimension):
    with pytest.raises(ValidationError, match=rf"dimension must be 2 to 40, or one of .*640\), got {dimension}"):
        Bbob(function=1, dimension=dimension)


@pytest.mark.parametrize("dimension", [1, 641, 1280])
def test_dimensions_beyond_the_suite_are_refused(dimension):
    with pytest.raises(ValidationError, match="dimension"):
        Bbob(function=1, dimension=dimension)
