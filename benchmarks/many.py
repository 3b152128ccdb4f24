"""Compare the party with peers in many dimensions, and with eight evaluations at a time.

    python benchmarks/many.py run       # it continues where it was stopped
    python benchmarks/many.py report    # prints the tables

In many dimensions: COCO's large-scale suite with 100 D evaluations; areas, and how far the best loss is above the
minimum. Eight at once: logical time, 100 D and 1000 D evaluations in all, so that the time is an eighth of them; areas.
The party was tuned on instances 1 to 7, with two seeds more for eight at once; these are others (``INSTANCES``).
"8 a round" is one SLSQP whose differences are evaluated side by side.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from coarse_losses import load_scores
from comparison.large import LargeRecorder
from comparison.parties import PARTY, logical_runtimes, party_settings, run_team
from comparison.peers import LOCAL_PEERS, PEERS, run_peer, slsqp_in_rounds
from comparison.problem import BatchRuntimeRecorder, BatchSizes, RuntimeRecorder
from comparison.score import area
from comparison.solvers import AT_ONCE, random_stream

FOLDER = Path(__file__).parent / "results" / "many"
INSTANCES = (16, 17, 18, 19)
LARGE, LARGE_MULTIPLE = (2, 6, 8, 10, 11, 12, 14, 17, 21), 100
LARGE_SOLVERS: dict[str, dict[str, Any] | None] = {
    "party": PARTY["party"],
    "party, rescales off": party_settings(({"kind": "slsqp", "rescales": False}, "axes", "cma-es")),
    "SLSQP": None,
}
EIGHT = (8, 10, 15, 17, 21)
EIGHT_SOLVERS: dict[str, dict[str, Any] | None] = {
    "party of 8": {},
    "party of 8, the usual team": {"policy": {"kind": "party", "probes_from": 0}},
    **{f"8 x {name}": None for name in ("SLSQP", "BOBYQA", "L-BFGS-B")},
    "SLSQP 8 a round": None,
}
Task = tuple[str, str, int, int, int]
"""Part, solver, function, dimension, instance."""


def list_tasks() -> list[Task]:
    """Return all tasks, instance by instance."""
    tasks: list[Task] = []
    for instance in INSTANCES:
        tasks += [("large", s, f, d, instance) for s in LARGE_SOLVERS for d in (40, 80) for f in LARGE]
        for total in (100, 1000):
            tasks += [(f"eight-{total}", s, f, d, instance) for s in EIGHT_SOLVERS for d in (2, 5, 10) for f in EIGHT]
    return tasks


def measure_large(solver: str, function: int, dimension: int, instance: int) -> list[float]:
    """Return the area and the gap of a solver on a function of the large-scale suite."""
    loss = LargeRecorder(function, dimension, instance, LARGE_MULTIPLE)
    settings = LARGE_SOLVERS[solver]
    if settings is None:
        run_peer(PEERS[solver], loss, random_stream(function, dimension, instance))
    else:
        run_team(settings, loss, seed=instance)
    return [area(loss.runtimes, dimension, LARGE_MULTIPLE), loss.best]


def measure_eight(solver: str, total: int, function: int, dimension: int, instance: int) -> list[float]:
    """Return the area of eight at once, with ``total`` D evaluations in all."""
    settings, time = EIGHT_SOLVERS[solver], total * dimension // AT_ONCE
    if solver == "SLSQP 8 a round":
        rounds = BatchRuntimeRecorder(function, dimension, instance, total, AT_ONCE)
        rounds.budget = time
        run_peer(slsqp_in_rounds, rounds, random_stream(function, dimension, instance))
        runtimes = rounds.runtimes
    elif settings is None:
        runtimes = np.full(1, np.inf)
        for lane in range(AT_ONCE):
            loss = RuntimeRecorder(function, dimension, instance, total)
            loss.budget = time
            peer = PEERS[solver.removeprefix("8 x ")]
            # The first copy starts in the middle of the box, the others at random points.
            copy = partial(peer, middle=False) if lane and solver.removeprefix("8 x ") in LOCAL_PEERS else peer
            run_peer(copy, loss, random_stream(function, dimension, instance, lane))
            runtimes = np.minimum(runtimes, loss.runtimes)
    else:
        # A lease that is worked later here may be earlier in logical time, so no lease is cut short.
        batches = BatchSizes(RuntimeRecorder(function, dimension, instance, total, on=True))
        log = run_team(settings, batches, seed=instance, concurrency=AT_ONCE)
        runtimes = logical_runtimes(log, batches.sizes, RuntimeRecorder(function, dimension, instance, total))
    runtimes = np.where(runtimes <= time, runtimes, np.inf)
    return [area(runtimes, dimension, total / AT_ONCE)]


def work(task: Task) -> tuple[str, list[float]]:
    """Measure one solver on one problem; returns the key of the outcome, and the scores."""
    part, solver, function, dimension, instance = task
    if part == "large":
        scores = measure_large(solver, function, dimension, instance)
    else:
        scores = measure_eight(solver, int(part.removeprefix("eight-")), function, dimension, instance)
    return "/".join(map(str, task)), scores


def run(args: argparse.Namespace) -> None:
    """Measure what has not been measured yet; each score is stored at once."""
    args.results.mkdir(parents=True, exist_ok=True)
    have = load_scores(args.results)
    todo = [task for task in list_tasks() if "/".join(map(str, task)) not in have]
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with (
        multiprocessing.get_context("spawn").Pool(args.processes) as pool,
        (args.results / "scores.jsonl").open("a") as file,
    ):
        for number, (key, scores) in enumerate(pool.imap_unordered(work, todo), start=1):
            file.write(json.dumps({key: scores}) + "\n")
            file.flush()
            if number % 100 == 0 or number == len(todo):
                print(f"{number}/{len(todo)}", flush=True)


def load_part(args: argparse.Namespace, part: str) -> tuple[list[int], dict[Task, list[float]]]:
    """Return the instances on which a part is complete, and its scores on them."""
    have: dict[str, Any] = load_scores(args.results)
    tasks = [task for task in list_tasks() if task[0] == part]
    whole = [i for i in INSTANCES if all("/".join(map(str, task)) in have for task in tasks if task[4] == i)]
    if not whole:
        raise SystemExit(f"{args.results} has no instance on which {part} is complete. `run` it first.")
    print(f"\n{part}: instances {', '.join(map(str, whole))}\n")
    return whole, {task: have["/".join(map(str, task))] for task in tasks if task[4] in whole}


def report(args: argparse.Namespace) -> None:
    """Print the tables, each over the instances on which it is complete."""
    whole, scores = load_part(args, "large")
    print("| D | solver | area | f10: above the minimum, by instance |\n| ---: | --- | ---: | --- |")
    for dimension in (40, 80):
        for solver in LARGE_SOLVERS:
            mean = np.mean([v[0] for t, v in scores.items() if (t[1], t[3]) == (solver, dimension)])
            gaps = [f"{scores['large', solver, 10, dimension, i][1]:.3g}" for i in whole]
            print(f"| {dimension} | {solver} | {mean:.3f} | {', '.join(gaps)} |")
    for total in (100, 1000):
        _, scores = load_part(args, f"eight-{total}")
        print(f"| {total} D in all | area | D = 2 | D = 5 | D = 10 | {' | '.join(f'f{f}' for f in EIGHT)} |")
        print(f"| --- | {'---: | ' * (4 + len(EIGHT))}".rstrip())
        for solver in EIGHT_SOLVERS:
            found = {t: v[0] for t, v in scores.items() if t[1] == solver}
            parts = [list(found.values())]
            parts += [[v for t, v in found.items() if t[3] == d] for d in (2, 5, 10)]
            parts += [[v for t, v in found.items() if t[2] == f] for f in EIGHT]
            print(f"| {solver} | {' | '.join(f'{np.mean(part):.3f}' for part in parts)} |")


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "report"])
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    {"run": run, "report": report}[args.command](args)


if __name__ == "__main__":
    main()
