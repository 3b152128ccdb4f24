"""Slots for actors: plain ones, which all runs share, and special ones, which reserve particular resources as long as a
run needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...loop.executor import ExecutorError
from ..resources import Resources, count_fitting, fits_on_nodes


@dataclass(slots=True)
class ActorSlot:
    """A slot for an actor.

    Attributes:
        options: Ray's options for the actor.
        actor: The actor; None while there is none.
        identity: Ray's reference to the actor's node and process, which ``identify`` returns; None like the actor.
        generation: Number of actors that were discarded here; the actor of the slot belongs to this generation.
        load: Number of agents and whole runs that use the slot now.
    """

    options: dict[str, Any]
    actor: Any = None
    identity: Any = None
    generation: int = 0
    load: int = 0


class ActorSlots:
    """The slots of a session.

    There are no more plain slots than actors that can exist at the same time. Otherwise some actors would wait for
    others that wait for them.

    Args:
        size: Number of plain slots, if there is room for them.
        cpus: Number of CPU cores of the cluster.
        cpus_per_actor: CPU cores that Ray reserves for an actor of a plain slot.
        nodes: The resources of each node, by Ray's names.

    Attributes:
        nodes: The resources of each node.
        cpus: Number of CPU cores of the cluster.
        plain: The plain slots.

    Raises:
        ExecutorError: If no node has room for an actor.
    """

    def __init__(self, size: int, cpus: int, cpus_per_actor: float, nodes: Sequence[Mapping[str, float]]) -> None:
        self.nodes, self.cpus = nodes, cpus
        self._default = Resources().options(cpus_per_actor)
        room = sum(count_fitting(self._default, node) for node in nodes)
        if room < 1:
            raise ExecutorError(
                f"executor.cpus_per_actor must be at most the number of cores of some node, got {cpus_per_actor:g}. "
                "Lower it."
            )
        self.plain = [ActorSlot(self._default) for _ in range(int(min(size, room)))]
        self._special: dict[str, list[ActorSlot]] = {}

    def fits(self, needs: Sequence[Resources | None], also: Sequence[Mapping[str, Any]] = ()) -> bool:
        """Return whether actors fit on the nodes at the same time, together with all that may be there already.

        These are the actors of the plain slots, and those of the special slots that runs use now.

        Args:
            needs: The special resources of each actor; None for an actor that uses a plain slot.
            also: Ray's options of further processes that must fit too.
        """
        wanted = [need.options(self._default["num_cpus"]) for need in needs if need is not None]
        taken = [slot.options for slots in self._special.values() for slot in slots if slot.load]
        return fits_on_nodes([*(slot.options for slot in self.plain), *taken, *wanted, *also], self.nodes)

    def assign_slots(self, needs: Sequence[Resources | None]) -> list[ActorSlot]:
        """Assign slots to the agents of a run.

        An agent without special resources gets one of the least loaded plain slots, and shares it with another agent
        of the run only if there are too few. An agent with special resources gets a new slot.

        Args:
            needs: The special resources of each agent; None if it has none.

        Returns:
            The slots, in the order of the agents.
        """
        plain = [place for place, need in enumerate(needs) if need is None]
        order = sorted(range(len(self.plain)), key=lambda i: (self.plain[i].load, i))
        chosen = {place: self.plain[order[i % len(order)]] for i, place in enumerate(plain)}
        for place, need in enumerate(needs):
            if need is not None:
                slot = ActorSlot(need.options(self._default["num_cpus"]))
                self._special.setdefault(need.key, []).append(slot)
                chosen[place] = slot
            chosen[place].load += 1
        return [chosen[place] for place in range(len(needs))]

    def assign_run_slot(self) -> ActorSlot:
        """Assign a slot to a whole run: the least loaded of as many plain slots as there are cores."""
        slot = min(self.plain[: self.cpus], key=lambda slot: slot.load)
        slot.load += 1
        return slot

    def find_number(self, slot: ActorSlot) -> int:
        """Return the number of a plain slot, from 0 on."""
        return next(number for number, each in enumerate(self.plain) if each is slot)

    def free_slot(self, slot: ActorSlot) -> bool:
        """Release a slot that a run's agent no longer uses.

        Returns:
            Whether the slot was special and is no longer used, so that its actor holds resources that others may be
            waiting for.
        """
        slot.load -= 1
        for slots in self._special.values():
            if slot in slots and not slot.load:
                slots.remove(slot)
                return True
        return False

    def all(self) -> list[ActorSlot]:
        """Return all slots that exist now."""
        return [*self.plain, *(slot for slots in self._special.values() for slot in slots)]
