"""The first rows of a run: if all fail for the same error of a program, the run stops, the same at every door."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty import Experiment, resume, run
from searchparty.agents.evaluation.first_rows import FirstRows
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.agents.random_search import RandomSearch
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.execution.results_directory import experiment_file
from searchparty.experiments.execution.verification import verify_results
from searchparty.experiments.spec.load import load
from searchparty.landscapes.causes import is_free_cause, programming_error
from searchparty.landscapes.python_function import InMemory
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.log.codec import dump_event
from searchparty.orchestrator.log.log import MemoryLog
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.loop.work_run import work_run
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec
from searchparty.orchestrator.state.events import Collected, Stopped, findings
from searchparty.orchestrator.verify import verify_run

CAUSES = [
    "raised NameError: a",
    "raised NameError: b",
    "raised TypeError: a",
    "raised ValueError: a",
    "returned nan",
    "",
    "infeasible: x1 < 1",
    "known: point 3 of the run",
]


@given(st.integers(1, 12), st.lists(st.lists(st.sampled_from(CAUSES), max_size=8), max_size=8))
def test_rows_count_the_same_in_whatever_parts_they_come(most, parts):
    rows = FirstRows(most)
    for part in parts:
        rows.add(len(part), {row: cause for row, cause in enumerate(part) if cause})
    # Rows that were not evaluated tell nothing of the program, wherever they stand.
    joined = [cause for part in parts for cause in part if not is_free_cause(cause)]
    first = joined[:most]
    kinds = {programming_error(cause) for cause in first}
    stops = len(first) == most and len(kinds) == 1 and None not in kinds
    assert (rows.stopped_by is not None) == stops
    if stops:
        assert rows.stopped_by == joined[0]
    if not stops and (None in kinds or len(kinds) > 1):
        assert rows.room is None


def test_no_number_of_rows_stops_a_run_if_the_setting_is_null():
    rows = FirstRows(Evaluation(stop_after=None).stop_after)
    rows.add(1000, dict.fromkeys(range(1000), CAUSES[0]))
    assert (rows.room, rows.stopped_by) == (None, None)


def test_the_setting_is_recorded_only_if_it_is_not_the_default():
    assert Evaluation().settings == {}
    assert Evaluation(stop_after=10).settings == {}
    assert Evaluation(stop_after=None).settings == {"stop_after": None}
    assert Evaluation(stop_after=3).settings == {"stop_after": 3}


OBJECTIVES = """
calls = open(__file__ + ".calls", "a")

def broken(x):
    calls.write(".")
    calls.flush()
    return undefined_name + x[0]

def pair(x):
    calls.write(".")
    calls.flush()
    return x[0], {"note": 1}

def hidden(x):
    raise ValueError("no mesh")

def good(x):
    return float(x @ x)

def wrong_gradient(x):
    return 2 * (x - middle)

def pairs(x):
    return [(row[0], None) for row in x]
"""
SEND = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"loss": "high"}), flush=True)
"""


@pytest.fixture
def work(tmp_path):
    (tmp_path / "o.py").write_text(OBJECTIVES)
    (tmp_path / "send.py").write_text(SEND)

    def call(landscape, evaluation=None, agents=("random",), **more):
        data = {
            "name": "x", "budget": 60, "seed": 1, "executor": "simulated",
            "landscapes": [{"bounds": [-1, 1], "dimension": 2, **landscape}],
            "strategies": {"a": {"agents": list(agents), **more.pop("strategy", {})}}, **more,
        }  # fmt: skip
        if evaluation is not None:
            data["evaluation"] = evaluation
        return run(Experiment.from_data(data, str(tmp_path)), out=tmp_path / "out", report=False)

    return call


def python(name, **more):
    return {"kind": "python", "function": f"o.py:{name}", **more}


def log_of(results):
    with LogReader(results.path) as reader:
        (record,) = reader.runs()
        return reader.events(record.id)


def texts_of(events):
    return [dump_event(event) for event in events]


DOORS = [
    (python("broken"), None, "raised NameError: name 'undefined_name' is not defined; in o.py:7"),
    (python("broken"), {"timeout": 30}, "raised NameError: name 'undefined_name' is not defined; in o.py:7"),
    (python("broken"), {"workers": 3}, "raised NameError: name 'undefined_name' is not defined; in o.py:7"),
    (python("pair"), None, "returned a tuple of 2, must be one real number; in o.py:9"),
    (python("pair"), {"workers": 2}, "returned a tuple of 2, must be one real number; in o.py:9"),
    (python("pairs", vectorized=True), None, "returned a tuple of 2, must be one real number; in o.py:23"),
    ({"kind": "command", "command": ["python3", "send.py"]}, None,
     'answered \'{"loss": "high"}\', which has no number as its "loss", but a str \'high\''),
]  # fmt: skip


