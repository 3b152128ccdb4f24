"""Compare the simulated clock with the wall clock: predicted and measured makespans of teams on a real, local Ray.

The objective sleeps, so that a few cores can hold many workers. For every team the actors are started and warmed up by
a separate run; then one run is timed by the wall times in its log, from the first decision to the stop. The clock's
settings are measured before, with a team of one: the seconds per evaluation and per lease from leases of two lengths,
and the part of the latter for which this process itself is busy (``decision``; its CPU time). The prediction is the
clock's fold of the events, which are the same wherever leases are worked, and which contain no times.

The measured makespan is the median of ``--rounds`` runs with different seeds. The settings, too, are medians. If
durations are random, the predicted makespan is the median of a hundred draws.

    python benchmarks/simulated_vs_real.py [--sizes 2 4 8 16 32] [--objectives 0.01 0.1 exponential] [--rounds 3]
        [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

# By default Ray gives its workers the lowest priority, and the effect of other users of the machine would be measured.
os.environ.setdefault("RAY_worker_niceness", "0")

from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.python_function import UserFunction
from searchparty.orchestrator.clock.clock import Clock, clock_of
from searchparty.orchestrator.clock.settings import Delays
from searchparty.orchestrator.executors.on_ray.actor_pool import ActorPool
from searchparty.orchestrator.executors.on_ray.executor import RayExecutor
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec

NAP_SOURCE = """
import math, time
def nap(x):
    time.sleep({seconds})
    return float(x[0])
"""
# The agent draws points uniformly, so that this is exponentially distributed.
MEAN_SECONDS = 0.05
EXPONENTIAL = f"-{MEAN_SECONDS} * math.log(max(x[0], 1e-9))"
LEASE_SECONDS = 0.5
LEASES = 12
"""Leases per agent."""


def plan_team_run(objective: str, members: int, lease: int, leases: int, folder: Path, seed: int = 0) -> RunSpec:
    """Plan a run of a team that samples an objective which sleeps."""
    source = folder / f"nap_{objective.replace('.', '_')}.py"
    source.write_text(NAP_SOURCE.format(seconds=EXPONENTIAL if objective == "exponential" else objective))
    landscape = UserFunction(function=f"{source}:nap", bounds=((0.0, 1.0),), seconds=mean_seconds(objective))
    team = tuple((f"random-{i}", RandomSearch()) for i in range(members))
    return RunSpec(landscape, team, Composed(lease=lease), seed, 0, members * lease * leases, members)


def mean_seconds(objective: str) -> float:
    return MEAN_SECONDS if objective == "exponential" else float(objective)


def measure_run(plan: RunSpec, pool: ActorPool, folder: Path) -> tuple[float, float, list[Any]]:
    """Work a run; return seconds from the first decision to the stop, CPU seconds of this process, and the events."""
    path = folder / f"{time.monotonic_ns()}.sqlite"
    file = LogFile(path)
    log = file.run(plan)
    executor = RayExecutor(plan, log, pool)
    cpu = time.process_time()
    for moved in drive_run(begin_run(plan), plan, plan.policy, executor, log):
        if not moved:
            pool.wait()
    cpu = time.process_time() - cpu
    executor.close()
    file.close()
    with sqlite3.connect(path) as database:
        sql = "SELECT MIN(wall) FROM events WHERE kind = ?"
        first, last = (database.execute(sql, (kind,)).fetchone()[0] for kind in ("Granted", "Stopped"))
    with LogReader(path) as reader:
        return last - first, cpu, reader.events(plan.id)


def calibrate_delays(objective: str, pool: ActorPool, folder: Path, rounds: int) -> Delays:
    """Measure the clock's settings, with a team of one and leases of two lengths."""
    usual = round(LEASE_SECONDS / mean_seconds(objective))
    lengths, leases = (max(1, usual // 5), usual), 8
    measure_run(plan_team_run(objective, 1, 1, 3, folder, seed=9), pool, folder)
    # The mean of the exponential sleep is known more precisely than it can be measured; the added time is the same.
    fixed = objective if objective != "exponential" else str(MEAN_SECONDS)
    found = []
    for _ in range(rounds):
        short, long = (measure_run(plan_team_run(fixed, 1, length, leases, folder), pool, folder) for length in lengths)
        each = (long[0] - short[0]) / (leases * (lengths[1] - lengths[0]))
        found.append((each, short[0] / leases - lengths[0] * each, short[1] / leases))
    evaluation, lease, decision = (median(values) for values in zip(*found, strict=True))
    lease = max(0.0, lease)
    decision = min(lease, decision)
    kind = "exponential" if objective == "exponential" else "constant"
    return Delays.model_validate(
        {"evaluation": {"kind": kind, "mean": evaluation}, "latency": lease - decision, "decision": decision}
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", nargs="+", type=int, default=[2, 4, 8, 16, 32])
    options.add_argument("--objectives", nargs="+", default=["0.01", "0.1", "exponential"])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", type=Path, help="write the figures here")
    args = options.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pool = ActorPool(largest_team=max(args.sizes), members=max(args.sizes))
        print(
            f"{'objective':>11} {'workers':>7} {'predicted':>10} {'measured':>9} {'error':>7} {'idle':>5} {'load':>5}"
        )
        for objective in args.objectives:
            delays = calibrate_delays(objective, pool, folder, args.rounds)
            print(
                f"{objective:>11} per evaluation {1e3 * (delays.evaluation.mean or 0):.2f} ms, latency "
                f"{1e3 * (delays.latency.mean or 0):.2f} ms, decision {1e3 * delays.decision:.2f} ms"
            )
            for size in args.sizes:
                measure_run(plan_team_run(objective, size, 1, 2, folder, seed=9), pool, folder)
                walls = []
                for seed in range(args.rounds):
                    lease = round(LEASE_SECONDS / mean_seconds(objective))
                    plan = plan_team_run(objective, size, lease, LEASES, folder, seed)
                    wall, _, events = measure_run(plan, pool, folder)
                    walls.append(wall)
                wall = median(walls)
                # If durations are random, one draw is as little evidence as one run.
                names = [f"{plan.id}-{draw}" for draw in range(100 if delays.random else 1)]
                clocks = [clock_of(Clock(name, plan.landscape.seconds, size, delays), events) for name in names]
                predicted, idle = (median(getattr(c, key) for c in clocks) for key in ("makespan", "busy_share"))
                rows.append({
                    "objective": objective, "workers": size, "predicted": predicted, "measured": wall,
                    "walls": walls, "error": predicted / wall - 1, "idle_share": 1 - idle,
                    "load": os.getloadavg()[0], "delays": delays.model_dump(),
                })  # fmt: skip
                row = rows[-1]
                print(
                    f"{objective:>11} {size:7} {row['predicted']:8.2f} s {wall:7.2f} s {row['error']:+7.1%} "
                    f"{row['idle_share']:5.0%} {row['load']:5.1f}"
                )
        pool.close()
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
