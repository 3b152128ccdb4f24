"""Which actor works a lease, where fewer leases are out than the team has agents."""

import pytest

from searchparty.agents.agent import Lease, Region

pytest.importorskip("ray")
from searchparty.orchestrator.executors.on_ray.actor_slots import ActorSlot
from searchparty.orchestrator.executors.on_ray.free_slots import FreeSlots


class Slots:
    """Slots of agents "0", "1", ..., the first of which is up."""

    def __init__(self, *loads, plain=None):
        self.all = [ActorSlot({}, actor=None if n else "up", load=load) for n, load in enumerate(loads)]
        self.homes = {str(n): slot for n, slot in enumerate(self.all)}
        self.free = FreeSlots(self.homes, self.all[:plain])

    def take(self, id, agent, lanes=1, fresh=True):
        """Return the number of the slot that works a lease."""
        moved = self.free.take(Lease(id, agent, 10, Region.whole(1), "test", fresh=fresh, lanes=lanes))
        found = next(n for n, slot in enumerate(self.all) if slot is self.homes[agent])
        assert moved is (found != int(agent)) or id > 1
        return found


def test_without_lanes_every_agent_has_its_own():
    slots = Slots(1, 1)
    assert slots.take(0, "0") == 0
    slots.free.release(0)
    assert slots.take(1, "1") == 1


def test_with_lanes_a_search_begins_in_an_actor_that_is_up_and_carries_on_in_its_own():
    slots = Slots(1, 1, 1, 1)
    assert slots.take(0, "0", lanes=2) == 0
    assert slots.take(1, "1") == 1
    slots.free.release(0)
    assert slots.take(2, "2", fresh=False) == 2
    assert slots.take(3, "3") == 0


def test_who_finds_its_actor_at_work_moves_to_a_free_one():
    slots = Slots(1, 1)
    slots.take(0, "0", lanes=2)
    assert slots.take(1, "0", fresh=False) == 1
    # Nothing is free: it waits for the actor where it is.
    assert slots.take(2, "0", fresh=False) == 1


def test_actors_of_other_runs_and_those_with_special_resources_are_left_alone():
    slots = Slots(2, 1, 1, plain=2)
    slots.take(0, "2", lanes=2)
    assert slots.take(1, "1") == 1
    assert slots.take(2, "2") == 2
