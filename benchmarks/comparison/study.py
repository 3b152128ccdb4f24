"""Runs solvers on problems, on all cores. Each outcome is kept as a line of a file and is not computed again."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FUNCTIONS = tuple(range(1, 25))


@dataclass(frozen=True, order=True)
class StudyCell:
    """One solver on one problem. ``multiple`` is the budget in units of D."""

    solver: str
    multiple: int
    dimension: int
    instance: int
    function: int


@dataclass(frozen=True)
class Outcome:
    """Evaluations until each target was reached (inf: never), total evaluations, seconds of one core."""

    runtimes: np.ndarray
    evaluations: int
    seconds: float


def study_cells(
    solvers: Iterable[str], multiple: int, dimensions: Iterable[int], instances: Iterable[int],
    functions: Iterable[int] = FUNCTIONS,
) -> list[StudyCell]:  # fmt: skip
    """Return all combinations, instance by instance: an interrupted study is complete on the first instances."""
    solvers, dimensions, functions = list(solvers), list(dimensions), list(functions)
    return [
        StudyCell(solver, multiple, dimension, instance, function)
        for instance in instances for solver in solvers for dimension in dimensions for function in functions
    ]  # fmt: skip


class OutcomeStore:
    """Outcomes in a folder that has one file of JSON lines per solver."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, solver: str) -> Path:
        stem = "".join(letter if letter.isalnum() else "-" for letter in solver.lower())
        return self.folder / f"{stem.strip('-')}.jsonl"

    def load_outcomes(self) -> dict[StudyCell, Outcome]:
        """Load all outcomes. A last line that was cut in the middle is ignored. Files may be gzipped."""
        found = {}
        for path in sorted(self.folder.glob("*.jsonl*")):
            data = path.read_bytes()
            text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
            for line in text.splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    continue
                times = np.array([np.inf if t is None else t for t in entry.pop("runtimes")], dtype=float)
                outcome = Outcome(times, entry.pop("evaluations"), entry.pop("seconds"))
                found[StudyCell(**entry)] = outcome
        return found

    def add_outcome(self, cell: StudyCell, outcome: Outcome) -> None:
        times = [int(t) if np.isfinite(t) else None for t in outcome.runtimes]
        entry = vars(cell) | {
            "evaluations": outcome.evaluations, "seconds": round(outcome.seconds, 4), "runtimes": times,
        }  # fmt: skip
        path = self.path(cell.solver)
        cut = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n" if cut else "") + json.dumps(entry, separators=(",", ":")) + "\n")


def work_cell(cell: StudyCell) -> tuple[StudyCell, Outcome | str]:
    from .solvers import SOLVERS

    start = time.process_time()
    try:
        runtimes, evaluations = SOLVERS[cell.solver](cell.function, cell.dimension, cell.instance, cell.multiple)
    except Exception as error:
        return cell, f"{type(error).__name__}: {error}"
    return cell, Outcome(runtimes, evaluations, time.process_time() - start)


def run_study(
    store: OutcomeStore, wanted: list[StudyCell], processes: int, seconds: float | None = None
) -> list[tuple[StudyCell, str]]:
    """Work the cells that the store lacks, and start no more cells after ``seconds``.

    Returns:
        The cells that failed, each with the reason.
    """
    have = store.load_outcomes()
    todo = [cell for cell in wanted if cell not in have]
    end = None if seconds is None else time.monotonic() + seconds
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    wrong, began = [], time.monotonic()
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=2000) as pool:
        for number, (cell, outcome) in enumerate(pool.imap_unordered(work_cell, todo), start=1):
            if isinstance(outcome, str):
                wrong.append((cell, outcome))
                print(f"{cell}: {outcome}", flush=True)
            else:
                store.add_outcome(cell, outcome)
            if number % 200 == 0 or number == len(todo):
                print(f"{number}/{len(todo)} problems, {time.monotonic() - began:.0f} s", flush=True)
            if end is not None and time.monotonic() > end:
                print(f"The time is up: {len(todo) - number} problems are left for the next call.")
                pool.terminate()
                break
    return wrong
