"""Makes results to replay: two runs to compare, ten dimensions, a large team, runs that ended badly, and measures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from searchparty import run

PAIR = """
name: pair
seed: 5
budget: 360
landscapes: [{kind: rastrigin, dimension: 2, shift: random}]
strategies:
  alone: {agents: [{kind: grid, points_per_axis: 5}], policy: {lease: 40}}
  party:
    agents: [{kind: grid, points_per_axis: 4}, gradient-descent, random-restart]
    policy: {budget: bandit, radius: trust-region, sharing: broadcast, lease: 25}
executor: simulated
"""
TEN = """
name: ten
seed: 2
budget: 600
landscapes: [{kind: rosenbrock, dimension: 10, shift: random}]
strategies:
  party:
    agents: [slsqp, cma-es, random-restart]
    policy: {budget: equal, radius: trust-region, sharing: broadcast, lease: 40}
executor: simulated
"""
CROWD = """
name: crowd
seed: 1
budget: 3000
landscapes: [{kind: ackley, dimension: 3}]
strategies: {crowd: {agents: [{kind: random, count: 300}], policy: {lease: 10}}}
executor: simulated
"""
ENDS = """
name: ends
seed: 4
budget: 120
landscapes:
  - {kind: python, function: "ends.py:nowhere", bounds: [[-1, 1], [-1, 1]]}
  - {kind: python, function: "ends.py:broken", bounds: [[-1, 1], [-1, 1]]}
strategies: {team: {agents: [random, grid], policy: {lease: 20}}}
evaluation: {on_error: stop}
executor: simulated
"""
CUT = """
name: cut
seed: 4
budget: 200
landscapes: [{kind: python, function: "ends.py:deadly", bounds: [[-1, 1], [-1, 1]]}]
strategies: {team: {agents: [random, random-restart], policy: {lease: 20}}}
executor: simulated
"""
TUNED = """
name: tuned
seed: 4
budget: 120
landscapes:
  - kind: python
    function: "ends.py:tuned"
    parameters:
      rate: {low: 1.0e-4, high: 0.1, log: true}
      depth: {low: 2, high: 8, integer: true}
      kernel: {choices: [rbf, poly, linear]}
strategies: {team: {agents: [random, pattern-search], policy: {lease: 20}}}
executor: simulated
"""
TOLD = """
name: told
seed: 4
budget: 300
landscapes: [{kind: "ends.py:Told"}]
strategies:
  alone: {agents: [{kind: random}], policy: {lease: 10}}
  team: {agents: [random, pattern-search], policy: {lease: 10}}
executor: simulated
"""
FUNCTIONS = '''
import os, time
from typing import Literal

import numpy as np

from searchparty import Landscape, Space

LEAVE = os.path.join(os.path.dirname(__file__), "leave")

calls = 0

def nowhere(x):
    """Has no finite loss."""
    return float("nan")

def broken(x):
    """Raises where x[0] is large."""
    if x[0] > 0.5:
        raise ValueError("too far <b>right</b>")
    return float(x @ x)

def deadly(x):
    """Takes its process down after a while, once the log has what came before."""
    global calls
    calls += 1
    if calls > 110:
        time.sleep(1.5)
        os._exit(7)
    return float(x @ x)

def tuned(setting):
    """Is least for a polynomial kernel of depth 4."""
    return abs(setting["depth"] - 4) + (setting["kernel"] != "poly") + abs(setting["rate"] - 0.01)

class Fit:
    """A fit whose error on other rows is least before its own."""

    space = Space(np.full(2, -2.0), np.full(2, 2.0))

    def evaluate(self, points):
        return ((points - 0.3) ** 2).sum(axis=1) + 0.01

    def measure(self, point):
        train = float(self.evaluate(point[None])[0])
        held_out = train + 0.05 + 0.02 / (train + 0.05)
        share = 1 / (1 + train)
        return {"train loss": train, "train accuracy": share, "held-out loss": held_out, "held-out accuracy": share / 2}


class Told(Landscape):
    kind: Literal["told"] = "told"

    def open(self):
        return Fit()


def slow(x):
    """Takes a while, and goes on only as far as the file "leave" beside it says."""
    global calls
    calls += 1
    time.sleep(0.004)
    while calls > int(open(LEAVE).read() or 0):
        time.sleep(0.02)
    return float(((x - 0.3) ** 2).sum())
'''


def prepare(results: Path) -> None:
    """Make all results in a folder, one directory each, named like their experiments."""
    (results.parent / "ends.py").write_text(FUNCTIONS)
    (results.parent / "cut.yaml").write_text(CUT)
    command = [sys.executable, "-m", "searchparty.experiments.cli.main", "run", "cut.yaml", "--out", "results/cut"]
    cut = subprocess.Popen(command, cwd=results.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name, text in {"pair": PAIR, "ten": TEN, "crowd": CROWD, "ends": ENDS, "tuned": TUNED, "told": TOLD}.items():
        path = results.parent / f"{name}.yaml"
        path.write_text(text)
        run(path, out=results / name, report=False)
    assert cut.wait(60) == 7
