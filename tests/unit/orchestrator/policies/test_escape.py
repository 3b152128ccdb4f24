"""The policy sends an agent that ended at a saddle along its way down: known saddles, the log, and what is off."""

import json

import numpy as np
import pytest

from searchparty import Converged, Experiment, run
from searchparty.experiments.execution.verification import verify_results
from searchparty.orchestrator.policies.composed import Composed

# The loss has a saddle of loss 1 in the middle, and minima of loss 0 at y = -1 and y = 1.
SOURCE = """
import numpy as np


def loss(x):
    return float((x[:-1] ** 2).sum() + (x[-1] ** 2 - 1) ** 2)


def slope(x):
    return np.append(2 * x[:-1], 4 * x[-1] * (x[-1] ** 2 - 1))
"""


def plan(folder, dimension=2, escape=0.1, saddles=True, **settings):
    (folder / "saddle.py").write_text(SOURCE)
    data = {
        "name": "saddle",
        "budget": 600,
        "landscapes": [
            {
                "kind": "python", "function": f"{folder}/saddle.py:loss", "gradient": "slope",
                "bounds": [-2.0, 2.0], "dimension": dimension, "minimum": 0.0,
            }
        ],
        # Gradient descent starts on the line on which the saddle is a minimum.
        "region": {"center": [0.7] * (dimension - 1) + [0.5], "radius": 0.25},
        "strategies": {
            "one": {
                "agents": [{"kind": "gradient-descent", "saddles": saddles}],
                "policy": {"kind": "composed", "escape": escape, "lease": 200},
            }
        },
        "stop": {"precision": 1e-9},
        "executor": "simulated",
    } | settings  # fmt: skip
    return Experiment.from_data(data)


@pytest.mark.parametrize("dimension", [2, 40])
def test_the_next_region_lies_on_the_way_down_from_a_saddle(tmp_path, dimension):
    results = run(plan(tmp_path, dimension), out=str(tmp_path / "out"), report=False)
    first, second = results.leases(results.runs[0].id).rows()[:2]
    assert first["outcome"].startswith("converged: at a saddle: gradient norm ")
    assert "escape along its direction of least curvature, radius 0.1" in second["reason"]
    center = np.array(second["center"])
    assert np.abs(center[-1] - 0.5) == pytest.approx(0.1, abs=1e-4)
    assert np.abs(center[:-1] - 0.5).max() < 1e-4
    assert results.best()[0].loss < 1e-9
    # The direction stands in the log: the decision is made again from there.
    found = verify_results(tmp_path / "out", trust=True)
    assert (found.runs, found.problems) == (1, [])


@pytest.mark.parametrize(("escape", "saddles", "word"), [(None, True, "at a saddle"), (0.1, False, "local minimum")])
def test_it_is_off_unless_both_are_on(tmp_path, escape, saddles, word):
    results = run(plan(tmp_path, escape=escape, saddles=saddles, stop={}), out=str(tmp_path / "out"), report=False)
    first, second = results.leases(results.runs[0].id).rows()[:2]
    assert word in first["outcome"]
    assert "restart away from 1 known minimum" in second["reason"]


def test_both_are_absent_from_settings_at_their_defaults():
    assert "escape" not in Composed().model_dump()
    assert Composed(escape=0.2).model_dump()["escape"] == 0.2
    agent = plan_agent(saddles=False)
    assert "saddles" not in agent.model_dump()
    assert plan_agent(saddles=True).model_dump()["saddles"] is True


def plan_agent(saddles):
    from searchparty.agents.gradient_descent import GradientDescent

    return GradientDescent(saddles=saddles)


def test_it_is_refused_without_exact_gradients(tmp_path):
    planned = plan(tmp_path, landscapes=[{"kind": "python", "function": f"{tmp_path}/saddle.py:loss",
                                          "bounds": [-2.0, 2.0], "dimension": 2}], stop={})  # fmt: skip
    results = run(planned, out=str(tmp_path / "out"), report=False)
    assert "saddles must be false without exact gradients" in json.dumps(results.leases(results.runs[0].id).rows())


def test_an_escape_of_another_shape_breaks_the_contract(tmp_path):
    (tmp_path / "wrong.py").write_text(
        "from typing import Literal\nimport numpy as np\nfrom searchparty import Agent, Converged\n\n\n"
        "class Wrong(Agent):\n    kind: Literal['wrong'] = 'wrong'\n\n"
        "    def search(self, space, lease, rng):\n        told = yield np.full((1, 2), 0.5)\n"
        "        return Converged(np.full(2, 0.5), float(told.losses[0]), 'here', np.ones(3))\n"
    )
    strategies = {"one": {"agents": [{"kind": f"{tmp_path}/wrong.py:Wrong"}], "policy": "composed"}}
    results = run(plan(tmp_path, strategies=strategies, stop={}), out=str(tmp_path / "out"), report=False)
    assert "converged with an escape of shape (3,); it must be (2,)" in str(results.leases(results.runs[0].id).rows())


def test_a_result_without_a_way_down_has_none():
    assert Converged(np.zeros(2), 0.0, "flat").escape is None
