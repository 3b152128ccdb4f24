"""Every agent searches with each of its settings at the ends of that setting's range."""

import numpy as np
import pytest
from drawn_settings import list_numbers, read_limits
from own_kinds import NEEDS_OPTAX
from pydantic import ValidationError

from searchparty.agents.agent import MOST_AT_ONCE, Agent, Incumbent, Region
from searchparty.agents.toolbox.training import TrainingAgent
from searchparty.experiments.minimize import build_part
from searchparty.experiments.spec import catalogue
from searchparty.experiments.spec.errors import union_members

AGENTS = catalogue.agent_classes()
SIZES = {"points_per_axis", "max_points", "candidates", "population", "batch", "first"}
"""Settings that say how many points are in memory at once."""
DIMENSION = 2


def list_ends():
    """Yield (kind, setting, value) for both ends of the range of every number, and for its least and greatest float."""
    for kind, cls in AGENTS.items():
        for name, field in cls.model_fields.items():
            if name == "batch" and issubclass(cls, TrainingAgent):
                # It is refused where a loss is no mean over rows of data.
                continue
            members = union_members(field.annotation)
            if float in members:
                values = list_numbers(np.random.default_rng(0), field)[1:]
            elif int in members:
                limits = read_limits(field)
                values = [limits["ge"], min(limits.get("le", 10**12), 300)]
            else:
                continue
            for value in dict.fromkeys(values):
                marks = pytest.mark.extras if kind in NEEDS_OPTAX else ()
                yield pytest.param(kind, name, value, id=f"{kind}-{name}-{value:.3g}", marks=marks)


@pytest.mark.parametrize(("kind", "name", "value"), list(list_ends()))
@pytest.mark.parametrize(("radius", "again"), [(0.5, False), (1e-9, False), (0.1, True)])
def test_it_searches_with_a_setting_at_an_end_of_its_range(drive, lease_of, kind, name, value, radius, again):
    agent = build_part("agent", ("agent",), Agent, {"kind": kind, name: value})
    center = np.full(DIMENSION, 0.5)
    incumbent = Incumbent("it", 0, 0, center, 0.08) if again else None
    lease = lease_of(DIMENSION, region=Region(center, radius), fresh=True, incumbent=incumbent)
    found = drive(agent, lambda x: np.square(x - 0.3).sum(axis=1), DIMENSION, 40, lambda x: 2 * (x - 0.3), lease)
    assert len(found.points) >= 1
    assert np.isfinite(found.points).all()
    assert ((found.points >= 0) & (found.points <= 1)).all()


@pytest.mark.parametrize("kind", AGENTS)
def test_what_is_held_in_memory_at_once_is_bounded(kind):
    sizes = [name for name, field in AGENTS[kind].model_fields.items() if name in SIZES]
    for name in sizes:
        build_part("agent", ("agent",), Agent, {"kind": kind, name: MOST_AT_ONCE})
        with pytest.raises((ValidationError, ValueError), match=str(MOST_AT_ONCE)):
            build_part("agent", ("agent",), Agent, {"kind": kind, name: MOST_AT_ONCE + 1})
