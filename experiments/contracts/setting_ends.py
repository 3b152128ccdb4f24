"""What an agent says of its settings: their descriptions, the ends of their ranges, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from ...agents.agent import Agent
from ...agents.sandbox.confined_process import AGENT_ROLE
from ...agents.sandbox.sandboxed_agent import SandboxedAgent
from ...agents.sandbox.their_process import RefusedSettings, describe_their_class
from .clause import ExampleRefused

LARGEST_WHOLE = 300
"""The most of a whole number that is tried: beyond, it is mostly only slow."""
Schema = Mapping[str, Any]


def read_schema(agent: Agent) -> Schema:
    """Return the JSON schema of an agent's settings; of one in a sandbox, as its class says."""
    if isinstance(agent, SandboxedAgent):
        schema: Schema = agent.said["schema"]
        return schema
    return type(agent).model_json_schema()


def change_settings(agent: Agent, settings: Mapping[str, Any]) -> Agent:
    """Return an agent with other settings.

    Raises:
        ExampleRefused: Its class does not accept them: settings may exclude each other.
    """
    try:
        if not isinstance(agent, SandboxedAgent):
            return agent.with_settings(settings)
        given = agent.given | dict(settings)
        said = describe_their_class(AGENT_ROLE, agent.code, agent.sandbox, agent.openly, given)
        return SandboxedAgent.of_description(agent.code, given, said, agent.sandbox, agent.openly)
    except (ValidationError, RefusedSettings) as error:
        raise ExampleRefused(str(error)) from None


def list_undescribed(schema: Schema) -> list[str]:
    """Return the settings that have no description."""
    found = schema.get("properties", {})
    return [name for name, each in found.items() if name != "kind" and not each.get("description")]


def list_ends(schema: Schema) -> Iterator[tuple[str, int | float]]:
    """Yield (setting, value) for both ends of the range of each number, where it has any.

    Of an open range, the values next to its ends. Of numbers that begin at 0, for instance, also 1e-12.

    Args:
        schema: The JSON schema of a class.

    Example:
        >>> from searchparty.agents.grid import Grid
        >>> ("points_per_axis", 2) in set(list_ends(read_schema(Grid())))
        True
    """
    for name, each in schema.get("properties", {}).items():
        found: dict[int | float, None] = {}
        for part in each.get("anyOf", [each]):
            if part.get("type") == "number":
                found |= dict.fromkeys(_list_number_ends(part))
            elif part.get("type") == "integer":
                found |= dict.fromkeys(_list_whole_ends(part))
        yield from ((name, value) for value in found)


def _list_number_ends(part: Schema) -> Iterator[float]:
    low, high = part.get("minimum", part.get("exclusiveMinimum")), part.get("maximum", part.get("exclusiveMaximum"))
    if low is not None:
        yield float(low) if "minimum" in part else float(np.nextafter(low, np.inf))
        yield low + 1e-12 * min(1.0, np.inf if high is None else high - low)
    if high is not None:
        yield float(high) if "maximum" in part else float(np.nextafter(high, -np.inf))


def _list_whole_ends(part: Schema) -> Iterator[int]:
    low = part.get("minimum", part["exclusiveMinimum"] + 1 if "exclusiveMinimum" in part else None)
    high = part.get("maximum", part["exclusiveMaximum"] - 1 if "exclusiveMaximum" in part else LARGEST_WHOLE)
    if low is not None:
        yield int(low)
        yield max(int(low), min(int(high), LARGEST_WHOLE))
