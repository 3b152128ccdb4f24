"""The contract of every agent, of the package and of plugins: the clauses of the kit, and what only ours must do."""

import numpy as np
import pytest
from usable_kinds import mark_kind

from searchparty import AgentContract
from searchparty.experiments.contracts.losses import bowl
from searchparty.experiments.spec import catalogue

CLASSES = list(catalogue.agent_classes().values())
SETTINGS = {
    "grid": [{}, {"max_points": 16}, {"max_points": 16, "beyond": "sobol", "order": "random"}],
    "gradient-descent": [
        {},
        {"method": "momentum"},
        {"method": "adam", "settle": True},
        {"differences": "central", "line_search": False},
    ],
    "random": [{}, {"batch": 7}],
    "random-restart": [{}, {"batch": 5}],
    "pattern-search": [{}, {"poll": "first"}],
    "local": [{"method": m} for m in ("slsqp", "l-bfgs-b", "powell")],
    "derivative-free": [{}, {"method": "sbplx"}],
    "global": [{}, {"method": "annealing"}],
    "cma-es": [{}, {"restarts": "none"}],
    # Its steps are as long as its rate, in the landscape's units.
    "adam": [{"rate": 0.05}],
    # With its 200 points, each of these tests would take it half a minute.
    "gaussian-process": [{"most": 20}],
}
DETERMINISTIC = ("grid", "slsqp", "derivative-free", "splines")
AGENTS = [cls(**settings) for cls in CLASSES for settings in SETTINGS.get(cls.model_fields["kind"].default, [{}])]
every_agent = pytest.mark.parametrize("agent", [mark_kind(agent, agent.kind, repr(agent)) for agent in AGENTS])
RANDOM = [agent for agent in AGENTS if agent.kind == "random"]


class TestEveryAgent(AgentContract):
    """Every agent keeps its contract."""

    subjects = tuple(mark_kind(agent, agent.kind, repr(agent)) for agent in AGENTS if agent not in RANDOM)


class TestRandomPoints(AgentContract):
    """No random point is better than others."""

    subjects = tuple(RANDOM)
    left_out = ("better-than-random",)


@pytest.mark.extras
class TestEveryAgentThoroughly(AgentContract):
    """Every agent keeps its contract: more dimensions, longer searches, and gradients for those that ask for none."""

    subjects = TestEveryAgent.subjects
    thorough = True


def test_there_are_agents():
    assert len({cls.model_fields["kind"].default for cls in CLASSES}) == len(CLASSES) >= 7


@every_agent
def test_another_stream_gives_other_points(agent, drive):
    one, other = (drive(agent, bowl, 3, 200, seed=seed).points for seed in (1, 2))
    assert not np.array_equal(one, other) or agent.kind in DETERMINISTIC


@every_agent
def test_proposals_are_contiguous(agent, drive):
    assert all(points.flags.c_contiguous for points in drive(agent, bowl, 2, 100).batches)
