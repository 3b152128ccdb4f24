"""Measure what a team costs above the time of its members and of the objective: microseconds per evaluation.

Runs the default party on functions of COCO's BBOB suite through ``searchparty.minimize`` and subtracts from the total
time the time that was spent in the agents' generators and in the objective. The difference is the overhead of policy,
audit, loop and log.

    python benchmarks/team_overhead.py [--dimensions 2,5,10,20] [--budget 1000] [--functions 1,8,15,21]
"""

from __future__ import annotations

import argparse
import time
from typing import Any, Literal

import numpy as np
from cocoex import BareProblem

from searchparty import minimize
from searchparty.agents.agent import Agent, Lease, Search
from searchparty.agents.axes import Axes
from searchparty.agents.cma_es import CmaEs
from searchparty.agents.slsqp import Slsqp
from searchparty.landscapes.landscape import Space


class Stopwatch:
    """Sums the CPU seconds of the calls made through it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def time_call(self, call: Any, *given: Any) -> Any:
        start = time.process_time()
        try:
            return call(*given)
        finally:
            self.seconds += time.process_time() - start


INSIDE_AGENTS = Stopwatch()


class TimedAgent(Agent):
    """An agent whose CPU time is measured."""

    kind: Literal["timed"] = "timed"
    agent: Any

    def row_price(self, space: Space) -> int:
        return self.agent.row_price(space)

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        search = self.agent.search(space, lease, rng)
        try:
            proposal = INSIDE_AGENTS.time_call(next, search)
            while True:
                told = yield proposal
                proposal = INSIDE_AGENTS.time_call(search.send, told)
        except StopIteration as stop:
            return stop.value
        finally:
            INSIDE_AGENTS.time_call(search.close)


class TimedArchiveAgent(TimedAgent):
    """A timed agent that reads the archive."""

    kind: Literal["timed-reader"] = "timed-reader"
    reads_archive = True


def measure_team(function: int, dimension: int, multiple: int) -> tuple[float, float, float]:
    """Return microseconds per evaluation: in total, in the members, in the objective."""
    problem, objective = BareProblem("bbob", function, dimension, 1), Stopwatch()
    INSIDE_AGENTS.seconds = 0.0
    team = {
        "slsqp": TimedAgent(agent=Slsqp()),
        "axes": TimedArchiveAgent(agent=Axes()),
        "cma-es": TimedAgent(agent=CmaEs()),
    }
    start = time.process_time()
    result = minimize(
        lambda points: objective.time_call(problem, np.array(points)), [(-5, 5)] * dimension, seed=1, team=team,
        budget=multiple * dimension, vectorized=True,
    )  # fmt: skip
    whole = time.process_time() - start
    return tuple(1e6 * seconds / result.nfev for seconds in (whole, INSIDE_AGENTS.seconds, objective.seconds))  # type: ignore


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dimensions", default="2,5,10,20")
    parser.add_argument("--functions", default="1,8,15,21")
    parser.add_argument("--budget", type=int, default=1000, help="in units of D")
    args = parser.parse_args()
    measure_team(15, 2, 1000)  # makes the imports, which are not to be measured
    print("  D  total  members  objective    overhead, us per evaluation")
    for dimension in map(int, args.dimensions.split(",")):
        rows = [measure_team(f, dimension, args.budget) for f in map(int, args.functions.split(","))]
        whole, inside, objective = np.mean(rows, axis=0)
        print(f"{dimension:3d} {whole:6.1f} {inside:8.1f} {objective:10.1f} {whole - inside - objective:11.1f}")


if __name__ == "__main__":
    main()
