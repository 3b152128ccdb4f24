"""Places for actors: plain ones, which all runs share, and such as hold something in particular for as long as a run
goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...loop.executor import ExecutorError
from ..resources import Resources, count_fitting, fits_on_nodes


@dataclass(slots=True)
class ActorSlot:
    """A place for an actor. ``generation`` counts the actors it has had."""

    options: dict[str, Any]
    actor: Any = None
    generation: int = 0
    load: int = 0
    """Agents and whole runs that live here now."""


class ActorSlots:
    """Places on ``nodes`` (the resources of each): as many plain ones as ``size`` says, but no more than can be there
    at once, or some would wait for others that wait for them."""

    def __init__(self, size: int, cpus: int, cpus_per_actor: float, nodes: Sequence[Mapping[str, float]]) -> None:
        self.nodes, self.cpus = nodes, cpus
        self._default = Resources().options(cpus_per_actor)
        room = sum(count_fitting(self._default, node) for node in nodes)
        if room < 1:
            raise ExecutorError(
                f"executor.cpus_per_actor must be what some node has, got {cpus_per_actor:g}. Lower it."
            )
        self.plain = [ActorSlot(self._default) for _ in range(int(min(size, room)))]
        self._special: dict[str, list[ActorSlot]] = {}

    def fits(self, needs: Sequence[Resources | None], also: Sequence[Mapping[str, Any]] = ()) -> bool:
        """Whether actors of these needs can be there at once, beside all that may be there already (the plain ones,
        and those of runs under way), with processes of the options ``also``."""
        wanted = [need.options(self._default["num_cpus"]) for need in needs if need is not None]
        taken = [slot.options for slots in self._special.values() for slot in slots if slot.load]
        return fits_on_nodes([*(slot.options for slot in self.plain), *taken, *wanted, *also], self.nodes)

    def assign_slots(self, needs: Sequence[Resources | None]) -> list[ActorSlot]:
        """Slots for the agents of a run: the least loaded, one each as long as there are enough; one of its own for
        an agent that needs something in particular."""
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
        """A slot for a whole run: the least loaded of as many as there are cores."""
        slot = min(self.plain[: self.cpus], key=lambda slot: slot.load)
        slot.load += 1
        return slot

    def free_slot(self, slot: ActorSlot) -> bool:
        """A run's agent lives in a slot no more; whether its actor holds what others may be waiting for."""
        slot.load -= 1
        for slots in self._special.values():
            if slot in slots and not slot.load:
                slots.remove(slot)
                return True
        return False

    def all(self) -> list[ActorSlot]:
        """All that there are now."""
        return [*self.plain, *(slot for slots in self._special.values() for slot in slots)]
