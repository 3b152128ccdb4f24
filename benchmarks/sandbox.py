"""Measure the sandbox: start-up, round trips, many starts, and whether traces are those without it.

python benchmarks/overhead.py --sandbox [--executors simulated ray]
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from searchparty.agents.agent import Lease, Region, Told
from searchparty.agents.sandbox import ladder
from searchparty.agents.sandbox.confined_process import AGENT_ROLE, SandboxError
from searchparty.agents.sandbox.sandboxed_agent import SandboxedAgent
from searchparty.agents.sandbox.settings import Sandbox
from searchparty.agents.sandbox.their_code import read_code
from searchparty.agents.sandbox.their_process import describe_their_class
from searchparty.experiments.api import run
from searchparty.experiments.spec.models import Experiment
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash
from searchparty.orchestrator.loop.randomness import stream

LEAST_OF = 5
STARTS = 1000
LONGEST_START = 10.0
"""Seconds after which a start counts as hung."""
TRIPS = 1000
EXPERIMENTS = 20
SOURCE = """\
from typing import Literal

import numpy as np

from searchparty import Agent, Converged


class Walk(Agent):
    kind: Literal["walk"] = "walk"
    batch: int = 1
    step: float = 0.1
    steps: int = 1_000_000

    def search(self, space, lease, rng):
        best, loss = None, np.inf
        for _ in range(self.steps):
            center = lease.region.center if best is None else best
            points = np.clip(center + self.step * rng.standard_normal((self.batch, space.dimension)), 0.0, 1.0)
            told = yield points
            lease, found = told.lease, int(told.losses.argmin())
            if told.losses[found] < loss:
                best, loss = points[found], float(told.losses[found])
        return Converged(best, loss, "steps done")


class Same(Agent):
    kind: Literal["same"] = "same"
    batch: int = 1

    def search(self, space, lease, rng):
        points = rng.random((self.batch, space.dimension))
        while True:
            yield points
"""
LANDSCAPES = ("rastrigin", "rosenbrock", "ackley", "griewank", "sphere")
POLICIES: tuple[Any, ...] = ("composed", "party", "exploit-and-explore", {"sharing": "broadcast", "budget": "bandit"})


def measure_sandbox(executors: list[str]) -> dict[str, Any]:
    """Measure everything on each rung that starts, print it, and return the figures."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "walk.py").write_text(SOURCE)
        open_start = measure_start(ladder.OPEN)
        for rung in ladder.RUNGS:
            try:
                ladder.start_server(rung).close()
            except SandboxError as error:
                print(f"{rung}: does not start ({error})")
                continue
            found = {"start_above_open_ms": 1e3 * (measure_start(rung) - open_start)}
            for batch in (100, 1):
                found[f"round_trip_us_{batch}"] = 1e6 * measure_round_trip(rung, folder, batch)
            found["slowest_of_starts_ms"] = 1e3 * time_starts(rung)
            figures[rung] = found
            print(f"{rung}: " + ", ".join(f"{key} {value:.1f}" for key, value in found.items()))
        ladder.use_rung(None)
        for executor in executors:
            equal = compare_traces(folder, executor)
            figures[f"equal_traces_{executor}"] = equal
            print(f"{executor}: {equal} of {EXPERIMENTS} experiments have the same trace with and without a sandbox")
    return figures


def measure_start(rung: str) -> float:
    """Return the least seconds in which a process starts on a rung, its server running."""
    ladder.use_rung(rung)
    found = []
    for _ in range(4 * LEAST_OF):
        start = time.perf_counter()
        process = ladder.open_process(AGENT_ROLE, Sandbox(), True)
        found.append(time.perf_counter() - start)
        process.close()
    return min(found)


def measure_round_trip(rung: str, folder: Path, batch: int) -> float:
    """Return the least seconds that a proposal of ``batch`` points in ten dimensions takes, its answer included."""
    ladder.use_rung(rung)
    agent, lease = make_same(folder, batch), Lease(0, "a", 10, Region.whole(10), "first lease", fresh=True)
    search = agent.search(Space(np.zeros(10), np.ones(10)), lease, stream(0))
    told = Told(np.arange(float(batch)), None, lease)
    next(search)
    found = []
    for _ in range(4 * LEAST_OF):
        start = time.perf_counter()
        for _ in range(TRIPS // 4):
            search.send(told)
        found.append((time.perf_counter() - start) / (TRIPS // 4))
    search.close()
    return min(found)


def time_starts(rung: str) -> float:
    """Start many processes, one after the other, and return the seconds of the slowest; raise if one hangs."""
    ladder.use_rung(rung)
    slowest = 0.0
    for number in range(STARTS):
        start = time.perf_counter()
        ladder.open_process(AGENT_ROLE, Sandbox(seconds=LONGEST_START), True).close()
        slowest = max(slowest, time.perf_counter() - start)
        if slowest > LONGEST_START:
            raise RuntimeError(f"start {number} took {slowest:.1f} s")
    return slowest


def make_same(folder: Path, batch: int) -> SandboxedAgent:
    """Return a stranger's agent in a sandbox that proposes the same points again and again, without thinking."""
    code, sandbox, given = read_code("walk.py:Same", str(folder)), Sandbox(), {"batch": batch}
    said = describe_their_class(AGENT_ROLE, code, sandbox, True, given)
    return SandboxedAgent.of_description(code, given, said, sandbox, True)


def compare_traces(folder: Path, executor: str) -> int:
    """Return of how many experiments the trace is the same with a sandbox, on an executor, as without it here.

    On Ray, which takes seconds to start, they are the runs of one experiment.
    """
    together = [(number % 5, number % 4, number) for number in range(EXPERIMENTS)]
    groups = [together] if executor == "ray" else [[each] for each in together]
    equal = 0
    for number, group in enumerate(groups):
        hashes = set()
        for key, kind in (({}, "simulated"), ({"sandbox": {}}, executor)):
            data = {
                "name": "equal",
                "seed": number,
                "budget": 200,
                "landscapes": [
                    {"kind": LANDSCAPES[a], "dimension": 3} for a in dict.fromkeys(each[0] for each in group)
                ],
                "strategies": {f"s{p}": plan_strategy(p, n, key) for _, p, n in group},
                "executor": kind,
            }
            place = folder / f"{executor}{number}{len(key)}"
            found = run(Experiment.from_data(data, base=str(folder)), out=place, report=False)
            with LogReader(found.path) as reader:
                hashes.add(trace_hash(reader))
        equal += len(group) if len(hashes) == 1 else 0
    return equal


def plan_strategy(policy: int, number: int, key: dict[str, Any]) -> dict[str, Any]:
    """Return a strategy with a stranger's agent, in a sandbox or not, as in a YAML."""
    walk = {"kind": "walk.py:Walk", "batch": 1 + number % 5, "steps": 5 + number} | key
    return {"agents": [walk, "random"], "policy": POLICIES[policy]}
