"""The decisions that mattered most, as the terminal, texts and notebooks tell them."""

import json

import pytest

from searchparty import Experiment, Results, run
from searchparty.experiments.comparison.words.decisions import describe_decisions
from searchparty.experiments.results.decisions import share_budget
from searchparty.experiments.results.recorded_runs import read_run

DATA = {
    "name": "told", "budget": 600, "repeats": 3, "executor": "simulated",
    "landscapes": [{"kind": "rastrigin", "dimension": 2, "shift": "random", "rotate": True}],
    "strategies": {
        "alone": {"agents": ["random"]},
        "team": {"agents": ["grid", "random-restart"], "policy": {"budget": "bandit", "lease": 20}},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(Experiment.from_data(DATA), out=tmp_path_factory.mktemp("told") / "out", report=False)


def test_those_of_a_median_run_of_the_best_team_are_told(results):
    heading, *told = results.turning_points
    assert 1 <= len(told) <= 3
    runs = [each for each in results.runs if f"{each.strategy} on {each.landscape}, repeat {each.repeat}:" in heading]
    (shown,) = runs
    assert shown.strategy == "team"
    changes = share_budget(shown).most_important()
    assert told == [change.describe(short=True) for change in changes]
    for line, change in zip(told, changes, strict=True):
        assert change.reason.split("; ")[0] in line
        assert "radius" not in line
        assert len(line) < len(change.describe())


def test_they_are_told_wherever_a_comparison_is(results, command, tmp_path):
    heading, *told = results.turning_points
    found = json.loads(command("report", str(results.path), "--format", "json", cwd=tmp_path).stdout)
    assert found["decisions"] == [heading, *told]
    assert told[0] in results._repr_html_().replace("&gt;", ">")
    assert Results(results.path).turning_points == [heading, *told]


def test_a_run_prints_them_last(command, tmp_path):
    done = command(
        "run", "quickstart", "--executor", "simulated", "--set", "repeats=1", "--out", str(tmp_path / "q"), cwd=tmp_path
    )
    lines = done.stdout.splitlines()
    (at,) = [place for place, line in enumerate(lines) if line.startswith("What mattered most in team on ")]
    assert lines[at + 1].startswith("- After ")
    assert lines[-2].startswith("Results: ")


def test_nothing_is_told_without_a_team(tmp_path):
    data = DATA | {"strategies": {"alone": {"agents": ["random"]}, "grid": {"agents": ["grid"]}}, "budget": 30}
    found = run(Experiment.from_data(data), out=tmp_path / "out", report=False)
    assert describe_decisions(found.compare(), lambda id: read_run(found.path, id)) == found.turning_points == []
