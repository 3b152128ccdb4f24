"""Evaluations that go wrong, in real processes: each is charged, recorded with its cause, and the run continues."""

import shutil
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from searchparty.agents.evaluation.children.pool import ChildPool
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.experiments.api import run
from searchparty.experiments.execution.verification import verify_results
from searchparty.landscapes.command import Command
from searchparty.landscapes.python_function import UserFunction
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.state.events import Stopped, findings

ILLS = '''
import ctypes, os, re, subprocess, sys, time
import numpy as np

def endless():
    while True:
        pass

def sleeping():
    time.sleep(1000)

def holding_the_gil():
    re.match(r"(a+)+$", "a" * 60 + "b")

def exiting():
    os._exit(3)

def faulting():
    ctypes.string_at(0)

def allocating():
    return float(np.ones(100_000_000_000 // 8).sum())

def hoarding():
    kept = []
    while True:
        kept.append(np.ones(10_000_000))

def flooding():
    for _ in range(100):
        print("x" * 10_000_000)
    os._exit(4)

def unpicklable():
    class Wicked(Exception):
        def __init__(self):
            self.payload = lambda: 0
        def __reduce__(self):
            raise TypeError("never")
        def __str__(self):
            raise RuntimeError("no words")
    raise Wicked

def raising():
    raise ValueError("an ordinary error")

def closing():
    os.close(1)
    os.close(2)
    os.closerange(3, 50)
    time.sleep(1000)

ILLS = [endless, sleeping, holding_the_gil, exiting, faulting, allocating, hoarding, flooding, unpicklable, raising,
        closing]

def ill(x):
    return ILLS[int(x[0])]()

def mixed(x):
    """Well on the left; on the right one of the ills that do not take long. Talks all the time."""
    print("at", x, flush=True)
    print("at", x, file=sys.stderr, flush=True)
    if x[0] < 0.5:
        return float(((x - 0.2) ** 2).sum())
    return [exiting, faulting, allocating, unpicklable, raising][int(x[1] * 4.999)]()

def spawning(x):
    subprocess.Popen(["sleep", "1234.5"])
    time.sleep(1000)

def slow(x):
    time.sleep(0.2)
    return float(x.sum())
'''
CAUSES = [
    "gave no answer within its time-out of 1 s",
    "gave no answer within its time-out of 1 s",
    "gave no answer within its time-out of 1 s",
    "took its process down (exit code 3)",
    "took its process down (signal SIGSEGV)",
    "raised MemoryError: Unable to allocate 93.1 GiB",
    "raised MemoryError: Unable to allocate",
    "took its process down (exit code 4): xxxxx",
    "raised Wicked: its message cannot be printed",
    "raised ValueError: an ordinary error",
    "closed its standard output",
]


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    path = tmp_path_factory.mktemp("ills") / "ills.py"
    path.write_text(ILLS)
    return path


def pool_of(functions, name, bounds=(0.0, 1.0), dimension=1, **rules):
    return ChildPool(
        UserFunction(function=f"{functions}:{name}", bounds=bounds, dimension=dimension), Evaluation(**rules)
    )


def test_every_ill_is_a_cause(functions):
    points = (np.arange(len(CAUSES))[:, None] + 0.5) / len(CAUSES)
    causes = {}
    # The first three never end; the others may take long on a busy machine.
    for rows, timeout in ((range(3), 1.0), (range(3, len(CAUSES)), 60.0)):
        bounds = (0.0, float(len(CAUSES)))
        pool = pool_of(functions, "ill", bounds, timeout=timeout, memory="400 MB", workers=2)
        try:
            outcome = pool.evaluate(points[rows], False)
        finally:
            pool.close()
        assert np.isinf(outcome.losses).all()
        causes |= {row: outcome.causes[at] for at, row in enumerate(rows)}
    for row, cause in enumerate(CAUSES):
        assert causes[row].startswith(cause), causes[row]


def experiment(functions, tmp_path, evaluation, function="mixed", budget=30, executor="simulated"):
    # A relative path, because the name is part of the landscape, from which random streams are keyed.
    shutil.copy(functions, tmp_path)
    path = tmp_path / "ill.yaml"
    path.write_text(
        textwrap.dedent(f"""\
        name: ill
        budget: {budget}
        landscapes: [{{kind: python, function: "ills.py:{function}", bounds: [0, 1], dimension: 2}}]
        strategies:
          pair: {{agents: [{{kind: random, batch: 5}}, {{kind: pattern-search}}], policy: {{lease: 10}}}}
        evaluation: {evaluation}
        executor: {executor}
        """)
    )
    return path


