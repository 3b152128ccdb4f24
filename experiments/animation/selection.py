"""The choice of the runs of a results directory that an animation shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..execution.results_directory import ResultsError
from ..results.grouping import landscape_labels, select_runs, strategy_names
from ..results.recorded_runs import RunData
from ..spec.errors import suggest

MOST_LISTED = 20
SHORTEST_ID_PREFIX = 4
"""Minimum number of leading characters of an id that identify a run, if no other id begins with them."""


def choose_runs(all_runs: Sequence[RunData], names: Sequence[str], compare: bool, directory: Path) -> list[RunData]:
    """Choose one or two runs to show from those that have found a point.

    ``names`` are ids or strategies, at most two; ``compare`` asks for a second run beside one. Raises ResultsError.
    """
    runs = [run for run in all_runs if len(run.points.losses)]
    if not runs:
        raise ResultsError(
            f"results must hold a run that has found a point, got {directory}, where none has yet. Wait for its first "
            "leases, or continue with `searchparty resume`."
        )
    for name in names:
        if name in {r.id for r in all_runs} | {r.strategy for r in all_runs} and not any(
            name in (r.id, r.strategy) for r in runs
        ):
            raise ResultsError(
                f"--run must name a run that has found a point, got {name!r}, which has not yet. Choose one of "
                f"these.\n{format_run_list(runs)}"
            )
    if len(names) == 2:
        return find_pair(runs, names)
    run = find_run(runs, names[0]) if names else representative_run(runs)
    return [run, find_counterpart(runs, run)] if compare else [run]


def median_run(runs: Sequence[RunData]) -> RunData:
    """Return the run with the median result."""
    return sorted(runs, key=lambda run: run.final)[(len(runs) - 1) // 2]


def representative_run(runs: Sequence[RunData]) -> RunData:
    """Return the run to show if none is named: the median run of the strategy with the most agents.

    It is chosen on the first landscape on which that strategy has runs.
    """
    return _median_run_of_strategy(runs, max(runs, key=lambda run: len(run.team)).strategy)


def find_run(runs: Sequence[RunData], name: str) -> RunData:
    """Return the run with an id or a unique prefix of it, or the median run of the strategy of that name.

    Raises ResultsError with the list of runs if there is none.
    """
    if name in strategy_names(runs):
        return _median_run_of_strategy(runs, name)
    begun = [run for run in runs if run.id.startswith(name)]
    exact = [run for run in begun if run.id == name]
    if exact or (len(begun) == 1 and len(name) >= SHORTEST_ID_PREFIX):
        return (exact or begun)[0]
    raise ResultsError(
        f"--run must be a strategy or a run's id, got {name!r}. {_advice_for_name(runs, name)}\n{format_run_list(runs)}"
    )  # fmt: skip


def find_counterpart(runs: Sequence[RunData], run: RunData) -> RunData:
    """Return the run to show beside another, on the same landscape and in the same repeat.

    It is a run of the strategy with the fewest agents, or, beside a single agent, with the most agents; among equals,
    the run with the best result. Raises ResultsError if there is none.
    """
    beside = [r for r in runs if _landscape_and_repeat(r) == _landscape_and_repeat(run) and r.strategy != run.strategy]
    if not beside:
        raise ResultsError(
            f"--compare must have two strategies with runs on {run.landscape}, repeat {run.repeat}, got "
            f"{run.strategy!r} alone. Leave out --compare, or give two runs: --run A --run B.\n{format_run_list(runs)}"
        )
    sign = 1 if len(run.team) > 1 else -1
    return min(beside, key=lambda r: (sign * len(r.team), r.final))


def find_pair(runs: Sequence[RunData], names: Sequence[str]) -> list[RunData]:
    """Return two runs on one landscape, each named by an id or a strategy.

    For a strategy, choose the run in the same repeat as the other run, if there is one. Raises ResultsError if the
    landscapes differ or both names mean the same run.
    """
    first, second = (find_run(runs, name) for name in names)
    strategies = strategy_names(runs)
    if names[1] in strategies:
        second = _matching_run(runs, first, second)
    elif names[0] in strategies:
        first = _matching_run(runs, second, first)
    if first.landscape != second.landscape:
        raise ResultsError(
            f"--run and --run must be of one landscape, got {first.landscape!r} and {second.landscape!r}. Choose two "
            f"runs on the same landscape.\n{format_run_list(runs)}"
        )
    if first.id == second.id:
        raise ResultsError(
            f"--run and --run must be two runs, got {first.id} twice. Choose another.\n{format_run_list(runs)}"
        )
    return [first, second]


def _matching_run(runs: Sequence[RunData], run: RunData, other: RunData) -> RunData:
    """Return the run of the other's strategy on the landscape and in the repeat of ``run``.

    If there is none, return a run of that strategy on the same landscape, or else ``other`` itself.
    """
    same = [r for r in select_runs(runs, run.landscape, other.strategy) if r.id != run.id]
    return next((r for r in same if r.repeat == run.repeat), same[0] if same else other)


def _median_run_of_strategy(runs: Sequence[RunData], name: str) -> RunData:
    return median_run(next(group for label in landscape_labels(runs) if (group := select_runs(runs, label, name))))


def _landscape_and_repeat(run: RunData) -> tuple[str, int]:
    return run.landscape, run.repeat


def _advice_for_name(runs: Sequence[RunData], name: str) -> str:
    guess = suggest(name, [*strategy_names(runs), *(run.id for run in runs)], listed=False)
    return guess if guess.startswith("Did you") else "Choose one of these."


def format_run_list(runs: Sequence[RunData]) -> str:
    """Return a list of the runs for messages, one line per run."""
    lines = [f"  {run.id}  {run.strategy}, {run.landscape}, repeat {run.repeat}" for run in runs[:MOST_LISTED]]
    more = len(runs) - len(lines)
    return "\n".join([*lines, f"  ... and {more} more"] if more > 0 else lines)
