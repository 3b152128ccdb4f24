"""Doors that people try: python -m, completion, init, values of the command line, resume on what has ended."""

import json
import os
import subprocess
import sys

import pytest


def completing(words):
    """Return the variables by which a shell asks for completions."""
    return {
        "_SEARCHPARTY_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }


def test_python_dash_m(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "searchparty", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("searchparty ")


def test_a_shell_completes_commands(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "searchparty"], cwd=tmp_path, env=os.environ | completing("searchparty re"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "resume" in done.stdout.split()


def test_a_shell_completes_commands_names_files_and_values(command, tmp_path, monkeypatch):
    def complete(words, cwd):
        for name, value in completing(words).items():
            monkeypatch.setenv(name, value)
        return command(cwd=cwd).stdout.split()

    (tmp_path / "quick.yaml").touch()
    (tmp_path / "other.txt").touch()
    (tmp_path / "results" / "one-1").mkdir(parents=True)
    (tmp_path / "results" / "one-1" / "experiment.yaml").touch()
    (tmp_path / "results" / "empty").mkdir()
    assert "resume" in complete("searchparty re", tmp_path)
    assert complete("searchparty run qui", tmp_path) == ["quickstart", "quick.yaml"]
    assert complete("searchparty run quickstart --executor s", tmp_path) == ["simulated"]
    assert complete("searchparty list ag", tmp_path) == ["agents"]
    assert complete("searchparty list agents cm", tmp_path) == ["cma-es"]
    assert complete("searchparty resume results/o", tmp_path) == ["results/one-1"]
    assert complete("searchparty verify ", tmp_path) == ["results/one-1"]


def test_the_script_of_completion_is_shown(program, tmp_path, monkeypatch):
    # Typer would look for the shell that started the tests, which under make is sh.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    assert "_SEARCHPARTY_COMPLETE" in program("--show-completion", "bash", cwd=tmp_path).stdout


def test_init_writes_an_experiment_that_runs(command, tmp_path):
    done = command("init", "study", cwd=tmp_path)
    assert done.returncode == 0
    assert "searchparty run study/experiment.yaml" in done.stdout
    checked = command("check", "study/experiment.yaml", cwd=tmp_path)
    assert "3 strategies: party, explorers, random" in checked.stdout
    ran = command("run", "study/experiment.yaml", "--set", "repeats=1", "--no-report", "--out", "r", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "failed" not in ran.stdout
    before = (tmp_path / "study" / "objective.py").read_text()
    (tmp_path / "study" / "experiment.yaml").unlink()
    refused = command("init", "study", cwd=tmp_path)
    assert refused.returncode == 2
    assert "DIR must not contain objective.py, got study/objective.py" in refused.stderr
    assert (tmp_path / "study" / "objective.py").read_text() == before
    assert not (tmp_path / "study" / "experiment.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "quickstart", "--executor", "dask"], "got 'dask'. Did you mean 'ray' or 'simulated'?"),
        (["run", "quickstart", "--executor", "simulatd"], "Did you mean 'simulated'?"),
        (["list", "agent"], "got 'agent'. Did you mean 'agents'?"),
        (["list", "landscapes", "rastrign"], "Did you mean 'rastrigin'?"),
        (["rnu"], "Did you mean 'run'?"),
    ],
)
def test_a_misspelt_value_is_told_the_nearest(command, tmp_path, arguments, message):
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_resume_grows_and_says_when_there_is_nothing_to_do(command, tmp_path):
    run = ("run", "quickstart", "--executor", "simulated", "--set", "budget=60", "--set", "repeats=1", "--no-report")
    assert command(*run, "--out", "r", cwd=tmp_path).returncode == 0
    done = command("resume", "r", "--no-report", cwd=tmp_path)
    assert done.returncode == 0
    assert "All runs in r have ended: there is nothing to resume." in done.stderr
    assert "median gap" in done.stdout
    grown = command("resume", "r", "--repeats", "2", "--no-report", cwd=tmp_path)
    assert grown.returncode == 0, grown.stderr
    assert "new: team on rastrigin D=2 shifted rotated i3 (1 run)" in grown.stderr
    assert "16 runs" in command("verify", "r", cwd=tmp_path).stdout
    fewer = command("resume", "r", "--repeats", "1", cwd=tmp_path)
    assert fewer.returncode == 2
    assert "--repeats must be a whole number of at least the present 2, got 1" in fewer.stderr


def test_a_run_whose_time_was_up_says_so(command, tmp_path, coarse_figures, unrendered):
    (tmp_path / "f.py").write_text("import time\ndef f(x):\n    time.sleep(0.002)\n    return float(x[0] ** 2)\n")
    (tmp_path / "t.yaml").write_text(
        "name: t\nbudget: 100000\nlandscapes: [{kind: python, function: 'f.py:f', bounds: [[-1, 1]]}]\n"
        "strategies: {a: {agents: [random], policy: {lease: 20}}}\nexecutor: simulated\nstop: {seconds: 0.2}\n"
    )
    done = command("run", "t.yaml", "--out", "r", cwd=tmp_path)
    assert "1 of 1 runs ended because their time was up (stop.seconds: 0.2), after " in done.stdout
    assert "of 100,000 evaluations." in done.stdout
    assert "their time was up (stop.seconds: 0.2)" in (tmp_path / "r" / "report.html").read_text()
    from searchparty import Results

    (run,) = Results(tmp_path / "r").runs
    assert run.time_up
    assert run.stopped == "its time was up (stop.seconds: 0.2)"
    assert run.events[-1].reason == "budget spent"
    # With more budget it goes on, and is not late any more.
    assert command("resume", "r", "--budget", "100000", "--no-report", cwd=tmp_path).returncode == 0
    assert Results(tmp_path / "r").runs[0].time_up


def test_report_estimates_how_many_repeats_settle_what_is_open(command, tmp_path):
    experiment = {
        "name": "close", "budget": 80, "repeats": 6, "stop": {"precision": 1.0}, "executor": "simulated",
        "landscapes": [{"kind": "sphere", "dimension": 2}],
        "strategies": {"one": {"agents": ["random"]}, "two": {"agents": ["random", "random"]},
                       "single": {"agents": ["slsqp"]}},
    }  # fmt: skip
    (tmp_path / "close.yaml").write_text(json.dumps(experiment))
    assert command("run", "close.yaml", "--out", "r", "--no-report", cwd=tmp_path).returncode == 0
    done = command("report", "r", "--power", cwd=tmp_path)
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("two against one: ")]
    assert "repeats that settle it: 7 (probability " in line
    assert not any(each.startswith("single against") for each in done.stderr.splitlines())
    rows = (tmp_path / "r" / "tables" / "power.csv").read_text().splitlines()
    assert rows[0] == "strategy,baseline,repeats,runs,power"
    assert rows[1].startswith("two,one,7,7,0")
    assert "How often more repeats would settle" in (tmp_path / "r" / "report.html").read_text()
    found = json.loads(command("report", "r", "--power", "--format", "json", cwd=tmp_path).stdout)
    assert [row["runs"] for row in found["power"]][:2] == [7, 8]
    assert "power" not in json.loads(command("report", "r", "--format", "json", cwd=tmp_path).stdout)


def test_report_prints_the_comparison_in_other_formats(command, tmp_path):
    run = ("run", "quickstart", "--executor", "simulated", "--set", "budget=60", "--set", "repeats=1", "--no-report")
    assert command(*run, "--out", "r", cwd=tmp_path).returncode == 0
    found = json.loads(command("report", "r", "--format", "json", "--baseline", "team", cwd=tmp_path).stdout)
    assert found["baseline"] == "team"
    assert {row["baseline"] for row in found["verdicts"]} == {"team"}
    text = command("report", "r", "--format", "md", "--baseline", "team", cwd=tmp_path).stdout
    assert "| grid alone | team |" in text
    assert not (tmp_path / "r" / "report.html").exists()
    refusals = [
        (("--format", "html"), "format must be one of json, md, tex, got 'html'. "),
        (("--baseline", "tea"), "baseline must be the name of a strategy, got 'tea'. Did you mean 'team'?"),
        (("--equivalence", "0"), "equivalence must be above 0 and at most 1, got 0. Write e.g. 0.9."),
    ]
    for options, message in refusals:
        done = command("report", "r", *options, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
