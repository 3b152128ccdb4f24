"""The playground's runs: real, warm processes, which can be stopped, and never outlive the studio."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from searchparty.experiments.studio.plays import folder as folders
from searchparty.experiments.studio.plays import play_process, work_clock
from searchparty.experiments.studio.plays.folder import PlayFolder
from searchparty.experiments.studio.plays.limits import LIMITS
from searchparty.experiments.studio.plays.play import (
    build_play_experiment,
    experiment_data,
    parse_play_settings,
    play_key,
)
from searchparty.experiments.studio.plays.queue import MOST_SIDES, PlayQueue, StudioBusy
from searchparty.experiments.studio.plays.warm_processes import PlayPool
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

# These take ten seconds, in leases of some milliseconds or in leases of seconds.
LONG = {"kinds": ["surrogate"], "budget": 20_000, "lease": 10, "landscape": {"kind": "rastrigin", "dimension": 20}}
SLOW = {"random-restart": {"candidates": 10_000, "avoid": "everyone"}}
WIDE = {"kind": "rastrigin", "dimension": 20}
STUBBORN = {"kinds": ["random-restart"], "agents": 1, "budget": 20_000, "lease": 2000, "agent_settings": SLOW}
STUBBORN["landscape"] = WIDE

SOON = 5.0
"""Seconds within which a run must be stopped or killed: half of what it would take; on an idle machine it is 0.2 s."""


def asked(**settings):
    """Return (key, data) of settings."""
    data = experiment_data(parse_play_settings(settings))
    return play_key(data), data


def until(condition, seconds=60.0):
    """Wait until a condition holds, and return how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.002)
    return time.monotonic() - began


def ended(pool, key):
    until(lambda: pool.state(key).state in ("done", "failed"))
    return pool.state(key)


def workers(folder):
    """Return the process ids of the workers of a pool whose results are in a folder, where they work."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
    return sorted(found)


def alive(pid):
    with contextlib.suppress(ProcessLookupError, FileNotFoundError), open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Return a warm pool of the usual size, whose queue is empty before each test."""
    made = PlayPool(kept=3, parent=tmp_path_factory.mktemp("pool"))
    for seed in (1, 2):
        made.play("warm", str(seed), *asked(seed=seed))
    for seed in (1, 2):
        ended(made, asked(seed=seed)[0])
    made.leave("warm")
    yield made
    pids = workers(made._folder.path)
    made.close()
    assert len(pids) == 2
    assert not any(map(alive, pids))


@pytest.fixture(autouse=True)
def _quiet(request):
    yield
    if "pool" in request.fixturenames:
        pool = request.getfixturevalue("pool")
        for page in "abcd":
            pool.leave(page)
        until(lambda: not pool._queue.running and len(workers(pool._folder.path)) == 2)


def test_a_run_is_an_ordinary_one(pool, tmp_path):
    from searchparty.experiments.api import run

    settings = {"budget": 200, "seed": 4}
    key, data = asked(**settings)
    assert pool.play("a", "left", key, data).state == "waiting"
    played = ended(pool, key)
    assert (played.key, played.state, played.error) == (key, "done", None)
    assert sorted(os.listdir(played.directory)) == ["experiment.yaml", "log.sqlite"]
    run(build_play_experiment(parse_play_settings(settings)), out=tmp_path / "here", report=False)
    hashes = []
    for directory in (played.directory, tmp_path / "here"):
        with LogReader(directory) as reader:
            hashes.append(trace_hash(reader))
    assert hashes[0] == hashes[1]


def test_a_warm_run_starts_no_process(pool):
    """It takes a fifteenth of a second on an idle machine; with a new process it would take one or two."""
    pids = workers(pool._folder.path)
    for seed in range(10, 15):
        key, data = asked(seed=seed)
        pool.play("a", "left", key, data)
        assert ended(pool, key).state == "done"
    assert workers(pool._folder.path) == pids


def test_what_is_there_is_answered_at_once(pool):
    key, data = asked(seed=21)
    pool.play("a", "left", key, data)
    first = ended(pool, key)
    assert pool.play("b", "right", key, data) == first


def test_asking_never_blocks(pool):
    pool.play("a", "left", *asked(**STUBBORN))
    pool.play("a", "right", *asked(**STUBBORN, seed=1))
    until(lambda: len(pool._queue.running) == 2)
    for seed in range(100):
        pool.play("b", "left", *(key_data := asked(seed=seed)))
        pool.state(key_data[0])
    # Had it waited for them, they would have ended.
    assert all(pool.state(asked(**STUBBORN, seed=seed)[0]).state == "running" for seed in (0, 1))


@pytest.fixture
def patient(monkeypatch):
    """Give runs time to stop by themselves, on any load of the machine."""
    monkeypatch.setattr(play_process, "GRACE_SECONDS", 5.0)


