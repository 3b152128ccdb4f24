"""``Results``: what it refuses, and what its tables and texts are called."""

import json
import math
import re

import pytest

from searchparty import Experiment, Results, run
from searchparty.experiments.cli.terminal.console import describe_errors
from searchparty.experiments.execution.cost import describe_plan
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.report.island import unpack_island
from searchparty.landscapes.landscape import Refusal
from searchparty.orchestrator.log.log import LogError

NAMED = """
def f(setting):
    return setting["rate"] + (setting["kernel"] == "rbf")
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    (folder / "f.py").write_text(NAMED)
    data = {
        "name": "named", "budget": 30, "seed": 1, "executor": "simulated", "repeats": 3, "stop": {"target": 0.5},
        "landscapes": [{"kind": "python", "function": "f.py:f", "parameters": {
            "rate": {"low": 1e-3, "high": 1.0, "log": True}, "kernel": {"choices": ["rbf", "poly"]}}}],
        "strategies": {"party": {"agents": ["random"]}, "solo": {"agents": ["pattern-search"]}},
    }  # fmt: skip
    run(Experiment.from_data(data, str(folder)), out=folder / "out")
    return Results(folder / "out")


@pytest.mark.parametrize("method", ["leases", "points"])
@pytest.mark.parametrize("name", ["party", "", 3, None, "0123456789ab"])
def test_an_unknown_run_is_refused_with_the_ids_of_all(results, method, name):
    if method == "points" and name is None:
        # All runs.
        assert len(results.points(None).rows()) == sum(len(run.points.losses) for run in results.runs)
        return
    with pytest.raises(Refusal, match=r"^run must be the id of a run, got ") as refused:
        getattr(results, method)(name)
    for each in results.runs:
        assert f"  {each.id}  {each.strategy}, {each.landscape}, repeat {each.repeat}" in str(refused.value)


def test_a_known_run_has_its_leases_and_points(results):
    for each in results.runs:
        assert {row["run"] for row in results.points(each.id).rows()} == {each.id}
        assert len(results.leases(each.id).rows()) > 0


@pytest.mark.parametrize("make", [lambda path: path / "typo", lambda path: path, lambda path: path / "file"])
def test_what_holds_no_log_is_refused_at_once(tmp_path, make):
    (tmp_path / "file").write_text("text")
    for path in (make(tmp_path), str(make(tmp_path))):
        with pytest.raises(LogError, match=r"Give the results directory of a run"):
            Results(path)


TABLES = (
    "comparison", "verdicts", "standings", "tests", "rank_tests", "targets", "budgets", "running_times",
    "data_profiles", "convergence", "contributions", "failures", "failed_agents",
)  # fmt: skip


@pytest.mark.parametrize("name", [*TABLES, "points", "leases"])
def test_tables_hold_plain_values(results, name):
    if name in TABLES:
        table = getattr(results, name)
    else:
        table = results.points() if name == "points" else results.leases(results.runs[0].id)
    for row in table.rows():
        for value in row.values():
            assert type(value) in (str, int, float, bool, list, type(None)), (name, value)


def test_a_run_is_shown_in_a_line(results):
    for each in results.runs:
        shown = repr(each)
        assert "\n" not in shown
        assert len(shown) < 300
        assert shown.startswith(f"<RunData {each.id}: {each.strategy} on {each.landscape}, repeat {each.repeat}; ")
        assert f"{each.evaluations} evaluations, best loss {each.final:.6g}; {each.stopped}>" in shown


def test_equal_errors_are_told_once():
    titles = {str(number): f"s on l, repeat {number}" for number in range(4)}
    same = {str(number): ValueError("no mesh") for number in range(3)}
    assert describe_errors(same, titles) == ["3 runs failed, the first of them s on l, repeat 0: no mesh"]
    alike = {str(number): ValueError(f"row {number}, at (0.{number})") for number in range(3)}
    assert describe_errors(alike | {"3": OSError("x")}, titles) == [
        "3 runs failed, the first of them s on l, repeat 0: row #, at (#) (e.g. row 0, at (0.0))",
        "run s on l, repeat 3 failed: x",
    ]
    assert describe_errors({"unknown": ValueError("x")}, {}) == ["run unknown failed: x"]
    assert describe_errors({}, titles) == []


def test_a_quantity_has_one_name_everywhere(results):
    """In tables, on a terminal, in notebooks and in the report."""
    rows = results.comparison.rows()
    shown = results.summary_rows()
    for name, key in (("ERT", "ert"), ("median of successes", "median_evaluations")):
        assert [row[name] for row in shown] == ["-" if row[key] is None else f"{row[key]:.0f}" for row in rows]
        assert f"<th>{name}</th>" in results._repr_html_()
    report = (results.path / "report.html").read_text()
    packed = unpack_island(re.search('id="island">([^<]+)<', report)[1])["tables"]["comparison"]
    for row, line in zip(rows, packed["rows"], strict=True):
        values = dict(zip(packed["heads"], line, strict=True))
        for name, key in (("ERT", "ert"), ("median of successes", "median_evaluations")):
            assert values[name] == (None if row[key] is None else pytest.approx(row[key], rel=1e-3))


COUNTED = """
import json

