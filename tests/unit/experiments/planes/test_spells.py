"""Curvature along paths: known quadratics, limits of steps, and what was noticed beside it."""

import numpy as np
import pytest

import searchparty
from searchparty.experiments.planes.landscape_of_results import open_searched
from searchparty.experiments.planes.paths import AgentPath
from searchparty.experiments.planes.spells import (
    TRACKED,
    StepRule,
    Trouble,
    find_step_rule,
    read_troubles,
    track_curvature,
)
from searchparty.landscapes.landscape import Space

NAN = float("nan")


class Quadratic:
    def __init__(self, eigenvalues):
        self.eigenvalues = np.asarray(eigenvalues, dtype=float)
        count = len(self.eigenvalues)
        self.space = Space(np.full(count, -1.0), np.full(count, 1.0), has_gradient=True)

    def evaluate(self, points):
        return (points**2 * self.eigenvalues).sum(axis=1) / 2

    def gradient(self, points):
        return points * self.eigenvalues


def make_path(cube):
    cube = np.asarray(cube, dtype=float)
    return AgentPath("0123456789ab", "a", 0, "a", cube, np.arange(1, len(cube) + 1) * 10, len(cube) - 1, 0.0)


def approach(count):
    """Return a path from a corner of the cube to its middle."""
    return make_path([[0.5 + 0.4 * (1 - part)] * 3 for part in np.linspace(0, 1, count)])


@pytest.mark.parametrize(
    ("eigenvalues", "word"),
    [([4.0, 2.0, 1.0], "minimum"), ([4.0, 2.0, -1.0], "saddle")],
)
def test_places_are_named(eigenvalues, word):
    found = track_curvature(Quadratic(eigenvalues), approach(40), StepRule("x", NAN, NAN), [], 0)
    assert len(found.words) == TRACKED
    assert (found.evaluations[0], found.evaluations[-1]) == (10, 400)
    assert (found.words[0], found.words[-1]) == ("slope", word)
    np.testing.assert_allclose(found.largest, max(eigenvalues), rtol=1e-6)
    np.testing.assert_allclose(found.least, min(eigenvalues), rtol=1e-6)
    np.testing.assert_allclose(found.losses[-1], 0.0, atol=1e-12)


def test_a_plain_is_flat():
    class Plain(Quadratic):
        def gradient(self, points):
            # Steep where searches start, and flat from there on.
            return np.where(np.abs(points) < 0.05, 0.0, 1.0)

    found = track_curvature(Plain([1.0, 1.0]), make_path([[0.5, 0.5]]), StepRule("x", NAN, NAN), [], 0)
    assert found.words == ["flat"]


@pytest.mark.parametrize(("rate", "word"), [(0.49, "slope"), (0.51, "overshoots")])
def test_steps_beyond_the_limit_overshoot(rate, word):
    found = track_curvature(Quadratic([4.0, 1.0, 1.0]), approach(3), StepRule("sgd", rate, 2.0), [], 0)
    assert found.words[0] == word


def test_what_was_noticed_stands_beside_what_is_shown():
    path, noticed = approach(40), [Trouble("oscillates", 205, "a oscillates"), Trouble("stuck", 999, "a is stuck")]
    found = track_curvature(Quadratic([4.0, 1.0, 1.0]), path, StepRule("sgd", 0.6, 2.0), noticed, 0)
    assert len(found.words) <= TRACKED
    assert 200 in found.evaluations
    assert found.noticed == [
        "After 205 evaluations: a oscillates. The curvature at its point after 200 agrees: overshoots, rate times "
        "largest eigenvalue is beyond what its steps follow on a quadratic.",
        "After 999 evaluations: a is stuck. The curvature at its point after 400 does not show that: overshoots, rate "
        "times largest eigenvalue is beyond what its steps follow on a quadratic.",
    ]


@pytest.mark.parametrize(
    ("settings", "rate", "limit"),
    [
        ({"kind": "sgd", "rate": 0.1}, 0.1, 2.0),
        ({"kind": "momentum", "rate": 0.1, "decay": 0.9}, 0.1, 3.8),
        ({"kind": "momentum", "rate": 0.1, "decay": 0.9, "nesterov": True}, 0.1, 3.8 / 2.8),
        ({"kind": "adam", "rate": 0.01}, 0.01, NAN),
        ({"kind": "gradient-descent", "step": 0.1}, NAN, NAN),
        ({"kind": "my.py:Mine", "rate": "fast"}, NAN, NAN),
    ],
)
def test_rates_and_limits_are_those_of_the_settings(settings, rate, limit):
    found = find_step_rule(settings)
    np.testing.assert_allclose((found.rate, found.limit), (rate, limit))


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_the_limit_of_momentum_is_where_heavy_ball_diverges(factor):
    rule = find_step_rule({"kind": "momentum", "rate": 0.1, "decay": 0.5})
    eigenvalue, x, velocity = factor * rule.limit / rule.rate, 1.0, 0.0
    for _ in range(2000):
        velocity = 0.5 * velocity + eigenvalue * x
        x -= rule.rate * velocity
        if abs(x) > 1e6:
            break
    assert (abs(x) > 1) == (factor > 1)


def test_troubles_are_read_from_the_log(tmp_path):
    experiment = {
        "name": "spell", "budget": 400, "executor": "simulated", "landscapes": [{"kind": "rastrigin", "dimension": 2}],
        "strategies": {"descent": {"agents": ["gradient-descent"]}},
    }  # fmt: skip
    searchparty.run(experiment, out=tmp_path / "out", report=False)
    searched = open_searched(tmp_path / "out")
    rule, troubles = read_troubles(searched, searched.paths[0])
    assert rule.agent == "gradient-descent"
    assert troubles
    assert troubles[0].kind == "stuck"
    found = track_curvature(searched.problem, searched.paths[0], rule, troubles, 0)
    assert "agrees: minimum" in found.noticed[0]
    # It searches along the gradient, and has no rate.
    assert np.isnan(rule.rate)


@pytest.mark.parametrize(("method", "limit"), [("plain", 2.0), ("momentum", 3.8)])
def test_an_agent_that_oscillates_is_shown_to_overshoot(tmp_path, method, limit):
    (tmp_path / "loss.py").write_text(
        "def loss(x):\n    return float((x**2).sum())\n\ndef slope(x):\n    return 2 * x\n"
    )
    (tmp_path / "my.yaml").write_text(
        "name: my\nbudget: 400\nexecutor: simulated\nlandscapes:\n- {kind: python, function: 'loss.py:loss', "
        "gradient: slope, bounds: [[-2, 2], [-2, 2]], start: [0.2, 0.1]}\nstrategies: {team: {agents: [{kind: "
        f"gradient-descent, method: {method}, step: 0.5{', line_search: false' if method == 'plain' else ''}"
        "}]}}\n"
    )
    searchparty.run(tmp_path / "my.yaml", out=tmp_path / "out", report=False)
    searched = open_searched(tmp_path / "out")
    rule, troubles = read_troubles(searched, searched.paths[0])
    # Steps of two units of the landscape, where the first gradient is twice the point.
    assert (rule.rate, rule.limit) == (pytest.approx(2.0 / (2 * np.hypot(0.2, 0.1))), limit)
    assert "oscillates" in [each.kind for each in troubles]
    found = track_curvature(searched.problem, searched.paths[0], rule, troubles, 0)
    # It starts again, with another rate.
    assert rule.until < 400
    assert np.isfinite(found.rates[0])
    assert np.isnan(found.rates[-1])
    said = next(line for line in found.noticed if "oscillates" in line)
    assert "agrees: overshoots" in said