def test_a_newer_run_stops_the_older(pool, patient):
    old, new = asked(**LONG), asked(seed=31)
    pool.play("a", "left", *old)
    until(lambda: pool.state(old[0]).state == "running")
    directory = pool.state(old[0]).directory
    until(directory.exists)
    pids = workers(pool._folder.path)
    pool.play("a", "left", *new)
    assert pool.state(old[0]) is None
    assert until(lambda: all(job.key != old[0] for job in pool._queue.running)) < SOON
    assert ended(pool, new[0]).state == "done"
    until(lambda: not directory.exists())
    # The run stopped by itself, between two leases.
    assert workers(pool._folder.path) == pids


def test_a_run_that_does_not_stop_is_killed(pool):
    old, new = asked(**STUBBORN), asked(seed=32)
    pool.play("a", "left", *old)
    until(lambda: pool.state(old[0]).state == "running")
    until(pool.state(old[0]).directory.exists)
    # By then the run is well within its second lease.
    time.sleep(0.5)
    pids = workers(pool._folder.path)
    pool.play("a", "left", *new)
    assert until(lambda: all(job.key != old[0] for job in pool._queue.running)) < SOON
    assert ended(pool, new[0]).state == "done"
    until(lambda: len(workers(pool._folder.path)) == 2)
    assert workers(pool._folder.path) != pids


def test_what_somebody_else_waits_for_goes_on(pool):
    key, data = asked(**LONG)
    pool.play("a", "left", key, data)
    pool.play("b", "left", key, data)
    pool.play("a", "left", *asked(seed=33))
    until(lambda: pool.state(key).state == "running")
    pool.leave("a")
    assert pool.state(key).state == "running"
    pool.leave("b")
    assert pool.state(key) is None


def test_a_worker_that_is_killed_is_said_and_replaced(pool):
    key, data = asked(**LONG)
    before = workers(pool._folder.path)
    pool.play("a", "left", key, data)
    until(lambda: pool.state(key).state == "running")
    until(pool.state(key).directory.exists)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    played = ended(pool, key)
    assert played.state == "failed"
    assert "took its process down (signal SIGKILL)" in played.error
    assert played.error.endswith("Start this run again; if that does not help, lower its budget.")
    # The idle process is found dead when it is needed.
    for seed in (41, 42, 43):
        pool.play("b", str(seed), *asked(seed=seed))
    assert {ended(pool, asked(seed=seed)[0]).state for seed in (41, 42, 43)} == {"done"}
    until(lambda: len(workers(pool._folder.path)) == 2)
    assert not set(before) & set(workers(pool._folder.path))
    # When it is requested again, it is tried again.
    assert pool.play("a", "left", key, data).state in ("waiting", "running")


def test_an_experiment_that_cannot_be_is_a_failure_in_words(pool):
    pool.play("a", "left", "bad", {"name": "x"})
    played = ended(pool, "bad")
    assert played.state == "failed"
    assert "landscapes must be given" in played.error


def test_the_results_of_old_runs_are_removed_but_not_those_in_use(pool):
    keys = []
    for seed in range(50, 56):
        keys.append(asked(seed=seed)[0])
        # Each is shown on the same side, so only the last one is in use; the first one is also shown elsewhere.
        pool.play("a", "left", *asked(seed=seed))
        if seed == 50:
            pool.play("b", "left", *asked(seed=seed))
        ended(pool, keys[-1])
        pool.state(keys[min(1, len(keys) - 1)])
    # Three are kept besides those in use; the second of these was requested all the time.
    assert [pool.state(key) is not None for key in keys] == [True, True, False, True, True, True]
    first = pool.state(keys[0]).directory
    with pool.hold_for_reading(keys[0]) as played:
        assert played.directory == first
        pool.leave("b")
        for seed in range(60, 64):
            pool.play("a", "left", *asked(seed=seed))
            ended(pool, asked(seed=seed)[0])
        assert first.exists()
    pool.play("a", "left", *asked(seed=64))
    ended(pool, asked(seed=64)[0])
    until(lambda: not first.exists())
    with pool.hold_for_reading("nothing") as played:
        assert played is None


def test_a_run_that_takes_too_long_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(play_process, "GRACE_SECONDS", 5.0)
    pool = PlayPool(workers=1, seconds=0.5, parent=tmp_path)
    key, data = asked(**LONG)
    pool.play("a", "left", key, data)
    until(lambda: pool.state(key).state == "running")
    began = time.monotonic()
    played = ended(pool, key)
    assert time.monotonic() - began > 0.4
    assert played.state == "failed"
    assert played.error.startswith(
        "budget must be worked within 0.5 s of CPU time, got a run that takes longer. Lower it"
    )
    # What was found until then can be shown.
    with LogReader(played.directory) as reader:
        assert reader.runs
    pool.close()
    assert not list(tmp_path.iterdir())


