"""The same seed gives the same trace: simulated or on Ray, with any number of actors, all agents and policies."""

import pytest
from usable_kinds import is_usable

from searchparty.experiments.api import resume, run
from searchparty.experiments.spec import catalogue
from searchparty.experiments.spec.load import loads_yaml
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

AGENTS = sorted(filter(is_usable, catalogue.agent_classes()))

EVERYONE = """\
name: everyone
seed: 5
budget: 400
landscapes:
  - {{kind: rosenbrock, dimension: 3}}
  - {{kind: bbob, function: 15, dimension: 2}}
strategies:
  everyone:
    agents: [{agents}]
    policy: {{budget: bandit, radius: trust-region, sharing: broadcast, lease: 20}}
    concurrency: 4
  halving:
    agents: [{agents}]
    policy: {{budget: successive-halving, radius: shrink, sharing: ring, lease: 20}}
  party:
    agents: [slsqp, axes, cma-es, derivative-free]
    policy: {{kind: party}}
    concurrency: 3
  exploring:
    agents: [{{kind: pattern-search, count: 4}}]
    policy: {{kind: exploit-and-explore, patience: 2}}
    concurrency: 2
  alone:
    agents: [random-restart]
executor: {executor}
"""


def experiment(executor):
    return loads_yaml(EVERYONE.format(agents=", ".join(AGENTS), executor=executor))


def hash_of(results):
    assert not results.errors
    with LogReader(results.path) as reader:
        return trace_hash(reader)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    return run(experiment("simulated"), out=tmp_path_factory.mktemp("everyone") / "simulated", report=False)


@pytest.mark.ray
@pytest.mark.parametrize("actors", [3, pytest.param(9, marks=pytest.mark.extras)])
def test_ray_and_simulated_give_the_same_trace(local_ray, simulated, tmp_path, actors):
    ray = run(experiment(f"{{kind: ray, actors: {actors}}}"), out=tmp_path / "ray", report=False)
    assert hash_of(simulated) == hash_of(ray)


@pytest.mark.ray
def test_a_ray_that_is_started_here_has_the_processes_that_it_needs(local_ray):
    """Each other one would import Ray, and be waited for."""
    from ray._private import worker

    assert set(worker._global_node.all_processes) == {"gcs_server", "raylet"}


def test_resuming_a_finished_experiment_changes_nothing(simulated):
    before = hash_of(simulated)
    assert hash_of(resume(simulated.path, report=False)) == before


AGENT = """\
from typing import Literal
import numpy as np
from searchparty import Agent
from helper import SCALE

class Mine(Agent):
    '''Walks.'''
    kind: Literal["mine"] = "mine"

    def search(self, space, lease, rng):
        point = lease.region.center
        while True:
            told = yield np.clip(point + SCALE * rng.normal(size=(1, space.dimension)), 0, 1)
            point = told.lease.region.center
"""


@pytest.mark.ray
def test_an_agent_and_a_function_of_ones_own_run_on_ray(local_ray, tmp_path):
    (tmp_path / "agent.py").write_text(AGENT)
    (tmp_path / "helper.py").write_text("SCALE = 0.1\n")
    (tmp_path / "loss.py").write_text("def loss(x):\n    return float((x ** 2).sum())\n")
    yaml = tmp_path / "mine.yaml"
    yaml.write_text(
        "name: mine\nbudget: 100\n"
        'landscapes: [{kind: python, function: "loss.py:loss", bounds: [[-1, 1], [-1, 1]]}]\n'
        'strategies: {mine: {agents: ["agent.py:Mine", grid]}}\n'
    )
    ray = run(yaml, out=tmp_path / "ray", executor="ray", report=False)
    simulated = run(yaml, out=tmp_path / "simulated", executor="simulated", report=False)
    assert hash_of(ray) == hash_of(simulated)


FRAGILE = """\
name: fragile
budget: 40
landscapes: [{kind: python, function: "fragile.py:f", bounds: [-1, 1], dimension: 2}]
strategies:
  it:
    agents: [{kind: random, batch: 10}, pattern-search]
    policy: {budget: equal, sharing: broadcast, lease: 20}
executor:
"""


@pytest.mark.ray
def test_rows_that_take_processes_down_fail_alike_wherever_they_are_evaluated(local_ray, tmp_path):
    """In the actor and in tasks all over the cluster, three processes lost at a row fail this row, and only it."""
    (tmp_path / "fragile.py").write_text(
        "import os\n\ndef f(x):\n    if x[0] > 0.93:\n        os._exit(3)\n    return float((x**2).sum())\n"
    )
    ways = {"spread": "{kind: ray, placement: spread}", "fan": "{kind: ray, resources: {landscapes: {python: {}}}}"}
    found = {}
    for name, executor in ways.items():
        text = FRAGILE.replace("executor:", f"executor: {executor}")
        results = run(loads_yaml(text, base=str(tmp_path)), out=tmp_path / name, report=False)
        found[name] = hash_of(results)
        assert any("took its process down 3 times" in row["cause"] for row in results.failures.rows())
    assert found["spread"] == found["fan"]
