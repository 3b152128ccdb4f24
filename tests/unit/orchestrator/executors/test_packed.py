"""A whole run worked away from its log: it sends what the log of the ordinary loop holds."""

import random
import time

import pytest

from searchparty.agents.agent import LeaseTiming, Rows
from searchparty.experiments.execution.plan import make_plan
from searchparty.experiments.spec.load import loads_yaml
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.executors.packed import RecordedLog, work_in_chunks
from searchparty.orchestrator.log.codec import dump_event, event_kind, load_event
from searchparty.orchestrator.log.log import MemoryLog, join_rows
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.state.events import Collected

YAML = """
name: packed
seed: {seed}
budget: 300
landscapes: [{landscape}]
strategies:
  team:
    agents: [surrogate, {{kind: grid, points_per_axis: 4}}, nelder-mead, random]
    policy: {{budget: bandit, radius: trust-region, sharing: broadcast, lease: 25}}
    concurrency: 2
"""
RASTRIGIN = "{kind: rastrigin, dimension: 2}"


def planned(seed=1, landscape=RASTRIGIN):
    (run,) = make_plan(loads_yaml(YAML.format(seed=seed, landscape=landscape))).runs
    return run


def ordinary(run, budget=None):
    """Return (events as text, rows by lease) of the ordinary loop."""
    log = MemoryLog()
    for extended in [None] if budget is None else [None, budget]:
        for _ in drive_run(begin_run(run), run, run.policy, InProcessExecutor(run, log), log, extended):
            pass
    return texts(log.events()), log


def texts(events):
    return [(event_kind(event), dump_event(event)) for event in events]


def noted(notes, recorded=None):
    """Return what a log would hold after these messages."""
    events = [
        *(recorded.events if recorded else []),
        *(load_event(*note) for note in notes if isinstance(note[0], str)),
    ]
    parts = {lease: [rows] for lease, rows in (recorded.rows if recorded else {}).items()}
    for lease, rows in (note for note in notes if isinstance(note[1], Rows)):
        parts.setdefault(lease, []).append(rows)
    return RecordedLog(events, {lease: join_rows(rows) for lease, rows in parts.items()})


def notes_of(chunks):
    return [note for chunk in chunks for note in chunk.notes]


@pytest.mark.parametrize("flush", [0.0, 10.0])
def test_what_is_handed_on_is_what_the_log_of_the_loop_holds(flush):
    run = planned()
    events, log = ordinary(run)
    chunks = list(work_in_chunks(run, RecordedLog(), None, flush))
    found = noted(notes_of(chunks))
    assert texts(found.events) == events
    assert all(rows.points.tobytes() == log.rows(lease).points.tobytes() for lease, rows in found.rows.items())
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert (chunks[-1].spent, chunks[-1].budget) == (300, 300)
    assert (len(chunks) == 1) is (flush > 0)


@pytest.mark.parametrize("seed", range(6))
def test_cut_anywhere_and_gone_on_with_it_is_the_same(seed):
    """This also holds in the middle of a lease, if agents read the archive, and with an extension after the end."""
    run, rng = planned(seed), random.Random(seed)
    events, _ = ordinary(run, budget=400)
    notes = notes_of(work_in_chunks(run, RecordedLog(), None, 0.0))
    cut = noted(notes[: rng.randrange(len(notes))])
    whole = noted(notes_of(work_in_chunks(run, cut, None, 0.0)), cut)
    more = notes_of(work_in_chunks(run, whole, 400, 0.0))
    assert texts(noted(more, whole).events) == events
    cut = noted(more[: rng.randrange(len(more))], whole)
    assert texts(noted(notes_of(work_in_chunks(run, cut, 400, 0.0)), cut).events) == events


def test_an_objective_that_wants_the_main_thread_has_it(tmp_path):
    (tmp_path / "f.py").write_text(
        "import signal\n\ndef f(x):\n    signal.signal(signal.SIGALRM, lambda *_: None)\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0)\n    return float((x**2).sum())\n"
    )
    run = planned(landscape=f'{{kind: python, function: "{tmp_path}/f.py:f", bounds: [[-1, 1], [-1, 1]]}}')
    assert not [note for note in notes_of(work_in_chunks(run, RecordedLog(), None, 0.1)) if "main thread" in str(note)]


def test_what_ends_a_run_comes_after_what_it_found(tmp_path):
    (tmp_path / "f.py").write_text(
        "calls = []\n\ndef f(x):\n    calls.append(1)\n    if len(calls) > 100:\n        import not_to_be_had\n"
        "    return float((x**2).sum())\n"
    )
    run = planned(landscape=f'{{kind: python, function: "{tmp_path}/f.py:f", bounds: [[-1, 1], [-1, 1]]}}')
    chunks = []
    with pytest.raises(ModuleNotFoundError, match="not_to_be_had"):
        chunks.extend(work_in_chunks(run, RecordedLog(), None, 10.0))
    assert sum(len(note[1].losses) for chunk in chunks for note in chunk.notes if isinstance(note[1], Rows)) >= 75


@pytest.mark.parametrize("dimension", [2, 40])
def test_each_collected_lease_is_followed_by_where_its_time_went(dimension):
    run = planned(landscape=f"{{kind: rastrigin, dimension: {dimension}}}")
    before = time.monotonic()
    chunks = list(work_in_chunks(run, RecordedLog(), None, 0.0))
    notes = notes_of(chunks)
    collected = [
        (place, load_event(*note) if isinstance(note, tuple) else note)
        for place, note in enumerate(notes)
        if not isinstance(note, tuple) or isinstance(note[0], str)
    ]
    leases = [(place, event.finding) for place, event in collected if isinstance(event, Collected)]
    assert leases
    for place, finding in leases:
        assert finding.timing is None
        lease, timing = notes[place + 1]
        assert lease == finding.lease
        assert isinstance(timing, LeaseTiming)
        assert before <= timing.begun <= timing.arrived <= time.monotonic()
    assert all(before <= chunk.begun <= chunk.sent for chunk in chunks)
