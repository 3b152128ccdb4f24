"""Measure what an evaluation costs above the bare landscape: microseconds, by executor, batch and dimension.

Runs the agent ``random`` on the sphere through the whole loop (policy, audit, log on disk) in leases of 1,000
evaluations and, in the same process and in turn, makes the same number of bare evaluations. The start-up of Ray is
timed separately. Each figure is the median over ``--rounds``.

    python benchmarks/overhead.py [--json FILE] [--rounds 3] [--executors simulated ray] [--objective-us 0 10 100]
        [--folder PLACE] [--network]
    python benchmarks/overhead.py --sandbox [--json FILE] [--executors simulated ray]
    python benchmarks/overhead.py --spaces [--rounds 15]

With ``--spaces``, it compares spaces with four axes instead: a plain box, and one with a logarithmic axis, whole
numbers and a choice, noisy or with a memory of known settings. Figures are user CPU time above the objective's own, and
for the latter two what comes on top of the plain box, paired round by round.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.axis import Axis
from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.landscape import Array, Landscape, Space
from searchparty.landscapes.python_function import UserFunction
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.log.filesystem import FileSystem
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec

LEASE = 1000
BUSY_SOURCE = """
import time
def busy(x):
    end = time.perf_counter() + {seconds}
    while time.perf_counter() < end:
        pass
    return float(x[0])
"""


def plan_overhead_run(dimension: int, batch: int, budget: int, members: int, folder: Path, busy_us: float) -> RunSpec:
    """Plan one run. ``busy_us`` > 0 replaces the sphere by a function that keeps a core busy for that long."""
    landscape: Any = Sphere(dimension=dimension)
    if busy_us:
        source = folder / f"busy_{busy_us:g}.py"
        source.write_text(BUSY_SOURCE.format(seconds=busy_us * 1e-6))
        landscape = UserFunction(function=f"{source}:busy", bounds=((-1.0, 1.0),) * dimension)
    team = tuple((f"random-{i}", RandomSearch(batch=batch)) for i in range(members))
    return RunSpec(landscape, team, Composed(lease=LEASE), 0, 0, budget, members)


def time_run_seconds(plan: RunSpec, folder: Path, pool: Any, place: FileSystem | None = None) -> float:
    """Work one run and return its seconds, including its log on disk."""
    path = folder / f"{time.monotonic_ns()}.sqlite"
    start = time.perf_counter()
    file = LogFile(path, place=place)
    log = file.run(plan)
    if pool is None:
        executor: Any = InProcessExecutor(plan, log)
    else:
        from searchparty.orchestrator.executors.on_ray.executor import RayExecutor

        executor = RayExecutor(plan, log, pool)
    for moved in drive_run(begin_run(plan), plan, plan.policy, executor, log):
        if not moved:
            pool.wait()
    executor.close()
    file.close()
    seconds = time.perf_counter() - start
    path.unlink()
    return seconds


def time_bare_evaluations(plan: RunSpec, batch: int) -> float:
    """Make the same evaluations without anything else, and return the seconds."""
    problem = plan.landscape.open()
    points = np.random.default_rng(0).random((batch, problem.space.dimension))
    start = time.perf_counter()
    for _ in range(plan.budget // batch):
        problem.evaluate(points)
    return time.perf_counter() - start


def measure_overhead(
    executor: str,
    pool: Any,
    dimension: int,
    batch: int,
    busy_us: float,
    rounds: int,
    folder: Path,
    place: FileSystem | None = None,
) -> dict[str, Any]:
    """Measure one row of the table."""
    budget = 200_000 if batch > 1 else 20_000
    if busy_us:
        budget = int(min(budget, 2e6 / busy_us))
    plan = plan_overhead_run(dimension, batch, budget, 2, folder, busy_us)
    simulated = executor != "ray"
    totals, bares, ratios = [], [], []
    for _ in range(rounds):
        bares.append(time_bare_evaluations(plan, batch))
        totals.append(time_run_seconds(plan, folder, None if simulated else pool, place))
        ratios.append(1.0 if simulated else totals[-1] / time_run_seconds(plan, folder, None, place))
    per = 1e6 / budget
    return {
        "executor": executor,
        "dimension": dimension,
        "batch": batch,
        "objective_us": busy_us,
        "bare_us": statistics.median(bares) * per,
        "total_us": statistics.median(totals) * per,
        "overhead_us": statistics.median(t - b for t, b in zip(totals, bares, strict=True)) * per,
        "ratio_to_simulated": statistics.median(ratios),
    }


class SpaceToMeasure(Landscape):
    """The sphere over four axes, of one of three kinds."""

    catalogued: ClassVar[bool] = False
    kind: Literal["space-to-measure"] = "space-to-measure"
    space: Literal["plain", "noisy", "memory"]

    def open(self) -> SphereOverSpace:
        """Return the problem."""
        axes = (
            Axis("rate", 1e-5, 0.1, log=True),
            Axis("depth", 2, 8, integer=True),
            Axis.of_choices("kernel", ("rbf", "poly", "linear")),
            Axis("momentum", 0, 1),
        )
        plain = Space(np.zeros(4), np.ones(4))
        mixed = dataclasses.replace(Space.of_axes(axes), noisy=self.space == "noisy")
        return SphereOverSpace(plain if self.space == "plain" else mixed)

    @property
    def label(self) -> str:
        """A short name."""
        return self.space


class SphereOverSpace:
    """The sum of the squares of the numbers of all axes."""

    minimum: None = None
    minimizers: None = None

    def __init__(self, space: Space) -> None:
        self.space = space

    def evaluate(self, points: Array) -> Array:
        """Return the losses, shape (n,), of points (n, D)."""
        losses: Array = (points * points).sum(axis=1)
        return losses


def read_user_seconds() -> float:
    """Return the CPU time that this process has spent in its own code."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def measure_spaces(rounds: int, folder: Path) -> list[dict[str, Any]]:
    """Measure spaces of three kinds, round by round, and print a row for each size of batch."""
    rows: list[dict[str, Any]] = []
    for batch, budget in ((1, 20_000), (100, 60_000)):
        found: dict[str, list[float]] = {"plain": [], "noisy": [], "memory": []}
        for number in range(rounds + 1):
            for kind in found if number % 2 else reversed(found):
                team = tuple((f"random-{i}", RandomSearch(batch=batch)) for i in range(2))
                plan = RunSpec(SpaceToMeasure(space=kind), team, Composed(lease=LEASE), 0, 0, budget, 2)
                start = read_user_seconds()
                time_bare_evaluations(plan, batch)
                middle = read_user_seconds()
                time_run_seconds(plan, folder, None)
                found[kind].append((read_user_seconds() - 2 * middle + start) * 1e6 / budget)
        # The first round warms up.
        plain = found["plain"][1:]
        row = {"batch": batch, "plain_us": statistics.median(plain)}
        for kind in ("noisy", "memory"):
            pairs = zip(found[kind][1:], plain, strict=True)
            row[f"{kind}_above_plain_us"] = statistics.median(a - b for a, b in pairs)
        rows.append(row)
        print(", ".join(f"{key} {value:.2f}" for key, value in row.items()))
    return rows


