"""Every agent on every kind of axis: runs end, budgets are exact, no setting is evaluated twice."""

import numpy as np
import pytest
from own_kinds import mark_kind

from searchparty.experiments.minimize import minimize
from searchparty.experiments.spec import catalogue
from searchparty.landscapes.causes import is_free_cause

TARGETS = {"rate": 0.01, "depth": 4, "kernel": "poly", "width": 64, "scale": 0.5, "small": 1}
AXES = {
    "rate": {"low": 1e-5, "high": 0.1, "log": True},
    "depth": {"low": 2, "high": 8, "integer": True},
    "kernel": {"choices": ["rbf", "poly", "linear"]},
    "width": {"low": 1, "high": 1024, "log": True, "integer": True},
    "scale": {"low": -1.0, "high": 3.0},
    "small": {"low": 0, "high": 1, "integer": True},
}
SPACES = {
    "log": ["rate"],
    "integer": ["depth"],
    "choice": ["kernel"],
    "log integer": ["width", "scale"],
    "six settings": ["kernel", "small"],
    "mixed": list(AXES),
}
AGENTS = [mark_kind(cls(), kind, kind) for kind, cls in catalogue.agent_classes().items()]
BUDGET = 60


def loss(setting):
    found = 0.0
    for name, value in setting.items():
        if name == "fixed":
            continue
        if isinstance(value, str):
            found += value != TARGETS[name]
        elif name in ("rate", "width"):
            found += np.log10(value / TARGETS[name]) ** 2
        else:
            found += (value - TARGETS[name]) ** 2
    return float(found)


def search(agent, names, **more):
    """Return the result of a search, and the settings that were evaluated."""
    evaluated = []

    def counted(setting):
        evaluated.append(tuple(setting.items()))
        return loss(setting)

    parameters = {name: AXES[name] for name in names} | {"fixed": 7}
    policy = {"kind": "composed", "lease": 20}
    result = minimize(counted, parameters=parameters, team=[agent], policy=policy, budget=BUDGET, seed=3, **more)
    return result, evaluated


@pytest.mark.parametrize("names", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("agent", AGENTS)
def test_searches_every_kind_of_axis(agent, names):
    result, evaluated = search(agent, names)
    assert not result.agent_failures, result.agent_failures
    stepped = all(AXES[name].get("integer") or "choices" in AXES[name] for name in names)
    settings = int(np.prod([_steps(AXES[name]) for name in names])) if stepped else BUDGET
    assert 1 <= len(evaluated) <= min(BUDGET, settings)
    assert result.nfev == result.charged == len(evaluated)
    if any(_steps(AXES[name]) for name in names):
        assert len(set(evaluated)) == len(evaluated)
    assert all(dict(setting)["fixed"] == 7 for setting in evaluated)
    assert result.params == dict(min(evaluated, key=lambda setting: loss(dict(setting))))
    noted = [failure for part in result.log.all_rows() for failure in part.failures]
    assert all(is_free_cause(failure.cause) for failure in noted)
    assert result.nfail == 0


def _steps(axis):
    return len(axis["choices"]) if "choices" in axis else axis["high"] - axis["low"] + 1 if axis.get("integer") else 0


@pytest.mark.parametrize("agent", AGENTS)
def test_keeps_to_constraints_and_is_charged_for_evaluations_only(agent):
    result, evaluated = search(agent, ["depth", "scale"], constraints="depth + scale <= 6")
    assert evaluated
    assert all(dict(setting)["depth"] + dict(setting)["scale"] <= 6 for setting in evaluated)
    assert result.nfev == result.charged == len(evaluated) <= BUDGET


@pytest.mark.parametrize("agent", AGENTS)
def test_evaluates_the_start_first(agent):
    start = {"rate": 0.05, "depth": 7, "kernel": "linear"}
    _, evaluated = search(agent, ["rate", "depth", "kernel"], x0=start)
    first = dict(evaluated[0])
    assert (first["depth"], first["kernel"]) == (7, "linear")
    assert first["rate"] == pytest.approx(0.05, rel=1e-12)


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