def story(path):
    with LogReader(path) as reader:
        (record,) = reader.runs()
        events = reader.events(record.id)
        return [each for each in findings(events) if not each.failed], events[-1], trace_hash(reader)


def test_a_run_goes_on_and_everything_is_charged(functions, tmp_path, coarse_figures, unrendered):
    results = run(experiment(functions, tmp_path, "{timeout: 20, workers: 2}"), out=tmp_path / "out", report=True)
    assert not results.errors
    findings, last, _ = story(results.path)
    assert last == Stopped("budget spent")
    assert sum(f.charged for f in findings) == sum(f.rows for f in findings) == 30
    assert verify_results(results.path).problems == []
    causes = {f.cause[:20] for finding in findings for f in finding.failures}
    assert len(causes) >= 3
    assert "took its process down" in (results.path / "report.html").read_text()


@pytest.mark.ray
def test_ray_and_any_number_of_workers_give_the_same_findings(local_ray, functions, tmp_path):
    one = run(experiment(functions, tmp_path, "{timeout: 20}"), out=tmp_path / "one", report=False)
    three = run(experiment(functions, tmp_path, "{timeout: 20, workers: 3}"), out=tmp_path / "three", report=False)
    ray = run(
        experiment(functions, tmp_path, "{timeout: 20, workers: 2}", executor="ray"), out=tmp_path / "ray", report=False
    )
    assert story(one.path)[2] == story(three.path)[2] == story(ray.path)[2]


def test_retries_are_rows_and_a_stop_ends_the_run_with_its_cause(functions, tmp_path):
    retried = run(
        experiment(functions, tmp_path, "{workers: 1, on_error: retry, retries: 1}"), out=tmp_path / "retried",
        report=False,
    )  # fmt: skip
    findings, last, _ = story(retried.path)
    assert last == Stopped("budget spent")
    assert sum(f.charged for f in findings) == 30
    stopped = run(
        experiment(functions, tmp_path, "{workers: 1, on_error: stop}"), out=tmp_path / "stopped", report=False
    )
    findings, last, _ = story(stopped.path)
    assert sum(f.charged for f in findings) < 30
    assert last.reason.startswith("an evaluation failed: lease ")


def test_a_timeout_kills_the_whole_process_group(functions):
    pool = pool_of(functions, "spawning", timeout=0.5)
    pool.evaluate(np.array([[0.5]]), False)
    time.sleep(0.2)
    assert "sleep 1234.5" not in processes()
    pool.close()


def processes():
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def test_batches_fan_out_over_workers(functions):
    points = np.random.default_rng(1).random((8, 1))
    seconds = {}
    for workers in (1, 4):
        pool = pool_of(functions, "slow", workers=workers)
        pool.evaluate(points[:workers], False)
        began = time.perf_counter()
        outcome = pool.evaluate(points, False)
        seconds[workers] = time.perf_counter() - began
        pool.close()
        np.testing.assert_array_equal(outcome.losses, points[:, 0])
    # 1.6 s in sequence, and 0.4 s.
    assert seconds[4] < 0.75 * seconds[1]


def test_a_child_dies_with_the_process_that_started_it(functions, tmp_path):
    """A killed driver leaves no child behind, not even one in an endless loop."""
    script = f"""
import numpy as np
from searchparty.agents.evaluation.children.pool import ChildPool
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.landscapes.python_function import UserFunction
pool = ChildPool(UserFunction(function="{functions}:ill", bounds=(0, 12), dimension=1), Evaluation(workers=1))
print("on", flush=True)
pool.evaluate(np.array([[0.5 / 12]]), False)
"""
    driver = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert driver.stdout.readline() == "on\n"
    children = []
    deadline = time.monotonic() + 20
    while not children and time.monotonic() < deadline:
        listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(driver.pid)], capture_output=True, text=True)
        children = [int(pid) for pid in listing.stdout.split()]
        time.sleep(0.05)
    assert children
    time.sleep(0.5)
    driver.kill()
    driver.wait()
    time.sleep(0.5)
    for pid in children:
        left = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
        assert left.stdout.strip() == "" or "Z" in left.stdout


