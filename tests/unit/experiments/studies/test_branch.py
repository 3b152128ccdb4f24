"""Branches: the prefix is that of the original, to the byte; from there only the setting differs."""

import copy
import re

import pytest

from searchparty import load, resume, run
from searchparty.experiments.api import resume_plan
from searchparty.experiments.cli.run import resume_planned
from searchparty.experiments.cli.study import _read_moment
from searchparty.experiments.comparison.words.findings import write_findings
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.report.report import write_report
from searchparty.experiments.results_api import Results
from searchparty.experiments.spec.errors import SpecError
from searchparty.experiments.studies.branch import begin_branch, plan_branch
from searchparty.orchestrator.branch import BranchedPolicy, find_stream_id, list_policies
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.taken_prefix import BranchError

pytestmark = pytest.mark.usefixtures("coarse_figures")
DATA = {
    "name": "trial",
    "seed": 5,
    "repeats": 2,
    "budget": 300,
    "landscapes": [{"kind": "rastrigin", "dimension": [2, 40], "shift": "random"}],
    "strategies": {
        "team": {
            "agents": ["random", "gradient-descent", "random-restart"],
            "policy": {"sharing": "broadcast", "budget": "bandit", "radius": "shrink", "lease": 25},
        },
    },
    "sweep": {"region.radius": [0.3, 0.5]},
    "executor": "simulated",
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return run(load(DATA), out=tmp_path_factory.mktemp("original") / "out", report=False)


def find(results, dimension=2, repeat=1, strategy="team[radius=0.3]"):
    return next(
        each for each in results.runs
        if each.dimension == dimension and each.repeat == repeat and each.strategy == strategy
    )  # fmt: skip


def branch(recorded, original, out, at=110, changes=("policy.radius=fixed",)):
    planned = plan_branch(recorded.path, original.id, at, changes)
    directory = begin_branch(planned, out)
    results = resume_plan(planned.plan, directory, report=False)
    return planned, results


def texts(path, id, events):
    """Return the kinds and texts of the events of a run but the first, and the rows of its points, as stored."""
    with LogReader(path) as reader:
        found = reader.tables.select("events", "WHERE run = ? AND seq > 0 AND seq < ? ORDER BY seq", (id, events))
        points = reader.tables.select("points", "WHERE run = ? ORDER BY lease, first", (id,))
    return [row[1:] for row in found], [row[1:] for row in points]


@pytest.mark.parametrize("dimension", [2, 40])
def test_the_prefix_is_that_of_the_original_to_the_byte(recorded, tmp_path, dimension):
    original = find(recorded, dimension)
    planned, results = branch(recorded, original, tmp_path / "branch")
    events, points = texts(recorded.path, original.id, planned.moment.events)
    now, kept = texts(results.path, planned.branch.id, planned.moment.events)
    assert now == events
    assert len(events) == planned.moment.events - 1 > 4
    before = [row for row in points if row[0] < planned.moment.leases]
    assert [row for row in kept if row[0] < planned.moment.leases] == before
    # The original is beside it, as it was, and both follow from the log.
    whole = texts(recorded.path, original.id, 10**9)
    assert texts(results.path, original.id, 10**9) == whole
    assert texts(results.path, planned.branch.id, 10**9) != whole
    checked = verify_results(results.path)
    assert (checked.runs, checked.problems, checked.unfinished) == (2, [], 0)


def test_what_was_found_before_is_not_evaluated_again(recorded, tmp_path, monkeypatch):
    from searchparty.agents.evaluation.in_process import InProcessEvaluator

    original, seen = find(recorded), []
    evaluate = InProcessEvaluator.evaluate
    monkeypatch.setattr(
        InProcessEvaluator, "evaluate", lambda self, cube, *more: seen.append(len(cube)) or evaluate(self, cube, *more)
    )
    planned, results = branch(recorded, original, tmp_path / "branch")
    new = next(each for each in results.runs if each.id == planned.branch.id)
    assert 0 < sum(seen) <= new.budget - planned.moment.evaluation


def test_with_equal_policies_a_branch_is_its_original(recorded, tmp_path):
    original = find(recorded)
    planned = plan_branch(recorded.path, original.id, 110, ["policy.radius=fixed"])
    data = copy.deepcopy(dict(planned.plan.experiment.plain_data))
    (policy,) = [each["policy"] for each in data["strategies"].values() if each["policy"].get("kind") == "branch"]
    policy["after"] = policy["before"]
    del data["runs"]
    results = run(load(data), out=tmp_path / "equal", report=False)
    twins = [each for each in results.runs if (each.dimension, each.repeat) == (2, 1)]
    assert len(twins) == 2
    assert twins[0].digest == twins[1].digest == original.digest


def test_a_branch_of_a_run_that_was_extended_has_its_present_budget(tmp_path):
    data = {**DATA, "repeats": 1, "budget": 150, "landscapes": [{"kind": "rastrigin", "dimension": 2}], "sweep": {}}
    recorded = run(load(data), out=tmp_path / "original", report=False)
    for budget in (400, 700):
        recorded = resume(recorded.path, budget=budget, report=False)
    (original,), said = recorded.runs, []
    assert plan_branch(recorded.path, original.id, 450, ["policy.radius=fixed"]).budgets == ()
    assert plan_branch(recorded.path, original.id, 200, ["policy.radius=fixed"]).budgets == (700,)
    planned = plan_branch(recorded.path, original.id, 100, ["policy.radius=fixed"], remark=said.append)
    assert planned.budgets == (400, 700)
    assert said[-1] == "The branch is extended to 700 evaluations, as its original was."
    directory = begin_branch(planned, tmp_path / "branch")
    resume_planned(planned.plan, directory, True, planned.budgets)
    runs = {each.id: each for each in Results(directory).runs}
    assert {each.budget for each in runs.values()} == {700}
    assert runs[planned.branch.id].evaluations == runs[original.id].evaluations == original.evaluations
    assert runs[original.id].digest == original.digest != runs[planned.branch.id].digest
    assert verify_results(directory).problems == []


def test_the_log_names_the_run_and_the_evaluation(recorded, tmp_path):
    original = find(recorded)
    planned, results = branch(recorded, original, tmp_path / "branch")
    new = next(each for each in results.runs if each.id == planned.branch.id)
    assert (new.settings["policy"]["run"], new.settings["policy"]["evaluation"]) == (
        original.id, planned.moment.evaluation,
    )  # fmt: skip
    assert new.settings["policy"]["after"]["radius"]["kind"] == "fixed"
    page = write_report(results.path).read_text()
    said = f"is a branch of run {original.id}: until evaluation {planned.moment.evaluation} it is that run"
    assert said in page
    assert re.findall('data-film="([0-9a-f]+)"', page) == [original.id, new.id]
    assert f'id="replay" data-run="{original.id}" data-beside="{new.id}"' in page
    again = resume(results.path, report=False)
    assert {each.id for each in again.runs} == {original.id, new.id}
    compared = results.compare()
    assert not compared.grows
    assert write_findings(compared, "out").step.line == (
        "branch other repeats of the original, too: one pair of runs cannot tell."
    )


def test_a_branch_can_be_branched(recorded, tmp_path):
    original = find(recorded)
    planned, results = branch(recorded, original, tmp_path / "one")
    once = next(each for each in results.runs if each.id == planned.branch.id)
    second, more = branch(results, once, tmp_path / "two", 200, ("policy.sharing=none",))
    policy = second.branch.policy
    assert policy.origin == original.id == second.branch.stream_id
    assert find_stream_id(second.branch.id, second.branch.settings) == original.id
    assert [each.sharing.kind for each in list_policies(policy)] == ["broadcast", "broadcast", "none"]
    assert verify_results(more.path).problems == []
    with pytest.raises(SpecError, match="--set must change the policy, got 'radius=fixed'"):
        plan_branch(results.path, once.id, 200, ["policy.radius=fixed"])


def test_a_branch_has_no_further_repeats(recorded, tmp_path):
    planned = plan_branch(recorded.path, find(recorded).id, 110, ["policy.radius=fixed"])
    directory = begin_branch(planned, tmp_path / "branch")
    with pytest.raises(ResultsError, match="--repeats must be left out for a branch, which is one pair of runs"):
        resume(directory, repeats=5)
    said = []
    for _ in range(2):
        resume_plan(planned.plan, directory, remark=said.append, report=False)
    assert said[-1].endswith("there is nothing to resume. To extend both runs of this branch, use --budget N.")


def test_a_moment_is_a_whole_number():
    assert _read_moment("1,200") == 1200
    with pytest.raises(BranchError, match="--at must be a whole number of evaluations, got 'soon'. Write e.g. --at"):
        _read_moment("soon")


def test_at_is_the_first_decision_after_so_many_evaluations(recorded):
    original, said = find(recorded), []
    planned = plan_branch(recorded.path, original.id[:6], 110, ["policy.radius=fixed"], remark=said.append)
    assert planned.moment.evaluation >= 110
    assert planned.branch.strategy.endswith(f", from {planned.moment.evaluation}: radius=fixed")
    assert any(line.startswith("The branch leaves the run at ") for line in said)


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (0, "--at must be at least 1, got 0: a branch begins where run [0-9a-f]+ has found something"),
        (-5, "--at must be at least 1, got -5"),
        (299, "--at must be at most [0-9]+, the evaluations at the last decision of run"),
        (5000, "--at must be at most [0-9]+, .* got 5,000. To go on after its end, extend it"),
    ],
)
def test_moments_without_a_decision_are_refused(recorded, at, message):
    with pytest.raises(BranchError, match=message):
        plan_branch(recorded.path, find(recorded).id, at, ["policy.radius=fixed"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "budget=500",
            "--set must be a setting of the policy, the only one that may change within a run, got 'budget'",
        ),
        ("policy.radius", "--set must be policy.path=value, got 'policy.radius'"),
        ("policy.radius=shrink", "--set must change the policy, got 'radius=shrink'"),
        ("policy.radios=fixed", "^--set policy.radios must be a known setting"),
        ("policy.radius=wide", "^--set policy.radius must be a known radius, got 'wide'"),
        ("policy.kind=party", "got 'policy.kind=party'. For another policy, write --set policy=party."),
    ],
)
def test_changes_that_cannot_be_made_are_refused(recorded, change, message):
    with pytest.raises(SpecError, match=message):
        plan_branch(recorded.path, find(recorded).id, 100, [change])


@pytest.mark.parametrize("name", ["team[radius=0.3]", "ffff", "x"])
def test_a_run_must_be_named(recorded, name):
    with pytest.raises(BranchError, match="--run must be the id of a run, got"):
        plan_branch(recorded.path, name, 100, ["policy.radius=fixed"])


def test_runs_must_be_those_of_the_experiment():
    with pytest.raises(SpecError, match="runs must be ids of runs of the experiment, got 'abc'"):
        make_plan(load({**DATA, "runs": ["abc"]}))
    whole = make_plan(load(DATA))
    chosen = make_plan(load({**DATA, "runs": [whole.runs[3].id]}))
    assert [each.id for each in chosen.runs] == [whole.runs[3].id]


def test_the_policy_changes_with_what_is_spent():
    policy = BranchedPolicy(run="0" * 12, evaluation=5, before=Composed(lease=3), after=Composed(lease=7))
    with pytest.raises(ValueError, match="evaluation"):
        policy.model_validate({**policy.model_dump(), "evaluation": 0})
    assert [each.lease for each in list_policies(policy)] == [3, 7]
