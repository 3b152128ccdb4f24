"""Where runs are placed, by declared, measured or learned cost; choosing needs no Ray."""

import numpy as np
import pytest

from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.spec.load import loads_yaml
from searchparty.orchestrator.executors.resources import Resources, count_fitting, fits_on_nodes

placing = pytest.importorskip("searchparty.experiments.execution.ray_placement")
Places = pytest.importorskip("searchparty.orchestrator.executors.on_ray.actor_slots").ActorSlots

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
    """A stand-in for the places on a cluster."""

    nodes = ()

    def __init__(self, **settings):
        self.places = Places(2, 3, settings["cpus_per_actor"], self.nodes)

    def wait(self): ...

    def drain(self): ...

    def close(self): ...


@pytest.fixture
def place(monkeypatch):
    def make(landscape=SPHERE, executor="ray", evaluation="{}", nodes=({"CPU": 1.0}, {"CPU": 2.0, "GPU": 1.0})):
        from contextlib import ExitStack

        monkeypatch.setattr(placing, "ActorPool", FakePool)
        monkeypatch.setattr(FakePool, "nodes", nodes)
        experiment = loads_yaml(YAML.format(landscape=landscape, executor=executor, evaluation=evaluation))
        runs = make_plan(experiment).runs
        return placing.RayPlacement(experiment.executor, runs, ExitStack(), None), runs

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
    assert chosen.is_packed(runs[0]) is packed


def test_a_cost_is_learned_from_the_first_leases(place):
    chosen, runs = place(CALLED)
    assert not chosen.is_packed(runs[0])
    assert "cost not known yet" in chosen.describe(runs)[0]
    chosen._costs.record_cost(runs[0].landscape, 1e-5)
    assert chosen.is_packed(runs[0])
    assert "packed, one run per actor (measured: 10 us per evaluation)" in chosen.describe(runs)[0]


@pytest.mark.parametrize(
    ("needs", "workers"),
    [("{num_cpus: 1}", 3), ("{num_cpus: 0.5}", 6), ("{num_cpus: 2}", 1), ("{num_gpus: 0.25}", 2), ("{num_cpus: 0}", 3)],
)
def test_evaluations_at_once_are_what_the_nodes_have_room_for(place, needs, workers):
    chosen, runs = place(executor=f"{{kind: ray, resources: {{landscapes: {{sphere: {needs}}}}}}}")
    assert f"batches over {workers} concurrent evaluations" in chosen.describe(runs)[0]


def test_what_no_node_has_is_refused(place):
    from searchparty.orchestrator.loop.executor import ExecutorError

    with pytest.raises(
        ExecutorError, match=r"executor\.resources\.agents\.second must be available on some node.*GPU 1"
    ):
        place(executor="{kind: ray, resources: {agents: {second: {num_gpus: 2}}}}")


def test_a_team_that_cannot_be_there_at_once_is_refused(place):
    from searchparty.orchestrator.loop.executor import ExecutorError

    both = "{kind: ray, resources: {agents: {random: {num_gpus: 0.6}, second: {num_gpus: 0.6}}}}"
    with pytest.raises(
        ExecutorError, match=r"executor\.resources must leave room on the nodes for a whole team at once"
    ):
        place(executor=both)
    starved = "{kind: ray, cpus_per_actor: 1.5, resources: {landscapes: {sphere: {num_cpus: 2}}}}"
    with pytest.raises(
        ExecutorError, match="the agents and an evaluation of .* beside 1 actors with cpus_per_actor 1.5"
    ):
        place(executor=starved)


def test_packed_goes_without_resources():
    from searchparty.experiments.spec.errors import SpecError

    executor = "{kind: ray, placement: packed, resources: {agents: {random: {num_gpus: 1}}}}"
    with pytest.raises(SpecError, match=r"executor\.placement must not be packed where resources are given"):
        loads_yaml(YAML.format(landscape=SPHERE, executor=executor, evaluation="{}"))


