"""What an experiment will cost: time and disk."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Mapping

import numpy as np

from ...agents.evaluation.evaluator import CannotEvaluate
from ...agents.evaluation.open import open_evaluator
from ...agents.evaluation.settings import Evaluation
from ...landscapes.landscape import Landscape
from ...landscapes.opening import open_problem
from ...orchestrator.run_spec import RunSpec
from .plan import Plan

# CPU seconds of one core, measured in November 2026 on a shared machine of two cores: experiments of one and of two
# agents on the sphere, budgets 40 to 2,000, leases 10 to 100, 20 to 100 runs each; least squares of relative errors.
RUN_SECONDS = 1.7e-3
LEASE_SECONDS = 0.54e-3
OVERHEAD_SECONDS = 30e-6
"""What a run, a lease and an evaluation (above the landscape's own time) cost while an experiment is worked."""
READ_RUN_SECONDS = 1.2e-3
READ_LEASE_SECONDS = 0.19e-3
READ_EVALUATION_SECONDS = 1e-6
"""What they cost once more in the summary and in the report, each of which reads the log: of the same experiments."""
# From reports on 1 to 40 landscapes with 1 to 10 strategies, on the same machine.
REPORT_SECONDS = 4.0
"""A report of nothing: libraries to import, the page."""
PANEL_SECONDS = 1.4
GROUP_SECONDS = 0.1
PORTRAIT_SECONDS = 1.0
"""What figures cost for each landscape, for each strategy on it, and for each run that is drawn by itself."""
DRAWN_RUNS = 8
"""So many runs at most does the report draw by themselves."""
TIMING_SECONDS = 0.2
TIMING_LIMIT = 2.0
"""Timing is given up after so long: an objective may hang."""
TIMED_ROWS = 8
LEASE_BYTES = 1200
"""A decision and a finding in the log."""
ROW_BYTES = 25
"""What a chunk of points costs in the log beside its numbers, for each point of a small one."""


def describe_plan(plan: Plan) -> str:
    """A plan in words, for ``searchparty check``."""
    experiment = plan.experiment
    lines = [f"{experiment.name}: {experiment.description}".rstrip(": "), ""]
    lines += [f"{len(plan.landscapes)} landscapes: {_join_names(plan.landscapes)}"]
    lines += [f"{len(plan.strategies)} strategies: {_join_names(plan.strategies)}"]
    lines += [f"{experiment.repeats} repeats, seed {experiment.seed}, executor {experiment.executor.kind}", ""]
    lines += [f"runs         {len(plan.runs):,}", f"evaluations  {plan.evaluations:,}"]
    lines += [f"time         {_time_in_words(plan)}", f"disk         about {_format_bytes(estimate_bytes(plan))}"]
    return "\n".join(lines)


def estimate_seconds(plan: Plan) -> float | None:
    """An estimate of the run time in one process, after evaluating a few points of each landscape; None if an
    objective takes too long to tell."""
    landscapes = {plan.labels[run.id]: run.landscape for run in plan.runs}
    per_evaluation = time_landscapes(landscapes, plan.experiment.evaluation)
    if per_evaluation is None:
        return None
    return sum(
        RUN_SECONDS
        + LEASE_SECONDS * _count_leases(run)
        + run.budget * (per_evaluation[plan.labels[run.id]] + OVERHEAD_SECONDS)
        for run in plan.runs
    )


def estimate_results_seconds(plan: Plan) -> float:
    """An estimate of the time that the summary and the report take, once all runs are done."""
    groups = {(plan.labels[run.id], run.strategy) for run in plan.runs}
    reading = sum(
        READ_RUN_SECONDS + READ_LEASE_SECONDS * _count_leases(run) + READ_EVALUATION_SECONDS * run.budget
        for run in plan.runs
    )
    figures = PANEL_SECONDS * len(plan.landscapes) + GROUP_SECONDS * len(groups)
    return REPORT_SECONDS + reading + figures + PORTRAIT_SECONDS * min(DRAWN_RUNS, len(groups))


def _count_leases(run: RunSpec) -> int:
    """About how many leases a run has."""
    lease = getattr(run.policy, "lease", None) or max(10, run.budget // (20 * len(run.team)))
    return run.budget // int(lease) + 1


def estimate_bytes(plan: Plan) -> int:
    """An estimate of the log's size."""
    total = 0
    for run in plan.runs:
        total += run.budget * ((run.facts.space.dimension + 1) * 8 + ROW_BYTES) + LEASE_BYTES * _count_leases(run)
    return total


def time_landscapes(landscapes: Mapping[str, Landscape], evaluation: Evaluation) -> dict[str, float] | None:
    """Seconds an evaluation of each landscape, by label; None if it takes too long to tell."""
    found: dict[str, float] = {}

    def work() -> None:
        began = time.perf_counter()
        for label, landscape in landscapes.items():
            if found and time.perf_counter() - began > TIMING_SECONDS:
                break
            with contextlib.suppress(CannotEvaluate, OSError):
                found[label] = _time_landscape(landscape, evaluation)

    # In a thread that can be left behind: nobody can make an objective that hangs return.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(TIMING_LIMIT)
    if thread.is_alive() or not found:
        return None
    mean = sum(found.values()) / len(found)
    return {label: found.get(label, mean) for label in landscapes}


def _time_landscape(landscape: Landscape, evaluation: Evaluation) -> float:
    """Seconds an evaluation: the faster of two, as the first may load what it needs. Failed rows take theirs too."""
    evaluator = open_evaluator(landscape, evaluation)
    point = np.full((1, evaluator.space.dimension), 0.5)
    best = np.inf
    try:
        for _ in range(2):
            began = time.perf_counter()
            evaluator.evaluate(point, False)
            best = min(best, time.perf_counter() - began)
    finally:
        evaluator.close()
    return float(best)


def measure_evaluation_seconds(landscape: Landscape) -> float:
    """Seconds an evaluation of a landscape that is harmless to evaluate, of a small batch's."""
    problem = open_problem(landscape)
    rng = np.random.default_rng(0)
    points = problem.space.to_box(rng.random((TIMED_ROWS, problem.space.dimension)))
    best = np.inf
    for _ in range(2):
        began = time.perf_counter()
        problem.evaluate(points)
        best = min(best, time.perf_counter() - began)
    return float(best) / TIMED_ROWS


def _join_names(names: tuple[str, ...], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f", ... ({len(names) - most} more)" if len(names) > most else "")


def _time_in_words(plan: Plan) -> str:
    """How long it takes until the report is there, and how much of that is not the runs."""
    worked, told = estimate_seconds(plan), estimate_results_seconds(plan)
    after = f"{_describe_run_time(told)} of it for the summary and the report"
    if worked is None:
        return f"unknown: an evaluation takes long; {_describe_run_time(told)} for the summary and the report"
    return f"about {_describe_run_time(worked + told)} in one process, {after}"


def _describe_run_time(seconds: float) -> str:
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.2g} s"


def _format_bytes(size: float) -> str:
    power = min(3, max(0, int(math.log10(max(size, 1.0)) // 3)))
    return f"{size / 1000**power:.3g} {('B', 'kB', 'MB', 'GB')[power]}"
