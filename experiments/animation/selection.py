"""Which runs of a results directory a replay shows."""

from __future__ import annotations

from collections.abc import Sequence

from ..execution.results_directory import ResultsError
from ..results.comparison import landscapes_of, select, strategies_of
from ..results.recorded_runs import RunData
from ..spec.errors import near

MOST_LISTED = 20
LEAST_OF_AN_ID = 4
"""So many letters of an id tell a run, where no other begins so."""


def median_of(runs: Sequence[RunData]) -> RunData:
    """The run of median result."""
    return sorted(runs, key=lambda run: run.final)[(len(runs) - 1) // 2]


def most_telling(runs: Sequence[RunData]) -> RunData:
    """The run to show where none is asked for: of the strategy with most agents the one of median result, on the first
    landscape that it has runs on."""
    return _of_strategy(runs, max(runs, key=lambda run: len(run.team)).strategy)


def run_named(runs: Sequence[RunData], name: str) -> RunData:
    """The run of an id, or of its first letters, or the run of median result of a strategy. Raises ResultsError,
    with the list, where there is none."""
    if name in strategies_of(runs):
        return _of_strategy(runs, name)
    begun = [run for run in runs if run.id.startswith(name)]
    exact = [run for run in begun if run.id == name]
    if exact or (len(begun) == 1 and len(name) >= LEAST_OF_AN_ID):
        return (exact or begun)[0]
    raise ResultsError(
        f"--run must be a strategy or a run's id, got {name!r}. {_cure(runs, name)}\n{listing(runs)}"
    )  # fmt: skip


def counterpart(runs: Sequence[RunData], run: RunData) -> RunData:
    """The run to show beside another: on the same landscape in the same repeat, of the strategy of fewest agents, and
    among those, with the best result. Beside one agent alone stands the strategy of most agents. Raises ResultsError
    where there is none."""
    beside = [r for r in runs if _place(r) == _place(run) and r.strategy != run.strategy]
    if not beside:
        raise ResultsError(
            f"--compare must have two strategies with runs on {run.landscape}, repeat {run.repeat}, got "
            f"{run.strategy!r} alone. Leave out --compare, or give two runs: --run A --run B.\n{listing(runs)}"
        )
    sign = 1 if len(run.team) > 1 else -1
    return min(beside, key=lambda r: (sign * len(r.team), r.final))


def pair(runs: Sequence[RunData], names: Sequence[str]) -> list[RunData]:
    """Two runs on one landscape. Of a strategy that is only named, it is the run in the other's repeat, if there is
    one. Raises ResultsError where their landscapes differ."""
    first, second = (run_named(runs, name) for name in names)
    strategies = strategies_of(runs)
    if names[1] in strategies:
        second = _beside(runs, first, second)
    elif names[0] in strategies:
        first = _beside(runs, second, first)
    if first.landscape != second.landscape:
        raise ResultsError(
            f"--run and --run must be of one landscape, got {first.landscape!r} and {second.landscape!r}. Give two "
            f"runs of one.\n{listing(runs)}"
        )
    if first.id == second.id:
        raise ResultsError(f"--run and --run must be two runs, got {first.id} twice. Give another.\n{listing(runs)}")
    return [first, second]


def _beside(runs: Sequence[RunData], run: RunData, other: RunData) -> RunData:
    """Of the other's strategy the run in the same place as a run; else on the same landscape; else the other."""
    same = [r for r in select(runs, run.landscape, other.strategy) if r.id != run.id]
    return next((r for r in same if r.repeat == run.repeat), same[0] if same else other)


def _of_strategy(runs: Sequence[RunData], name: str) -> RunData:
    return median_of(next(group for label in landscapes_of(runs) if (group := select(runs, label, name))))


def _place(run: RunData) -> tuple[str, int]:
    return run.landscape, run.repeat


def _cure(runs: Sequence[RunData], name: str) -> str:
    guess = near(name, [*strategies_of(runs), *(run.id for run in runs)], listed=False)
    return guess if guess.startswith("Did you") else "Choose one of these."


def listing(runs: Sequence[RunData]) -> str:
    """The runs, a line each."""
    lines = [f"  {run.id}  {run.strategy}, {run.landscape}, repeat {run.repeat}" for run in runs[:MOST_LISTED]]
    more = len(runs) - len(lines)
    return "\n".join([*lines, f"  ... and {more} more"] if more > 0 else lines)
