"""The section on time: sentences, charts of leases over actors, and where there are none."""

from types import SimpleNamespace

import pytest

from searchparty.agents.agent import Finding, LeaseTiming
from searchparty.experiments.api import run
from searchparty.experiments.report.time_section import (
    describe_times,
    draw_gantt,
    draw_gantts,
    draw_run_gantts,
    merge_spans_of_time,
)
from searchparty.experiments.results.table import Table
from searchparty.experiments.results.time_use import ActorSpan, RunTime
from searchparty.orchestrator.state.events import Collected


class Timed:
    """What a chart needs of a run."""

    strategy, landscape, repeat, team = "<team>", "bowl", 0, ["a", "b"]

    def __init__(self, timings):
        self.timings = dict(enumerate(timings))
        self.events = [Collected(Finding(lease, "ab"[timing.actor], 1, 1, "spent")) for lease, timing in
                       self.timings.items()]  # fmt: skip


def test_a_chart_has_a_lane_for_each_actor_and_escapes_names():
    timed = Timed([LeaseTiming(0, 1, 5.0, 6.0, 0), LeaseTiming(0, 1, 5.0, 9.0, 1), LeaseTiming(0, 1, 7.0, 8.0, 0)])
    chart = draw_gantt(timed)
    assert chart.label == "<team> on bowl, repeat 0: 3 leases over 2 actors in 4 seconds"
    assert chart.svg.count("<title>") == 2
    # The first agent has two bars, the second one.
    assert [part.count("z") for part in chart.svg.split('d="')[1:3]] == [2, 1]
    assert "<team>" not in chart.svg


def test_runs_on_one_actor_have_no_chart():
    alone = Timed([LeaseTiming(0, 1, 0.0, 1.0, 0)])
    both = Timed([LeaseTiming(0, 1, 0.0, 1.0, 0), LeaseTiming(0, 1, 0.0, 1.0, 1)])
    assert len(list(draw_gantts([alone, both, alone]))) == 1
    assert len(list(draw_gantts([both] * 9))) == 4


def whole_run(strategy, *spans, actors=1):
    return SimpleNamespace(strategy=strategy, time=RunTime(tuple(ActorSpan(*span) for span in spans), (), actors))


def test_runs_that_are_worked_whole_share_a_chart_over_their_actors():
    runs = [
        whole_run("<a>", (0, 1.0, 3.0)),
        whole_run("b", (2, 1.5, 5.0)),
        whole_run("b", (0, 3.0, 4.0), (2, 5.0, 6.0)),
    ]
    runs.append(SimpleNamespace(strategy="untimed", time=None))
    (chart,) = draw_run_gantts([("r-1", runs), ("alone", runs[:1]), ("none", [])])
    assert chart.label == "r-1: 3 runs, each in one of 2 actors at a time, in 5 seconds"
    assert [f"actor {number}<" in chart.svg for number in (1, 2, 3)] == [True, False, True]
    assert (chart.svg.count("&lt;a&gt;"), chart.svg.count("<a>")) == (2, 0)
    # A team of several actors has a chart of its own.
    assert not list(draw_run_gantts([("r-1", [whole_run("relay", (0, 0.0, 5.0), (1, 5.01, 10.0), actors=2)])]))


def test_a_run_that_goes_on_in_a_later_session_is_several_bars():
    (chart,) = draw_run_gantts([("r", [whole_run("a", (0, 0.0, 5.0), (0, 100.0, 105.0), (1, 200.0, 205.0))])])
    assert chart.label == "r: 1 run in one of 2 actors at a time, in 205 seconds"
    assert [part.count("z") for part in chart.svg.split('d="')[1:3]] == [2, 1]


def test_a_chart_of_many_runs_stays_of_a_size():
    runs = [whole_run(f"a strategy with a long name {k}", (k, 0.0, 1.0)) for k in range(200)]
    (chart,) = draw_run_gantts([("many", runs)])
    assert "The first 64 actors are drawn." in chart.title
    assert len(chart.svg) < 40_000


def test_thousands_of_leases_are_few_bars():
    spans = [(0.001 * k, 0.001 * k + 0.0009) for k in range(5000)]
    assert merge_spans_of_time(spans, scale=100.0) == [(0.0, pytest.approx(4.9999))]


def test_sentences_say_the_shares_and_the_efficiency():
    times = Table.from_rows(
        ("strategy", "agent", "evaluation_seconds", "asked_seconds", "transport_seconds", "start_up_seconds"),
        [("team", "a", 6.0, 1.0, 0.5, 0.5), ("team", "b", 2.0, 0.0, 0.0, 0.0), ("idle", "a", 0.0, 0.0, 0.0, 0.0)],
    )
    efficiency = Table.from_rows(
        ("strategy", "actors", "seconds", "ideal_seconds", "efficiency"),
        [("team", 2, 9.0, 4.5, 0.5), ("idle", 1, 0.0, 0.0, 1.0)],
    )
    assert list(describe_times(times, efficiency)) == [
        "team: its leases took 10 s, of which 80 % evaluation, 10 % agents, 5 % transport, 5 % start-up. Its 2 actors "
        "were used to 50 %: its runs took 9 s, and evenly spread work would take 4.5 s."
    ]


def test_a_report_has_the_section(tmp_path):
    results = run(
        "quickstart", out=tmp_path / "q", executor="simulated", overrides=["repeats=1", "budget=60"], report=True
    )
    page = (results.path / "report.html").read_text()
    assert "<h3>Time</h3>" in page
    assert "its leases took" in page
    assert (results.path / "tables" / "times.csv").read_text().startswith("strategy,agent,actors,runs,leases")
    assert (results.path / "tables" / "efficiency.csv").exists()
