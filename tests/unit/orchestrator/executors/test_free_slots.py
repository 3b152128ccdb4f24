"""Which actor works a lease, where fewer leases are out than the team has agents."""

import pytest

from searchparty.agents.agent import Lease, Region

pytest.importorskip("ray")
from searchparty.orchestrator.executors.on_ray.actor_slots import ActorSlot
from searchparty.orchestrator.executors.on_ray.free_slots import FreeSlots


def lease(id, lanes=1, fresh=True):
    return Lease(id, "a", 10, Region.whole(1), "test", fresh=fresh, lanes=lanes)


def slots(*loads):
    return [ActorSlot({}, actor="up" if n == 0 else None, load=load) for n, load in enumerate(loads)]


def test_without_lanes_every_agent_has_its_own():
    own = slots(1, 1)
    free = FreeSlots(own, own)
    assert free.take(lease(0), own[0]) is own[0]
    free.release(0)
    assert free.take(lease(1), own[1]) is own[1]


def test_with_lanes_a_search_begins_in_an_actor_that_is_up_and_carries_on_in_its_own():
    own = slots(1, 1, 1)
    free = FreeSlots(own, own)
    assert free.take(lease(0, lanes=2), own[0]) is own[0]
    assert free.take(lease(1), own[1]) is own[1]
    free.release(0)
    assert free.take(lease(2, fresh=False), own[2]) is own[2]
    assert free.take(lease(3), own[2]) is own[0]


def test_who_finds_its_actor_at_work_moves_to_a_free_one():
    own = slots(1, 1)
    free = FreeSlots(own, own)
    free.take(lease(0, lanes=2), own[0])
    assert free.take(lease(1, fresh=False), own[0]) is own[1]
    # Nothing is free: it waits for its own.
    assert free.take(lease(2, fresh=False), own[0]) is own[0]


def test_actors_of_other_runs_and_those_with_special_resources_are_left_alone():
    own = slots(2, 1, 1)
    free = FreeSlots(own, own[:2])
    free.take(lease(0, lanes=2), own[2])
    assert free.take(lease(1), own[1]) is own[1]
    assert free.take(lease(2), own[2]) is own[2]