def measure_executors(args: argparse.Namespace, folder: Path) -> tuple[float | None, list[dict[str, Any]]]:
    """Measure the executors, and print the table. Return how long Ray took to start, if it did, and the rows."""
    place = FileSystem("nfs4") if args.network else None
    rows: list[dict[str, Any]] = []
    pool = startup = None
    if "ray" in args.executors:
        from searchparty.orchestrator.executors.on_ray.actor_pool import ActorPool

        start = time.perf_counter()
        pool = ActorPool(largest_team=2, members=2)
        time_run_seconds(plan_overhead_run(2, 1, 4000, 2, folder, 0.0), folder, pool)
        startup = time.perf_counter() - start
        print(f"Ray: started with two actors, and made a first run, in {startup:.1f} s")
    heads = f"{'executor':10} {'D':>3} {'batch':>5} {'objective':>10} {'bare':>9} {'overhead':>9}"
    print(f"{heads} {'x simulated':>11}")
    for busy in args.objective_us:
        for dimension in args.dimensions if not busy else args.dimensions[:1]:
            for batch in (1, 100) if not busy else (1,):
                for executor in args.executors:
                    row = measure_overhead(executor, pool, dimension, batch, busy, args.rounds, folder, place)
                    rows.append(row)
                    print(
                        f"{executor:10} {dimension:3} {batch:5} {busy:7.0f} us {row['bare_us']:6.2f} us"
                        f" {row['overhead_us']:6.2f} us {row['ratio_to_simulated']:11.2f}"
                    )
    if pool is not None:
        pool.close()
    return startup, rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", type=Path, help="write the figures here")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--executors", nargs="+", default=["simulated", "ray"])
    options.add_argument("--dimensions", nargs="+", type=int, default=[2, 10, 20])
    options.add_argument("--objective-us", nargs="+", type=float, default=[0.0, 20.0, 100.0])
    options.add_argument("--folder", type=Path, help="write the logs here. Default: the directory for temporary files")
    options.add_argument("--network", action="store_true", help="keep the logs as on a network file system")
    options.add_argument("--spaces", action="store_true", help="compare a plain box with mixed spaces instead")
    options.add_argument("--sandbox", action="store_true", help="measure the sandbox instead")
    args = options.parse_args()
    if args.sandbox:
        from sandbox import measure_sandbox

        figures = measure_sandbox(args.executors)
        if args.json:
            args.json.write_text(json.dumps(figures, indent=2) + "\n")
        return
    startup, rows = None, []
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        if args.spaces:
            rows = measure_spaces(args.rounds, Path(name))
        else:
            startup, rows = measure_executors(args, Path(name))
    if args.json:
        args.json.write_text(json.dumps({"ray_startup_seconds": startup, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
