"""The team and the policy that the caller of a function gives, by kinds, settings or instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from ...agents.agent import Agent
from ...orchestrator.policies.policy import Policy
from ..spec.errors import KeyPath, ProblemList, SourcePositions, SpecError, format_path, quote
from ..spec.parts.model import resolve_kind
from ..spec.sandboxed import build_sandboxed, has_sandbox

Part = TypeVar("Part", bound=Agent | Policy)
TeamSpec = Sequence[str | Mapping[str, Any] | Agent] | Mapping[str, str | Mapping[str, Any] | Agent]


def name_agents(team: TeamSpec) -> tuple[tuple[str, Agent], ...]:
    """Return the agents of a team with their names. Raises ValueError if it is none."""
    if isinstance(team, Mapping) and team:
        return tuple(
            (str(name), build_part("agent", ("team", str(name)), Agent, entry)) for name, entry in team.items()
        )
    if isinstance(team, str) or not isinstance(team, Sequence) or not team:
        raise ValueError(
            f"team must be a list of agents or a mapping from names to agents, got {quote(team)}. "
            "Write e.g. ['cma-es']."
        )
    agents = [build_part("agent", ("team", number), Agent, entry) for number, entry in enumerate(team)]
    kinds = [agent.kind for agent in agents]
    return tuple(
        (agent.kind if kinds.count(agent.kind) == 1 else f"{agent.kind}-{kinds[:index].count(agent.kind) + 1}", agent)
        for index, agent in enumerate(agents)
    )


def build_part(family: str, path: KeyPath, base: type[Part], entry: Any) -> Part:
    """Return an agent or a policy as it is, or build it from its kind and settings.

    Args:
        family: "agent" or "policy".
        path: Where the caller gave it, for messages: ("team", 0).
        base: The base class of the family.
        entry: The part, its kind, or a mapping with its kind and its settings.

    Raises:
        SpecError: If it cannot be built. The message names the path, as the messages on a YAML do.
    """
    if isinstance(entry, base):
        return entry
    if not isinstance(entry, str | Mapping):
        raise ValueError(
            f"{format_path(path)} must be a kind, a mapping with a kind, or an instance of {base.__name__}, got "
            f"{quote(entry)}. "
            "`searchparty list agents` and `searchparty list policies` show the kinds."
        )
    notes = ProblemList(SourcePositions({}))
    if has_sandbox(entry):
        made = build_sandboxed(notes, family, cast("Mapping[str, Any]", entry), path)
        if made is None:
            raise SpecError(notes.problems)
        return cast(Part, made)
    resolved = resolve_kind(notes, family, entry if isinstance(entry, str) else dict(entry), path)
    if resolved is not None:
        cls, settings = resolved
        try:
            found: Any = cls.model_validate(settings)
            return cast(Part, found)
        except ValidationError as error:
            notes.report_validation_error(error, cls, settings, path)
    raise SpecError(notes.problems)
