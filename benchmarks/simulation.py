"""Measure what the simulation costs: a whole experiment with thousands of workers and a million leases, on one core.

Works one run in this process through the ordinary loop (policy, audit, agents, evaluations), with a log that keeps
statistics and the simulated clock with all its delays. Prints the CPU time of the process, the wall time, leases per
second, and the peak memory.

    python benchmarks/simulation.py [--workers 10000] [--leases 1000000] [--agent random] [--lease 1]
        [--sharing broadcast] [--radius fixed] [--budget equal] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from searchparty.experiments.simulation.predict import plan_sizes, predict_runs
from searchparty.experiments.spec.models import Experiment

DELAYS = {
    "kind": "simulated",
    "evaluation": {"kind": "lognormal", "mean": 1.0, "sigma": 0.5},
    "latency": 0.05,
    "decision": 1e-4,
    "stragglers": {"probability": 0.02, "factor": 4.0},
    "failures": {"every": 20_000.0, "replacement": 30.0},
}


def simulation_experiment(args: argparse.Namespace) -> Experiment:
    """Return an experiment with one strategy on the two-dimensional sphere, and evaluations for ``--leases`` leases."""
    policy = {"budget": args.budget, "radius": args.radius, "sharing": args.sharing, "lease": args.lease}
    return Experiment.from_data(
        {
            "name": "simulation",
            "budget": args.leases * args.lease,
            "landscapes": [{"kind": "sphere", "dimension": 2}],
            "strategies": {args.agent: {"agents": [args.agent], "policy": policy}},
            "executor": DELAYS,
        }
    )


def measure_simulation(args: argparse.Namespace) -> dict[str, Any]:
    """Work one run and return its figures."""
    runs = plan_sizes(simulation_experiment(args), [args.workers])
    wall, cpu = time.perf_counter(), time.process_time()
    predictions, errors = predict_runs(simulation_experiment(args), runs)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    for error in errors.values():
        raise error
    found = predictions[0]
    # Kilobytes on Linux, bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "workers": args.workers, "leases": found.leases, "evaluations": found.evaluations, "agent": args.agent,
        "budget": args.budget, "radius": args.radius, "sharing": args.sharing, "lease": args.lease,
        "cpu_seconds": cpu, "wall_seconds": wall, "us_a_lease": 1e6 * cpu / found.leases, "peak_mb": peak / 1e6,
        "simulated_seconds": found.seconds, "idle_share": found.idle_share, "workers_lost": found.workers_lost,
        "load": os.getloadavg()[0],
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workers", type=int, default=10_000)
    options.add_argument("--leases", type=int, default=1_000_000)
    options.add_argument("--lease", type=int, default=1, help="evaluations per lease")
    options.add_argument("--agent", default="random")
    options.add_argument("--budget", default="equal")
    options.add_argument("--radius", default="fixed")
    options.add_argument("--sharing", default="broadcast")
    options.add_argument("--json", type=Path, help="write the figures here")
    args = options.parse_args()
    row = measure_simulation(args)
    print(
        f"{row['workers']:,} workers, {row['leases']:,} leases of {row['agent']} ({row['budget']}, {row['radius']}, "
        f"{row['sharing']}; {row['evaluations']:,} evaluations): {row['cpu_seconds']:.1f} s of one core, "
        f"{row['wall_seconds']:.1f} s of wall time (load {row['load']:.1f}), {row['us_a_lease']:.1f} us per lease, "
        f"{row['leases'] / row['cpu_seconds']:,.0f} leases/s, {row['peak_mb']:.0f} MB peak memory; "
        f"{row['simulated_seconds']:,.0f} simulated seconds, {row['idle_share']:.0%} idle, {row['workers_lost']} lost"
    )
    if args.json:
        args.json.write_text(json.dumps(row, indent=2) + "\n")


if __name__ == "__main__":
    main()
