"""Objectives that kill their process or hang, and drivers that are stopped. Kills are in ``test_kills.py``."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from searchparty.experiments.api import resume, run
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.state.events import findings

OBJECTIVES = '''
import os, signal, time

def bowl(x):
    return float((x ** 2).sum())

def slow(x):
    time.sleep(0.002)
    return float((x ** 2).sum())

def deadly(x):
    """Takes its process down in one corner."""
    if x[0] > 0.9 and x[1] > 0.0:
        os._exit(7)
    return float((x ** 2).sum())

KILLS = "kills"

def preempted(x):
    """From outside, kills the actor that evaluates one row, five times."""
    folder = os.path.dirname(os.path.abspath(__file__))
    tally = os.path.join(folder, KILLS)
    first = os.path.join(folder, "first")
    if not os.path.exists(first):
        with open(first, "w") as file:
            file.write(repr(x.tolist()))
    if open(first).read() == repr(x.tolist()) and (not os.path.exists(tally) or os.path.getsize(tally) < 5):
        with open(tally, "a") as file:
            file.write(".")
        kill_actor()
    return float((x ** 2).sum())

def kill_actor():
    """Kill the actor in or under which this process runs."""
    pid = os.getpid()
    while pid > 1:
        with open(f"/proc/{pid}/cmdline") as file:
            if file.read().startswith("ray::RayActor"):
                os.kill(pid, signal.SIGKILL)
                time.sleep(60)
        with open(f"/proc/{pid}/status") as file:
            pid = next(int(line.split()[1]) for line in file if line.startswith("PPid"))

def hanging(x):
    if x[0] > 0.8:
        time.sleep(1000)
    return float((x ** 2).sum())
'''


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "objectives.py").write_text(OBJECTIVES)

    def write(function, budget=120, repeats=1, evaluation="", executor="simulated"):
        path = tmp_path / f"{function}.yaml"
        path.write_text(
            textwrap.dedent(f"""\
            name: {function}
            budget: {budget}
            repeats: {repeats}
            landscapes:
              - {{kind: python, function: "objectives.py:{function}", bounds: [[-1, 1], [-1, 1]]}}
            strategies:
              pair:
                agents:
                  - {{kind: random, count: 2}}
                policy: {{sharing: broadcast, lease: 20}}
            evaluation: {{{evaluation}}}
            executor: {executor}
            """)
        )
        return path

    return write


def outcome(path):
    """Return (trace hash, causes of failed rows)."""
    with LogReader(path) as reader:
        causes = []
        for record in reader.runs():
            for finding in findings(reader.events(record.id)):
                causes += [failure.cause for failure in finding.failures]
        return trace_hash(reader), causes


@pytest.mark.ray
@pytest.mark.extras
def test_a_row_that_takes_three_processes_down_fails(local_ray, experiment, tmp_path):
    """`make test` tests it for one row, in tests/contract/orchestrator/test_executors.py; here there are several."""
    results = run(experiment("deadly"), out=tmp_path / "out", executor="ray", report=False)
    assert not results.errors
    _, causes = outcome(results.path)
    assert causes
    assert set(causes) == {"took its process down 3 times"}


@pytest.mark.ray
@pytest.mark.extras
def test_a_row_whose_actor_is_killed_from_outside_again_and_again_does_not_fail(local_ray, experiment, tmp_path):
    """After two losses it is evaluated in a child, which is not lost by itself."""
    path = experiment("preempted", budget=30)
    text = path.read_text().replace("executor: simulated", "executor: {kind: ray, placement: spread}")
    path.write_text(text)
    results = run(path, out=tmp_path / "out", report=False)
    assert not results.errors
    assert (tmp_path / "kills").stat().st_size == 5
    assert outcome(results.path)[1] == []
    # Here no actor is to be killed any more, so that this process evaluates all rows by itself.
    alone = run(path, out=tmp_path / "alone", executor="simulated", report=False)
    assert outcome(results.path) == outcome(alone.path)


def test_a_deadly_row_fails_in_a_killable_child(experiment, tmp_path):
    yaml = experiment("deadly", evaluation="timeout: 20")
    results = run(yaml, out=tmp_path / "out", report=False)
    _, causes = outcome(results.path)
    assert causes
    assert set(causes) == {"took its process down (exit code 7)"}


def test_a_hanging_row_fails_at_its_timeout(experiment, tmp_path):
    yaml = experiment("hanging", budget=20, evaluation="timeout: 0.3")
    results = run(yaml, out=tmp_path / "out", report=False)
    _, causes = outcome(results.path)
    assert causes
    assert set(causes) == {"gave no answer within its time-out of 0.3 s"}


def start(yaml, out, executor):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "searchparty.experiments.cli.main",
            "run",
            str(yaml),
            "--out",
            str(out),
            "--executor",
            executor,
            "--no-report",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A background job of a shell ignores the signal, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for_rows(out, process, least=60):
    """Wait until the log holds this many rows."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with LogReader(out) as reader:
                (count,) = reader._db.execute("SELECT COALESCE(SUM(n), 0) FROM points").fetchone()
            if count >= least:
                return
        except Exception:
            pass
        time.sleep(0.05)
    raise AssertionError(f"no rows came: {process.communicate()}")


