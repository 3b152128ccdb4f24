"""An experiment for other numbers of workers: each size has a team and a concurrency of its own."""

from __future__ import annotations

import re

from ...agents.agent import Agent
from ...landscapes.opening import LandscapeFacts
from ..spec.errors import SpecError, format_problem, quote
from ..spec.models import Experiment, Strategy
from ..spec.opened import LandscapeCache

MOST_WORKERS_SIMULATED = 100_000
"""Most workers."""
NamedAgents = tuple[tuple[str, Agent], ...]


def parse_sizes(text: str) -> tuple[int, ...]:
    """Numbers of workers from "1,10,100", in ascending order. Raises SpecError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,6}", part) and 1 <= int(part) <= MOST_WORKERS_SIMULATED for part in parts):
        rule = f"be whole numbers from 1 to {MOST_WORKERS_SIMULATED}, separated by commas"
        raise SpecError([format_problem("--workers", rule, quote(text), "", "Write e.g. --workers 1,10,100.")])
    return tuple(sorted({int(part) for part in parts}))


def resize_team(team: NamedAgents, size: int) -> NamedAgents:
    """A team of so many agents: the first of this team, or all of them again and again in its order, so that the
    numbers of two members' copies differ by at most one.

    A copy is named after its member with the next number that is free ("cma-es", "cma-es-2"; "random-1", "random-2",
    "random-3"), and has random streams of its own.
    """
    members = list(team[:size])
    taken = {name for name, _ in team}
    latest: dict[str, int] = {}
    for place in range(len(team), size):
        name, agent = team[place % len(team)]
        numbered = re.fullmatch(r"(.*)-\d+", name)
        stem = numbered[1] if numbered else name
        number = latest.get(stem, 1) + 1
        while f"{stem}-{number}" in taken:
            number += 1
        latest[stem] = number
        taken.add(f"{stem}-{number}")
        members.append((f"{stem}-{number}", agent))
    return tuple(members)


def resize_experiment(experiment: Experiment, size: int) -> Experiment:
    """The same experiment with teams of so many agents, all of which may have a lease at once. The wall clock, which
    is another's with other workers, ends no run.

    Raises SpecError where the budget does not pay for a row of every agent. Of strategies that have become equal the
    first is kept.
    """
    variants = tuple(
        (settings, _resize_variant(variant, size, experiment.landscape_cache))
        for settings, variant in experiment.variants
    )
    found = experiment.model_copy(update={"strategies": variants[0][1].strategies})
    found._variants = variants
    return found


def _resize_variant(experiment: Experiment, size: int, opened: LandscapeCache) -> Experiment:
    strategies: dict[str, Strategy] = {}
    for name, strategy in experiment.strategies.items():
        changed = strategy.model_copy(update={"team": resize_team(strategy.team, size), "concurrency": size})
        if changed not in strategies.values():
            strategies[name] = changed
    stop = experiment.stop.model_copy(update={"seconds": None})
    found = experiment.model_copy(update={"strategies": strategies, "stop": stop})
    _check_budget(found, size, opened)
    return found


def _check_budget(experiment: Experiment, size: int, opened: LandscapeCache) -> None:
    for landscape in experiment.landscapes:
        facts = opened.facts(landscape)
        if not isinstance(facts, LandscapeFacts):
            continue
        budget = experiment.budget_for(facts.space.dimension)
        for name, strategy in experiment.strategies.items():
            needed = sum(agent.row_price(facts.space) for _, agent in strategy.team)
            if budget < needed:
                rule = f"be at least {needed}, a row for each of {size} agents of {name} on {landscape.label}"
                cure = "Raise it (--set budget=...), or name fewer workers."
                raise SpecError([format_problem("budget", rule, quote(experiment.budget), "", cure)])
