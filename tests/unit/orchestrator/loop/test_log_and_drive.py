"""The loop and its log: accounting, traces, resuming, verification, refusals."""

import sqlite3
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.agents.agent import Agent, AgentError, Converged, Lease, Region
from searchparty.agents.leases.recorded_rows import ReplayError
from searchparty.landscapes.landscape import Landscape, Space
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.log.codec import dump_event, event_kind, load_event
from searchparty.orchestrator.log.log import LogError, MemoryLog
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace, trace_hash
from searchparty.orchestrator.loop.audit import InvalidDecision
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.policies.policy import Policy
from searchparty.orchestrator.run_spec import RunSpec
from searchparty.orchestrator.state.events import Extended, Granted, Started, Stopped, findings

EVALUATED = [0]


class Problem:
    minimum, minimizers = 0.0, None

    def __init__(self):
        self.space = Space(np.full(3, -1.0), np.full(3, 2.0))

    def evaluate(self, points):
        EVALUATED[0] += len(points)
        return np.sum(points * points, axis=1)


class Toy(Landscape):
    kind: Literal["toy"] = "toy"

    def open(self):
        return Problem()


class Walker(Agent):
    """A random walk from its region's center that converges after some steps and reads the archive."""

    kind: Literal["walker"] = "walker"
    reads_archive = True
    batch: int = 1
    steps: int = 40

    def search(self, space, lease, rng):
        point = lease.region.center
        best = np.inf
        for _ in range(self.steps):
            # The archive influences the walk, so that a wrong view changes the trace.
            pull = 0.0 if not len(lease.seen.losses) else float(lease.seen.points[-1].mean())
            points = np.clip(point + 0.1 * rng.normal(size=(self.batch, 3)) + 0.001 * pull, 0, 1)
            told = yield points
            lease = told.lease
            if told.losses.min() < best:
                best, point = told.losses.min(), points[told.losses.argmin()]
        return Converged(point, float(best), "walked enough")


class Breaker(Agent):
    """An agent that raises in its third proposal."""

    kind: Literal["breaker"] = "breaker"

    def search(self, space, lease, rng):
        yield rng.random((2, 3))
        yield rng.random((2, 3))
        raise RuntimeError("lost the map")


def planned(policy=None, budget=300, concurrency=2, **changes):
    team = (("a", Walker()), ("b", Walker(batch=3)), ("c", Breaker()))
    return replace(RunSpec(Toy(), team, policy or Composed(lease=15), 7, 0, budget, concurrency), **changes)


def work(plan, log, steps=None):
    run = begin_run(plan)
    executor = InProcessExecutor(plan, log)
    for count, _ in enumerate(drive_run(run, plan, plan.policy, executor, log)):
        if steps is not None and count + 1 >= steps:
            break
    executor.close()
    return run


def test_every_evaluation_is_accounted_for():
    log = MemoryLog()
    before = EVALUATED[0]
    run = work(planned(), log)
    events = log.events()
    charged = [finding.charged for finding in findings(events)]
    rows = [finding.rows for finding in findings(events)]
    assert run.spent == sum(charged) == 300
    assert run.granted == 0
    assert not run.out
    assert EVALUATED[0] - before == sum(rows)
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Stopped)
    assert run.stopped == "budget spent"
    best = min(log.rows(lease).losses.min() for lease in range(run.leases) if log.rows(lease) is not None)
    assert run.incumbent.loss == best


def test_leases_carry_their_reasons_and_failures_their_causes():
    log = MemoryLog()
    work(planned(), log)
    leases = [lease for e in log.events() if isinstance(e, Granted) for lease in e.leases]
    assert all(lease.reason for lease in leases)
    failed = [finding for finding in findings(log.events()) if finding.failed]
    assert failed
    assert failed[0].cause == "raised RuntimeError: lost the map"
    assert failed[0].rows == 4
    after = next(lease for lease in leases if lease.agent == "c" and lease.id > failed[0].lease)
    assert after.fresh


def test_events_survive_the_codec():
    log = MemoryLog()
    work(planned(), log)
    for event in log.events():
        assert dump_event(load_event(event_kind(event), dump_event(event))) == dump_event(event)


def file_trace(tmp_path, name, plan, steps=()):
    """Return the trace of a run that is stopped after each of these numbers of steps, then worked to its end."""
    path = tmp_path / name
    for count in (*steps, None):
        file = LogFile(path)
        work(plan, file.run(plan), count)
        file.close()
    with LogReader(path) as reader:
        return list(trace(reader)), trace_hash(reader)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 25), min_size=1, max_size=3))
def test_stopped_and_resumed_is_the_same_as_never_stopped(tmp_path_factory, stops):
    folder = tmp_path_factory.mktemp("resume")
    assert file_trace(folder, "stopped", planned(), stops) == file_trace(folder, "whole", planned())


def test_resuming_evaluates_nothing_twice(tmp_path):
    file_trace(tmp_path, "whole", planned())
    whole = EVALUATED[0]
    file_trace(tmp_path, "whole", planned())
    assert EVALUATED[0] == whole


