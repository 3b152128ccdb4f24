"""Agents that fail or hang: the same trace everywhere, and a replay that waits for none of them again."""

import time

import pytest
from bad_agents import CAUSES, line_of, write_experiment

from searchparty.experiments.api import resume, run
from searchparty.experiments.execution.verification import verify_results
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.state.events import findings


def outcomes(path):
    """(trace hash, findings of the only run)."""
    with LogReader(path) as reader:
        (record,) = reader.runs()
        return trace_hash(reader), list(findings(reader.events(record.id)))


@pytest.mark.parametrize("at", [1, 10])
@pytest.mark.parametrize("how", CAUSES)
def test_a_bad_agent_fails_its_lease_with_its_cause_and_place(tmp_path, how, at):
    told = []
    results = run(write_experiment(tmp_path, how, at), out=tmp_path / "out", remark=told.append, report=False)
    assert not results.errors
    _, found = outcomes(results.path)
    cause, words = CAUSES[how]
    assert [(f.rows, f.charged, f.failed) for f in found] == [(at - 1, 15, True)] * 2
    assert all(f.cause.startswith(cause) for f in found)
    lines = {line_of(words), line_of("while True")} if how == "spins" else {line_of(words)}
    assert all(f.place in {f"bad.py:{line}" for line in lines} for f in found)
    assert results.failed_strategies == ["bad"]
    (row,) = results.failed_agents.rows()
    assert (row["agent"], row["failed_runs"], row["runs"], row["leases"]) == ("bad", 1, 1, 2)
    assert [line for line in told if "bad of bad failed: " in line and found[0].place in line][1:] == []
    assert any("bad of bad failed: " in line and found[0].place in line for line in told)
    began = time.monotonic()
    verified = verify_results(results.path)
    assert verified.problems == []
    assert verified.runs == 1
    resumed = outcomes(resume(results.path, budget=31, report=False).path)[1]
    assert [(f.rows, f.cause, f.place) for f in resumed[:2]] == [(f.rows, f.cause, f.place) for f in found]
    if how in ("spins", "sleeps"):
        # One lease of the extension hangs; those on record do not.
        assert time.monotonic() - began < 1.5


@pytest.mark.ray
@pytest.mark.parametrize("placement", ["spread", "packed"])
@pytest.mark.parametrize("how", CAUSES)
def test_a_bad_agent_leaves_the_same_trace_on_ray(local_ray, tmp_path, how, placement):
    path = write_experiment(tmp_path, how, 4)
    here = run(path, out=tmp_path / "here", report=False)
    told = []
    path.write_text(path.read_text().replace("executor: simulated", f"executor: {{kind: ray, placement: {placement}}}"))
    there = run(path, out=tmp_path / "there", remark=told.append, report=False)
    assert outcomes(there.path)[0] == outcomes(here.path)[0]
    assert sum("bad of bad failed: " in line for line in told) in (1, 2)  # two where a loop stopped at different lines
