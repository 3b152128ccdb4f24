"""What an experiment comes to: its runs in order, and what they will cost."""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..agents.evaluate import CannotEvaluate, evaluator_for
from ..agents.evaluation import Evaluation
from ..landscapes.landscape import Landscape
from ..orchestrator.planned import PlannedRun, digest
from .checks import Facts, Opened
from .expand import Swept, tails
from .experiment import Experiment, Strategy
from .problems import SpecError, say

OVERHEAD_SECONDS = 15e-6
"""What an evaluation costs above the landscape."""
TIMING_SECONDS = 0.2
TIMING_LIMIT = 2.0
"""Timing is given up after so long: an objective may hang."""
TIMED_ROWS = 8
LEASE_BYTES = 1200
"""A decision and a finding in the log."""
ROW_BYTES = 25
"""What a chunk of points costs in the log beside its numbers, for each point of a small one."""


@dataclass(frozen=True)
class Plan:
    """The runs of an experiment, by landscape, then repeat, then strategy; runs that are alike stand once."""

    experiment: Experiment
    runs: tuple[PlannedRun, ...]
    labels: Mapping[str, str]
    """Run id -> the landscape's label, made different where two landscapes would have the same."""

    @property
    def evaluations(self) -> int:
        return sum(run.budget for run in self.runs)

    @property
    def landscapes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.labels[run.id] for run in self.runs))

    @property
    def strategies(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(run.strategy for run in self.runs))

    @cached_property
    def seconds(self) -> float | None:
        """An estimate of the run time in one process, after evaluating a few points of each landscape; None if an
        objective takes too long to tell."""
        landscapes = {self.labels[run.id]: run.landscape for run in self.runs}
        per_evaluation = timed(landscapes, self.experiment.evaluation)
        if per_evaluation is None:
            return None
        return sum(run.budget * (per_evaluation[self.labels[run.id]] + OVERHEAD_SECONDS) for run in self.runs)

    @cached_property
    def bytes(self) -> int:
        """An estimate of the log's size."""
        opened, total = Opened(), 0
        for run in self.runs:
            facts = opened.facts(run.landscape)
            dimension = facts.space.dimension if isinstance(facts, Facts) else 1
            lease = getattr(run.policy, "lease", None) or max(10, run.budget // (20 * len(run.team)))
            total += run.budget * ((dimension + 1) * 8 + ROW_BYTES) + LEASE_BYTES * (run.budget // lease + 1)
        return total

    def describe(self) -> str:
        """The plan in words, for ``searchparty check``."""
        experiment = self.experiment
        lines = [f"{experiment.name}: {experiment.description}".rstrip(": "), ""]
        lines += [f"{len(self.landscapes)} landscapes: {_listed(self.landscapes)}"]
        lines += [f"{len(self.strategies)} strategies: {_listed(self.strategies)}"]
        lines += [f"{experiment.repeats} repeats, seed {experiment.seed}, executor {experiment.executor.kind}", ""]
        lines += [f"runs         {len(self.runs):,}", f"evaluations  {self.evaluations:,}"]
        lines += [f"time         {_duration(self.seconds)}", f"disk         about {_size(self.bytes)}"]
        return "\n".join(lines)


def plan(experiment: Experiment) -> Plan:
    """All runs of an experiment, in order."""
    opened = Opened()
    found: dict[str, tuple[tuple[int, int, int], PlannedRun]] = {}
    order: dict[str, int] = {}
    for settings, variant in experiment.variants:
        for landscape in variant.landscapes:
            facts = opened.facts(landscape)
            if isinstance(facts, str):
                raise SpecError([facts])
            place = order.setdefault(_identity(landscape), len(order))
            for repeat in range(variant.repeats):
                for number, (name, strategy) in enumerate(variant.strategies.items()):
                    label = name + suffix(name, settings)
                    run = planned(variant, landscape, facts, label, strategy, repeat)
                    known = found.setdefault(run.id, ((place, repeat, number), run))[1]
                    # A sweep may well leave a run as it was; two names for one thing are a mistake.
                    if known.strategy != label and not settings:
                        raise SpecError([_alike(known.strategy, label)])
    runs = tuple(run for _, run in sorted(found.values(), key=lambda each: each[0]))
    return Plan(experiment, runs, _labels(runs))


def _alike(first: str, second: str) -> str:
    got = f"{first!r} and {second!r} with the same team and policy"
    return say("strategies", "differ in more than their names", got, "", "Change or leave out one of them.")


def planned(
    experiment: Experiment, landscape: Landscape, facts: Facts, label: str, strategy: Strategy, repeat: int
) -> PlannedRun:
    """One run of an experiment without a sweep."""
    stop = experiment.stop
    target = stop.target
    if stop.precision is not None and facts.minimum is not None:
        target = facts.minimum + stop.precision
    size = len(strategy.team)
    return PlannedRun(
        landscape=landscape,
        team=strategy.team,
        policy=strategy.policy,
        seed=experiment.seed,
        repeat=repeat,
        budget=experiment.budget_for(facts.space.dimension),
        concurrency=min(strategy.concurrency or experiment.concurrency or strategy.policy.at_once or size, size),
        center=experiment.region.center,
        radius=experiment.region.radius,
        target=target,
        seconds=stop.seconds,
        evaluation=experiment.evaluation,
        strategy=label,
    )


def suffix(strategy: str, settings: Swept) -> str:
    """What tells a strategy from itself under other values of a sweep: "[lease=50]". Settings of other strategies do
    not touch it, and those of landscapes show in the landscape's label."""
    short = tails([key for key, _ in settings])
    own = f"strategies.{strategy}."
    parts = [
        f"{short[key]}={_value(value)}"
        for key, value in settings
        if key.startswith(own) or not key.startswith(("strategies.", "landscapes."))
    ]
    return f"[{', '.join(parts)}]" if parts else ""


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _identity(landscape: Landscape) -> str:
    return digest(landscape.model_dump(mode="json"))


def _labels(runs: tuple[PlannedRun, ...]) -> dict[str, str]:
    """Run id -> a label that no other landscape has."""
    models = {_identity(run.landscape): run.landscape for run in runs}
    same: dict[str, list[str]] = {}
    for key, landscape in models.items():
        same.setdefault(landscape.label, []).append(key)
    names: dict[str, str] = {}
    for label, keys in same.items():
        dumps = [models[key].model_dump(mode="json") for key in keys]
        for key, dump in zip(keys, dumps, strict=True):
            telling = [k for k, v in dump.items() if any(other.get(k) != v for other in dumps)]
            names[key] = " ".join([label, *(f"{k}={_value(dump[k])}" for k in telling)])
    return {run.id: names[_identity(run.landscape)] for run in runs}


def timed(landscapes: Mapping[str, Landscape], evaluation: Evaluation) -> dict[str, float] | None:
    """Seconds an evaluation of each landscape, by label; None if it takes too long to tell."""
    found: dict[str, float] = {}

    def work() -> None:
        began = time.perf_counter()
        for label, landscape in landscapes.items():
            if found and time.perf_counter() - began > TIMING_SECONDS:
                break
            with contextlib.suppress(CannotEvaluate, OSError):
                found[label] = _time(landscape, evaluation)

    # In a thread that can be left behind: nobody can make an objective that hangs return.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(TIMING_LIMIT)
    if thread.is_alive() or not found:
        return None
    mean = sum(found.values()) / len(found)
    return {label: found.get(label, mean) for label in landscapes}


def _time(landscape: Landscape, evaluation: Evaluation) -> float:
    """Seconds an evaluation: the faster of two, as the first may load what it needs. Failed rows take theirs too."""
    evaluator = evaluator_for(landscape, evaluation)
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


def seconds_an_evaluation(landscape: Landscape) -> float:
    """Seconds an evaluation of a landscape that is harmless to evaluate, of a small batch's."""
    problem = landscape.open()
    rng = np.random.default_rng(0)
    points = problem.space.to_box(rng.random((TIMED_ROWS, problem.space.dimension)))
    best = np.inf
    for _ in range(2):
        began = time.perf_counter()
        problem.evaluate(points)
        best = min(best, time.perf_counter() - began)
    return float(best) / TIMED_ROWS


def _listed(names: tuple[str, ...], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f", ... ({len(names) - most} more)" if len(names) > most else "")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "unknown: an evaluation takes long"
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"about {seconds / size:.0f} {unit} in one process"
    return f"about {seconds:.2g} s in one process"


def _size(size: float) -> str:
    power = min(3, max(0, int(math.log10(max(size, 1.0)) // 3)))
    return f"{size / 1000**power:.3g} {('B', 'kB', 'MB', 'GB')[power]}"
