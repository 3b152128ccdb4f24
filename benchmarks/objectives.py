"""Compare the party with peers on tuning jobs: the best loss after 30 and 60 evaluations.

    python benchmarks/objectives.py run       # half an hour on one core; it continues where it was stopped
    python benchmarks/objectives.py report    # prints the tables

Every solver gets the same five jobs (``tuning/jobs.py``), in several instances that differ in their data, and two seeds
for each. What counts is the rank of its best loss among the solvers on the same instance and seed. The party's settings
were chosen on instances 0 to 2. Optuna's Gaussian process sampler (which needs torch) and SMAC take part where they are
installed; they take 15 s and 8 s of CPU for each run of 60 evaluations.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.stats import rankdata, wilcoxon
from threadpoolctl import threadpool_limits
from tuning.jobs import JOBS, Job, Loss, Setting
from tuning.solvers import SOLVERS

FOLDER = Path(__file__).parent / "results" / "tuning"
BUDGETS = (30, 60)
SEEDS = (0, 1)
INSTANCES = (10, 11, 12, 13, 14)


class RecordedLoss:
    """The loss of an instance, which remembers what it has been asked."""

    def __init__(self, loss: Loss) -> None:
        self._loss = loss
        self.losses: list[float] = []

    def __call__(self, setting: Setting) -> float:
        self.losses.append(self._loss(setting))
        return self.losses[-1]


def measure(job: Job, instance: int, seed: int, solver: str) -> dict[str, object]:
    """Run a solver, and return its best losses at the budgets and its own seconds a point."""
    recorded = RecordedLoss(job.make(instance))
    begun = time.process_time()
    SOLVERS[solver](job, recorded, BUDGETS[-1], seed)
    seconds = time.process_time() - begun
    bests = np.minimum.accumulate(recorded.losses)
    return {"best": [float(bests[min(n, len(bests)) - 1]) for n in BUDGETS], "n": len(bests), "seconds": seconds}


def run(args: argparse.Namespace) -> None:
    """Run what has not been run yet; each outcome is stored in a file of its own."""
    args.results.mkdir(parents=True, exist_ok=True)
    for instance in args.instances:
        for job in JOBS:
            for seed in SEEDS:
                for solver in args.solvers:
                    stored = args.results / f"{job.name}-{instance}-{seed}-{solver.split()[0]}.json"
                    if not stored.exists():
                        stored.write_text(json.dumps(measure(job, instance, seed, solver)))
        print(f"instance {instance} done", flush=True)


def report(args: argparse.Namespace) -> None:
    """Print the tables, of the instances that are complete."""
    found: dict[str, list[list[list[float]]]] = {}
    for job in JOBS:
        for instance in args.instances:
            for seed in SEEDS:
                files = [args.results / f"{job.name}-{instance}-{seed}-{name.split()[0]}.json" for name in args.solvers]
                if all(file.exists() for file in files):
                    found.setdefault(job.name, []).append([json.loads(file.read_text())["best"] for file in files])
    for k, budget in enumerate(BUDGETS):
        losses = {name: np.array(rows)[:, :, k] for name, rows in found.items()}
        ranks = {name: rankdata(table.round(9), axis=1) for name, table in losses.items()}
        print(f"\n{budget} evaluations, {sum(map(len, ranks.values()))} problems\n")
        print(f"| solver | mean rank | better : worse than the party, p | {' | '.join(losses)} |")
        print("| --- | ---: | ---: | " + "---: | " * len(losses))
        every = np.vstack(list(losses.values()))
        for column, solver in enumerate(args.solvers):
            rank = np.vstack(list(ranks.values()))[:, column].mean()
            cells = " | ".join(f"{table[:, column].mean():.4f}" for table in losses.values())
            print(f"| {solver} | {rank:.2f} | {_compare(every[:, column], every[:, 0])} | {cells} |")


def _compare(one: np.ndarray, party: np.ndarray) -> str:
    better, worse = int((one < party - 1e-9).sum()), int((one > party + 1e-9).sum())
    if not better + worse:
        return ""
    # Jobs have different units: losses are compared relative to both.
    p = wilcoxon((one - party) / np.maximum(np.abs(one + party), 1e-12)).pvalue
    return f"{better} : {worse}, {p:.2g}"


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "report"])
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--instances", type=lambda text: [int(n) for n in text.split(",")], default=INSTANCES)
    parser.add_argument("--solvers", type=lambda text: text.split(","), default=list(SOLVERS), help="the first is the "
        "one that others are compared with; default: all that are installed")  # fmt: skip
    args = parser.parse_args()
    with threadpool_limits(1):
        {"run": run, "report": report}[args.command](args)


if __name__ == "__main__":
    main()
