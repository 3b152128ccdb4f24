"""Which runs of a results directory a replay shows."""

from __future__ import annotations

from collections.abc import Sequence

from ..execution.results_directory import ResultsError
from ..results.comparison import landscape_labels, select_runs, strategy_names
from ..results.recorded_runs import RunData
from ..spec.errors import suggest

MOST_LISTED = 20
SHORTEST_ID_PREFIX = 4
"""So many letters of an id tell a run, where no other begins so."""


def median_run(runs: Sequence[RunData]) -> RunData:
    """The run of median result."""
    return sorted(runs, key=lambda run: run.final)[(len(runs) - 1) // 2]


def representative_run(runs: Sequence[RunData]) -> RunData:
    """The run to show where none is asked for: of the strategy with most agents the one of median result, on the first
    landscape that it has runs on."""
    return _median_run_of_strategy(runs, max(runs, key=lambda run: len(run.team)).strategy)


def find_run(runs: Sequence[RunData], name: str) -> RunData:
    """The run of an id, or of its first letters, or the run of median result of a strategy. Raises ResultsError,
    with the list, where there is none."""
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
    """The run to show beside another: on the same landscape in the same repeat, of the strategy of fewest agents, and
    among those, with the best result. Beside one agent alone stands the strategy of most agents. Raises ResultsError
    where there is none."""
    beside = [r for r in runs if _landscape_and_repeat(r) == _landscape_and_repeat(run) and r.strategy != run.strategy]
    if not beside:
        raise ResultsError(
            f"--compare must have two strategies with runs on {run.landscape}, repeat {run.repeat}, got "
            f"{run.strategy!r} alone. Leave out --compare, or give two runs: --run A --run B.\n{format_run_list(runs)}"
        )
    sign = 1 if len(run.team) > 1 else -1
    return min(beside, key=lambda r: (sign * len(r.team), r.final))


def find_pair(runs: Sequence[RunData], names: Sequence[str]) -> list[RunData]:
    """Two runs on one landscape. Of a strategy that is only named, it is the run in the other's repeat, if there is
    one. Raises ResultsError where their landscapes differ."""
    first, second = (find_run(runs, name) for name in names)
    strategies = strategy_names(runs)
    if names[1] in strategies:
        second = _matching_run(runs, first, second)
    elif names[0] in strategies:
        first = _matching_run(runs, second, first)
    if first.landscape != second.landscape:
        raise ResultsError(
            f"--run and --run must be of one landscape, got {first.landscape!r} and {second.landscape!r}. Give two "
            f"runs of one.\n{format_run_list(runs)}"
        )
    if first.id == second.id:
        raise ResultsError(
            f"--run and --run must be two runs, got {first.id} twice. Give another.\n{format_run_list(runs)}"
        )
    return [first, second]


def _matching_run(runs: Sequence[RunData], run: RunData, other: RunData) -> RunData:
    """Of the other's strategy the run in the same place as a run; else on the same landscape; else the other."""
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
    """The runs, a line each."""
    lines = [f"  {run.id}  {run.strategy}, {run.landscape}, repeat {run.repeat}" for run in runs[:MOST_LISTED]]
    more = len(runs) - len(lines)
    return "\n".join([*lines, f"  ... and {more} more"] if more > 0 else lines)
