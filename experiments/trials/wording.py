"""The words of a try: against whom a candidate does well and badly, and where; what changed since the last try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..comparison.bootstrap import Interval
from ..comparison.comparison import Comparison, compare_runs
from ..comparison.problems import find_identical_runs
from ..comparison.tables import mean_ranks
from ..comparison.verdict import Verdict, judge_pair
from ..comparison.wording import describe_verdict, list_names
from ..results.run_summary import RunSummary
from .standings import group_by_landscape

NOTABLE_RANKS = 0.75
"""Mean ranks in few and in many dimensions that differ by so much are told."""
NOW, BEFORE = "now", "before"


def describe_candidate(compared: Comparison, name: str) -> list[str]:
    """Return how a candidate does against each rival over all problems, and where it does well and badly."""
    rivals = [rival for rival in compared.strategies if rival != name]
    lines = [describe_verdict(judge_pair(compared.problems, name, rival, with_area=False)) for rival in rivals]
    decided: dict[str, dict[str, list[str]]] = {"better": {}, "worse": {}}
    for landscape, problems in group_by_landscape(compared.problems).items():
        for rival in rivals:
            decision = judge_pair(problems, name, rival, with_area=False).decision
            if decision in decided:
                decided[decision].setdefault(landscape, []).append(rival)
    lines.append(_describe_places("Well", "better", decided["better"], rivals))
    lines.append(_describe_places("Badly", "worse", decided["worse"], rivals))
    return [*lines, *_describe_dimensions(compared, name), *_describe_failures(compared.runs, name)]


def _describe_places(head: str, how: str, places: dict[str, list[str]], rivals: Sequence[str]) -> str:
    if not places:
        return f"{head}: nowhere is it {how} than any of {', '.join(rivals)}, as far as these runs can tell."
    told = [
        f"{landscape} ({how} than {'all' if len(found) == len(rivals) else list_names(found)})"
        for landscape, found in places.items()
    ]
    return f"{head}: {', '.join(told)}."


def _describe_dimensions(compared: Comparison, name: str) -> list[str]:
    """Return a sentence if the candidate's rank depends on the dimension; else none."""
    ranks: dict[int, list[float]] = {}
    for problem in compared.problems:
        found = mean_ranks(problem)
        if name in found:
            ranks.setdefault(problem.dimension, []).append(found[name])
    if len(ranks) < 2:
        return []
    low, high = min(ranks), max(ranks)
    one, other = float(np.mean(ranks[low])), float(np.mean(ranks[high]))
    if abs(one - other) < NOTABLE_RANKS:
        return []
    how = "worse" if other > one else "better"
    return [f"It does {how} in more dimensions: mean rank {one:.1f} at D = {low}, {other:.1f} at D = {high}."]


def _describe_failures(runs: Sequence[RunSummary], name: str) -> list[str]:
    """Return a sentence if the candidate's agents failed; else none."""
    own = [run for run in runs if run.strategy == name]
    failed = [run for run in own if any(account.failed_leases for account in run.accounts)]
    if not failed:
        return []
    causes = [cause for run in failed for account in run.accounts for cause in account.failed_leases]
    most = max(dict.fromkeys(causes), key=causes.count)
    return [f"It failed in {len(failed)} of {len(own)} runs, most often: {most}."]


@dataclass(frozen=True)
class Change:
    """What changed since the last try, on the same seeds.

    Attributes:
        score: The difference of the mean areas over the convergence curve, above 0 if it is better now: exactly 0 if
            nothing changed. Its interval is that of the verdict.
        verdict: The verdict on now against before.
        identical: How many runs are the same, to the last bit.
        runs: How many runs both have.
        landscapes: The difference of the mean areas on each landscape, and the verdict there.
    """

    score: Interval
    verdict: Verdict
    identical: int
    runs: int
    landscapes: dict[str, tuple[float, Verdict]]

    @property
    def is_noise(self) -> bool:
        """Whether the change is not more than noise."""
        return self.verdict.decision not in ("better", "worse")

    def describe(self) -> list[str]:
        """Return the change in sentences."""
        if self.runs and self.identical == self.runs:
            return [f"Unchanged: all {self.runs} runs are those of the last try, to the last bit. Change: 0."]
        change = f"Change of the mean area: {_format_signed(self.score)}"
        lines = [f"{change}; {self.identical} of {self.runs} runs are the same, to the last bit."]
        lines.append(f"That is {'not ' if self.is_noise else ''}more than noise. {describe_verdict(self.verdict)}")
        for landscape, (change_there, verdict) in self.landscapes.items():
            if verdict.decision in ("better", "worse"):
                lines.append(f"{landscape}: {verdict.decision} than before, by an area of {change_there:+.3f}.")
        return lines


def _format_signed(found: Interval) -> str:
    return f"{found.estimate:+.3f} (95 %: {found.low:+.3f} to {found.high:+.3f})"


def find_change(now: Sequence[RunSummary], before: Sequence[RunSummary], name: str) -> Change | None:
    """Return what changed between two tries of a candidate; None if they have no run in common.

    Args:
        now: The runs of the race.
        before: The runs of the race before.
        name: The name of the candidate's strategy.
    """
    common = _list_places(now, name) & _list_places(before, name)
    chosen = [
        replace(run, strategy=label)
        for label, runs in ((NOW, now), (BEFORE, before))
        for run in runs
        if run.strategy == name and (run.landscape, run.repeat) in common
    ]
    if not common:
        return None
    problems = compare_runs(chosen).problems
    verdict = judge_pair(problems, NOW, BEFORE)
    identical = sum(each.identical for each in find_identical_runs(problems))
    there = {}
    for landscape, group in group_by_landscape(problems).items():
        found = judge_pair(group, NOW, BEFORE)
        there[landscape] = (0.0 if found.area is None else found.area.estimate, found)
    score = verdict.area or Interval(0.0, 0.0, 0.0)
    return Change(score, verdict, identical, len(common), there)


def _list_places(runs: Sequence[RunSummary], name: str) -> set[tuple[str, int]]:
    return {(run.landscape, run.repeat) for run in runs if run.strategy == name and run.stopped is not None}
