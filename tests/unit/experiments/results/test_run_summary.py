"""A summary answers what the run answers, for any losses and charges."""

import dataclasses
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchparty import Experiment, Results, run
from searchparty.agents.agent import Finding, Incumbent, Lease, Region
from searchparty.experiments.results.agent_account import account_for_agents
from searchparty.experiments.results.recorded_runs import RunData, read_runs
from searchparty.experiments.results.run_summary import read_summaries, summarize_run
from searchparty.experiments.spec.models import SimulatedSettings
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.clock.clock import timeline
from searchparty.orchestrator.log.reader import Points
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import Collected, Extended, Granted, Stopped
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run

SAME = ("id", "strategy", "landscape", "repeat", "settings", "dimension", "minimum", "bounded", "target", "budget",
        "stopped", "time_up", "evaluations", "final", "team", "digest")  # fmt: skip
LOSSES = st.one_of(st.just(math.inf), st.integers(-3, 3).map(float), st.floats(-1e300, 1e300))


def make_run(losses, costs, cube=None):
    count = len(losses)
    cube = np.linspace(0, 1, 2 * count).reshape(-1, 2) if cube is None else cube
    points = Points(
        np.zeros(count, dtype=np.int64), np.arange(count) % 2, np.arange(count), np.array(costs, dtype=np.int64),
        cube, np.array(losses, dtype=float),
    )  # fmt: skip
    team = [["ann", {"kind": "random"}], ["bob", {"kind": "random"}]]
    settings = {"team": team, "target": None, "budget": 99, "landscape": {"kind": "sphere", "seconds": 1.0}}
    space = Space(np.zeros(2), np.ones(2))
    return RunData("r", "s", "bowl", 0, settings, space, None, None, True, [Stopped("budget spent")], points)


@given(st.lists(st.tuples(LOSSES, st.integers(0, 3)), max_size=12), st.floats(-1e300, 1e300))
def test_a_summary_answers_as_the_run(rows, target):
    whole = make_run([loss for loss, _ in rows], [cost for _, cost in rows])
    found = summarize_run(whole)
    assert {name: getattr(found, name) for name in SAME} == {name: getattr(whole, name) for name in SAME}
    if rows:
        places = np.arange(-1, 40)
        assert found.best_at(places).tolist() == whole.best_at(places).tolist()
    for wanted in (target, whole.final, *(loss for loss, _ in rows)):
        if math.isfinite(wanted):
            assert found.first_below(wanted) == whole.first_below(wanted)


@given(
    st.lists(st.tuples(st.integers(-9, 9).map(float), st.booleans()) | st.sampled_from(["raise", "cut"]), max_size=12)
)
def test_the_confirmed_point_is_the_incumbent_of_the_run(story):
    state = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 99, 1, Region.whole(2), {"ann": Member("ann", 0, 1)})
    events, budget = [], 99
    for number, part in enumerate(story):
        if isinstance(part, str):
            budget = budget + 20 if part == "raise" else max(budget - 5, 0)
            events.append(Extended(budget))
            continue
        loss, confirmed = part
        lease = Lease(number, "ann", 1, Region.whole(2), "any", fresh=number == 0, repeats=confirmed)
        best = Incumbent("ann", number, 0, np.zeros(2), loss)
        finding = Finding(number, "ann", 1, 1, "spent", best, noisy=True, confirmed=confirmed)
        events += [Granted(number, (lease,)), Collected(finding)]
    for event in events:
        advance(state, event)
    found = replace(make_run([1.0], [1]), events=events).confirmed
    assert found is (state.incumbent if any(part[1] is True for part in story) else None)


def test_points_are_known_when_their_lease_has_ended():
    whole = make_run([3.0, 2.0, 5.0, 1.0, 0.5, 9.0], [1, 1, 2, 0, 1, 1])
    leases = replace(whole.points, lease=np.array([0, 0, 0, 2, 1, 1]))
    found = summarize_run(replace(whole, points=leases))
    assert found.record_evaluations.tolist() == [1, 2, 4, 5]
    assert found.record_collected.tolist() == [4, 4, 4, 6]
    assert found.clock is None


def test_points_tried_again_are_counted_for_the_agent_that_repeats():
    cube = np.array([[0.0, 1.0], [0.5, 0.5], [-0.0, 1.0], [0.5, 0.5], [0.5, 0.5], [0.2, 0.2]])
    ann, bob = account_for_agents(make_run([1.0] * 6, [1] * 6, cube))
    assert (ann.duplicates, bob.duplicates) == (2, 1)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    data = {
        "name": "trial", "budget": 60, "repeats": 2, "executor": "simulated",
        "landscapes": [{"kind": "bbob", "function": 1, "dimension": 2}],
        "strategies": {"one": {"agents": ["random"]}, "two": {"agents": ["nelder-mead", "random"]}},
    }  # fmt: skip
    return run(Experiment.from_data(data), out=tmp_path_factory.mktemp("made") / "out", report=False).path


def test_a_log_is_read_as_summaries(results):
    runs, found = read_runs(results), read_summaries(results, SimulatedSettings())
    assert len(found) == 4
    for whole, summary in zip(runs, found, strict=True):
        assert {name: getattr(summary, name) for name in SAME} == {name: getattr(whole, name) for name in SAME}
        assert sum(account.evaluations for account in summary.accounts) == whole.evaluations
        assert summary.best_point.point.tolist() == whole.best_point.point.tolist()
        assert summary.clock.makespan > 0


def test_leases_count_when_they_end_on_the_simulated_clock(results):
    delays = SimulatedSettings(latency={"kind": "exponential", "mean": 5.0})
    for whole, summary in zip(read_runs(results), read_summaries(results, delays), strict=True):
        spans = timeline(whole.id, whole.events, 1.0, len(whole.team), delays)
        leases = [(span.end, whole.points.losses[whole.points.lease == span.lease].min()) for span in spans]
        clock = summary.clock
        assert clock.makespan == max(end for end, _ in leases)
        assert set(zip(clock.record_seconds.tolist(), clock.record_losses.tolist(), strict=True)) <= set(leases)
        for second, _ in leases:
            best = min(loss for end, loss in leases if end <= second)
            assert clock.record_losses[clock.record_seconds <= second].min() == best
        for spent in whole.spent[np.flatnonzero(np.diff(whole.points.lease))]:
            assert clock.record_losses[clock.record_collected <= spent].min() == whole.best_at(spent)


def test_times_are_those_of_the_settings_in_the_log(results):
    by_default, asked = read_summaries(results), read_summaries(results, SimulatedSettings())
    assert [run.clock for run in by_default] == [run.clock for run in asked]
    assert Results(results).compare().runs[0].clock == asked[0].clock


def test_a_summary_holds_neither_points_nor_events(results):
    (summary, *_) = read_summaries(results)
    sizes = [np.size(value) for value in dataclasses.asdict(summary).values() if isinstance(value, np.ndarray)]
    assert max(sizes) == len(summary.record_losses) < summary.points
    assert not any(hasattr(summary, name) for name in ("events", "cube"))
