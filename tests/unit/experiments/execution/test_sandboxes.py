"""What is recorded of sandboxes, and told; and that a log that was worked in one is not worked without."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from policies import write_policies
from strangers import write_strangers
from typer.testing import CliRunner

from searchparty import minimize, run
from searchparty.agents.sandbox import ladder
from searchparty.agents.sandbox.confined_process import list_import_folders
from searchparty.experiments.cli.main import app
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.execution.staging import stage_files
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
def yaml(tmp_path, rung):
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


MARKS = """\
try:
    open({marker!r}, "w").close()
except OSError:
    pass
"""


def test_no_command_imports_what_stands_under_sandbox(yaml, tmp_path, monkeypatch):
    marker = tmp_path / "imported"
    for name in ("walk.py", "turns.py"):
        (tmp_path / name).write_text(MARKS.format(marker=str(marker)) + (tmp_path / name).read_text())
    monkeypatch.chdir(tmp_path)
    results = str(tmp_path / "r")
    commands = [
        ["check", str(yaml)], ["run", str(yaml), "--out", results], ["check", str(yaml), "--set", "budget=[60,80]"],
        ["trace", results], ["verify", results], ["resume", results, "--budget", "90"], ["report", results],
        ["resume", results, "--repeats", "2"], ["verify", results, "--trust"],
    ]  # fmt: skip
    for words in commands:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (words, done.output, done.exception)
        assert not marker.exists(), words


def test_no_command_imports_a_file_beside_theirs_that_is_named_as_a_package(yaml, tmp_path):
    marker = tmp_path / "imported"
    for name in ("pydantic.py", "numpy.py", "yaml.py", "secrets.py"):
        (tmp_path / name).write_text(MARKS.format(marker=str(marker)))
    done = subprocess.run(
        [sys.executable, "-m", "searchparty", "check", yaml.name], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, marker.exists()) == (0, False), done.stderr


def test_servers_import_nothing_from_the_folders_of_a_user(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    assert str(tmp_path) not in list_import_folders()
    assert os.path.dirname(np.__path__[0]) in list_import_folders()


def test_minimize_works_agents_in_a_sandbox(yaml, tmp_path):
    kind = f"{tmp_path}/walk.py:Walk"
    found = [
        minimize(lambda x: float((x**2).sum()), [(-1, 2)] * 2, budget=60, seed=1, team=[{"kind": kind} | more]).fun
        for more in ({}, {"sandbox": {}})
    ]
    assert found[0] == found[1]
    with pytest.raises(SpecError, match="sandbox.memory must be a number of bytes"):
        minimize(lambda x: 0.0, [(-1, 2)], team=[{"kind": kind, "sandbox": {"memory": 3}}])


def test_files_under_sandbox_are_copied_to_a_cluster(yaml, tmp_path):
    staged = stage_files(load(yaml), tmp_path / "staged")
    assert {path.name for path, _ in staged.files} >= {"walk.py", "turns.py"}


def test_the_report_names_the_rung(yaml, tmp_path):
    found = run(load(yaml), out=tmp_path / "r")
    assert f"on the rung &#34;{ladder.find_rung()[0]}&#34;" in (found.path / "report.html").read_text() or (
        f'on the rung "{ladder.find_rung()[0]}"' in (found.path / "report.html").read_text()
    )
