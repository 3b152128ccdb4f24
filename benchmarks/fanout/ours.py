"""Measures searchparty: an ordinary run, including its log on disk, whose batches fan out over a pool of children."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from searchparty.agents.evaluation.evaluator import EvaluationResult, Evaluator
from searchparty.agents.evaluation.open import open_evaluator
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.landscape import Array
from searchparty.landscapes.python_function import UserFunction
from searchparty.orchestrator.executors.in_process import InProcessExecutor
from searchparty.orchestrator.log.log_file import LogFile
from searchparty.orchestrator.loop.drive import begin_run, drive_run
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec

from .cell import Cell, warm_up

OBJECTIVE = """\
import time

def sleeping(x):
    time.sleep({sleep!r})
    return float(x[0])
"""


def measure_searchparty(workers: int, sleep: float, seconds: float, small: bool = False) -> Cell:
    """Measure a run of one batch, as the other libraries get all tasks in one call.

    With ``small``, the run has batches of one row per worker, each of which begins only when the previous one is done.
    One worker is the run's own process, as with the other libraries.
    """
    name = "ours-small" if small else "ours"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        source = folder / "sleeping.py"
        source.write_text(OBJECTIVE.format(sleep=sleep))
        landscape = UserFunction(function=f"{source}:sleeping", bounds=((0.0, 1.0),) * 2)
        evaluation = Evaluation(workers=workers) if workers > 1 else Evaluation()
        with start_evaluator(landscape, evaluation, workers) as (evaluator, startup):

            def run(count: int) -> float:
                return time_run(landscape, evaluation, evaluator, count, workers if small else count, folder)[0]

            count = warm_up(workers, sleep, seconds, run)
            evaluating, whole = time_run(landscape, evaluation, evaluator, count, workers if small else count, folder)
            return Cell(name, workers, sleep, count, evaluating, startup + whole - evaluating)


class TimedEvaluator:
    """An evaluator that records when it is first called and when it last answers."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator, self.space, self.rowwise = evaluator, evaluator.space, evaluator.rowwise
        self.first = self.last = 0.0

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        self.first = self.first or time.perf_counter()
        found = self.evaluator.evaluate(cube, with_gradient)
        self.last = time.perf_counter()
        return found

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> Iterator[tuple[int, EvaluationResult]]:
        self.first = self.first or time.perf_counter()
        yield from self.evaluator.evaluate_in_pieces(cube, with_gradient)
        self.last = time.perf_counter()

    def evaluate_share(self, cube: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        return self.evaluator.evaluate_share(cube, rows)

    def measure(self, point: Array) -> dict[str, float]:
        return {}

    def close(self) -> None:
        """Do nothing: the caller that opened the evaluator closes it."""


@contextmanager
def start_evaluator(landscape: UserFunction, evaluation: Evaluation, workers: int) -> Iterator[tuple[Evaluator, float]]:
    """Open the evaluator of a run and let each child evaluate once; yield it with the seconds that this took."""
    began = time.perf_counter()
    evaluator = open_evaluator(landscape, evaluation)
    try:
        evaluator.evaluate(np.full((workers, 2), 0.5), False)
        yield evaluator, time.perf_counter() - began
    finally:
        evaluator.close()


def time_run(
    landscape: UserFunction, evaluation: Evaluation, evaluator: Evaluator, count: int, batch: int, folder: Path
) -> tuple[float, float]:
    """Run ``count`` evaluations and measure the time.

    Returns:
        Seconds from the first evaluation to the last, and seconds including opening and closing the log.
    """
    team = (("random", RandomSearch(batch=batch)),)
    plan = RunSpec(landscape, team, Composed(lease=count), 0, 0, count, 1, evaluation=evaluation)
    clocked = TimedEvaluator(evaluator)
    began = time.perf_counter()
    file = LogFile(folder / f"{time.monotonic_ns()}.sqlite")
    log = file.run(plan)
    for _ in drive_run(begin_run(plan), plan, plan.policy, InProcessExecutor(plan, log, clocked), log):
        pass
    file.close()
    return clocked.last - clocked.first, time.perf_counter() - began