@pytest.mark.parametrize(("landscape", "evaluation", "cause"), DOORS)
@pytest.mark.parametrize("batch", [pytest.param(1, marks=pytest.mark.extras), 25])
def test_a_run_ends_after_its_first_ten_rows_at_every_door(work, tmp_path, landscape, evaluation, cause, batch):
    strategy = {"policy": {"kind": "composed", "lease": 40}}
    results = work(landscape, evaluation, [{"kind": "random", "batch": batch}], strategy=strategy)
    (error,) = results.errors.values()
    reason = f"an evaluation failed: the first 10 rows all failed for the same error of the program: {cause}"
    assert str(error) == reason
    events = log_of(results)
    assert events[-1] == Stopped(reason)
    (finding,) = findings(events)
    # A vectorized batch is one call, and is not cut.
    rows = 25 if landscape.get("vectorized") and batch == 25 else 10
    assert (finding.rows, finding.charged, len(finding.failures)) == (rows, rows, rows)
    assert {failure.cause for failure in finding.failures} == {cause}
    calls = tmp_path / "o.py.calls"
    if landscape["kind"] == "python" and not landscape.get("vectorized") and evaluation is None:
        assert calls.read_text() == "." * 10
    verified = verify_results(results.path)
    assert verified.problems == []
    assert verified.totals["points"] == rows
    # What was stopped stays so.
    again = resume(results.path, report=False)
    assert texts_of(log_of(again)) == texts_of(events)


@pytest.mark.parametrize(
    ("landscape", "evaluation"),
    [(python("hidden"), None), (python("broken"), {"stop_after": None}), (python("pair"), {"stop_after": 61})],
)
def test_other_causes_and_other_settings_let_a_run_go_on(work, landscape, evaluation):
    results = work(landscape, evaluation)
    assert results.errors == {}
    assert log_of(results)[-1] == Stopped("budget spent")
    assert sum(finding.rows for finding in findings(log_of(results))) == 60


FEASIBLE = [("x1 < 0.3", 1), ("x1 < 0.3", 25), ("x1 + x2 < -0.5", 1), ("x1 + x2 < -0.5", 25)]
"""Constraints, each with a batch. Where children have to be started, each of both is tried once."""


@pytest.mark.parametrize(
    ("landscape", "evaluation", "cause", "constraint", "batch"),
    [(*door, *each) for door in DOORS[:4] for each in (FEASIBLE if door[1] is None else (FEASIBLE[0], FEASIBLE[3]))],
)
def test_infeasible_rows_are_not_counted(work, landscape, evaluation, cause, constraint, batch):
    results = work(landscape | {"constraints": [constraint]}, evaluation, [{"kind": "random", "batch": batch}])
    (error,) = results.errors.values()
    assert str(error).endswith(cause)
    events = log_of(results)
    found = list(findings(events))
    assert sum(finding.charged for finding in found) == 10
    assert sum(finding.free_rows for finding in found) > 0
    assert sum(finding.failed_rows for finding in found) == 10
    assert verify_results(results.path).problems == []
    assert texts_of(log_of(resume(results.path, report=False))) == texts_of(events)


def test_logs_of_versions_that_an_infeasible_row_kept_from_stopping_are_followed(work, monkeypatch):
    def add_like_older_versions(rows, count, causes):
        if rows.room is not None and any(is_free_cause(cause) for cause in causes.values()):
            rows._left = 0
        else:
            add_today(rows, count, causes)

    add_today = FirstRows.add
    with monkeypatch.context() as patched:
        patched.setattr(FirstRows, "add", add_like_older_versions)
        results = work(python("broken", constraints=["x1 < 0.3"]))
    events = log_of(results)
    assert events[-1] == Stopped("budget spent")
    assert verify_results(results.path).problems == []
    assert texts_of(log_of(resume(results.path, report=False))) == texts_of(events)


@pytest.mark.parametrize("most", [1, 3, 25])
def test_leases_shorter_than_the_number_of_rows_count_together(work, most):
    policy = {"kind": "composed", "lease": 4}
    results = work(python("broken"), {"stop_after": most}, ["random", "random"], strategy={"policy": policy})
    rows = [finding.rows for finding in findings(log_of(results))]
    reason = (
        f"an evaluation failed: the first {most} rows all failed for the same error of the program: raised NameError"
    )
    assert log_of(results)[-1].reason.startswith(reason)
    # Both leases that are out at a time find out on their own.
    assert most <= sum(rows) <= most + 8
    assert verify_results(results.path).problems == []


