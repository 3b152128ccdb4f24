"""Spaces of named parameters give the same trace on every executor, cut anywhere, and pass ``verify``."""

import pytest

from searchparty.experiments.api import resume, run
from searchparty.experiments.execution.verification import verify_results
from searchparty.landscapes.causes import INFEASIBLE_CAUSE, KNOWN_CAUSE
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace, trace_hash
from searchparty.orchestrator.state.events import findings

OBJECTIVE = """\
from pathlib import Path

def loss(setting):
    with (Path(__file__).parent / "calls").open("a") as calls:
        calls.write(repr(setting) + "\\n")
    if setting["depth"] == 8:
        raise ValueError("too deep")
    return abs(setting["depth"] - 4) + (setting["kernel"] != "poly") + abs(setting["shift"] - 2) / 3

def feasible(setting):
    return setting["depth"] + setting["shift"] <= 9
"""
YAML = """\
name: tuned
budget: 90
repeats: 2
landscapes:
  - kind: python
    function: train.py:loss
    parameters:
      depth: {low: 2, high: 8, integer: true}
      kernel: {choices: [rbf, poly, linear]}
      shift: {low: 0, high: 5, integer: true}
      momentum: 0.9
    start: {depth: 6, kernel: rbf, shift: 3}
    constraints: ["depth * shift <= 30", "train.py:feasible"]
strategies:
  team:
    agents: [{kind: random, batch: 4}, pattern-search, {kind: grid, points_per_axis: 3}]
    policy: {budget: bandit, radius: trust-region, sharing: broadcast, lease: 10}
executor: simulated
"""


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "train.py").write_text(OBJECTIVE)
    (tmp_path / "tuned.yaml").write_text(YAML)
    return tmp_path / "tuned.yaml"


def read(path):
    """Return the trace hash, the evaluations of each run, and what was said of all rows."""
    with LogReader(path) as reader:
        listed = [finding for record in reader.runs() for finding in findings(reader.events(record.id))]
        counts = [reader.points(record.id).cost.sum() for record in reader.runs()]
        causes = [failure.cause for finding in listed for failure in finding.failures]
        return trace_hash(reader), counts, causes


def test_no_setting_is_evaluated_twice_and_the_start_comes_first(experiment, tmp_path):
    # Leases that are out at the same time do not know each other's settings.
    experiment.write_text(YAML.replace("    agents: [", "    concurrency: 1\n    agents: ["))
    results = run(experiment, out=tmp_path / "one", report=False)
    assert not results.errors
    _, counts, causes = read(results.path)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == sum(counts)
    # Failing settings are not known; all others are evaluated once a run.
    good = [call for call in calls if "'depth': 8" not in call]
    assert max(map(good.count, good)) <= 2
    assert calls[0] == str({"depth": 6, "kernel": "rbf", "shift": 3, "momentum": 0.9})
    assert any(cause.startswith(KNOWN_CAUSE) for cause in causes)
    assert INFEASIBLE_CAUSE + "depth * shift <= 30" in causes
    assert INFEASIBLE_CAUSE + "feasible" in causes
    assert all(eval(call)["depth"] * eval(call)["shift"] <= 30 for call in calls)
    assert not verify_results(results.path).problems


@pytest.mark.ray
@pytest.mark.parametrize("placement", ["packed", "spread"])
def test_the_trace_is_the_same_on_ray(local_ray, experiment, tmp_path, placement):
    one = run(experiment, out=tmp_path / "one", report=False)
    experiment.write_text(YAML.replace("executor: simulated", f"executor: {{kind: ray, placement: {placement}}}"))
    there = run(experiment, out=tmp_path / "there", report=False)
    assert read(there.path) == read(one.path)


def test_children_give_the_same(experiment, tmp_path):
    one = run(experiment, out=tmp_path / "one", report=False)
    experiment.write_text(YAML + "evaluation: {workers: 2}\n")
    two = run(experiment, out=tmp_path / "two", report=False)
    assert read(two.path) == read(one.path)


@pytest.mark.parametrize("rows", [1, 17, 60, 111])
def test_cut_anywhere_it_goes_on_to_the_same_end(experiment, tmp_path, rows):
    one = run(experiment, out=tmp_path / "one", report=False)
    objective = tmp_path / "train.py"
    count = f"if len((Path(__file__).parent / 'calls').read_text().splitlines()) == {rows}: raise KeyboardInterrupt"
    (tmp_path / "calls").unlink()
    objective.write_text(
        OBJECTIVE.replace('    if setting["depth"] == 8', f'    {count}\n    if setting["depth"] == 8')
    )
    with pytest.raises(BaseException, match="cut"):
        run(experiment, out=tmp_path / "cut", report=False)
    objective.write_text(OBJECTIVE)
    again = resume(tmp_path / "cut", report=False, force=True, trust=True)
    assert read(again.path) == read(one.path)


def test_a_grown_budget_continues(experiment, tmp_path):
    one = run(experiment, out=tmp_path / "one", report=False)
    resumed = resume(one.path, budget=100, report=False)
    assert not resumed.errors
    assert not verify_results(resumed.path).problems
    with LogReader(resumed.path) as reader:
        assert "known: " in "\n".join(map(str, trace(reader)))
