"""Where the time of runs went: known times, tables, and what a log without times says."""

import json

import pytest
from sealing import alter_log

from searchparty.agents.agent import Finding, LeaseTiming
from searchparty.experiments.api import resume, run
from searchparty.experiments.results import accounts
from searchparty.experiments.results.run_summary import read_summaries
from searchparty.experiments.results.time_use import account_for_timings
from searchparty.experiments.results_api import Results
from searchparty.orchestrator.log.log import LogDamaged
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.row_checks import decode_timing
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.state.events import Collected

YAML = """
name: t
budget: 60
landscapes: [{kind: sphere, dimension: 2}]
strategies:
  team: {agents: [random, grid], policy: {lease: 10}}
executor: simulated
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("times")
    (folder / "t.yaml").write_text(YAML)
    return run(folder / "t.yaml", out=folder / "t-1", report=False)


def collect(*agents):
    return [Collected(Finding(lease, agent, 1, 1, "spent")) for lease, agent in enumerate(agents)]


def test_two_actors_side_by_side():
    timings = {
        0: LeaseTiming(0.5, 2.0, 10.0, 13.0, actor=0),
        1: LeaseTiming(0.0, 1.0, 10.0, 11.5, actor=1),
        2: LeaseTiming(0.5, 1.0, 14.0, 15.25, actor=0),
    }
    found = account_for_timings(["a", "b"], collect("a", "b", "a"), timings)
    assert (found.seconds, found.actors, found.worked, found.ideal) == (5.25, 2, 4.0, 2.0)
    assert found.efficiency == pytest.approx(2 / 5.25)
    a, b = found.agents
    assert (a.leases, a.asked, a.evaluated, a.start_up, a.transport, a.out) == (2, 1.0, 2.0, 1.0, 0.25, 4.25)
    assert (b.actor, b.start_up, b.transport, b.out) == (1, 0.5, 0.0, 1.5)


def test_leases_without_times_are_left_out():
    assert account_for_timings(["a"], collect("a"), {}) is None
    found = account_for_timings(["a", "b"], collect("a", "b"), {0: LeaseTiming(0.0, 0.0, 1.0, 1.0)})
    assert [agent.agent for agent in found.agents] == ["a"]
    assert (found.seconds, found.efficiency) == (0.0, 1.0)


def test_every_collected_lease_of_a_log_has_its_times(results):
    (each,) = results.runs
    leases = [row["lease"] for row in results.leases(each.id).rows()]
    assert sorted(each.timings) == sorted(leases)
    for timing in each.timings.values():
        assert 0 <= timing.asked <= timing.worked + 1e-5
        assert timing.worked <= timing.arrived - timing.begun + 1e-5
        assert timing.actor == 0
    with LogReader(results.path) as reader:
        walls = reader.walls(each.id)
    assert len(walls) == len(each.events)
    # Times are on the clock of the events.
    assert walls[0] <= min(timing.begun for timing in each.timings.values())
    assert max(timing.arrived for timing in each.timings.values()) <= walls[-1] + 1e-5


def test_times_are_no_part_of_findings(results):
    (each,) = results.runs
    finding = Finding(0, "a", 1, 1, "spent", timing=LeaseTiming(1.0, 1.0, 1.0, 1.0))
    assert finding == Finding(0, "a", 1, 1, "spent")
    assert "timing" not in repr(finding)
    assert each.timings
    again = run(results.path.parent / "t.yaml", out=results.path.parent / "t-2", report=False)
    with LogReader(again.path) as one, LogReader(results.path) as other:
        assert trace_hash(one) == trace_hash(other)


def test_tables_of_times(results):
    summaries = read_summaries(results.path)
    rows = accounts.times_table(summaries).rows()
    assert [(row["strategy"], row["agent"], row["actors"], row["runs"], row["leases"]) for row in rows] == [
        ("team", "random", "0", 1, 3),
        ("team", "grid", "0", 1, 3),
    ]
    (row,) = accounts.efficiency_table(summaries).rows()
    assert (row["strategy"], row["runs"], row["actors"]) == ("team", 1, 1)
    assert 0 < row["efficiency"] <= 1
    assert row["worked_seconds"] == pytest.approx(sum(r["asked_seconds"] + r["evaluation_seconds"] for r in rows))


def test_a_log_without_times_has_empty_tables(results, tmp_path):
    old = run(results.path.parent / "t.yaml", out=tmp_path / "old", report=False)
    alter_log(old.path, "DROP TABLE timings")
    reopened = Results(old.path)
    assert reopened.runs[0].timings == {}
    summaries = read_summaries(old.path)
    assert summaries[0].time is None
    assert len(accounts.times_table(summaries)) == len(accounts.efficiency_table(summaries)) == 0


@pytest.mark.parametrize("body", ["{}", "[]", "[1, 2]", '[1, 2, 3, 4, "0"]', "[1, 2, 3, 4, -1]", "[1, 2, 3, NaN, 0]"])
def test_damaged_times_are_refused_with_their_place(results, tmp_path, body):
    with pytest.raises((ValueError, TypeError, IndexError, KeyError), match=r"\w"):
        decode_timing(body)
    damaged = run(results.path.parent / "t.yaml", out=tmp_path / "damaged", report=False)
    alter_log(damaged.path, f"UPDATE timings SET body = '{body}' WHERE lease = 2", forged=True)
    with pytest.raises(LogDamaged, match="the timings of lease 2 of run"):
        read_summaries(damaged.path)


def test_numbers_of_times_are_short(results):
    with LogReader(results.path) as reader:
        bodies = reader.tables.select("timings")
    assert all(len(json.loads(body)) == 5 and len(body) < 80 for *_, body in bodies)


def run_on_ray(results, folder, executor):
    """Run the experiment of some results with another executor, into a folder."""
    text = (results.path.parent / "t.yaml").read_text()
    (folder / "t.yaml").write_text(text.replace("executor: simulated", executor))
    return run(folder / "t.yaml", out=folder / "t-1", report=False)


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_leases_of_a_spread_run_have_the_times_of_their_actors(results, tmp_path):
    (each,) = run_on_ray(results, tmp_path, "executor: {kind: ray, placement: spread, address: auto}").runs
    assert {timing.actor for timing in each.timings.values()} == {0, 1}
    assert len(each.timings) == len(results.leases(results.runs[0].id))
    time = account_for_timings(each.team, each.events, each.timings)
    assert time.actors == 2
    assert all(agent.start_up > 0 for agent in time.agents)
    assert sum(agent.out for agent in time.agents) >= time.worked


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_leases_of_packed_runs_have_the_times_of_their_actor(results, tmp_path):
    found = run_on_ray(results, tmp_path, "repeats: 3\nexecutor: {kind: ray, placement: packed, address: auto}")
    with LogReader(found.path) as reader:
        walls = {each.id: reader.walls(each.id) for each in found.runs}
    for each in found.runs:
        assert sorted(each.timings) == [row["lease"] for row in found.leases(each.id).rows()]
        assert len({timing.actor for timing in each.timings.values()}) == 1
        assert max(timing.arrived for timing in each.timings.values()) <= walls[each.id][-1] + 1e-5
        time = account_for_timings(each.team, each.events, each.timings)
        assert (time.actors, len(time.spans)) == (1, 1)
        assert time.worked <= time.seconds + 1e-5


def test_actors_that_follow_each_other_are_one():
    timings = {0: LeaseTiming(0.5, 1.0, 0.0, 1.0, 0), 1: LeaseTiming(0.5, 1.0, 1.5, 2.5, 1)}
    found = account_for_timings(["a"], collect("a", "a"), timings)
    assert (found.actors, [span.actor for span in found.spans], found.seconds) == (1, [0, 1], 2.5)
    beside = {0: LeaseTiming(0.5, 1.0, 0.0, 2.0, 0), 1: LeaseTiming(0.5, 1.0, 1.5, 2.5, 1)}
    assert account_for_timings(["a", "b"], collect("a", "b"), beside).actors == 2


def time_stays(*stays, sessions=()):
    """The time of a run with a lease of 5 s for each (agent, actor), or (agent, actor, begun), one after the other."""
    begun = [stay[2] if len(stay) > 2 else 5.01 * place for place, stay in enumerate(stays)]
    timings = {k: LeaseTiming(1.0, 5.0, begun[k], begun[k] + 5.0, stay[1]) for k, stay in enumerate(stays)}
    agents = [stay[0] for stay in stays]
    return account_for_timings(sorted(set(agents)), collect(*agents), timings, sessions)


def test_actors_that_work_in_turn_are_several():
    relay = time_stays(("a", 0), ("b", 1))
    assert (relay.actors, relay.seconds) == (2, 10.01)
    assert relay.efficiency == pytest.approx(0.5, abs=0.001)
    assert time_stays(*[("a", 0), ("b", 1), ("c", 2)] * 5).actors == 3


@pytest.mark.parametrize(
    ("stays", "actors"),
    [
        ([("a", 0), ("b", 0), ("a", 1), ("b", 1)], 1),
        # The second agent had no lease before the loss.
        ([("a", 0), ("b", 1), ("a", 1)], 1),
        ([("a", 0), ("b", 0), ("a", 1)], 1),
        # A packed run goes on spread once its actor is lost.
        ([("a", 5), ("b", 5), ("a", 0), ("b", 1)], 2),
        # A spread run goes on in a later session, with its actors in another order.
        ([("a", 0), ("b", 1), ("b", 0), ("a", 1)], 2),
    ],
)
def test_an_actor_that_goes_on_for_another_does_not_count_again(stays, actors):
    assert time_stays(*stays).actors == actors


def test_an_actor_has_a_span_in_each_session():
    stays = [("a", 0, 0.0), ("a", 0, 100.0), ("a", 0, 106.0)]
    found = time_stays(*stays, sessions=[0.0, 50.0, 99.0, 150.0])
    assert [(span.actor, span.begun, span.ended) for span in found.spans] == [(0, 0.0, 5.0), (0, 100.0, 111.0)]
    assert found.actors == 1
    assert [(span.begun, span.ended) for span in time_stays(*stays, sessions=[0.0]).spans] == [(0.0, 111.0)]


def test_runs_know_the_sessions_of_their_log(results, tmp_path):
    first = run(results.path.parent / "t.yaml", out=tmp_path / "t", report=False)
    (each,) = first.runs
    assert each.sessions == (0.0,)
    (longer,) = resume(first.path, budget=120, report=False).runs
    assert longer.sessions[0] == 0.0
    assert longer.sessions[1] >= max(timing.arrived for timing in each.timings.values()) - 1e-5
    assert [len(read_summaries(path)[0].time.spans) for path in (results.path, first.path)] == [1, 2]
