"""The cubic spline against scipy's, and its gradient."""

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator
from scipy.optimize import check_grad

from searchparty.agents.toolbox.cubic_model import CubicModel


@pytest.fixture
def fitted():
    random = np.random.default_rng(1)
    places = random.uniform(-1, 1, (15, 3))
    losses = np.sin(3 * places[:, 0]) + places[:, 1] ** 2
    return CubicModel.fit(places, losses), places, losses


def test_the_model_is_that_of_scipy(fitted):
    model, places, losses = fitted
    others = np.random.default_rng(2).uniform(-1, 1, (20, 3))
    expected = RBFInterpolator(places, losses, kernel="cubic", degree=1)(others)
    np.testing.assert_allclose([model.evaluate(place)[0] for place in others], expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose([model.evaluate(place)[0] for place in places], losses, rtol=1e-9, atol=1e-9)


def test_the_gradient_is_that_of_the_value(fitted):
    model = fitted[0]
    place = np.array([0.1, -0.3, 0.2])
    assert check_grad(lambda z: model.evaluate(z)[0], lambda z: model.evaluate(z)[1], place) < 1e-5


def test_the_lowest_place_lies_in_the_box(fitted):
    model = fitted[0]
    low, high = np.full(3, -0.5), np.full(3, 0.25)
    lowest = model.find_lowest(low, high)
    assert (low <= lowest).all()
    assert (lowest <= high).all()
    assert model.evaluate(lowest)[0] < model.evaluate(np.zeros(3))[0]


@pytest.mark.parametrize("places", [np.zeros((4, 2)), np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])])
def test_places_that_are_one_make_no_model(places):
    assert CubicModel.fit(places, np.arange(4.0)) is None
