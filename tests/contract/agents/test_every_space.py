"""Runs on axes of every kind, with known starts and answers; the contract of every agent has runs of its own."""

import numpy as np
import pytest

from searchparty.experiments.minimize import minimize


@pytest.mark.parametrize("kind", ["nelder-mead", "pattern-search", "slsqp", "derivative-free"])
def test_the_search_begins_at_the_start(kind):
    points = []

    def counted(x):
        points.append(x.copy())
        return float(((x - 0.2) ** 2).sum())

    minimize(counted, [(-1, 1)] * 3, x0=[0.9, -0.7, 0.4], team=[kind], budget=12, seed=1)
    assert points[0].tolist() == pytest.approx([0.9, -0.7, 0.4])
    nearest = np.abs(np.array(points[1:4]) - points[0]).min(axis=1).max()
    assert nearest < 0.2, points[:4]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.extras) for seed in (1, 2, 3, 4))])
def test_the_party_finds_the_least_of_four_whole_numbers_and_a_choice(seed):
    parameters = {name: {"low": 0, "high": 10, "integer": True} for name in "abcd"} | {
        "k": {"choices": ["y", "x", "z"]}
    }

    def additive(setting):
        base = sum((setting[name] - least) ** 2 for name, least in zip("abcd", (3, 7, 1, 9), strict=True))
        return base + {"x": 0, "y": 2, "z": 1}[setting["k"]]

    assert minimize(additive, parameters=parameters, budget=200, seed=seed).fun == 0.0


@pytest.mark.parametrize("noisy", [False, True])
def test_settings_are_evaluated_again_only_if_they_are_noisy(noisy):
    calls = []

    def loss_of(setting):
        calls.append(setting["n"])
        return float(setting["n"])

    parameters = {"n": {"low": 0, "high": 3, "integer": True}}
    result = minimize(loss_of, parameters=parameters, budget=20, seed=1, team=["random"], noisy=noisy)
    assert set(calls) == {0, 1, 2, 3}
    assert len(calls) == result.nfev == (20 if noisy else 4)
    assert ("nothing new that the team could propose" in result.message) is not noisy
