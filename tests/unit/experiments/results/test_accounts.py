"""Tables from logs, compared with values worked out by hand."""

import builtins
import csv

import numpy as np
import pytest

from searchparty.agents.agent import Converged, Finding, Incumbent, Lease, Region, RowFailure
from searchparty.experiments.results import accounts
from searchparty.experiments.results.agent_account import rank_gains
from searchparty.experiments.results.curves import draw_curves, quartiles, tabulate_curves
from searchparty.experiments.results.recorded_runs import RunData
from searchparty.experiments.results.run_summary import summarize_run
from searchparty.experiments.results.table import Table
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.log.reader import Points
from searchparty.orchestrator.state.events import Collected, Granted, Stopped

INF = float("inf")


def run_of(
    losses, strategy="s", repeat=0, landscape="bowl", minimum=None, target=None, agents=None, costs=None, **more
):
    """Return a run with one point per row, by agent 0 unless given."""
    n = len(losses)
    agents = np.zeros(n, dtype=np.int64) if agents is None else np.array(agents)
    costs = np.ones(n, dtype=np.int64) if costs is None else np.array(costs)
    points = Points(
        np.zeros(n, dtype=np.int64), agents, np.arange(n), costs, np.full((n, 2), 0.5), np.array(losses, float)
    )
    settings = {
        "team": [["ann", {"kind": "random"}], ["bob", {"kind": "random"}]],
        "target": target,
        "budget": n,
        "landscape": {"kind": landscape, "seconds": 2.0},
    }
    events = more.get("events", [Stopped("budget spent")])
    name = f"{landscape}-{strategy}-{repeat}"
    return RunData(
        name,
        strategy,
        landscape,
        repeat,
        settings,
        Space(np.zeros(2), np.ones(2)),
        None,
        minimum,
        False,
        events,
        points,
    )


def row_of(table, **wanted):
    (row,) = table.where(**wanted).rows()
    return row


def test_quartiles_by_hand():
    assert quartiles(np.array([4.0, 1.0, 3.0, 2.0])) == (1.75, 2.5, 3.25)
    assert quartiles(np.array([7.0])) == (7.0, 7.0, 7.0)


def test_quartile_next_to_infinity_is_infinite_and_never_nan():
    assert quartiles(np.array([1.0, INF])) == (INF, INF, INF)
    assert quartiles(np.array([1.0, 2.0, INF])) == (1.5, 2.0, INF)


def test_convergence_keeps_the_loss_of_a_run_that_stopped_early():
    runs = [summarize_run(run_of([4, 1])), summarize_run(run_of([8, 6, 6, 3], repeat=1))]
    table = tabulate_curves(draw_curves(runs))
    assert row_of(table, evaluations=1)["median"] == 6.0
    assert row_of(table, evaluations=4)["median"] == 2.0


def test_contributions_by_hand():
    # Records: ann's 9 and 2, bob's 5; each of the four points is better than this many others.
    run = run_of([9, 5, 7, 2], agents=[0, 1, 1, 0], costs=[1, 2, 2, 1])
    ann, bob = accounts.contributions_table([run]).rows()
    assert (ann["evaluations"], bob["evaluations"]) == (2, 4)
    assert ann["evaluations_share"] == pytest.approx(1 / 3)
    assert (ann["records"], bob["records"]) == (2, 1)
    assert (ann["finals"], bob["finals"]) == (1, 0)


def test_best_points_are_those_of_the_best_repeats():
    runs = [summarize_run(run_of([9, 5, 7], agents=[0, 1, 1])), summarize_run(run_of([9, 4], agents=[1, 0], repeat=1))]
    runs.append(summarize_run(run_of([INF], repeat=2)))
    (row,) = accounts.best_points_table(runs).rows()
    assert (row["loss"], row["agent"], row["repeat"]) == (4.0, "ann", 1)
    assert len(row["setting"].split(", ")) == 2
    assert len(accounts.best_points_table(runs[2:])) == 0


def test_rank_gains_by_hand():
    # 9 passes nobody; 5 passes 9 and 7; 2 passes 5: of four points.
    assert rank_gains(run_of([9, 5, 7, 2])).tolist() == [0.0, 0.5, 0.25]
    scaled = run_of(np.exp([9, 5, 7, 2]))
    assert rank_gains(scaled).tolist() == [0.0, 0.5, 0.25]
    assert rank_gains(run_of([INF])).tolist() == []


def lease_of(number, agent, budget):
    return Lease(number, agent, budget, Region(np.full(2, 0.5), 0.25), f"reason {number}", fresh=number < 2)


def best_of(lease, agent, loss):
    return Incumbent(agent, lease, 0, np.full(2, 0.5), loss)


def eventful():
    converged = Converged(np.full(2, 0.5), 1.0, "gradient vanished")
    failures = (RowFailure(3, "ValueError: no"), RowFailure(4, "ValueError: no"))
    return [
        Granted(0, (lease_of(0, "ann", 10), lease_of(1, "bob", 20))),
        Collected(Finding(0, "ann", 10, 10, "spent", best_of(0, "ann", 5.0), failures=failures)),
        Granted(1, (lease_of(2, "ann", 10),)),
        Collected(Finding(1, "bob", 3, 20, "failed", cause="left the cube")),
        Collected(Finding(2, "ann", 4, 4, "converged", best_of(2, "ann", 1.0), converged)),
        Granted(2, (lease_of(3, "bob", 5),)),
    ]


