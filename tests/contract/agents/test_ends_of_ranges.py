"""The settings that say how many points are in memory at once have a greatest value."""

import pytest
from pydantic import ValidationError

from searchparty.agents.agent import MOST_AT_ONCE, Agent
from searchparty.experiments.minimization.team import build_part
from searchparty.experiments.spec import catalogue

AGENTS = catalogue.agent_classes()
SIZES = {"points_per_axis", "max_points", "candidates", "population", "batch", "first"}
"""Settings that say how many points are in memory at once."""


@pytest.mark.parametrize("kind", AGENTS)
def test_what_is_held_in_memory_at_once_is_bounded(kind):
    sizes = [name for name, field in AGENTS[kind].model_fields.items() if name in SIZES]
    for name in sizes:
        build_part("agent", ("agent",), Agent, {"kind": kind, name: MOST_AT_ONCE})
        with pytest.raises((ValidationError, ValueError), match=str(MOST_AT_ONCE)):
            build_part("agent", ("agent",), Agent, {"kind": kind, name: MOST_AT_ONCE + 1})
