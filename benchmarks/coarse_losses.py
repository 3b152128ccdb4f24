"""Compare the party with peers where losses are rounded or noisy, or where there are few evaluations.

    python benchmarks/coarse_losses.py run       # some three minutes on 2 cores; it continues where it was stopped
    python benchmarks/coarse_losses.py report    # prints the tables

All solvers get the same functions and instances of BBOB (``PARTS``). The party was tuned on instances 1 and 2.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from comparison.coarse import NoisyLoss, RoundedRecorder, cma_in_noise, party_in_noise, peer_in_noise
from comparison.parties import run_team
from comparison.peers import PEERS, run_peer
from comparison.problem import RuntimeRecorder
from comparison.score import area

FOLDER = Path(__file__).parent / "results" / "coarse"
ROUNDED_FUNCTIONS = (1, 2, 6, 8, 10, 12, 14, 15, 17, 21)
NOISY_FUNCTIONS = (1, 6, 8, 10, 15, 21)
OTHERS = tuple(f for f in range(1, 25) if f not in (1, 5))
PYCMA = "CMA-ES (pycma)"
LOCAL = ("SLSQP", "L-BFGS-B", "Nelder-Mead", "Powell", "BOBYQA", "SBPLX", "BIPOP-CMA-ES", "differential evolution")


@dataclass(frozen=True)
class Part:
    """One row of a table: what is done to the losses, and what counts.

    Attributes:
        words: What the losses are, in words.
        functions: The functions of BBOB.
        dimensions: The dimensions.
        instances: The instances, none of which anything was tuned on.
        multiple: The budget, in multiples of D.
        solvers: The peers, beside the party.
        measure: Called with a solver's name and a problem (function, dimension, instance, multiple); returns a score.
    """

    words: str
    functions: tuple[int, ...]
    dimensions: tuple[int, ...]
    instances: tuple[int, ...]
    multiple: int
    solvers: tuple[str, ...]
    measure: Callable[[str, int, int, int, int], float]


def measure_area(kind: str) -> Callable[[str, int, int, int, int], float]:
    """Return a measure: the area under the ECDF of true losses, where solvers see rounded ones."""

    def measure(solver: str, function: int, dimension: int, instance: int, multiple: int) -> float:
        loss: RuntimeRecorder
        if kind == "exact":
            loss = RuntimeRecorder(function, dimension, instance, multiple)
        else:
            loss = RoundedRecorder(function, dimension, instance, multiple, kind)
        if solver == "party":
            run_team({}, loss, seed=instance)
        else:
            run_peer(PEERS[solver], loss, np.random.default_rng([function, dimension, instance]))
        return area(loss.runtimes, dimension, multiple)

    return measure


def measure_gap(kind: str, level: float) -> Callable[[str, int, int, int, int], float]:
    """Return a measure: log10 of the true gap at the returned point, in units of the spread of the function."""

    def measure(solver: str, function: int, dimension: int, instance: int, multiple: int) -> float:
        loss = NoisyLoss(function, dimension, instance, multiple, kind, level)
        if solver == "party":
            return loss.gap(party_in_noise(loss, instance))
        if solver == PYCMA:
            return loss.gap(cma_in_noise(loss, instance))
        return loss.gap(peer_in_noise(loss, PEERS[solver], instance))

    return measure


HELD_OUT = (6, 7, 8, 9, 10)
NOISY_PEERS = (PYCMA, "BOBYQA", "differential evolution")
PARTS: dict[str, Part] = {
    **{
        kind: Part(words, ROUNDED_FUNCTIONS, (5,), HELD_OUT[:2], 200, LOCAL, measure_area(kind))
        for kind, words in (("exact", "exact"), ("float32", "single precision"), ("six", "six digits"))
    },
    **{
        f"{kind}-{level}": Part(
            f"{words} noise {level:.0%}", NOISY_FUNCTIONS, (5,), HELD_OUT, 100, NOISY_PEERS, measure_gap(kind, level)
        )
        for kind, words in (("multiplicative", "multiplicative"), ("additive", "additive"))
        for level in (0.01, 0.1)
    },
    **{
        f"few-{multiple}": Part(
            f"{multiple} D evaluations", OTHERS, (2, 5, 10), HELD_OUT[:2], multiple, LOCAL, measure_area("exact")
        )
        for multiple in (10, 20)
    },
}


def work(task: tuple[str, str, int, int, int]) -> tuple[str, float]:
    """Measure one solver on one problem; returns the key of the outcome, and the score."""
    name, solver, function, dimension, instance = task
    part = PARTS[name]
    return "/".join(map(str, task)), part.measure(solver, function, dimension, instance, part.multiple)


def load_scores(folder: Path) -> dict[str, float]:
    """Return the scores that are stored; a last line that was cut is ignored."""
    scores: dict[str, float] = {}
    for line in (folder / "scores.jsonl").read_text().splitlines() if (folder / "scores.jsonl").exists() else ():
        try:
            scores |= json.loads(line)
        except json.JSONDecodeError:
            continue
    return scores


def list_tasks(name: str) -> list[tuple[str, str, int, int, int]]:
    """Return all tasks of a part."""
    part = PARTS[name]
    return [
        (name, solver, f, d, i)
        for i in part.instances for solver in ("party", *part.solvers) for d in part.dimensions for f in part.functions
    ]  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Measure what has not been measured yet; each score is stored at once."""
    args.results.mkdir(parents=True, exist_ok=True)
    have = load_scores(args.results)
    todo = [task for name in args.parts for task in list_tasks(name) if "/".join(map(str, task)) not in have]
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with (
        multiprocessing.get_context("spawn").Pool(args.processes) as pool,
        (args.results / "scores.jsonl").open("a") as file,
    ):
        for number, (key, score) in enumerate(pool.imap_unordered(work, todo), start=1):
            file.write(json.dumps({key: score}) + "\n")
            file.flush()
            if number % 200 == 0 or number == len(todo):
                print(f"{number}/{len(todo)}", flush=True)


def report(args: argparse.Namespace) -> None:
    """Print a table for each kind of measure, of the parts that are complete."""
    have = load_scores(args.results)
    for title, names in (
        ("area (more is better)", [name for name in args.parts if "-0." not in name]),
        ("log10 of the true gap (less is better)", [name for name in args.parts if "-0." in name]),
    ):
        solvers = list(dict.fromkeys(solver for name in names for solver in ("party", *PARTS[name].solvers)))
        print(f"\n{title}\n\n| losses | {' | '.join(solvers)} |\n| --- | {'---: | ' * len(solvers)}")
        for name in names:
            keys = ["/".join(map(str, task)) for task in list_tasks(name)]
            if not all(key in have for key in keys):
                print(f"{name}: {sum(key not in have for key in keys)} of {len(keys)} are missing", file=sys.stderr)
                continue
            means = {
                s: np.mean([have[key] for key in keys if key.split("/")[1] == s])
                for s in ("party", *PARTS[name].solvers)
            }
            cells = [f"{means[solver]:.3f}" if solver in means else "" for solver in solvers]
            print(f"| {PARTS[name].words} | {' | '.join(cells)} |")


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "report"])
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    {"run": run, "report": report}[args.command](args)


if __name__ == "__main__":
    main()