def test_a_lease_half_recorded_is_finished(tmp_path):
    plan = planned()
    path = tmp_path / "half"
    file = LogFile(path)
    work(plan, file.run(plan))
    file.close()
    expected = trace_hash(LogReader(path))
    db = sqlite3.connect(path)
    (last,) = db.execute("SELECT MAX(seq) FROM events WHERE kind = 'Found'").fetchone()
    db.execute("DELETE FROM events WHERE seq >= ?", (last,))
    db.commit()
    db.close()
    before = EVALUATED[0]
    file = LogFile(path)
    work(plan, file.run(plan))
    file.close()
    assert EVALUATED[0] == before
    assert trace_hash(LogReader(path)) == expected


def test_a_changed_policy_is_not_resumed(tmp_path):
    plan = planned()
    file = LogFile(tmp_path / "log")
    log = file.run(plan)
    work(plan, log, 5)
    changed = planned(policy=Composed(lease=14))
    with pytest.raises(ReplayError, match="the log has Started"):
        work(changed, log)


@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_the_seed_alone_decides(concurrency):
    logs = [MemoryLog(), MemoryLog()]
    for log in logs:
        work(planned(concurrency=concurrency), log)
    assert [dump_event(e) for e in logs[0].events()] == [dump_event(e) for e in logs[1].events()]
    other = MemoryLog()
    work(planned(concurrency=concurrency, seed=8), other)
    assert [dump_event(e) for e in other.events()] != [dump_event(e) for e in logs[0].events()]


def test_a_target_stops_the_run_once_all_leases_are_home():
    log = MemoryLog()
    run = work(planned(target=0.5, concurrency=3), log)
    assert run.stopped == "target 0.5 reached"
    assert run.incumbent.loss <= 0.5
    assert not run.out
    assert run.spent < 300


def test_the_wall_clocks_verdict_is_recorded_and_replayed(tmp_path):
    plan = planned(seconds=1e-9, budget=100_000)
    file = LogFile(tmp_path / "log")
    log = file.run(plan)
    run = work(plan, log)
    assert run.spent < 100
    assert any(isinstance(e, Extended) for e in log.events())
    again = work(plan, log)
    assert again.spent == run.spent
    assert [dump_event(e) for e in log.events()][-1] == dump_event(Stopped("budget spent"))


def test_a_larger_budget_continues_a_finished_run(tmp_path):
    plan = planned()
    file = LogFile(tmp_path / "log")
    log = file.run(plan)
    work(plan, log)
    log.append(Extended(400))
    run = work(plan, log)
    assert run.spent == 400


class Greedy(Policy):
    kind: Literal["greedy"] = "greedy"

    def decide(self, run, rng):
        return (Lease(run.leases, "a", run.remaining + 1, Region.whole(3), "more", fresh=True),)


def test_a_policy_that_overspends_is_refused_and_the_log_stays():
    log = MemoryLog()
    with pytest.raises(InvalidDecision, match="greedy"):
        work(planned(policy=Greedy()), log)
    assert len(log.events()) == 1


def test_a_log_can_be_read_while_it_grows(tmp_path):
    plan = planned()
    file = LogFile(tmp_path / "log")
    work(plan, file.run(plan), 8)
    file.commit()
    with LogReader(tmp_path / "log") as reader:
        points = reader.points(plan.id)
        assert len(points.losses) > 0
        assert points.cost.sum() == sum(finding.charged for finding in findings(reader.events(plan.id)))
    file.close()


def test_a_closed_log_is_one_file(tmp_path):
    file_trace(tmp_path, "log", planned())
    assert [p.name for p in tmp_path.iterdir()] == ["log"]


def test_what_is_no_log_is_refused(tmp_path):
    with pytest.raises(LogError, match="does not exist"):
        LogReader(tmp_path)
    (tmp_path / "log.sqlite").write_text("something else entirely, and long enough to look like a header")
    with pytest.raises(LogError, match=r"not a searchparty log|cannot be read"):
        LogReader(tmp_path)


def test_a_newer_schema_is_refused(tmp_path):
    file_trace(tmp_path, "log.sqlite", planned())
    db = sqlite3.connect(tmp_path / "log.sqlite")
    db.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    db.commit()
    db.close()
    with pytest.raises(LogError, match=r"schema version 99.*Upgrade"):
        LogReader(tmp_path)


def test_the_trace_is_canonical_text(tmp_path):
    lines, _ = file_trace(tmp_path, "log", planned())
    assert lines[0].startswith("run ")
    assert {line.split(" ", 1)[0] for line in lines} == {
        "run",
        "started",
        "granted",
        "point",
        "found",
        "failed",
        "stopped",
    }
    assert not any("wall" in line for line in lines)


@pytest.mark.parametrize("lanes", [0, -1, None, 2.0, True, "two"])
def test_lanes_that_are_no_number_of_evaluations_are_refused_in_words(lanes):
    class Wide(Walker):
        def most_lanes(self, space):
            return lanes

    plan = RunSpec(Toy(), (("wide", Wide()),), Composed(), seed=0, repeat=0, budget=9, concurrency=1)
    with pytest.raises(AgentError, match=f"^most_lanes of agent wide must be a whole number .*, got {lanes!r}."):
        begin_run(plan)
