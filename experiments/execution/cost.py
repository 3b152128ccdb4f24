"""Estimates what an experiment will cost: time and disk space."""

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
from ...landscapes.landscape import Landscape, escape_unprintable
from ...landscapes.opening import open_problem
from ...orchestrator.run_spec import RunSpec
from .plan import Plan
from .trust.named_code import is_user_code, list_confined, list_imported, list_programs

# CPU seconds on one core, measured in November 2026 on a shared machine with two cores: experiments with one and with
# two agents on the sphere, budgets 40 to 2,000, leases 10 to 100, 20 to 100 runs each; fitted by least squares of
# relative errors.
RUN_SECONDS = 1.7e-3
LEASE_SECONDS = 0.54e-3
OVERHEAD_SECONDS = 30e-6
"""Cost of a run, of a lease and of an evaluation (beyond the landscape's own time) while an experiment runs."""
READ_RUN_SECONDS = 1.2e-3
READ_LEASE_SECONDS = 0.19e-3
READ_EVALUATION_SECONDS = 1e-6
"""Further cost of a run, a lease and an evaluation in the summary and the report, each of which reads the log.

Measured with the same experiments.
"""
# Measured with reports on 1 to 24 landscapes with 1 to 10 strategies and 1 to 1,200 runs, on the same machine: CPU time
# of the whole, 0.1 to 6.7 s, is met within 0.3 s or a factor of 1.6.
REPORT_SECONDS = 0.3
"""Cost of an empty report: importing libraries and writing the page."""
GROUP_SECONDS = 3e-3
PORTRAIT_SECONDS = 0.05
"""Cost per strategy on a landscape, and per run that is drawn individually."""
DRAWN_RUNS = 8
"""The most runs that the report draws individually."""
TIMING_SECONDS = 0.2
TIMING_LIMIT = 2.0
"""Seconds after which timing is abandoned, as an objective may hang."""
TIMED_ROWS = 8
LEASE_BYTES = 1200
"""Size of a decision and a finding in the log."""
ROW_BYTES = 25
"""Overhead of a small chunk of points in the log, per point, beyond the numbers themselves."""
REDUCED_ROW_BYTES = 104
"""Size of the digests and the projection of a point that the log does not keep."""


def describe_plan(plan: Plan, timed: bool = False) -> str:
    """Describe a plan in words, for ``searchparty check``.

    Args:
        plan: The plan.
        timed: Whether a few points may be evaluated to estimate the time also where that runs code of a user.
            Landscapes of the package are evaluated in any case.
    """
    experiment = plan.experiment
    timed = timed or not any(map(is_user_code, {id(run.landscape): run.landscape for run in plan.runs}.values()))
    description = "\n".join(map(escape_unprintable, experiment.description.split("\n")))
    lines = [f"{experiment.name}: {description}".rstrip(": "), ""]
    landscapes, strategies = len(plan.landscapes), len(plan.strategies)
    lines += [f"{landscapes} landscape{'s' if landscapes > 1 else ''}: {_join_names(plan.landscapes)}"]
    lines += [f"{strategies} {'strategies' if strategies > 1 else 'strategy'}: {_join_names(plan.strategies)}"]
    repeats = f"{experiment.repeats} repeat{'s' if experiment.repeats > 1 else ''}"
    lines += [f"{repeats}, seed {experiment.seed}, executor {experiment.executor.kind}", ""]
    lines += [f"runs         {len(plan.runs):,}", f"evaluations  {plan.evaluations:,}"]
    lines += [
        f"time         {_time_in_words(plan, timed)}",
        f"disk         about {_format_bytes(estimate_bytes(plan))}",
    ]
    intervals = [interval for run in plan.runs if (interval := plan.find_interval(run)) > 1]
    if intervals:
        span = f"{min(intervals):,}" + (f" to {max(intervals):,}" if len(set(intervals)) > 1 else "")
        lines.append(f"points kept  one of {span}, and the best of each lease (log.keep)")
    imported, programs, confined = list_imported(experiment), list_programs(experiment), list_confined(experiment)
    if imported:
        called = "" if timed else "; no objective was called"
        lines.append(f"imported     {_join_names(tuple(imported))}, and the modules that these import{called}")
    if confined:
        lines.append(f"in a sandbox {_join_names(tuple(confined))}; not imported here")
    if programs:
        lines.append(f"programs     {_join_names(tuple(programs))}{'' if timed else '; not started'}")
    return "\n".join(lines)


