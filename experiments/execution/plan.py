"""Plans an experiment: all its runs, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...landscapes.landscape import Landscape
from ...landscapes.opening import LandscapeFacts
from ...orchestrator.kept_rows import choose_interval, reads_points
from ...orchestrator.run_spec import RunSpec, digest
from ..spec.errors import SpecError, format_problem, quote
from ..spec.expand import format_setting, sweep_suffix
from ..spec.models import Experiment, Strategy


@dataclass(frozen=True)
class Plan:
    """The runs of an experiment, ordered by landscape, then repeat, then strategy. Identical runs occur once.

    Attributes:
        experiment: The experiment.
        runs: Its runs, in order.
        labels: The label of each run's landscape, by run id; made unique where two landscapes would have the same one.
    """

    experiment: Experiment
    runs: tuple[RunSpec, ...]
    labels: Mapping[str, str]

    @property
    def evaluations(self) -> int:
        """The budgets of all runs together, in evaluations."""
        return sum(run.budget for run in self.runs)

    @property
    def landscapes(self) -> tuple[str, ...]:
        """The labels of the landscapes, in order."""
        return tuple(dict.fromkeys(self.labels[run.id] for run in self.runs))

    def find_interval(self, run: RunSpec) -> int:
        """Return the interval at which the log is to keep a run's rows whole, in rows; 1 if all are kept."""
        keep = self.experiment.log.keep
        return 1 if keep is None else choose_interval(run, keep / len(self.runs))

    @property
    def strategies(self) -> tuple[str, ...]:
        """The names of the strategies, in order."""
        return tuple(dict.fromkeys(run.strategy for run in self.runs))


def make_plan(experiment: Experiment) -> Plan:
    """Plan all runs of an experiment, in order.

    Raises:
        SpecError: If a landscape cannot be opened, if two strategies differ in nothing but their names, or if not all
            points are to be kept of a run that reads them.
    """
    opened = experiment.landscape_cache
    found: dict[str, tuple[tuple[int, int, int], RunSpec]] = {}
    order: dict[str, int] = {}
    for settings, variant in experiment.variants:
        for landscape in variant.landscapes:
            facts = opened.facts(landscape)
            if isinstance(facts, str):
                raise SpecError([facts])
            place = order.setdefault(_landscape_digest(landscape), len(order))
            for repeat in range(variant.repeats):
                for number, (name, strategy) in enumerate(variant.strategies.items()):
                    label = name + sweep_suffix(experiment.plain_data, name, settings)
                    run = plan_run(variant, landscape, facts, label, strategy, repeat)
                    known = found.setdefault(run.id, ((place, repeat, number), run))[1]
                    # A sweep may leave a run unchanged. Two names for the same strategy without a sweep are a mistake.
                    if known.strategy != label and not settings:
                        raise SpecError([_duplicate_message(known.strategy, label)])
    runs = _choose_runs(experiment, [run for _, run in sorted(found.values(), key=lambda each: each[0])])
    plan = Plan(experiment, runs, _unique_labels(runs))
    for run in runs:
        if plan.find_interval(run) > 1 and reads_points(run):
            got = f"{quote(experiment.log.keep)} for {run.strategy} on {plan.labels[run.id]}"
            rule = "be enough for all points where agents read the archive or a space has steps"
            raise SpecError([format_problem("log.keep", rule, got, "", "Leave it out, or raise it.")])
    return plan


def _choose_runs(experiment: Experiment, runs: list[RunSpec]) -> tuple[RunSpec, ...]:
    """Return the runs that the experiment asks for: all, or those that it names."""
    known = {run.id: run for run in runs}
    for id in experiment.runs:
        if id not in known:
            rule, cure = "be ids of runs of the experiment", "Undo the change of its settings, or leave out runs."
            raise SpecError([format_problem("runs", rule, quote(id), "", cure)])
    return tuple(run for run in runs if not experiment.runs or run.id in experiment.runs)


