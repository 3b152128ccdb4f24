"""The race of a try: a candidate's runs on six landscapes in three dimensions, with the same seeds as its rivals'."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...agents.sandbox.confined_process import limit_conversations
from ...orchestrator.run_spec import RunSpec
from ..execution.plan import make_plan
from ..execution.session import RunInterrupted, begin_session
from ..execution.watcher import RunStatus, Watcher
from ..minimize import DEFAULT_TEAM
from ..results.run_summary import RunSummary, read_summaries
from ..spec.load import Experiment

LANDSCAPES = ("ellipsoid", "rosenbrock", "rastrigin", "ackley", "schwefel", "griewank")
"""A stretched bowl, a curved valley, a grid of minima, a plain with a hole, a deceptive one, a bowl with ripples."""
RIVALS = ("random", "slsqp", "cma-es")
"""The agents that an agent is raced against."""
RIVAL_POLICIES: Mapping[str, Any] = {
    "equal": {"kind": "composed", "budget": "equal", "sharing": "broadcast"},
    "bandit": {"kind": "composed", "budget": "bandit", "sharing": "broadcast"},
    "party": {"kind": "party"},
}
"""The policies that a policy is raced against, each with the same team."""
DUEL_RIVALS = {"agent": "cma-es", "policy": "party"}
"""Against whom the studio shows a candidate."""
DUEL_EVALUATIONS = 400
SEED = 1


@dataclass(frozen=True)
class RaceSize:
    """How large a race is.

    Attributes:
        dimensions: The dimensions of each landscape.
        seeds: The runs of each strategy on each landscape.
        per_axis: The evaluations of a run, for each axis.
    """

    dimensions: tuple[int, ...] = (2, 5, 10)
    seeds: int = 5
    per_axis: int = 100

    @property
    def evaluations(self) -> int:
        """The evaluations of one strategy."""
        return len(LANDSCAPES) * sum(self.dimensions) * self.seeds * self.per_axis

    def describe(self) -> str:
        """Return the size in words."""
        dimensions = ", ".join(map(str, self.dimensions))
        return f"{len(LANDSCAPES)} landscapes x D {dimensions} x {self.seeds} seeds x {self.per_axis} D evaluations"


SIZES = (RaceSize(), RaceSize((2, 5)), RaceSize((2, 5), seeds=3), RaceSize((2,), seeds=3))
"""The sizes of races, the usual one first: slower candidates have smaller ones."""


def choose_size(seconds_each: float, seconds: float) -> RaceSize:
    """Return the largest size of a race for which there is time, or the smallest.

    Args:
        seconds_each: What an evaluation of the candidate takes, in seconds.
        seconds: The time for all of them.
    """
    return next((size for size in SIZES if size.evaluations * seconds_each <= seconds), SIZES[-1])


def make_race(family: str, name: str, entry: Mapping[str, Any], size: RaceSize, base: str) -> Experiment:
    """Return the experiment of a candidate's runs.

    Args:
        family: "agent" or "policy".
        name: The name of the candidate's strategy.
        entry: The candidate as a YAML has it.
        size: How large the race is.
        base: The folder in which paths start.
    """
    if family == "agent":
        strategy: dict[str, Any] = {"agents": [dict(entry)]}
    else:
        strategy = {"agents": list(DEFAULT_TEAM), "policy": dict(entry)}
    return _make_experiment(f"try {name}", {name: strategy}, size, base)


def make_rivals(family: str) -> Experiment:
    """Return the experiment of the runs of all rivals. It is the same for every candidate of a family.

    Args:
        family: "agent" or "policy".
    """
    strategies: dict[str, Any] = {rival: {"agents": [rival]} for rival in RIVALS}
    if family == "policy":
        team = list(DEFAULT_TEAM)
        strategies = {rival: {"agents": team, "policy": policy} for rival, policy in RIVAL_POLICIES.items()}
    return _make_experiment("rivals", strategies, SIZES[0], None)


def make_duel(family: str, name: str, entry: Mapping[str, Any]) -> Experiment:
    """Return an experiment of two runs to watch: a candidate against the best known of its family, on two axes.

    Args:
        family: "agent" or "policy".
        name: The name of the candidate's strategy.
        entry: The candidate as a YAML has it, with the whole path of its file.
    """
    rival = DUEL_RIVALS[family]
    if family == "agent":
        strategies: dict[str, Any] = {name: {"agents": [dict(entry)]}, rival: {"agents": [rival]}}
    else:
        team = list(DEFAULT_TEAM)
        strategies = {name: {"agents": team, "policy": dict(entry)}, rival: {"agents": team, "policy": rival}}
    landscape = {"kind": "rastrigin", "dimension": 2, "shift": "random", "rotate": True}
    data = {
        "name": f"{name} against {rival}", "seed": SEED, "budget": DUEL_EVALUATIONS, "landscapes": [landscape],
        "strategies": strategies, "executor": "simulated",
    }  # fmt: skip
    return Experiment.from_data(data)


def _make_experiment(name: str, strategies: Mapping[str, Any], size: RaceSize, base: str | None) -> Experiment:
    landscape = {"kind": list(LANDSCAPES), "dimension": list(size.dimensions), "shift": "random", "rotate": True}
    data = {
        "name": name, "seed": SEED, "repeats": size.seeds, "budget": f"{size.per_axis} D",
        "landscapes": [landscape], "strategies": dict(strategies), "executor": "simulated",
    }  # fmt: skip
    return Experiment.from_data(data, base)


class _Deadline:
    """Passes on the progress of a race, and stops it when its time is over."""

    def __init__(self, watcher: Watcher | None, end: float) -> None:
        self._watcher, self._end = watcher, end
        self.is_over = False

    def on_run_begin(self, planned: RunSpec, run: RunStatus) -> None:
        if self._watcher is not None:
            self._watcher.on_run_begin(planned, run)

    def on_run_step(self, run: str) -> None:
        if self._watcher is not None:
            self._watcher.on_run_step(run)
        if time.monotonic() > self._end:
            self.is_over = True
            raise KeyboardInterrupt

    def on_run_end(self, run: str, error: Exception | None) -> None:
        if self._watcher is not None:
            self._watcher.on_run_end(run, error)


@dataclass(frozen=True)
class Raced:
    """The candidate's part of a race.

    Attributes:
        path: Its results directory.
        size: How large it was to be.
        runs: The candidate's runs.
        errors: The error of each run that failed, by its id.
        cut: Whether its time was over before all runs had ended.
    """

    path: Path
    size: RaceSize
    runs: list[RunSummary]
    errors: dict[str, Exception]
    cut: bool


def run_race(experiment: Experiment, size: RaceSize, path: Path, end: float, watcher: Watcher | None = None) -> Raced:
    """Run a candidate's part of a race into a new directory, until a time.

    Args:
        experiment: The experiment (``make_race``).
        size: Its size.
        path: The directory.
        end: When it must end, on the monotonic clock.
        watcher: Is notified of the progress.
    """
    deadline = _Deadline(watcher, end)
    errors: dict[str, Exception] = {}
    plan = make_plan(experiment)
    try:
        # A run is stopped between leases, each of which may take a slow candidate minutes.
        with limit_conversations(end + 1.0):
            _, errors = begin_session(plan, path, deadline)
    except RunInterrupted:
        if not deadline.is_over:
            raise
    return Raced(path, size, read_summaries(path), errors, deadline.is_over)