PROGRAM = """
import json, os, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    x = asked["x"]
    if x[0] < 0.5:
        print(json.dumps({"id": asked["id"], "loss": sum(v * v for v in x)}), flush=True)
        continue
    kind = int(x[1] * 8.999)
    if kind == 0: print("Segmentation fault, maybe", flush=True)
    if kind == 1: print(json.dumps({"loss": "low"}), flush=True)
    if kind == 2: print(json.dumps({"id": asked["id"] + 1, "loss": 1.0}), flush=True)
    if kind == 3: print(json.dumps({"error": "mesh failed"}), flush=True)
    if kind == 4: time.sleep(1000)
    if kind == 5:
        print("out of licences", file=sys.stderr, flush=True)
        sys.exit(9)
    if kind == 6: print("NaN", flush=True)
    if kind == 7: os.write(1, b"9" * 3_000_000)
    if kind == 8: print("1.5\\n2.5", flush=True)
"""
ANSWERS = [
    "answered 'Segmentation fault, maybe', which is not JSON",
    """answered '{"loss": "low"}', which has no number as its "loss\"""",
    "which has another id than",
    "said: mesh failed",
    "gave no answer within its time-out of 1 s",
    "took its process down (exit code 9): out of licences",
    "returned nan",
    "answered a line of over 1,048,704 bytes: '9999",
]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "program.py"
    path.write_text(PROGRAM)
    return path


def test_a_program_answers_and_what_it_does_wrong_is_quoted(program):
    landscape = Command(command=(sys.executable, str(program)), bounds=(0.0, 1.0), dimension=2, startup=2.0)
    pool = ChildPool(landscape, Evaluation(timeout=1, workers=2))
    good = np.random.default_rng(3).random((20, 2)) * [0.5, 1.0]
    try:
        # Its first answers may take longer, because an interpreter starts.
        np.testing.assert_array_equal(pool.evaluate(good, False).losses, [sum(v * v for v in row) for row in good])
        bad = np.array([[0.7, (kind + 0.5) / 9] for kind in range(len(ANSWERS))])
        outcome = pool.evaluate(bad, False)
        for row, cause in enumerate(ANSWERS):
            assert cause in outcome.causes[row], outcome.causes[row]
    finally:
        pool.close()


def test_a_program_that_talks_out_of_turn_is_caught(program):
    landscape = Command(command=(sys.executable, str(program)), bounds=(0.0, 1.0), dimension=2)
    pool = ChildPool(landscape, Evaluation(timeout=5))
    try:
        assert pool.evaluate(np.array([[0.7, 0.99]]), False).losses[0] == 1.5
        outcome = pool.evaluate(np.array([[0.2, 0.2]]), False)
        assert outcome.causes[0].startswith("answered before it was asked: '2.5")
        assert pool.evaluate(np.array([[0.2, 0.2]]), False).causes == {}
    finally:
        pool.close()


def test_a_program_in_the_shell_language_runs_an_experiment(tmp_path):
    """Any language works: here awk, which reads a line and writes a number."""
    script = tmp_path / "bowl.sh"
    script.write_text(
        "#!/bin/sh\nwhile read -r line; do\n"
        '  printf "%s\\n" "$line" | sed "s/.*\\[\\(.*\\)\\].*/\\1/" '
        "| awk -F, '{s = 0; for (i = 1; i <= NF; i++) s += ($i - 0.3) ^ 2; printf \"%.17g\\n\", s}'\ndone\n"
    )
    script.chmod(0o755)
    path = tmp_path / "bowl.yaml"
    path.write_text(
        "name: bowl\nbudget: 60\nlandscapes: [{kind: command, command: ./bowl.sh, bounds: [[-1, 1], [-1, 1]]}]\n"
        "strategies: {alone: {agents: [pattern-search]}}\nevaluation: {timeout: 10}\nexecutor: simulated\n"
    )
    results = run(path, out=tmp_path / "out")
    assert not results.errors
    assert results.best()[0].loss < 0.01
    assert "bowl.sh" in results.best()[0].landscape