def estimate_seconds(plan: Plan) -> float | None:
    """Estimate the run time in one process, in seconds, after evaluating a few points of each landscape.

    Returns:
        The estimate, or None if an evaluation takes too long to be timed.
    """
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
    """Estimate the time that the summary and the report take after all runs, in seconds."""
    groups = {(plan.labels[run.id], run.strategy) for run in plan.runs}
    reading = sum(
        READ_RUN_SECONDS + READ_LEASE_SECONDS * _count_leases(run) + READ_EVALUATION_SECONDS * run.budget
        for run in plan.runs
    )
    figures = GROUP_SECONDS * len(groups) + PORTRAIT_SECONDS * min(DRAWN_RUNS, len(groups))
    return REPORT_SECONDS + reading + figures


def _count_leases(run: RunSpec) -> int:
    """Estimate how many leases a run has."""
    lease = getattr(run.policy, "lease", None) or max(10, run.budget // (20 * len(run.team)))
    return run.budget // int(lease) + 1


def estimate_bytes(plan: Plan) -> int:
    """Estimate the size of the log, in bytes."""
    total = 0
    for run in plan.runs:
        point, interval, leases = run.facts.space.dimension * 8, plan.find_interval(run), _count_leases(run)
        rows = run.most_rows
        total += rows * (8 + ROW_BYTES) + LEASE_BYTES * leases
        if interval == 1:
            # A mini-batch row has a gradient as large as its point.
            total += rows * point * (2 if rows > run.budget else 1)
        else:
            # The best point of each lease is kept, too.
            total += rows * REDUCED_ROW_BYTES + (rows // interval + leases) * point
    return total


def time_landscapes(landscapes: Mapping[str, Landscape], evaluation: Evaluation) -> dict[str, float] | None:
    """Measure the seconds per evaluation of each landscape.

    Landscapes for which no time is left, or that cannot be evaluated here, are given the mean of the others.

    Returns:
        Seconds per evaluation, by the landscape's label; None if timing takes longer than ``TIMING_LIMIT`` seconds, or
        if no landscape can be evaluated.
    """
    found: dict[str, float] = {}

    def work() -> None:
        began = time.perf_counter()
        for label, landscape in landscapes.items():
            if found and time.perf_counter() - began > TIMING_SECONDS:
                break
            with contextlib.suppress(CannotEvaluate, OSError):
                found[label] = _time_landscape(landscape, evaluation)

    # Time in a thread that can be abandoned: an objective that hangs cannot be interrupted.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(TIMING_LIMIT)
    if thread.is_alive() or not found:
        return None
    mean = sum(found.values()) / len(found)
    return {label: found.get(label, mean) for label in landscapes}


def _time_landscape(landscape: Landscape, evaluation: Evaluation) -> float:
    """Measure the seconds of an evaluation: the faster of two, as the first may load libraries or data.

    An evaluation that fails is timed, too.
    """
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
    """Measure the seconds per evaluation in a batch of ``TIMED_ROWS``, for a landscape that is safe to evaluate."""
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


def _time_in_words(plan: Plan, timed: bool) -> str:
    """Describe how long it takes until the report is written, and how much of that is not spent on the runs."""
    told = estimate_results_seconds(plan)
    if not timed:
        return f"unknown: --time evaluates a few points; {_describe_run_time(told)} for the summary and the report"
    worked = estimate_seconds(plan)
    after = f"{_describe_run_time(told)} of it for the summary and the report"
    if worked is None:
        results = f"{_describe_run_time(told)} for the summary and the report"
        return f"unknown, because an evaluation takes too long to be measured; {results}"
    return f"about {_describe_run_time(worked + told)} in one process, {after}"


def _describe_run_time(seconds: float) -> str:
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.2g} s"


def _format_bytes(size: float) -> str:
    power = min(3, max(0, int(math.log10(max(size, 1.0)) // 3)))
    return f"{size / 1000**power:.3g} {('B', 'kB', 'MB', 'GB')[power]}"
