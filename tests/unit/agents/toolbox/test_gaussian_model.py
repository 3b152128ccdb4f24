"""The Gaussian process against its equations, which are written out with explicit inverses."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from searchparty.agents.toolbox.gaussian_model import JITTER, GaussianModel
from searchparty.agents.toolbox.setting_features import SettingFeatures
from searchparty.landscapes.axis import Axis
from searchparty.landscapes.landscape import Space


def matern(one, two, lengths):
    away = np.sqrt(5 * (((one[:, None] - two[None]) / lengths) ** 2).sum(axis=2))
    return (1 + away + away**2 / 3) * np.exp(-away)


@pytest.fixture
def fitted():
    random = np.random.default_rng(1)
    features = random.random((15, 3))
    losses = np.sin(5 * features[:, 0]) + features[:, 1] ** 2
    model = GaussianModel(np.arange(3))
    model.fit(features, losses)
    return model, features, losses


def test_predictions_are_those_of_the_book(fitted):
    model, features, losses = fitted
    mean, scale = losses.mean(), losses.std()
    inverse = np.linalg.inv(matern(features, features, model.lengths) + (model.noise + JITTER) * np.eye(15))
    values = (losses - mean) / scale
    variance = values @ inverse @ values / 15
    at = np.random.default_rng(2).random((7, 3))
    cross = matern(at, features, model.lengths)
    means, deviations = model.predict(at)
    np.testing.assert_allclose(means, mean + scale * cross @ inverse @ values, rtol=1e-6)
    # Noise is common to points that are nearly the same.
    shared = matern(at, features, 0.2 * model.lengths).max(axis=1) ** 2
    left = variance * (1 - np.einsum("ij,jk,ik->i", cross, inverse, cross) + model.noise * (1 - shared))
    np.testing.assert_allclose(deviations, scale * np.sqrt(left), rtol=1e-4)


def test_an_axis_that_does_not_matter_gets_a_long_length(fitted):
    model, _, _ = fitted
    assert model.lengths[2] > 2 * max(model.lengths[:2])


def test_the_gradient_of_the_density_is_that_of_its_differences():
    random = np.random.default_rng(3)
    model = GaussianModel(np.array([0, 1, 1, 2]))
    features = random.random((12, 4))
    model.fit(features, random.random(12))
    gaps = np.stack([((features[:, None, g] - features[None, :, g]) ** 2).sum(axis=2) for g in ([0], [1, 2], [3])])
    for settings in random.normal(size=(5, 4)) - 1.0:
        wrong = check_grad(
            lambda at: model.compute_density(at, gaps)[0], lambda at: model.compute_density(at, gaps)[1], settings
        )
        assert wrong < 1e-5 * max(1.0, np.linalg.norm(model.compute_density(settings, gaps)[1]))


def test_noise_is_seen():
    random = np.random.default_rng(4)
    features = random.random((60, 1))
    model = GaussianModel(np.array([0]))
    clean = np.sin(4 * features[:, 0])
    model.fit(features, clean)
    quiet = model.noise
    model.fit(features, clean + 0.3 * random.normal(size=60))
    assert quiet < 1e-4 < 1e-3 < model.noise


def test_noise_makes_new_points_vary_but_not_those_that_are_known():
    random = np.random.default_rng(4)
    features = random.random((60, 1))
    model = GaussianModel(np.array([0]))
    model.fit(features, np.sin(4 * features[:, 0]) + 0.3 * random.normal(size=60))
    # The middle of the widest gap between points is new; the other two are a known point, and one beside it.
    ordered = np.sort(features[:, 0])
    widest = np.diff(ordered).argmax()
    new = ordered[widest : widest + 2].mean()
    _, deviations = model.predict(np.array([[features[0, 0]], [features[0, 0] + 1e-6], [new]]))
    assert deviations[0] == pytest.approx(deviations[1], rel=1e-3)
    assert deviations[2] > 1.2 * deviations[0]


@pytest.mark.parametrize("losses", [np.zeros(6), np.array([1.0]), np.full(4, 7.0)])
def test_losses_without_differences_can_be_fitted(losses):
    model = GaussianModel(np.array([0, 1]))
    model.fit(np.random.default_rng(0).random((len(losses), 2)), losses)
    means, deviations = model.predict(np.array([[0.5, 0.5]]))
    assert np.isfinite([means, deviations]).all()


def test_points_of_one_setting_have_the_same_features():
    space = Space.of_axes(
        (Axis("x", 0.0, 1.0), Axis("n", 1, 100, log=True, integer=True), Axis.of_choices("k", ("a", "b", "c")))
    )
    features = SettingFeatures(space)
    one, same, other = features.of_points(np.array([[0.3, 0.501, 0.4], [0.3, 0.505, 0.6], [0.3, 0.501, 0.2]]))
    assert space.axes[1].to_number(0.501) == space.axes[1].to_number(0.505)
    np.testing.assert_array_equal(one, same)
    assert features.groups.tolist() == [0, 1, 2, 2, 2]
    # Two choices are as far apart as the ends of an axis.
    assert np.linalg.norm(one - other) == pytest.approx(1.0)
