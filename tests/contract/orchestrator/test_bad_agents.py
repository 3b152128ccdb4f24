"""Agents that fail or hang: the same trace everywhere, and a replay that waits for none of them again."""

import pytest
from bad_agents import CAUSES, line_of, write_experiment

from searchparty.experiments.api import resume, run
from searchparty.experiments.execution.verification import verify_results
from searchparty.orchestrator.log.codec import dump_event
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.state.events import findings


def outcomes(path):
    """(trace hash, findings of the only run)."""
    with LogReader(path) as reader:
        (record,) = reader.runs()
        return trace_hash(reader), list(findings(reader.events(record.id)))


def traces_of(path):
    """Strategy -> its events, and the hash of the whole trace."""
    with LogReader(path) as reader:
        events = {record.strategy: list(map(dump_event, reader.events(record.id))) for record in reader.runs()}
        return events, trace_hash(reader)


@pytest.mark.parametrize(
    ("how", "at"),
    [pytest.param(how, 1, marks=() if how == "raises" else pytest.mark.extras) for how in CAUSES]
    + [(how, 10) for how in CAUSES],
)
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
    verified = verify_results(results.path)
    assert verified.problems == []
    assert verified.runs == 1
    resumed = outcomes(resume(results.path, budget=31, report=False).path)[1]
    assert [(f.rows, f.cause, f.place) for f in resumed[:2]] == [(f.rows, f.cause, f.place) for f in found]
    if how in ("spins", "sleeps"):
        # Both leases of the run hung, and the extension's if it comes to the proposal; those on record never do again.
        assert len((tmp_path / "bad.py.hung").read_text()) == 2 + (at == 1)


@pytest.mark.ray
@pytest.mark.parametrize("placement", ["spread", pytest.param("packed", marks=pytest.mark.extras)])
def test_bad_agents_leave_the_same_trace_on_ray(local_ray, tmp_path, placement):
    """All in one experiment, a strategy each: starting actors takes most of the time."""
    path = write_experiment(tmp_path, list(CAUSES), 4)
    here = run(path, out=tmp_path / "here", report=False)
    told = []
    path.write_text(path.read_text().replace("executor: simulated", f"executor: {{kind: ray, placement: {placement}}}"))
    there = run(path, out=tmp_path / "there", remark=told.append, report=False)
    assert not there.errors
    assert traces_of(there.path) == traces_of(here.path)
    for how, (cause, _) in CAUSES.items():
        said = [line for line in told if f"bad of {how} failed: {cause.removeprefix('raised ')}" in line]
        assert len(said) in (1, 2), said  # two where a loop stopped at different lines


STUBBORN = '''\
import os
import signal
import time
from typing import Literal

from searchparty import Agent


class Bad(Agent):
    """Proposes four points, then cannot be interrupted, or takes its process down."""

    kind: Literal["bad"] = "bad"
    how: str
    at: int = 1

    def search(self, space, lease, rng):
        for _ in range(4):
            yield rng.random((1, space.dimension))
        while self.how == "ignores":
            try:
                time.sleep(0.05)
            except BaseException:
                pass
        os.kill(os.getpid(), signal.SIGKILL)
'''


@pytest.mark.ray
@pytest.mark.extras
@pytest.mark.parametrize("placement", ["spread", "packed"])
@pytest.mark.parametrize(
    ("how", "cause"),
    [("ignores", "proposed nothing for 0.5 s, its agent_timeout"), ("dies", "took its process down 3 times")],
)
def test_an_agent_that_cannot_be_interrupted_is_killed_on_ray(local_ray, tmp_path, how, cause, placement):
    path = write_experiment(tmp_path, how, 1)
    (tmp_path / "bad.py").write_text(STUBBORN)
    text = path.read_text().replace("executor: simulated", f"executor: {{kind: ray, placement: {placement}}}")
    if how == "dies":
        # On a busy machine, its process takes longer than half a second to end.
        assert "agent_timeout: 0.5" in text
        text = text.replace("agent_timeout: 0.5", "agent_timeout: 30")
    path.write_text(text.replace("budget: 30", "budget: 15"))
    results = run(path, out=tmp_path / "out", report=False)
    assert not results.errors
    _, (found,) = outcomes(results.path)
    assert (found.rows, found.charged, found.cause) == (4, 15, cause)
    assert found.best is not None
    # Here the agent would hang, or end this very process.
    assert verify_results(results.path).problems == []
    assert outcomes(resume(results.path, report=False).path)[1][0].cause == cause


def test_in_this_process_the_console_names_an_agent_that_cannot_be_interrupted(tmp_path):
    import os
    import signal
    import subprocess
    import sys

    path = write_experiment(tmp_path, "ignores", 1)
    (tmp_path / "bad.py").write_text(STUBBORN)
    words = [sys.executable, "-m", "searchparty.experiments.cli.main", "run", str(path), "--out", "out"]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stderr.readline()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert line.startswith("Agent bad has proposed nothing for ")
    assert f"kill -9 {process.pid}" in line
    assert "resume with --executor ray" in line