def f(setting):
    with open(__file__ + ".calls", "a") as file:
        print(json.dumps(setting), file=file)
    return abs(setting["depth"] - 3) if setting["width"] < 4 else None
"""


@pytest.mark.parametrize("constraints", [None, ["depth + width < 9"]])
@pytest.mark.parametrize("agents", [["random"], ["random", "pattern-search"]])
def test_points_that_were_not_evaluated_are_marked(tmp_path, agents, constraints):
    (tmp_path / "f.py").write_text(COUNTED)
    data = {
        "name": "free", "budget": 15, "seed": 1, "executor": "simulated", "concurrency": 1,
        "landscapes": [{"kind": "python", "function": "f.py:f", "constraints": constraints, "parameters": {
            name: {"low": 1, "high": 5, "integer": True} for name in ("depth", "width")} | {"free": 7}}],
        "strategies": {"a": {"agents": agents, "policy": {"kind": "composed", "lease": 5}}},
    }  # fmt: skip
    results = run(Experiment.from_data(data, str(tmp_path)), out=tmp_path / "out", report=False)
    rows = results.points().rows()
    calls = [json.loads(line) for line in (tmp_path / "f.py.calls").read_text().splitlines()]
    evaluated = [row for row in rows if row["free"] == ""]
    assert [(row["depth"], row["width"]) for row in evaluated] == [(call["depth"], call["width"]) for call in calls]
    assert [row["evaluations"] for row in evaluated] == list(range(1, len(calls) + 1))
    losses = {(row["depth"], row["width"]): row["loss"] for row in evaluated}
    for row in rows:
        infeasible = constraints is not None and row["depth"] + row["width"] >= 9
        assert (row["free"] == "infeasible") == infeasible
        if row["free"] == "known":
            assert row["loss"] == losses[row["depth"], row["width"]] < math.inf
    assert {row["free"] for row in rows} == {"", "known"} | ({"infeasible"} if constraints else set())


@pytest.mark.parametrize(
    ("constraints", "field"),
    [
        ("f.py:none", "constraints.0"), (["depth < 4", "f.py:none"], "constraints.1"),
        (["f.py:f", "f.py:number"], "constraints.1"), (["none.py:f"], "constraints.0"), (["depth < "], "constraints.0"),
    ],
)  # fmt: skip
def test_a_wrong_constraint_is_named_with_its_number(tmp_path, constraints, field):
    (tmp_path / "f.py").write_text("number = 3\n\ndef f(setting):\n    return True\n")
    data = {
        "name": "c", "budget": 15,
        "landscapes": [{"kind": "python", "function": "f.py:f", "constraints": constraints, "parameters": {
            "depth": {"low": 1, "high": 5}}}],
        "strategies": {"a": {"agents": ["random"]}},
    }  # fmt: skip
    with pytest.raises(Refusal, match=rf"landscapes\.0\.{field} must "):
        run(Experiment.from_data(data, str(tmp_path)), out=tmp_path / "out", report=False)


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({"repeats": 1}, ["1 landscape: ", "1 strategy: ", "1 repeat, seed"]),
        ({"repeats": 2, "landscapes": [{"kind": "sphere", "dimension": [1, 2]}],
          "strategies": {name: {"agents": [name]} for name in ("random", "grid")}},
         ["2 landscapes: ", "2 strategies: ", "2 repeats, seed"]),
    ],
)  # fmt: skip
def test_a_plan_counts_in_words_that_fit(more, shown):
    data = {"name": "p", "budget": 9, "landscapes": ["sphere"], "strategies": {"a": {"agents": ["random"]}}}
    words = describe_plan(make_plan(Experiment.from_data(data | more)))
    for each in shown:
        assert f"\n{each}" in words
