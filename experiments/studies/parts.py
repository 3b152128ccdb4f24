"""The parts of a strategy in results: which other strategies are the same one without a member, or a choice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..results.run_summary import RunSummary

OFF = {"sharing": "none", "radius": "fixed", "budget": "equal"}
"""The kind of each choice of a policy that does nothing."""
MOST_SHARED_OUT = 4
"""The most members whose coalitions are all run, for Shapley values."""


@dataclass(frozen=True)
class Parts:
    """A strategy of which the results have variants without some of its parts.

    Attributes:
        strategy: The name of the strategy.
        members: The names of its members.
        coalitions: The name of the strategy of each set of members that the results have, with the same settings.
        choices: The name of the strategy in which a choice of the policy is switched off, by the choice.
    """

    strategy: str
    members: tuple[str, ...]
    coalitions: dict[frozenset[str], str] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)

    def without(self, member: str) -> str | None:
        """Return the strategy of all other members; None if the results have none."""
        return self.coalitions.get(frozenset(self.members) - {member})

    def alone(self, member: str) -> str | None:
        """Return the strategy of a member alone; None if the results have none."""
        return self.coalitions.get(frozenset({member}))

    @property
    def is_complete(self) -> bool:
        """Whether the results have every coalition."""
        return len(self.coalitions) == 2 ** len(self.members) - 1


def find_parts(runs: Sequence[RunSummary]) -> list[Parts]:
    """Find the strategies that the results have variants of: with fewer members, or with a choice switched off.

    Variants have the same settings but for the part, and the same names of members, so that they have common random
    numbers.

    Args:
        runs: The runs of all strategies.
    """
    settings: dict[str, dict[str, Any]] = {}
    for run in runs:
        settings.setdefault(run.strategy, run.settings)
    found = [_find_parts_of(name, settings) for name, each in settings.items() if len(each["team"]) > 1]
    covered = [set(each.coalitions.values()) - {each.strategy} for each in found]
    # A team whose variants are all those of a larger one is a part of that.
    return [
        each
        for each in found
        if (len(each.coalitions) > 1 or each.choices) and not any(each.strategy in others for others in covered)
    ]


def _find_parts_of(name: str, settings: dict[str, dict[str, Any]]) -> Parts:
    whole = settings[name]
    team = {member: json.dumps(agent, sort_keys=True) for member, agent in whole["team"]}
    parts = Parts(name, tuple(team))
    for other, each in settings.items():
        mine = {member: json.dumps(agent, sort_keys=True) for member, agent in each["team"]}
        if not mine.items() <= team.items() or each["concurrency"] != min(whole["concurrency"], len(mine)):
            continue
        differing = [
            key for key in whole["policy"] | each["policy"] if whole["policy"].get(key) != each["policy"].get(key)
        ]
        if not differing:
            parts.coalitions.setdefault(frozenset(mine), other)
        elif len(mine) == len(team) and len(differing) == 1 and _is_off(each["policy"], differing[0]):
            parts.choices.setdefault(differing[0], other)
    return parts


def _is_off(policy: dict[str, Any], choice: str) -> bool:
    found = policy.get(choice)
    return choice in OFF and isinstance(found, dict) and found.get("kind") == OFF[choice]
