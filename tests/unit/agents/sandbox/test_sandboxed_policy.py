"""Policies in a sandbox decide what they decide without, and their failures end the run in words."""

import pytest
from policies import write_policies

from searchparty import Experiment, run
from searchparty.experiments.execution.verification import verify_results
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash


def experiment_of(policy, base, **more):
    """An experiment with a policy of a file."""
    data = {
        "name": "their", "budget": 200, "landscapes": [{"kind": "rastrigin", "dimension": 2}],
        "strategies": {"one": {"agents": ["random", "slsqp", "cma-es"], "policy": policy}}, "executor": "simulated",
    }  # fmt: skip
    return Experiment.from_data(data | more, base=str(base))


@pytest.fixture
def base(tmp_path):
    write_policies(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("kind", "concurrency"), [("turns.py:Turns", 1), ("turns.py:Turns", 3), ("wordy.py:Wordy", 3)])
def test_decisions_are_the_same_with_and_without(base, tmp_path, kind, concurrency):
    hashes = set()
    for sandbox in ({}, {"sandbox": {}}):
        experiment = experiment_of({"kind": kind, "size": 30} | sandbox, base, concurrency=concurrency)
        found = run(experiment, out=tmp_path / f"r{len(sandbox)}", report=False)
        assert not found.errors
        with LogReader(found.path) as reader:
            hashes.add(trace_hash(reader))
    assert len(hashes) == 1
    assert verify_results(found.path).problems == []


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("raises", "policy bad-policy must decide, and it failed: raised ValueError: no idea"),
        ("leaves", r"failed: called os\._exit\(3\)"),
        ("lists", "returned list instead of a tuple of leases"),
        ("overspends", "budget must be at most 200"),
        ("writes", "its confined process sent a header of"),
        ("talks", "it sent a lease of 70,... bytes; at most 65,536 are accepted"),
        ("many", "must decide, and it sent what is no decision|at most"),
    ],
)
def test_failures_end_the_run_in_words(base, tmp_path, how, words):
    policy = {"kind": "bad_policy.py:Bad", "how": how, "sandbox": {}}
    found = run(experiment_of(policy, base), out=tmp_path / "r", report=False)
    (error,) = found.errors.values()
    with pytest.raises(type(error), match=words):
        raise error
