"""Groups runs by landscape, by problem and by strategy."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from .run_summary import RunSummary


class NamedRun(Protocol):
    """What grouping asks of a run: the names of its landscape and of its strategy."""

    @property
    def landscape(self) -> str:
        """The label of its landscape."""

    @property
    def strategy(self) -> str:
        """The name of its strategy."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the run, as plain data."""


_Run = TypeVar("_Run", bound=NamedRun)


def landscape_labels(runs: Sequence[NamedRun]) -> list[str]:
    """Return the labels of the landscapes, in the order of the plan."""
    return list(dict.fromkeys(run.landscape for run in runs))


def strategy_names(runs: Sequence[NamedRun]) -> list[str]:
    """Return the names of the strategies, in the order of the plan."""
    return list(dict.fromkeys(run.strategy for run in runs))


def select_runs(runs: Sequence[_Run], landscape: str, strategy: str) -> list[_Run]:
    """Return the runs of one strategy on one landscape."""
    return [run for run in runs if run.landscape == landscape and run.strategy == strategy]


def group_runs(runs: Sequence[_Run]) -> dict[str, dict[str, list[_Run]]]:
    """Group runs by landscape, then by strategy, all in the order of the plan, in a single pass over the runs."""
    return _group_by([run.landscape for run in runs], runs)


def _group_by(keys: Sequence[str], runs: Sequence[_Run]) -> dict[str, dict[str, list[_Run]]]:
    order = {strategy: place for place, strategy in enumerate(strategy_names(runs))}
    found: dict[str, dict[str, list[_Run]]] = {}
    for key, run in zip(keys, runs, strict=True):
        found.setdefault(key, {}).setdefault(run.strategy, []).append(run)
    return {key: dict(sorted(groups.items(), key=lambda group: order[group[0]])) for key, groups in found.items()}


def problem_key(run: NamedRun) -> str:
    """Return what the landscapes of a problem have in common: their settings without the instance."""
    landscape = run.settings["landscape"]
    return json.dumps({key: value for key, value in landscape.items() if key != "instance"}, sort_keys=True)


def group_problems(runs: Sequence[RunSummary]) -> dict[str, dict[str, list[RunSummary]]]:
    """Group runs by problem, then by strategy, for what is drawn of their losses.

    Landscapes that differ in their instance alone are one problem. Losses of several instances can only be drawn as
    gaps above their minima: the summaries have these, with the minimum 0. Instances with unknown minima are apart.
    """
    gathered: dict[str, list[RunSummary]] = {}
    for run in runs:
        gathered.setdefault(problem_key(run), []).append(run)
    found: dict[str, dict[str, list[RunSummary]]] = {}
    for listed in gathered.values():
        if len({run.landscape for run in listed}) == 1 or any(run.minimum is None for run in listed):
            found |= group_runs(listed)
        else:
            gaps = [run.measure_gaps() for run in listed]
            found |= _group_by([name_problem(listed)] * len(gaps), gaps)
    return found


def find_minima(groups: dict[str, dict[str, list[RunSummary]]]) -> dict[str, float | None]:
    """Return the known minimum of each problem; None where it is unknown."""
    return {
        problem: next((run.minimum for runs in found.values() for run in runs), None)
        for problem, found in groups.items()
    }


def name_problem(runs: Sequence[NamedRun]) -> str:
    """Return the label of the landscapes without their instances; of a single landscape, its label."""
    instances = {run.landscape: run.settings["landscape"].get("instance") for run in runs}
    if len(instances) == 1:
        return next(iter(instances))
    bare = {re.sub(rf"\s+(?:i|instance=){number}(?=\s|$)", "", label) for label, number in instances.items()}
    return next(iter(bare)) if len(bare) == 1 else next(iter(instances))