def find_idle_settings(experiment: Experiment) -> list[str]:
    """Return the swept settings that change no run: all runs are planned with each of their values.

    Args:
        experiment: The experiment with its sweep, whose landscapes can be opened.
    """
    planned = {
        settings: {
            plan_run(variant, landscape, facts, "", strategy, 0).id
            for landscape in variant.landscapes
            if not isinstance(facts := experiment.landscape_cache.facts(landscape), str)
            for strategy in variant.strategies.values()
        }
        for settings, variant in ((repr(each), variant) for each, variant in experiment.variants)
    }
    idle = []
    for key in experiment.sweep:
        alike: dict[str, list[set[str]]] = {}
        for settings, _ in experiment.variants:
            others = repr([each for each in settings if each[0] != key])
            alike.setdefault(others, []).append(planned[repr(settings)])
        if all(each == listed[0] for listed in alike.values() for each in listed):
            idle.append(key)
    return idle


def _duplicate_message(first: str, second: str) -> str:
    got = f"{first!r} and {second!r} with the same team and policy"
    return format_problem("strategies", "differ in more than their names", got, "", "Change or leave out one of them.")


def plan_run(
    experiment: Experiment, landscape: Landscape, facts: LandscapeFacts, label: str, strategy: Strategy, repeat: int
) -> RunSpec:
    """Plan one run of an experiment without a sweep.

    Args:
        experiment: The experiment, without a sweep.
        landscape: The landscape to search.
        facts: What is known of the landscape.
        label: The strategy's name, with the swept settings that distinguish it.
        strategy: The team and its policy.
        repeat: The number of the repeat, from 0.
    """
    stop = experiment.stop
    target = stop.target
    if stop.precision is not None and facts.minimum is not None:
        target = facts.minimum + stop.precision
    size = len(strategy.team)
    return RunSpec(
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
        known=facts,
    )


def _landscape_digest(landscape: Landscape) -> str:
    return digest(landscape.model_dump(mode="json"))


def _unique_labels(runs: tuple[RunSpec, ...]) -> dict[str, str]:
    """Return a label for each run's landscape, by run id, that no other landscape has."""
    models = {_landscape_digest(run.landscape): run.landscape for run in runs}
    same: dict[str, list[str]] = {}
    for key, landscape in models.items():
        same.setdefault(landscape.label, []).append(key)
    names: dict[str, str] = {}
    for label, keys in same.items():
        dumps = [models[key].model_dump(mode="json") for key in keys]
        for key, telling in zip(keys, _find_telling(dumps), strict=True):
            names[key] = " ".join([label, *(f"{name}={_format_value(value)}" for name, value in telling.items())])
    return {run.id: names[_landscape_digest(run.landscape)] for run in runs}


def _format_value(value: Any) -> str:
    """Return a value as a reader would write it: texts without quotes, also in lists."""
    return f"[{', '.join(map(_format_value, value))}]" if isinstance(value, list) else format_setting(value)


def _find_telling(dumps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the settings of each landscape that tell it from the others, by their dotted names."""
    flat = [dict(_list_leaves(dump)) for dump in dumps]
    names = dict.fromkeys(name for each in flat for name in each)
    telling = [name for name in names if any(name not in each or each[name] != flat[0].get(name) for each in flat)]
    return [{name: each[name] for name in telling if name in each} for each in flat]


def _list_leaves(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and the value of every setting, also within others: ("condition", 10.0), ("rate.low", 0.1).

    Parameters have the names that the user gave them, and one that is fixed is told by its value: ("rate", 0.1).
    """
    for key, value in settings.items():
        if key == "parameters" and isinstance(value, list):
            plain = {f"{key}.{name}" if name in settings else name: each.get("value", each) for name, each in value}
            yield from _list_leaves(plain)
        elif isinstance(value, Mapping) and value:
            yield from ((f"{key}.{inner}", each) for inner, each in _list_leaves(value))
        else:
            yield key, value
