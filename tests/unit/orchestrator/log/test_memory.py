"""Memory that the events of a run take: the vectors of very many short leases are read when they are looked at."""

import gc
import pickle
import tracemalloc
from typing import Literal

import numpy as np
import pytest

from searchparty.agents.agent import Agent, Converged, Incumbent, Region
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.python_function import UserFunction
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.log import reader as reader_module
from searchparty.orchestrator.log import vectors
from searchparty.orchestrator.log.codec import format_event
from searchparty.orchestrator.log.log import LogError, MemoryLog
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.policies import composed
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec
from searchparty.orchestrator.state.events import Collected, Granted, findings
from searchparty.orchestrator.verify import verify_run

DIMENSION, SHORT, LONG = 4000, 40, 130
CACHED = 300_000


class Hopper(Agent):
    """Tries one point, and converges there, so that the run has a local minimum for each of its leases."""

    kind: Literal["hopper"] = "hopper"

    def search(self, space, lease, rng):
        points = np.clip(lease.region.center + 0.1 * rng.standard_normal((1, space.dimension)), 0.0, 1.0)
        told = yield points
        return Converged(points[0], float(told.losses[0]), "one try")


def planned(budget):
    policy = Composed(lease=1, sharing={"kind": "broadcast"}, radius={"kind": "trust-region"})
    team = (("hopper", Hopper()), ("random", RandomSearch(batch=1)))
    landscape = UserFunction(function="math:fsum", bounds=(-1.0, 1.0), dimension=DIMENSION)
    return RunSpec(landscape, team, policy, 0, 0, budget, 2)


def work(directory, budget, stop=None, interval=50):
    """Work a run into a log, or a part of it; return the state at the end."""
    directory.mkdir(exist_ok=True)
    plan = planned(budget)
    file = LogFile(directory / "log.sqlite")
    log = file.run(plan, interval=interval)
    executor, run = InProcessExecutor(plan, log), begin_run(plan)
    for count, _ in enumerate(drive_run(run, plan, plan.policy, executor, log)):
        if count + 1 == stop:
            break
    executor.close()
    file.close()
    return run


def read(directory):
    with LogReader(directory) as reader:
        (record,) = reader.runs()
        events = reader.events(record.id)
        return events, reader.points_of(record, events)


def verify(directory, budget):
    with LogReader(directory) as reader:
        reader.check()
        return verify_run(planned(budget), reader)


@pytest.fixture
def small_cache(monkeypatch):
    monkeypatch.setattr(vectors, "CACHE_BYTES", CACHED)
    monkeypatch.setattr(composed, "MOST_DIFFERENCES", 16 * DIMENSION)
    monkeypatch.setattr(reader_module, "LEAST_BESTS_BYTES", CACHED)


TASKS = {
    "work": work,
    "resume": work,
    "read": lambda directory, budget: read(directory),
    "verify": verify,
}


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Return the directories of a short and of a long log, for tests that only read, by their budgets."""
    folder = tmp_path_factory.mktemp("logs")
    for budget in (SHORT, LONG):
        work(folder / str(budget), budget)
    return {budget: folder / str(budget) for budget in (SHORT, LONG)}


@pytest.mark.parametrize("task", TASKS)
def test_no_vector_of_a_lease_stays_in_memory(tmp_path, small_cache, logs, task):
    peaks = []
    for budget in (SHORT, LONG):
        directory = tmp_path / str(budget) if task in ("work", "resume") else logs[budget]
        if task == "resume":
            work(directory, budget, stop=budget - 10)
        gc.collect()
        tracemalloc.start()
        kept = TASKS[task](directory, budget)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        del kept
    vectors_held = (peaks[1] - peaks[0]) / (LONG - SHORT) / (8 * DIMENSION)
    # A center, an incumbent and a best, or more of each, would be 3; one row of 50 is kept.
    assert vectors_held < 0.5, peaks


def test_the_log_is_the_same_however_little_is_kept_in_memory(tmp_path, small_cache, monkeypatch):
    work(tmp_path / "little", SHORT, interval=1)
    monkeypatch.setattr(vectors, "CACHE_BYTES", 10**9)
    work(tmp_path / "all", SHORT, interval=1)
    plan, log = planned(SHORT), MemoryLog()
    executor = InProcessExecutor(plan, log)
    for _ in drive_run(begin_run(plan), plan, plan.policy, executor, log):
        pass
    executor.close()
    found = []
    for name in ("little", "all"):
        with LogReader(tmp_path / name) as reader:
            (record,) = reader.runs()
            found.append(list(map(format_event, reader.events(record.id))))
    assert found[0] == found[1] == list(map(format_event, log.events()))


def test_a_state_that_was_replayed_is_the_state(tmp_path, small_cache):
    states = [work(tmp_path / "one", SHORT), work(tmp_path / "one", SHORT)]
    for run in states:
        assert len(run.minima) > 10
    one, other = ([minimum.point.tolist() for _, minimum in run.minima] for run in states)
    assert one == other
    assert states[0].incumbent.point.tolist() == states[1].incumbent.point.tolist()


def test_vectors_can_be_looked_at_after_the_log_is_closed(tmp_path, small_cache):
    run = work(tmp_path / "log", SHORT)
    events, points = read(tmp_path / "log")
    known = {(f.lease, f.best.row): f.best.point for f in findings(events) if f.best}
    best = run.incumbent
    assert (known[best.lease, best.row] == best.point).all()
    place = int(points.losses.argmin())
    assert (points.find(place) == best.point).all()
    (tmp_path / "log" / "log.sqlite").unlink()
    with pytest.raises(LogError, match=r"log\.sqlite"):
        pickle.dumps(events)


def test_pickles_have_whole_vectors(tmp_path):
    run = work(tmp_path / "log", SHORT)
    events, _ = read(tmp_path / "log")
    copies = pickle.loads(pickle.dumps((run.minima, events)))
    (tmp_path / "log" / "log.sqlite").unlink()
    minima, others = copies
    assert all(type(minimum) is Converged and len(minimum.point) == DIMENSION for _, minimum in minima)
    for event in others:
        if isinstance(event, Granted):
            assert {type(lease.region) for lease in event.leases} == {Region}
            assert {type(lease.incumbent) for lease in event.leases} <= {Incumbent, type(None)}
        elif isinstance(event, Collected):
            assert type(event.finding.best) in (Incumbent, type(None))


def test_bests_that_are_not_kept_are_shown_evenly(tmp_path, small_cache):
    work(tmp_path / "log", LONG)
    events, points = read(tmp_path / "log")
    kept, most = LONG // 50, CACHED // (8 * DIMENSION)
    bests = {(f.lease, f.best.row): f.best for f in findings(events) if f.best}
    assert kept < len(points.whole) <= kept + 1 + 2 * most
    assert len(points.cube) == len(points.whole)
    for place, point in zip(points.whole.tolist(), points.cube, strict=True):
        found = bests[int(points.lease[place]), int(points.row[place])]
        assert (found.point == point).all()
        assert found.loss == points.losses[place]
    gaps = np.diff(points.whole)
    assert gaps.max() < 3 * LONG / len(points.whole) + 1
    assert points.find(int(points.losses.argmin())) is not None
