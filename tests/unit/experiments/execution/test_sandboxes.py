"""What is recorded of sandboxes, and told; and that a log that was worked in one is not worked without."""

import json

import pytest
from policies import write_policies
from strangers import write_strangers
from typer.testing import CliRunner

from searchparty import run
from searchparty.agents.sandbox import ladder
from searchparty.experiments.cli.main import app
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.execution.trust.recorded_experiment import load_recorded
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.spec.load import load
from searchparty.orchestrator.log.reader import LogReader

YAML = """\
name: theirs
budget: 60
landscapes: [{kind: sphere}]
strategies:
  one:
    agents: [{kind: "./walk.py:Walk", count: 2, sandbox: {memory: 300 MB}}, random]
    policy: {kind: "turns.py:Turns", sandbox: {}}
executor: simulated
"""


@pytest.fixture
def yaml(tmp_path):
    rung, why = ladder.find_rung()
    if not rung:
        pytest.skip(f"no sandbox starts here: {why}")
    write_strangers(tmp_path)
    write_policies(tmp_path)
    (tmp_path / "theirs.yaml").write_text(YAML)
    return tmp_path / "theirs.yaml"


def test_sandboxes_stand_beside_the_runs_and_in_the_session(yaml, tmp_path):
    remarks = []
    found = run(load(yaml), out=tmp_path / "r", report=False, remark=remarks.append)
    with LogReader(found.path) as reader:
        (record,) = reader.runs()
        sessions = [session.environment["sandbox"] for session in reader.sessions]
    agent, policy = record.about["sandboxes"]
    assert agent["members"] == ["walk-1", "walk-2"]
    assert agent["sandbox"] == {"memory": 300_000_000, "cpu_seconds": 10, "seconds": 10.0}
    assert (agent["says"]["row_price"], agent["says"]["reads_archive"]) == (1, False)
    assert agent["says"]["schema"]["properties"]["step"]["default"] == 0.1
    assert (policy["policy"], policy["reference"]) == ("turns", "turns.py:Turns")
    assert "sandbox" not in json.dumps(record.settings)
    assert sessions == [ladder.find_rung()[0]]
    assert any(line.startswith("./walk.py:Walk works in a process of its own") for line in remarks)


def test_a_log_worked_in_a_sandbox_is_not_worked_without(yaml, tmp_path):
    found = run(load(yaml), out=tmp_path / "r", report=False)
    stored = found.path / "experiment.yaml"
    assert load_recorded(found.path).strategies["one"].team[0][1].kind == "walk"
    text = stored.read_text()
    stored.write_text(text.replace("sandbox:", "x:"))
    with pytest.raises(ResultsError, match="must have the sandbox in which the log"):
        load_recorded(found.path, trust=True)
    stored.write_text(text.replace("300 MB", "400 MB"))
    with pytest.raises(ResultsError, match="has changed since you signed it"):
        load_recorded(found.path)


def test_results_of_others_are_not_worked_in_a_sandbox_either_before_they_are_trusted(yaml, tmp_path):
    found = run(load(yaml), out=tmp_path / "r", report=False)
    (found.path / "signature.json").unlink()
    with pytest.raises(ResultsError, match=r"It names \./walk\.py:Walk"):
        load_recorded(found.path)


def test_commands_say_what_works_in_a_sandbox(yaml):
    done = CliRunner().invoke(app, ["check", str(yaml)])
    assert done.exit_code == 0, done.output
    assert "in a sandbox turns.py, walk.py; not imported here" in " ".join(done.output.split())


def test_without_a_rung_it_is_refused_unless_the_user_says_so(yaml, monkeypatch):
    why = "restrictions: landlock_create_ruleset: Function not implemented"
    monkeypatch.setattr(ladder, "find_rung", lambda: ("", why))
    monkeypatch.setattr("searchparty.experiments.spec.sandboxed._described", {})
    with pytest.raises(SpecError, match="landlock_create_ruleset: Function not implemented"):
        load(yaml)
    done = CliRunner().invoke(app, ["check", str(yaml), "--allow-unsandboxed"])
    assert done.exit_code == 0, done.output
    assert "NOT confined: it can read, write and send whatever you can" in " ".join(done.output.split())


def test_macos_is_refused_in_words(monkeypatch):
    from searchparty.agents.sandbox import restrictions

    monkeypatch.setattr(restrictions.sys, "platform", "darwin")
    with pytest.raises(restrictions.RestrictionError, match="the sandbox needs Linux, and this is macOS"):
        restrictions.check_platform()
