"""Makes the members of a team from its entries: how many there are of each agent, and how they are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from ...agents.agent import Agent
from ...landscapes.landscape import Model
from .errors import KeyPath, ProblemList

MOST_MEMBERS = 1000
"""The most members that a team may have."""


class TeamEntry(Model):
    """An entry of ``agents``: the agent, and the settings that stand beside the agent's own."""

    count: int = Field(1, ge=1, le=MOST_MEMBERS, description="Number of members with these settings.")
    name: str | None = Field(None, min_length=1, max_length=60, description="Name of the member. Default: its kind.")
    agent: Any = Field(None, exclude=True)

    @field_validator("name", mode="after")
    @classmethod
    def _check_name(cls, value: str | None) -> str | None:
        if value is not None and not (value.isprintable() and value.strip()):
            raise ValueError(f"name must be 1 to 60 printable characters, got {value!r}. Choose another.")
        return value


def name_members(
    notes: ProblemList, entries: Sequence[TeamEntry], path: KeyPath
) -> tuple[tuple[str, Agent], ...] | None:
    """Return (name, agent) of all members of a team.

    A member is named as its entry says, or else after its kind. Names are numbered from 1 where several members share
    an entry or a kind. Two members with the same name, or too many members, are reported, and None is returned.
    """
    of_kind = Counter[str]()
    for entry in entries:
        if entry.name is None:
            of_kind[entry.agent.kind] += entry.count
    used = Counter[str]()
    team: list[tuple[str, Agent]] = []
    origin: dict[str, int] = {}
    for number, entry in enumerate(entries):
        stem = entry.name or entry.agent.kind
        several = entry.count > 1 if entry.name else of_kind[stem] > 1
        for index in range(entry.count):
            used[stem] += entry.name is None
            name = f"{stem}-{index + 1 if entry.name else used[stem]}" if several else stem
            if name in origin:
                here, there = (*path, number), (*path, origin[name])
                other = notes.places.name(there)
                got = f"{name!r} twice" + (f" (also {other})" if other else "")
                notes.report((*here, "name"), "be a name that no other member has", got, "Give them different names.")
                return None
            origin[name] = number
            team.append((name, entry.agent))
    if len(team) > MOST_MEMBERS:
        notes.report(path, f"have at most {MOST_MEMBERS} members", f"{len(team)}", "Lower their counts.")
        return None
    return tuple(team)