@pytest.mark.parametrize(
    ("processes", "fits"),
    [
        ([{"num_cpus": 2}, {"num_cpus": 1}], True),
        ([{"num_cpus": 1}, {"num_cpus": 2}], True),
        ([{"num_cpus": 2}, {"num_cpus": 2}], False),
        ([{"num_cpus": 0}] * 50, True),
        ([{"num_gpus": 0.5}, {"num_gpus": 0.5}, {"num_cpus": 2}], True),
        ([{"resources": {"fast": 1}}], False),
    ],
)
def test_what_fits_at_once(processes, fits):
    assert fits_on_nodes(processes, [{"CPU": 1.0}, {"CPU": 2.0, "GPU": 1.0}]) is fits


def test_plain_places_are_no_more_than_can_be_there_at_once():
    from searchparty.orchestrator.loop.executor import ExecutorError

    assert len(Places(9, 3, 1.0, [{"CPU": 1.0}, {"CPU": 2.5}]).plain) == 3
    assert len(Places(9, 3, 0.0, [{"CPU": 1.0}]).plain) == 9
    with pytest.raises(
        ExecutorError, match=r"executor\.cpus_per_actor must be at most the number of cores of some node, got 4"
    ):
        Places(9, 3, 4.0, [{"CPU": 1.0}, {"CPU": 2.5}])


def test_what_a_run_holds_is_there_for_the_next():
    places = Places(1, 1, 0.0, [{"CPU": 1.0, "fast": 1.0}])
    needs = [None, Resources(custom={"fast": 1.0})]
    assert places.fits(needs)
    first = places.assign_slots(needs)
    assert not places.fits(needs)
    assert places.fits([None, None])
    assert [places.free_slot(slot) for slot in first] == [False, True]
    assert places.fits(needs)


def test_capacity():
    assert count_fitting({"num_cpus": 0.5, "resources": {"fast": 1}}, {"CPU": 4.0, "fast": 3.0}) == 3
    assert count_fitting({"num_cpus": 0.1}, {"CPU": 1.0}) == 10
    assert count_fitting({"num_cpus": 0}, {}) == float("inf")


def test_needs_of_nobody_are_a_mistake():
    from searchparty.experiments.spec.errors import SpecError

    text = YAML.format(landscape=SPHERE, executor="{kind: ray, resources: {agents: {thrid: {}}}}", evaluation="{}")
    with pytest.raises(SpecError, match=r"executor\.resources\.agents\.thrid must be the name or the kind of an agent"):
        loads_yaml(text)
    text = YAML.format(landscape=SPHERE, executor="{kind: ray, resources: {landscapes: {spere: {}}}}", evaluation="{}")
    with pytest.raises(SpecError, match=r"executor\.resources\.landscapes\.spere must .*Did you mean 'sphere'"):
        loads_yaml(text)


def test_rows_count_towards_the_cost_with_the_seconds_that_they_took():
    """Rows that arrive while their lease is worked have no seconds yet: they would seem to cost nothing."""
    from searchparty.agents.agent import Finding, Rows
    from searchparty.orchestrator.executors.messages import LeaseUpdate
    from searchparty.orchestrator.executors.on_ray.executor import RayExecutor
    from searchparty.orchestrator.log.log import MemoryLog

    class Pool:
        places = Places(2, 3, 0.0, [{"CPU": 3.0}])

    (run,) = make_plan(loads_yaml(YAML.format(landscape=SPHERE, executor="ray", evaluation="{}"))).runs
    executor = RayExecutor(run, MemoryLog(), Pool())
    rows = Rows(0, np.zeros((20, 2)), np.zeros(20))
    executor.receive_item(0, LeaseUpdate(rows))
    assert (executor.rows, executor.seconds) == (0, 0.0)
    executor._book.leases[0] = None
    executor.receive_item(0, LeaseUpdate(None, Finding(0, "random", 20, 20, None, "spent"), 1.0))
    assert (executor.rows, executor.seconds) == (20, 1.0)