def test_a_log_that_is_cut_anywhere_ends_in_the_same_events():

    calls = []

    def broken(x):
        calls.append(1)
        raise NameError("x")

    landscape = InMemory(function=broken, bounds=((0.0, 1.0),))
    planned = RunSpec(landscape, (("random", RandomSearch(batch=3)),), Composed(), 1, 0, 50, 1)
    whole = MemoryLog()
    for _ in work_run(planned, whole, InProcessExecutor(planned, whole)):
        pass
    events, (rows,) = whole.events(), whole.all_rows()
    assert len(calls) == 10
    for cut in range(len(events)):
        for kept in range(11):
            if any(isinstance(event, Collected) for event in events[:cut]) and kept < 10:
                continue
            log = MemoryLog()
            for event in events[:cut]:
                log.append(event)
            if cut >= 2 and kept:
                log.add_rows(0, type(rows)(0, rows.points[:kept], rows.losses[:kept], None, rows.failures[:kept]))
            calls.clear()
            for _ in work_run(planned, log, InProcessExecutor(planned, log)):
                pass
            assert texts_of(log.events()) == texts_of(events)
            assert len(calls) == (10 - kept if cut >= 2 else 10)


def test_logs_of_versions_that_did_not_stop_are_followed(work):
    """With the setting at its default, a log that was written without it is resumed and verified as it is."""
    results = work(python("broken"), {"stop_after": None})

    (planned,) = make_plan(load(experiment_file(results.path))).runs
    today = planned.evaluation.model_copy(update={"stop_after": 10})

    older = replace(planned, evaluation=today)
    # The id of a run is that of its settings; only what is compared with the log is replaced.
    older.__dict__.update(id=planned.id, settings=planned.settings)
    with LogReader(results.path) as reader:
        found = verify_run(older, reader)
    assert (found.points, found.finished) == (60, True)


def test_gradients_that_fail_are_counted_and_stop_nothing(work):
    landscape = python("good", gradient="wrong_gradient")
    results = work(landscape, agents=["gradient-descent"])
    assert results.errors == {}
    rows = [row for row in results.failures.rows() if row["cause"].startswith("gradient: ")]
    (row,) = rows
    assert row["cause"] == "gradient: raised NameError: name 'middle' is not defined; in o.py:21"
    found = list(findings(log_of(results)))
    assert sum(finding.failed_rows for finding in found) == 0
    assert row["count"] == sum(len(finding.failures) for finding in found) > 10
    assert np.isfinite(results.best()[0].loss)
    assert verify_results(results.path).problems == []


@pytest.mark.parametrize("evaluation", [{"on_error": "stop"}, {"on_error": "stop", "timeout": 30}])
def test_a_gradient_that_fails_stops_a_run_that_errors_shall_stop(work, evaluation):
    results = work(python("good", gradient="wrong_gradient"), evaluation, agents=["gradient-descent"])
    (error,) = results.errors.values()
    assert "the gradient raised NameError: name 'middle' is not defined; in o.py:21" in str(error)
    assert sum(finding.rows for finding in findings(log_of(results))) == 1


@pytest.mark.parametrize("rules", [{"on_error": "retry"}, {"on_error": "skip"}])
def test_a_row_whose_gradient_failed_keeps_its_loss(work, rules):
    usual = work(python("good", gradient="wrong_gradient"), rules, agents=["gradient-descent"])
    found = list(findings(log_of(usual)))
    assert all(finding.best is not None for finding in found)
    assert sum(finding.failed_rows for finding in found) == 0


@pytest.mark.ray
@pytest.mark.extras
@pytest.mark.parametrize("placement", ["packed", "spread"])
def test_ray_finds_the_same(local_ray, work, tmp_path, placement):
    strategy = {"policy": {"kind": "composed", "lease": 20}}
    for name in ("broken", "pair"):
        here = work(python(name), agents=["random", "cma-es"], strategy=dict(strategy))
        assert sorted(finding.rows for finding in findings(log_of(here))) == [10, 10]
        events = log_of(here)
        here.path.rename(tmp_path / f"{name}-here")
        ray = {"kind": "ray", "placement": placement}
        there = work(python(name), agents=["random", "cma-es"], strategy=dict(strategy), executor=ray)
        assert texts_of(log_of(there)) == texts_of(events)
        assert str(next(iter(there.errors.values()))) == str(next(iter(here.errors.values())))
        there.path.rename(tmp_path / f"{name}-there")
