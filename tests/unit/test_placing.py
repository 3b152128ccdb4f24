"""Where runs are placed, from what is declared, measured or learned; no Ray is needed to choose."""

import pytest

from searchparty.experiments.plan import plan
from searchparty.experiments.spec import loads

placing = pytest.importorskip("searchparty.experiments.placing")

YAML = """
name: place
budget: 60
landscapes: [{landscape}]
strategies:
  it: {{agents: [random, {{kind: random, name: second}}]}}
executor: {executor}
evaluation: {evaluation}
"""
SPHERE = "{kind: sphere, dimension: 2}"
CALLED = '{kind: python, function: "math:fsum", bounds: [[-1, 1]]}'


class FakePool:
    """The size of a cluster, without one."""

    def __init__(self, **_):
        self.slots, self.cpus = [None] * 2, 3

    def wait(self): ...

    def close(self): ...


@pytest.fixture
def place(monkeypatch):
    def make(landscape=SPHERE, executor="ray", evaluation="{}", nodes=({"CPU": 1.0}, {"CPU": 2.0, "GPU": 1.0})):
        from contextlib import ExitStack

        monkeypatch.setattr(placing, "Pool", FakePool)
        monkeypatch.setattr(placing, "nodes", lambda: [{"Resources": node} for node in nodes])
        experiment = loads(YAML.format(landscape=landscape, executor=executor, evaluation=evaluation))
        runs = plan(experiment).runs
        return placing.Placing(experiment.executor, runs, ExitStack(), None), runs

    return make


@pytest.mark.parametrize(
    ("landscape", "executor", "evaluation", "packed"),
    [
        (SPHERE, "ray", "{}", True),
        ("{kind: sphere, dimension: 2, seconds: 2}", "ray", "{}", False),
        ("{kind: sphere, dimension: 2, seconds: 1e-5}", "ray", "{}", True),
        (CALLED, "ray", "{}", False),
        (SPHERE, "ray", "{timeout: 3}", False),
        (SPHERE, "{kind: ray, placement: spread}", "{}", False),
        (CALLED, "{kind: ray, placement: packed}", "{}", True),
        (SPHERE, "{kind: ray, resources: {agents: {second: {num_cpus: 1}}}}", "{}", False),
        (SPHERE, "{kind: ray, resources: {landscapes: {sphere: {num_gpus: 0.5}}}}", "{}", False),
    ],
)
def test_what_is_cheap_is_packed(place, landscape, executor, evaluation, packed):
    chosen, runs = place(landscape, executor, evaluation)
    assert chosen.packs(runs[0]) is packed


def test_a_cost_is_learned_from_the_first_leases(place):
    chosen, runs = place(CALLED)
    assert not chosen.packs(runs[0])
    assert "cost not known yet" in chosen.describe(runs)[0]
    chosen._costs.learn(runs[0].landscape, 1e-5 * 9, 9)
    assert not chosen.packs(runs[0])
    chosen._costs.learn(runs[0].landscape, 1e-5 * 20, 20)
    assert chosen.packs(runs[0])
    assert "packed, a run an actor (measured: 10 us an evaluation)" in chosen.describe(runs)[0]


@pytest.mark.parametrize(
    ("needs", "workers"),
    [("{num_cpus: 1}", 3), ("{num_cpus: 0.5}", 6), ("{num_cpus: 2}", 1), ("{num_gpus: 0.25}", 2), ("{num_cpus: 0}", 3)],
)
def test_evaluations_at_once_are_what_the_nodes_have_room_for(place, needs, workers):
    chosen, runs = place(executor=f"{{kind: ray, resources: {{landscapes: {{sphere: {needs}}}}}}}")
    assert f"batches over {workers} evaluations at once" in chosen.describe(runs)[0]


def test_what_no_node_has_is_refused(place):
    from searchparty.orchestrator.drive import ExecutorError

    with pytest.raises(ExecutorError, match=r"executor\.resources\.agents\.second must be what some node has.*GPU 1"):
        place(executor="{kind: ray, resources: {agents: {second: {num_gpus: 2}}}}")


def test_needs_of_nobody_are_a_mistake():
    from searchparty.experiments.spec import SpecError

    text = YAML.format(landscape=SPHERE, executor="{kind: ray, resources: {agents: {thrid: {}}}}", evaluation="{}")
    with pytest.raises(SpecError, match=r"executor\.resources\.agents\.thrid must be a member or a kind of agent"):
        loads(text)
    text = YAML.format(landscape=SPHERE, executor="{kind: ray, resources: {landscapes: {spere: {}}}}", evaluation="{}")
    with pytest.raises(SpecError, match=r"executor\.resources\.landscapes\.spere must .*Did you mean 'sphere'"):
        loads(text)
