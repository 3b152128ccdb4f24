"""Which of a run's actors works a lease, where fewer leases are out than the team has agents."""

from __future__ import annotations

from collections.abc import Sequence

from ....agents.agent import Lease
from .actor_slots import ActorSlot


class FreeSlots:
    """The slots of a run, and which of them work a lease now.

    An agent has a slot of its own. Where leases have several lanes, few are out at a time, and the start of an actor
    takes as long as many evaluations. So the search of another agent then begins in an actor that is up and has
    nothing to do; and if an agent's actor works for another, the agent moves to one that is free, where it is rebuilt
    by replay.

    Args:
        slots: The slots of the run's agents.
        plain: The slots that any agent may use.

    Example:
        >>> from searchparty.agents.agent import Region
        >>> slots, region = [ActorSlot({}, load=1) for _ in range(3)], Region.whole(1)
        >>> free = FreeSlots(slots, slots)
        >>> first = Lease(0, "a", 60, region, "opens", fresh=True, lanes=6)
        >>> slots.index(free.take(first, slots[0]))
        0
        >>> slots[0].actor = "up"
        >>> free.release(0)
        >>> slots.index(free.take(Lease(1, "b", 10, region, "starts", fresh=True), slots[1]))
        0
    """

    def __init__(self, slots: Sequence[ActorSlot], plain: Sequence[ActorSlot]) -> None:
        own, usable = {id(slot): slot for slot in slots}, {id(slot) for slot in plain}
        agents = [id(slot) for slot in slots]
        self._lendable = [(slot, agents.count(key)) for key, slot in own.items() if key in usable]
        """The slots that any agent of the run may use, each with the number of agents to which it was assigned."""
        self._used: dict[int, ActorSlot] = {}
        """By lease: the slot that works it."""
        self._moves = False

    def take(self, lease: Lease, home: ActorSlot) -> ActorSlot:
        """Return the slot that works a lease; ``home`` is that in which its agent is."""
        self._moves = self._moves or lease.lanes > 1
        slot = self._find_slot(lease, home) if self._moves else home
        self._used[lease.id] = slot
        return slot

    def release(self, lease: int) -> None:
        """Note that a lease is no longer worked."""
        self._used.pop(lease, None)

    def _find_slot(self, lease: Lease, home: ActorSlot) -> ActorSlot:
        # What other runs use might be busy for long.
        free = [slot for slot, agents in self._lendable if slot.load == agents and not self._is_used(slot)]
        started = [slot for slot in free if slot.actor is not None]
        if not any(slot is home for slot in free):
            if not self._is_used(home) or not free:
                return home
            return (started or free)[0]
        return home if home.actor is not None or not lease.fresh or not started else started[0]

    def _is_used(self, slot: ActorSlot) -> bool:
        return any(slot is one for one in self._used.values())
