"""At what cost: what a success costs, what the experiment took, and what more of it would take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...results.run_summary import RunSummary
from ...results.time_use import format_duration
from ..bootstrap import Pair, pair_up
from ..comparison import Comparison
from ..power import Advice
from ..verdict import Verdict
from ..wording import format_factor

LEAST_SECONDS = 10.0
"""Times below this are not told: nobody waits for them."""


def describe_cost(compared: Comparison, verdict: Verdict | None) -> str:
    """Return what a success costs either of two strategies, and what all runs took, in a sentence.

    What a success takes is the expected running time: the geometric mean over the problems that both solve, so that
    their ratio is that of the verdict.

    Args:
        compared: The comparison.
        verdict: The verdict on the two; None if there is none.
    """
    ended = [run for run in compared.runs if run.stopped is not None]
    spent = sum(run.evaluations for run in ended)
    seconds = _measure_seconds(ended)
    took = f" ({_format_time(seconds)})" if seconds is not None and seconds >= LEAST_SECONDS else ""
    runs = {1: "the only run", 2: "both runs"}.get(len(ended), f"all {len(ended):,} runs")
    success = "" if verdict is None else _describe_success(compared, verdict)
    if not success:
        return f"{runs} took {_count_evaluations(f'{spent:,}')}{took}."
    return f"{success}; {runs} took {spent:,}{took}."


def _describe_success(compared: Comparison, verdict: Verdict) -> str:
    """Return what a success costs either of two strategies; "" if neither has one."""
    pairs = [pair for pair in pair_up(compared.problems, verdict.first, verdict.second) if pair.solved]
    both = [pair for pair in pairs if pair.first.solved and pair.second.solved]
    if both:
        first, second = _average(both, first=True), _average(both, first=False)
        return f"each success costs {verdict.first} {_count_evaluations(first)}, {verdict.second} {second}"
    if not pairs or (verdict.only_first and verdict.only_second):
        return ""
    won = bool(verdict.only_first)
    names = (verdict.first, verdict.second) if won else (verdict.second, verdict.first)
    lost = sum(float((pair.second if won else pair.first).spent.sum()) for pair in pairs)
    cost = _count_evaluations(_average(pairs, first=won))
    return f"each success costs {names[0]} {cost}, {names[1]} had none in {lost:,.0f}"


def _average(pairs: Sequence[Pair], first: bool) -> str:
    times = [(pair.first if first else pair.second).log_time for pair in pairs]
    return format_factor(float(np.exp(np.mean(times))))


def _count_evaluations(count: str) -> str:
    return f"{count} evaluation" if count == "1" else f"{count} evaluations"


def describe_more(compared: Comparison, advice: Advice) -> str:
    """Return what the repeats cost that are advised and not there: "about 1,200 evaluations (20 min of work)"."""
    ended = [run for run in compared.runs if run.stopped is not None]
    spent, seconds = sum(run.evaluations for run in ended), _measure_seconds(ended)
    told = f"about {_count_evaluations(format_factor(advice.evaluations))}"
    more = seconds * advice.evaluations / spent if seconds is not None and spent else 0.0
    return f"{told} ({_format_time(more)})" if more >= LEAST_SECONDS else told


def _format_time(seconds: float) -> str:
    """Return seconds of work with two significant digits: "18 s of work"."""
    return f"{format_duration(float(f'{seconds:.2g}'))} of work"


def _measure_seconds(runs: Sequence[RunSummary]) -> float | None:
    """Return for how many seconds agents and landscapes worked; None if a log does not have the times."""
    times = [run.time for run in runs]
    return sum(time.worked for time in times if time is not None) if all(time is not None for time in times) else None