def test_leases_tell_when_why_and_what_came_of_it():
    first, second, third, last = accounts.leases_table(run_of([5], events=eventful())).rows()
    assert (first["granted_at"], first["collected_at"], first["record"]) == (0, 10, True)
    assert first["outcome"] == "spent; 2 rows failed"
    assert (second["charged"], second["best"], second["outcome"]) == (20, None, "failed: left the cube")
    # Two logical seconds per evaluation: granted at 20 s, when lease 0 ended.
    assert (third["granted_at"], third["starts"], third["ends"]) == (10, 20.0, 40.0)
    assert third["outcome"] == "converged: gradient vanished"
    assert (last["collected_at"], last["outcome"], last["reason"]) == (None, "not collected", "reason 3")


def test_failures_are_counted_by_cause():
    table = accounts.failures_table([run_of([5], events=eventful())])
    assert row_of(table, agent="ann")["count"] == 2
    assert row_of(table, agent="ann")["cause"] == "row: ValueError: no"
    assert row_of(table, agent="bob")["cause"] == "agent: left the cube"
    assert len(accounts.failures_table([run_of([5])])) == 0


ALIKE = [
    (["diverged at rate 0.0667, depth 6", "diverged at rate 1e-05, depth 12"], "diverged at rate #, depth #"),
    (["f(-1.5) = .5", "f(+2.) = 3E7"], "f(#) = #"),
    (["no root in [0 1]", "no root in [2 3]"], "no root in [# #]"),
    (["raised TypeError: at 3; in o.py:7", "raised TypeError: at 4; in o.py:7"], "raised TypeError: at #; in o.py:7"),
    (["exit code 1: at 0.1", "exit code 1: at 0.2"], "exit code 1: at #"),
]
DIFFERENT = [
    # Places, names, exit codes and signals are no numbers of a message.
    ["raised TypeError: no; in o.py:7", "raised TypeError: no; in o.py:8"],
    ["no x1", "no x2"],
    ["no conv2d", "no conv3d"],
    ["version 1.2.3 of a", "version 1.2.3 of b"],
    ["exit code 1", "exit code 2"],
    ["signal 34", "signal 35"],
    ["failed, mine.py:3", "failed, mine.py:4"],
]


def failing(causes, strategy="s", agent="ann"):
    failures = tuple(RowFailure(row, cause) for row, cause in enumerate(causes))
    rows = len(causes)
    finding = Finding(0, agent, rows, rows, "spent", None, failures=failures)
    return run_of([INF] * rows, strategy, events=[Granted(0, (lease_of(0, agent, rows),)), Collected(finding)])


@pytest.mark.parametrize(("causes", "masked"), ALIKE)
def test_failures_that_differ_in_numbers_alone_are_one_cause(causes, masked):
    runs = [failing([causes[0], causes[1], causes[1]]), failing([causes[1]], "t")]
    wanted = f"row: {masked} (e.g. {causes[0]})"
    assert [(row["strategy"], row["cause"], row["count"]) for row in accounts.failures_table(runs).rows()] == [
        ("s", wanted, 3), ("t", wanted, 1),
    ]  # fmt: skip
    # A cause that has one text only is shown as it is.
    assert row_of(accounts.failures_table(runs[1:]))["cause"] == f"row: {causes[1]}"


@pytest.mark.parametrize("causes", DIFFERENT)
def test_failures_that_differ_in_more_are_several(causes):
    rows = accounts.failures_table([failing(causes)]).rows()
    assert [(row["cause"], row["count"]) for row in rows] == [(f"row: {cause}", 1) for cause in causes]


def test_failed_agents_are_told_by_their_most_frequent_kind_of_cause():
    causes = ["no a", "at 1", "at 2", "no a", "at 3"]
    events = [Granted(0, tuple(lease_of(n, "ann", 1) for n in range(5)))]
    events += [Collected(Finding(n, "ann", 0, 1, "failed", cause=cause)) for n, cause in enumerate(causes)]
    assert row_of(accounts.failed_agents_table([run_of([5], events=events)]))["cause"] == "at # (e.g. at 1)"


def test_tables_of_nothing_are_empty():
    assert len(accounts.contributions_table([])) == len(tabulate_curves(draw_curves([]))) == 0


def test_a_table_goes_to_csv_and_back(tmp_path):
    table = Table.from_rows(("name", "loss"), [("a, b", 1.5), ('"q"', None)])
    table.to_csv(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["name", "loss"], ["a, b", "1.5"], ['"q"', ""]]


def test_pandas_is_asked_for_only_when_used(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"not installed. Run: pip install 'pandas>=2\.2\.2'$"):
        Table({"a": [1]}).to_pandas()


@pytest.mark.extras
def test_a_table_is_a_data_frame_where_pandas_is():
    pandas = pytest.importorskip("pandas")
    frame = Table.from_rows(("name", "loss"), [("one", 1.5), ("two", None)]).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["name", "loss"]
    assert frame["name"].tolist() == ["one", "two"]
    assert frame["loss"].isna().tolist() == [False, True]