def test_a_run_that_does_nothing_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(work_clock, "STUCK_SECONDS", 1.0)
    pool = PlayPool(workers=1, parent=tmp_path)
    until(lambda: len(workers(tmp_path)) == 1)
    pool.play("a", "left", *asked(seed=1))
    assert ended(pool, asked(seed=1)[0]).state == "done"
    (pid,) = workers(tmp_path)
    os.kill(pid, signal.SIGSTOP)
    pool.play("a", "left", *asked(seed=2))
    began = time.monotonic()
    played = ended(pool, asked(seed=2)[0])
    assert (played.state, played.error) == ("failed", "This run has not progressed for 60 s. Try again.")
    assert time.monotonic() - began > 1
    assert not alive(pid)
    pool.close()
    assert not list(tmp_path.iterdir())


def test_a_run_on_a_busy_machine_is_not_refused(tmp_path):
    """It gets a fifth of the CPU, and takes far longer than its limit, which counts its own work only."""
    pool = PlayPool(workers=1, seconds=1.5, parent=tmp_path)
    key, data = asked(kinds=["surrogate"], budget=150, lease=10, landscape={"kind": "rastrigin", "dimension": 5})
    pool.play("a", "left", key, data)
    until(lambda: pool.state(key).state == "running", 60.0)
    (pid,) = workers(tmp_path)
    began = time.monotonic()
    try:
        while pool.state(key).state == "running":
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.08)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.02)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (pool.state(key).state, pool.state(key).error) == ("done", None)
    assert time.monotonic() - began > 1.5
    pool.close()


def test_closing_while_runs_are_on_their_way_leaves_nothing(tmp_path):
    pool = PlayPool(parent=tmp_path)
    pool.play("a", "left", *asked(**STUBBORN))
    until(lambda: len(workers(tmp_path)) == 2)
    pids = workers(tmp_path)
    pool.close()
    assert not any(map(alive, pids))
    assert not list(tmp_path.iterdir())


KILLED = """
import json, sys, time
from pathlib import Path
from searchparty.experiments.studio.plays.warm_processes import PlayPool
pool = PlayPool(parent=Path(sys.argv[1]))
key, data = json.loads(sys.argv[2])
pool.play("a", "left", key, data)
while pool.state(key).state != "running":
    time.sleep(0.01)
print("running", flush=True)
time.sleep(60)
"""


def test_no_worker_outlives_a_killed_server(tmp_path):
    server = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), json.dumps(asked(**STUBBORN))], stdout=subprocess.PIPE
    )
    assert server.stdout.readline() == b"running\n"
    pids = workers(tmp_path)
    assert len(pids) == 2
    server.kill()
    server.wait()
    server.stdout.close()
    until(lambda: not any(map(alive, pids)), 2)
    # The next pool removes what it left, once it certainly belongs to no process.
    (left,) = tmp_path.iterdir()
    os.utime(left / folders.LOCK_NAME, (1, 1))
    folder = PlayFolder(tmp_path)
    assert list(tmp_path.iterdir()) == [folder.path]
    folder.close()
    assert not list(tmp_path.iterdir())


