"""Measure many short runs: an experiment on Ray, whose runs are packed whole into actors, and the same without Ray.

    python benchmarks/short_runs.py --runs 200 --budget 3000

Without Ray, the same runs are made in one process, and in as many processes as there are cores, each with its own log.
(Such logs are not the log of one experiment; this shows what the cores can do at best.) Runs per minute are counted
between the end of the first run and the end of the last, so that the start is left out; it is printed separately.
Ratios are those of the same round.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from searchparty import Experiment, run

SHORT_EXPERIMENT = {
    "name": "short",
    "seed": 1,
    "landscapes": [{"kind": "rastrigin", "dimension": 2}],
    "strategies": {
        "team": {
            "agents": [{"kind": "grid", "points_per_axis": 5}, "gradient-descent", "random-restart"],
            "policy": {"budget": "bandit", "radius": "trust-region", "sharing": "broadcast", "lease": 25},
        }
    },
}


def short_experiment(runs: int, budget: int, executor: str, seed: int = 1) -> Experiment:
    """Return an experiment of ``runs`` short runs."""
    settings: dict[str, Any] = {"kind": executor}
    if executor == "ray":
        settings["placement"] = "packed"
    return Experiment.from_data(
        {**SHORT_EXPERIMENT, "seed": seed, "budget": budget, "repeats": runs, "executor": settings}
    )


def work_experiment(runs: int, budget: int, executor: str, out: Path, seed: int = 1) -> dict[str, float]:
    """Work an experiment; runs a second between the first end and the last, and the seconds of all of it."""
    began = time.perf_counter()
    results = run(short_experiment(runs, budget, executor, seed), out=out, report=False)
    whole = time.perf_counter() - began
    assert not results.errors, results.errors
    with closing(sqlite3.connect(out / "log.sqlite")) as db:
        ends = [wall for (wall,) in db.execute("SELECT wall FROM events WHERE kind = 'Stopped' ORDER BY wall")]
    return {"rate": (len(ends) - 1) / (ends[-1] - ends[0]), "whole": whole}


def measure_processes(runs: int, budget: int, processes: int, folder: Path) -> float:
    """Return the runs per second of as many processes as there are cores, without Ray."""
    jobs = [(runs // processes, budget, "simulated", folder / f"part-{number}", number) for number in range(processes)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        # The first call makes the imports.
        pool.starmap(work_experiment, [(3, budget, "simulated", folder / f"warm-{n}", n) for n in range(processes)], 1)
        return sum(found["rate"] for found in pool.starmap(work_experiment, jobs, 1))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=200)
    options.add_argument("--budget", type=int, default=3000, help="evaluations per run")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", type=Path, help="write the figures here")
    args = options.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    rows: list[dict[str, float]] = []
    print(f"{cores} cores, {args.runs} runs of {args.budget} evaluations, load {os.getloadavg()[0]:.1f}")
    print(f"{'on Ray':>12} {'one process':>12} {'all cores':>12} {'to one':>8} {'to all':>8} {'started in':>11}")
    for number in range(args.rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            alone = work_experiment(args.runs, args.budget, "simulated", folder / "one", number)
            ray = work_experiment(args.runs, args.budget, "ray", folder / "ray", number)
            best = measure_processes(args.runs, args.budget, cores, folder)
        start = ray["whole"] - args.runs / ray["rate"]
        rows.append({"ray": ray["rate"], "one": alone["rate"], "all": best, "start": start})
        print(
            f"{60 * ray['rate']:8.0f}/min {60 * alone['rate']:8.0f}/min {60 * best:8.0f}/min"
            f" {ray['rate'] / alone['rate']:8.2f} {ray['rate'] / best:8.2f} {start:9.1f} s",
            flush=True,
        )
    ratio = statistics.median(row["ray"] / row["all"] for row in rows)
    rate = 60 * statistics.median(row["ray"] for row in rows)
    print(f"median: {rate:.0f} runs per minute, {ratio:.0%} of what all cores do without Ray")
    if args.json:
        args.json.write_text(
            json.dumps({"cores": cores, "runs": args.runs, "budget": args.budget, "rows": rows}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
