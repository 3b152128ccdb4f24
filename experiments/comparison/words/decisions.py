"""Which decisions of a team's policy mattered most, in words, for a reader who has not opened the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from ...results.decisions import share_budget
from ...results.recorded_runs import RunData
from ...results.run_summary import RunSummary
from ..comparison import Comparison
from ..ranking import find_median

MOST_READ = 3
"""Of so many runs, that is told of whose decisions gained most."""


def describe_decisions(compared: Comparison, read: Callable[[str], RunData]) -> list[str]:
    """Return the decisions that gained most in a run of the best team: a heading and up to three sentences.

    The run is a median one. Without a team, or without a notable change of the budget's shares that gained anything,
    nothing is told.

    Args:
        compared: The comparison.
        read: Returns the run with an id, with its points and events.

    Example:
        >>> from searchparty import run
        >>> from searchparty.experiments.results.recorded_runs import read_run
        >>> results = run("quickstart", executor="simulated", overrides=["repeats=1"], report=False)
        >>> told = describe_decisions(results.compare(), lambda id: read_run(results.path, id))
        >>> told[0], len(told)
        ('What mattered most in team on rastrigin D=2 shifted rotated i3, repeat 0:', 4)
    """
    runs = islice(_list_median_runs(compared), MOST_READ)
    found = [(run, share_budget(read(run.id)).most_important()) for run in runs]
    # Of equal gains the first counts.
    run, changes = max(found, key=lambda each: sum(change.gain for change in each[1]), default=(None, []))
    if run is None or not changes:
        return []
    heading = f"What mattered most in {run.strategy} on {run.landscape}, repeat {run.repeat}:"
    return [heading, *(change.describe(short=True) for change in changes)]


def _list_median_runs(compared: Comparison) -> Iterator[RunSummary]:
    """Yield the median run of each team on each problem, those of the best team first."""
    best = [] if compared.headline is None else [compared.headline.first]
    ordered = dict.fromkeys([*best, *(verdict.first for verdict in compared.verdicts), *compared.strategies])
    for name in ordered:
        for problem in compared.problems:
            if name in problem.outcomes:
                run = find_median(problem.outcomes[name]).run
                if len(run.team) > 1:
                    yield run