def test_folders_of_the_living_and_of_others_stay(tmp_path):
    folder = PlayFolder(tmp_path)
    os.utime(folder.path / folders.LOCK_NAME, (1, 1))
    (tmp_path / "searchparty-studio-new").mkdir()
    (tmp_path / "searchparty-studio-old").mkdir()
    os.utime(tmp_path / "searchparty-studio-old", (1, 1))
    (tmp_path / "precious").mkdir()
    (tmp_path / "searchparty-studio-link").symlink_to(tmp_path / "precious")
    folders.remove_stale_folders(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {folder.path.name, "searchparty-studio-new", "searchparty-studio-link", "precious"}
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.close()


@pytest.fixture
def jobs(tmp_path):
    """Return only the queue."""
    return PlayQueue(tmp_path, 2)


def test_what_waits_is_dropped_silently(jobs):
    jobs.play("a", "left", "1", {})
    jobs.play("a", "left", "2", {})
    assert [job.key for job in jobs.queue] == ["2"]
    assert jobs.find("1") is None


def test_only_so_many_may_wait(jobs):
    for number in range(LIMITS.waiting):
        jobs.play(f"page {number}", "left", str(number), {})
    with pytest.raises(StudioBusy, match="8 runs are waiting already, .* Try again in a few seconds"):
        jobs.play("late", "left", "late", {})
    # A play that replaces its own older one, or requests an existing one, is accepted.
    jobs.play("page 3", "left", "new", {})
    jobs.play("late", "left", "5", {})
    assert len(jobs.queue) == LIMITS.waiting
    with pytest.raises(StudioBusy, match="8 runs are waiting already"):
        jobs.play("late", "left", "late", {})
    # A refused page keeps what it had.
    assert jobs.find("5").places == {("page 5", "left"), ("late", "left")}


def test_of_too_many_pages_the_oldest_is_forgotten(jobs):
    for number in range(LIMITS.pages):
        jobs.play(f"page {number}", "left", "same", {})
    jobs.play("page 0", "left", "same", {})
    jobs.play("one more", "left", "same", {})
    assert len(jobs.find("same").places) == LIMITS.pages
    assert ("page 1", "left") not in jobs.find("same").places


def test_a_page_has_few_sides(jobs):
    for side in range(MOST_SIDES):
        jobs.play("a", str(side), "same", {})
    with pytest.raises(StudioBusy, match="A page can show 4 runs at a time"):
        jobs.play("a", "more", "same", {})


def test_a_failed_run_that_is_tried_again_is_everybodys(jobs):
    failed = jobs.play("a", "left", "1", {})
    jobs.play("b", "left", "1", {})
    jobs.next()
    jobs.end(failed, "it failed")
    again = jobs.play("a", "left", "1", {})
    assert again is not failed
    assert again.places == {("a", "left"), ("b", "left")}
    assert jobs.removable == [failed.directory]
    jobs.leave("a")
    assert jobs.find("1") is again
    jobs.leave("b")
    assert not jobs.queue


def test_going_back_to_a_run_that_is_being_stopped_begins_it_anew(jobs):
    first = jobs.play("a", "left", "1", {})
    jobs.next()
    jobs.play("a", "left", "2", {})
    assert first.stop_requested.is_set()
    second = jobs.play("a", "left", "1", {})
    assert second is not first
    assert second.directory != first.directory
    jobs.end(first, "stopped")
    assert jobs.find("1") is second
    assert jobs.removable == [first.directory]


def test_many_threads_may_ask(pool):
    found, threads = [], []

    def ask(page):
        for seed in range(75, 78):
            with contextlib.suppress(StudioBusy):
                pool.play(page, "left", *asked(seed=seed, budget=100))
        found.append(page)

    for page in "abcd":
        threads.append(threading.Thread(target=ask, args=page))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list("abcd")
    assert ended(pool, asked(seed=77, budget=100)[0]).state == "done"


def test_prepared_runs_are_worked_one_at_a_time_and_only_while_nothing_else_waits(tmp_path):
    queue = PlayQueue(tmp_path, kept=9)
    queue.prepare([("p1", {}), ("p2", {}), ("p3", {})])
    first = queue.next()
    assert first.key == "p1"
    assert not queue.has_next, "one process stays free"
    wanted = queue.play("page", "a", "new", {})
    # What is prepared makes room for what is asked for.
    assert first.stop_requested.is_set()
    assert queue.find("p1") is None
    assert queue.has_next
    assert queue.next() is wanted
    assert not queue.has_next
    queue.end(first, "stopped")
    queue.end(wanted, None)
    assert first.directory in queue.removable
    assert queue.next().key == "p2"


def test_a_prepared_run_that_is_asked_for_is_not_worked_again(tmp_path):
    queue = PlayQueue(tmp_path, kept=9)
    queue.prepare([("p1", {}), ("p2", {}), ("p3", {})])
    running = queue.next()
    assert queue.play("page", "a", "p1", {}) is running
    assert not running.stop_requested.is_set()
    waiting = queue.play("page", "b", "p3", {})
    assert waiting.state == "waiting"
    assert queue.next() is waiting
    queue.end(running, None)
    queue.end(waiting, None)
    assert queue.next().key == "p2"


def test_what_is_prepared_replaces_what_waits(tmp_path):
    queue = PlayQueue(tmp_path, kept=9)
    queue.prepare([("p1", {}), ("p2", {})])
    queue.prepare([(f"n{number}", {}) for number in range(2 * LIMITS.ahead)])
    assert queue.find("p1") is None
    assert queue.find(f"n{LIMITS.ahead - 1}") is not None
    assert queue.find(f"n{LIMITS.ahead}") is None


def test_prepared_runs_are_found_done(pool):
    key, data = asked(seed=71, budget=80)
    pool.prepare([(key, data)])
    assert ended(pool, key).state == "done"
    assert pool.play("page", "a", key, data).state == "done"


def test_a_machine_is_busy_if_many_processes_wait(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for load, busy in ((0.5, False), (2.9, False), (3.1, True)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert work_clock.is_machine_busy() is busy
    monkeypatch.delattr(os, "getloadavg")
    assert not work_clock.is_machine_busy()