@pytest.mark.parametrize(
    "kill", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.extras)], ids=lambda s: s.name
)
def test_a_stopped_driver_resumes_to_the_same_findings(experiment, tmp_path, kill):
    yaml = experiment("slow", budget=400, repeats=2)
    whole = run(yaml, out=tmp_path / "whole", report=False)
    process = start(yaml, tmp_path / "cut", "simulated")
    wait_for_rows(tmp_path / "cut", process)
    process.send_signal(kill)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "searchparty resume" in errors
    assert "Traceback" not in errors
    resumed = resume(tmp_path / "cut", report=False)
    assert not resumed.errors
    assert outcome(resumed.path) == outcome(whole.path)


def test_ctrl_c_on_ray_keeps_what_was_found(experiment, tmp_path):
    yaml = experiment("slow", budget=2000)
    process = start(yaml, tmp_path / "cut", "ray")
    wait_for_rows(tmp_path / "cut", process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    whole = run(yaml, out=tmp_path / "whole", report=False)
    resumed = resume(tmp_path / "cut", executor="simulated", report=False)
    assert outcome(resumed.path) == outcome(whole.path)


COUNTED = """
import os, pathlib, time

FILE = os.open(pathlib.Path(__file__).parent / "made", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def counted(x):
    time.sleep(0.001)
    os.write(FILE, b".")
    return float((x ** 2).sum())
"""


@pytest.mark.parametrize(
    ("placement", "kill"),
    [
        pytest.param("packed", signal.SIGINT, marks=pytest.mark.extras),
        ("packed", signal.SIGTERM),
        pytest.param("spread", signal.SIGINT, marks=pytest.mark.extras),
        pytest.param("spread", signal.SIGTERM, marks=pytest.mark.extras),
    ],
)
def test_a_clean_stop_on_ray_drops_none_of_the_evaluations_that_were_made(tmp_path, placement, kill):
    (tmp_path / "objectives.py").write_text(COUNTED)
    yaml = tmp_path / "it.yaml"
    yaml.write_text(
        "name: it\nbudget: 100000\n"
        'landscapes: [{kind: python, function: "objectives.py:counted", bounds: [[-1, 1], [-1, 1]]}]\n'
        "strategies: {pair: {agents: [{kind: random, count: 2, batch: 7}], policy: {lease: 5000}}}\n"
        f"executor: {{kind: ray, placement: {placement}}}\n"
    )
    process = start(yaml, tmp_path / "cut", "ray")
    wait_for_rows(tmp_path / "cut", process, least=200)
    process.send_signal(kill)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    made = (tmp_path / "made").stat().st_size
    with LogReader(tmp_path / "cut") as reader:
        (kept,) = reader._db.execute("SELECT SUM(n) FROM points").fetchone()
    # The evaluation in progress of each actor may have counted itself before it was interrupted.
    assert made - 2 <= kept <= made
