"""Measure by the wall how soon a team of eight actors on a real, local Ray reaches a target, and eight that are alone.

    python benchmarks/team_on_ray.py run [--functions 6,8,10] [--instances 16-18] [--seconds 0.05]
    python benchmarks/team_on_ray.py report

The objective is a function of BBOB in five dimensions that sleeps, so that two cores can hold eight workers. "Shares"
is the default team of ``minimize`` with eight evaluations at a time. "Alone" are the same eight members with equal
budgets, none of which is told another's points. Both run on the same instances, in turn; the target is a loss of 1e-3
above the minimum. Time begins with the call of ``minimize``, so that it has the start of the actors. Outcomes are kept
in --results and are not measured again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

from bbob import parse_integers
from comparison.problem import HIGH, LOW, RuntimeRecorder

from searchparty import minimize
from searchparty.orchestrator.state.lease_table import fold_leases

OUTCOMES_FILE = Path(__file__).parent / "results" / "team-on-ray.jsonl"
DIMENSION, WORKERS, MULTIPLE, GAP = 5, 8, 500, 1e-3
ALONE: dict[str, Any] = {
    "team": ["slsqp", "axes", "cma-es", "slsqp", "cma-es", "derivative-free", "slsqp", "slsqp"],
    "policy": {"kind": "composed", "budget": "equal", "sharing": "none"},
}
SIDES: dict[str, dict[str, Any]] = {"shares": {}, "alone": ALONE}


class SlowLoss:
    """A function of BBOB that sleeps, and notes in a folder when each process is first asked for a loss.

    Args:
        function: Its number, 1 to 24.
        instance: Its instance.
        seconds: How long it sleeps.
        folder: Where a file for each process holds the time, in seconds since the epoch.
    """

    def __init__(self, function: int, instance: int, seconds: float, folder: str) -> None:
        self.function, self.instance, self.seconds, self.folder = function, instance, seconds, folder
        self._problem: Any = None

    def __call__(self, x: Any) -> float:
        # Imported in the actor, which may not find the modules beside this one.
        import os
        import pathlib
        import time

        import cocoex
        import numpy as np

        if self._problem is None:
            (pathlib.Path(self.folder) / str(os.getpid())).write_text(str(time.time()))
            self._problem = cocoex.BareProblem("bbob", self.function, 5, self.instance)
        time.sleep(self.seconds)
        return float(self._problem(np.array(x, ndmin=2))[0])


def measure_side(side: str, function: int, instance: int, seconds: float) -> dict[str, Any]:
    """Run one side once, and return what was measured, as plain data."""
    target = RuntimeRecorder(function, DIMENSION, instance, 1).minimum + GAP
    with tempfile.TemporaryDirectory() as folder:
        begun = time.time()
        result = minimize(
            SlowLoss(function, instance, seconds, folder), [(LOW, HIGH)] * DIMENSION, budget=f"{MULTIPLE} D",
            seed=instance, target=target, concurrency=WORKERS, executor="ray", **SIDES[side],
        )  # fmt: skip
        wall = time.time() - begun
        starts = sorted(float(path.read_text()) - begun for path in Path(folder).iterdir())
    logical = max(entry.starts - (-entry.charged // entry.lease.lanes) for entry in fold_leases(result.log.events()))
    return {
        "side": side, "function": function, "instance": instance, "seconds": seconds, "wall": wall,
        "reached": bool(result.fun <= target), "evaluations": int(result.nfev), "logical": int(logical),
        "starts": starts,
    }  # fmt: skip


def load_outcomes(path: Path) -> list[dict[str, Any]]:
    """Return the outcomes that are kept; a last line that was cut is ignored."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def run(args: argparse.Namespace) -> None:
    """Measure what has not been measured yet; the sides take turns in going first."""
    args.results.parent.mkdir(parents=True, exist_ok=True)
    keys = ("side", "function", "instance", "seconds")
    have = {tuple(outcome[key] for key in keys) for outcome in load_outcomes(args.results)}
    # The first start of Ray itself is nobody's.
    minimize(sum, [(0.0, 1.0)] * 2, budget=20, seed=1, executor="ray")
    pairs = [(function, instance) for instance in args.instances for function in args.functions]
    for number, (function, instance) in enumerate(pairs):
        for side in sorted(SIDES, reverse=bool(number % 2)):
            if (side, function, instance, args.seconds) in have:
                continue
            outcome = measure_side(side, function, instance, args.seconds)
            with args.results.open("a") as file:
                file.write(json.dumps(outcome) + "\n")
            print({key: value for key, value in outcome.items() if key != "starts"}, flush=True)


def report(args: argparse.Namespace) -> None:
    """Print a row for each function, from the pairs that are complete."""
    pairs: dict[tuple[int, int], dict[str, Any]] = {}
    for outcome in load_outcomes(args.results):
        pairs.setdefault((outcome["function"], outcome["instance"]), {})[outcome["side"]] = outcome
    whole = {key: pair for key, pair in pairs.items() if len(pair) == len(SIDES)}
    print("| function | shares, s | alone, s | alone / shares | reached |\n| --- | ---: | ---: | ---: | ---: |")
    ratios = []
    for function in sorted({function for function, _ in whole}):
        chosen = [pair for key, pair in whole.items() if key[0] == function]
        walls = {side: median(pair[side]["wall"] for pair in chosen) for side in SIDES}
        ratio = [pair["alone"]["wall"] / pair["shares"]["wall"] for pair in chosen]
        ratios += ratio
        reached = ", ".join(str(sum(pair[side]["reached"] for pair in chosen)) for side in SIDES)
        print(
            f"| f{function} | {walls['shares']:.1f} | {walls['alone']:.1f} | {geometric_mean(ratio):.2f} | "
            f"{reached} of {len(chosen)} |"
        )
    starts = [pair[side]["starts"] for pair in whole.values() for side in SIDES]
    print(
        f"\nGeometric mean of {len(ratios)} pairs: {geometric_mean(ratios):.2f}. The first actor works after "
        f"{median(each[0] for each in starts):.1f} s, the last after {median(each[-1] for each in starts):.1f} s."
    )


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "report"])
    parser.add_argument("--results", type=Path, default=OUTCOMES_FILE)
    parser.add_argument("--functions", type=parse_integers, default=[6, 8, 10])
    parser.add_argument("--instances", type=parse_integers, default=[16, 17, 18])
    parser.add_argument("--seconds", type=float, default=0.05, help="how long an evaluation takes")
    args = parser.parse_args()
    {"run": run, "report": report}[args.command](args)


if __name__ == "__main__":
    main()
