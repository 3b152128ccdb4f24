"""The same findings with and without a sandbox, under every executor, failures of agents included."""

import pytest
from policies import write_policies
from strangers import write_strangers

from searchparty.experiments.api import run
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.spec.load import load
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.state.events import findings

CRASHES = """\
import ctypes
import os
import time
from typing import Literal

from searchparty import Agent


class Crashes(Agent):
    kind: Literal["crashes"] = "crashes"
    how: str = "fault"

    def search(self, space, lease, rng):
        for _ in range(7):
            yield rng.random((1, space.dimension))
        if self.how == "fault":
            ctypes.string_at(0)
        if self.how == "sleep":
            time.sleep(100)
        while True:
            pass
"""
YAML = """\
name: theirs
budget: 150
repeats: 2
landscapes: [{{kind: rastrigin, dimension: 2}}, {{kind: rosenbrock, dimension: 3}}]
strategies:
  one:
    agents: [{{kind: "walk.py:Walk", batch: 3{0}}}, {{kind: "reader.py:Reader"{0}}}, {{kind: "slopes.py:Slopes"{0}}}]
    policy: {{kind: "turns.py:Turns", size: 25{0}}}
  two: {{agents: [{{kind: "walk.py:Walk", count: 2{0}}}, cma-es], policy: {{lease: 30, sharing: broadcast}}}}
executor: {1}
"""
RAYS = ("{kind: ray, placement: packed, actors: 2}", "{kind: ray, placement: spread, actors: 2}")


@pytest.fixture
def folder(tmp_path, rung):
    write_strangers(tmp_path)
    write_policies(tmp_path)
    (tmp_path / "crashes.py").write_text(CRASHES)
    return tmp_path


def hash_of(folder, text, name):
    """The trace hash of an experiment's results, and the causes of failed leases."""
    (folder / f"{name}.yaml").write_text(text)
    found = run(load(folder / f"{name}.yaml"), out=folder / name, report=False)
    assert not found.errors
    with LogReader(found.path) as reader:
        ends = [finding for record in reader.runs() for finding in findings(reader.events(record.id))]
        return trace_hash(reader), {finding.cause for finding in ends if finding.failed}


def test_findings_are_the_same_under_every_executor(folder):
    expected, causes = hash_of(folder, YAML.format("", "simulated"), "plain")
    assert causes == set()
    for number, executor in enumerate(("simulated", *RAYS)):
        assert hash_of(folder, YAML.format(", sandbox: {}", executor), f"r{number}")[0] == expected, executor
        assert verify_results(folder / f"r{number}").problems == []


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("fault", "its confined process ended (signal SIGSEGV)"),
        ("sleep", "its confined process sent nothing for 1 s, the limit of its sandbox"),
        ("spin", "its confined process ended (it used more than 1 CPU seconds, the limit of its sandbox)"),
    ],
)
def test_the_loss_of_a_confined_process_is_recorded_and_replayed(folder, how, cause):
    limits = "sandbox: {seconds: 1}" if how == "sleep" else "sandbox: {cpu_seconds: 1, seconds: 60}"
    text = (
        "name: crashes\nbudget: 40\nlandscapes: [{kind: sphere}]\n"
        f'strategies: {{one: {{agents: [{{kind: "crashes.py:Crashes", how: {how}, {limits}}}, random], '
        "policy: {lease: 10}}}\nexecutor: "
    )
    expected = hash_of(folder, text + "simulated", "simulated")
    assert expected[1] == {cause}
    assert verify_results(folder / "simulated").problems == []
    if how == "fault":
        assert hash_of(folder, text + RAYS[1], "ray") == expected
