"""Results of thousands of runs: the cost per run of reading, comparing and reporting does not grow."""

import functools
import gc
import json
import shutil
import sqlite3
import time

import pytest
from sealing import seal_log

import searchparty
from searchparty import Experiment
from searchparty.experiments.results_api import Results
from searchparty.orchestrator.run_spec import digest

FEW, MANY = 200, 2000
MOST_GROWTH = 1.5
"""Most CPU seconds per run for many runs, divided by those for a few."""
MOST_READINGS = 5
"""Most that a further run may cost a report, divided by the cost of reading and comparing it."""


def multiply_runs(directory, made, count):
    """Add copies of the runs of a log, under other ids and repeats, until it has ``count`` for each one ``made``."""
    with sqlite3.connect(directory / "log.sqlite") as db:
        originals = db.execute("SELECT id, position, strategy, landscape, repeat, settings FROM runs").fetchall()
        for copy in range(1, count):
            for id, position, strategy, landscape, repeat, text in originals:
                number, moved = repeat + copy * made, position + copy * made
                settings = json.loads(text) | {"repeat": number}
                new = digest(settings)[:12]
                row = (new, moved, strategy, landscape, number, json.dumps(settings))
                db.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, '{}', 0)", row)
                copied = "seq, kind, body, wall, 0 FROM events WHERE run = ?"
                db.execute(f"INSERT INTO events SELECT ?, {copied}", (new, id))
                started = json.dumps({"run": new, "settings": settings})
                db.execute("UPDATE events SET body = ? WHERE run = ? AND seq = 0", (started, new))
                copied = "lease, first, n, cube, losses, gradients, failures, 0 FROM points WHERE run = ?"
                db.execute(f"INSERT INTO points SELECT ?, {copied}", (new, id))
        seal_log(db)
    db.close()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return results directories by their number of runs, of 40 evaluations each: two strategies, two landscapes."""
    data = {
        "name": "many",
        "budget": 40,
        "repeats": 5,
        "landscapes": [{"kind": "sphere"}, {"kind": "rosenbrock"}],
        "strategies": {"lone": {"agents": ["random"]}, "team": {"agents": ["random", "nelder-mead"]}},
        "executor": "simulated",
    }
    home = tmp_path_factory.mktemp("many")
    made = len(searchparty.run(Experiment.from_data(data), out=home / "made", report=False).runs)
    directories = {count: home / str(count) for count in (FEW, MANY)}
    for count, directory in directories.items():
        shutil.copytree(home / "made", directory)
        multiply_runs(directory, made, count // made)
        assert len(Results(directory).runs) == count
    return directories


@functools.cache
def cpu_seconds(work, directory):
    """Return the least CPU time of three calls: other processes may slow work down, but nothing can make it faster.

    Garbage collection is off meanwhile, so that what other tests have left in memory is not searched.
    """
    spent = []
    gc.collect()
    gc.freeze()
    try:
        for _ in range(3):
            began = time.process_time()
            work(directory)
            spent.append(time.process_time() - began)
    finally:
        gc.unfreeze()
    return min(spent)


def summarize(directory):
    results = Results(directory)
    assert len(results.best()) == 2
    assert [row["runs"] for row in results.summary_rows()] == [str(len(results.runs) // 4)] * 4
    assert results.verdicts
    assert results.convergence
    assert results.contributions
    assert not len(results.failures)


def write_report(directory):
    assert Results(directory).report().stat().st_size > 100_000


@pytest.mark.extras
def test_reading_and_comparing_cost_the_same_a_run(results):
    summarize(results[FEW])
    few, many = (cpu_seconds(summarize, results[count]) / count for count in (FEW, MANY))
    assert many < MOST_GROWTH * few, f"{1e3 * few:.2f} ms a run of {FEW}, {1e3 * many:.2f} ms a run of {MANY}"


@pytest.mark.extras
@pytest.mark.timeout(600)
def test_a_further_run_costs_a_report_little(results):
    write_report(results[FEW])
    few, many = (cpu_seconds(write_report, results[count]) for count in (FEW, MANY))
    # Most of a report is drawing, for any number of runs: it would hide much of the cost per run.
    reading = cpu_seconds(summarize, results[MANY]) / MANY
    further = (many - few) / (MANY - FEW)
    assert further < MOST_READINGS * reading, f"{1e3 * further:.2f} ms a further run, {1e3 * reading:.2f} ms to read it"
    assert many / MANY < MOST_GROWTH * few / FEW
