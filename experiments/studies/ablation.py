"""Plans an ablation: a strategy, the same one without a member or a choice of its policy, and each member alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from ...orchestrator.policies.composed import Composed
from ..spec.errors import SpecError, format_problem, quote, suggest
from ..spec.load import Experiment
from ..spec.models import Strategy
from .parts import MOST_SHARED_OUT, OFF


def plan_ablation(experiment: Experiment, name: str | None = None) -> tuple[Experiment, list[str]]:
    """Return an experiment that tells what each part of a strategy is worth, and remarks.

    Members keep their names, and so their random numbers. Up to ``MOST_SHARED_OUT`` members, it has every coalition.

    Args:
        experiment: An experiment without a sweep.
        name: The strategy. Default: the one with the largest team, the first of equals.

    Raises:
        SpecError: If there is no such strategy, it has no part that could be left out, or the experiment has a sweep.
    """
    if experiment.sweep:
        cure = "Write the values that you want, and leave it out (--set sweep=null)."
        raise SpecError(
            [format_problem("sweep", "be absent from an ablation", quote(dict(experiment.sweep)), "", cure)]
        )
    strategies = experiment.strategies
    if name is not None and name not in strategies:
        cure = suggest(name, strategies)
        raise SpecError([format_problem("--strategy", "name a strategy of the experiment", quote(name), "", cure)])
    chosen = name or max(strategies, key=lambda each: len(strategies[each].team))
    strategy = strategies[chosen]
    switched = dict(_switch_off(strategy))
    if len(strategy.team) < 2 and not switched:
        rule, cure = "have a part that can be left out", "Choose a team, or a policy with choices."
        got = f"{quote(chosen)} with one member and no choice that does anything"
        raise SpecError([format_problem("strategy", rule, got, "", cure)])
    data = copy.deepcopy(dict(experiment.plain_data))
    limit = data.pop("concurrency", None)
    entry = data["strategies"][chosen]
    entry.setdefault("concurrency", limit)
    if entry["concurrency"] is None:
        del entry["concurrency"]
    data["name"] = f"{experiment.name}-ablation"
    data["description"] = f"What is each part of the strategy {chosen!r} of {experiment.name} worth?"
    data["strategies"] = dict(_vary(chosen, entry, _list_members(entry, strategy), switched))
    remarks = [] if isinstance(strategy.policy, Composed) else [
        f"The policy {strategy.policy.kind} has no choices that can be switched off: only members are left out."
    ]  # fmt: skip
    return Experiment.from_data(data), remarks


def _list_members(entry: Mapping[str, Any], strategy: Strategy) -> dict[str, Any]:
    """Return the data of each member of a team, by its name, which it is given."""
    team = entry["agents"]
    names, found = iter([name for name, _ in strategy.team]), {}
    for each in team if isinstance(team, list) else [team]:
        settings = dict(each) if isinstance(each, Mapping) else {"kind": each}
        for _ in range(settings.pop("count", 1)):
            name = next(names)
            found[name] = {**settings, "name": name}
    return found


def _switch_off(strategy: Strategy) -> Iterator[tuple[str, str]]:
    """Yield the choices of a policy that do something, each with the kind that does nothing."""
    policy = strategy.policy
    if isinstance(policy, Composed) and len(strategy.team) > 0:
        for choice, kind in OFF.items():
            # Alone, nobody shares, and the whole budget is the only agent's.
            if getattr(policy, choice).kind != kind and (choice == "radius" or len(strategy.team) > 1):
                yield choice, kind


def _vary(
    name: str, entry: Mapping[str, Any], members: Mapping[str, Any], switched: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the data of the strategy and its variants."""
    for chosen in _list_coalitions(list(members)):
        yield _name_coalition(name, chosen, list(members)), _take_members(entry, [members[each] for each in chosen])
    for choice, kind in switched.items():
        varied = _take_members(entry, list(members.values()))
        varied["policy"] = {**(entry["policy"] if isinstance(entry.get("policy"), dict) else {}), choice: kind}
        yield f"{name}, {choice}: {kind}", varied


def _list_coalitions(members: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the sets of members that are run, the whole team first."""
    sizes = range(len(members), 0, -1)
    if len(members) > MOST_SHARED_OUT:
        sizes = sorted({len(members), len(members) - 1, 1}, reverse=True)  # type: ignore[assignment]
    for size in sizes:
        yield from combinations(members, size)


def _name_coalition(name: str, chosen: tuple[str, ...], members: list[str]) -> str:
    if len(chosen) == len(members):
        return name
    if len(chosen) == 1:
        return f"{chosen[0]} alone"
    if len(chosen) == len(members) - 1:
        return f"{name} without {next(each for each in members if each not in chosen)}"
    return " and ".join(chosen)


def _take_members(entry: Mapping[str, Any], members: list[Any]) -> dict[str, Any]:
    """Return the data of a strategy with some members, of which no more may have a lease at a time than there are."""
    found = {**copy.deepcopy(dict(entry)), "agents": members}
    if "concurrency" in found:
        found["concurrency"] = min(found["concurrency"], len(members))
    return found
