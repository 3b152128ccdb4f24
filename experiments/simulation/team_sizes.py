"""Variants of an experiment for other numbers of workers: each size has its own team and concurrency."""

from __future__ import annotations

import re

from ...agents.agent import Agent
from ...landscapes.opening import LandscapeFacts
from ..spec.errors import SpecError, format_problem, quote
from ..spec.models import Experiment, Strategy
from ..spec.opened import LandscapeCache

MOST_WORKERS_SIMULATED = 100_000
"""Maximum number of simulated workers."""
NamedAgents = tuple[tuple[str, Agent], ...]


def parse_sizes(text: str) -> tuple[int, ...]:
    """Parse numbers of workers such as "1,10,100"; return them in ascending order without duplicates.

    Raises SpecError if the text is not a list of whole numbers in range.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,6}", part) and 1 <= int(part) <= MOST_WORKERS_SIMULATED for part in parts):
        rule = f"be whole numbers from 1 to {MOST_WORKERS_SIMULATED}, separated by commas"
        raise SpecError([format_problem("--workers", rule, quote(text), "", "Write e.g. --workers 1,10,100.")])
    return tuple(sorted({int(part) for part in parts}))


def resize_team(team: NamedAgents, size: int) -> NamedAgents:
    """Return a team of ``size`` agents: the first members of ``team``, or all of them repeated in order.

    The numbers of copies of two members differ by at most one. A copy is named after its member with the next free
    number ("cma-es", "cma-es-2"; "random-1", "random-2", "random-3"), and has its own random streams.
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
    """Return the experiment with teams of ``size`` agents, all of which may have a lease at the same time.

    The limit on wall-clock time is removed, because that time would differ with other numbers of workers. If
    strategies become equal, the first is kept. Raises SpecError if the budget is too small for one row of every agent.
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
                cure = "Raise it (--set budget=...), or ask for fewer workers."
                raise SpecError([format_problem("budget", rule, quote(experiment.budget), "", cure)])
