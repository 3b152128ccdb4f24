"""The actors of a session: places for them, what streams back from them, and what becomes of those that are lost."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ray
from ray.exceptions import RayActorError, RayError

from ...drive import ExecutorError, ExecutorLost
from ..resources import Resources
from .seat import seat
from .session import cluster_cpus, is_client, pulse, start_ray


@dataclass(slots=True)
class Slot:
    """A place for an actor. ``generation`` counts the actors it has had."""

    options: dict[str, Any]
    actor: Any = None
    generation: int = 0
    load: int = 0
    """Agents and whole runs that live here now."""


class Receiver(Protocol):
    """Who hears of what a call streams back; ``key`` is what the call was made under."""

    def take(self, key: Any, item: Any) -> None:
        """Something has arrived; ``item.last`` tells that nothing follows."""
        ...

    def lost(self, key: Any) -> None:
        """The actor died."""
        ...

    def broken(self, key: Any, error: Exception) -> None:
        """The actor lives, and the call raised."""
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """A call under way: who hears of it, and on whom the next item is called, where items are fetched one by one."""

    receiver: Receiver
    key: Any
    actor: Any


class Pool:
    """The actors, shared by all runs of a session. Starts Ray if none is running, and then stops it again."""

    def __init__(
        self,
        largest_team: int,
        members: int,
        actors: int | None = None,
        address: str | None = None,
        cpus_per_actor: float = 0.0,
        luggage: Path | None = None,
    ) -> None:
        self._owned = not ray.is_initialized()
        if self._owned:
            start_ray(address, luggage)
        self.cpus = cluster_cpus()
        # One actor an agent of the largest team; more only where there are more cores and agents to use them.
        size = actors or max(largest_team, min(members, self.cpus))
        self._default = Resources().options(cpus_per_actor)
        # Made once: making it asks the cluster, which hangs when that is gone.
        self._remote: Any = ray.remote(seat()[0])
        self._client = is_client()
        self._pulse = pulse(address)
        self._gone = False
        self.slots = [Slot(self._default) for _ in range(size)]
        self._special: dict[str, list[Slot]] = {}
        self._streams: dict[Any, Stream] = {}

    def settle(self, needs: Sequence[Resources | None]) -> list[Slot]:
        """Slots for the agents of a run: the least loaded, one each as long as there are enough; one of its own for
        an agent that needs something in particular."""
        plain = [place for place, need in enumerate(needs) if need is None]
        order = sorted(range(len(self.slots)), key=lambda i: (self.slots[i].load, i))
        chosen = {place: self.slots[order[i % len(order)]] for i, place in enumerate(plain)}
        for place, need in enumerate(needs):
            if need is not None:
                chosen[place] = self._own_slot(need)
            chosen[place].load += 1
        return [chosen[place] for place in range(len(needs))]

    def settle_run(self) -> Slot:
        """A slot for a whole run: the least loaded of as many as there are cores."""
        slot = min(self.slots[: self.cpus], key=lambda slot: slot.load)
        slot.load += 1
        return slot

    def _own_slot(self, need: Resources) -> Slot:
        known = self._special.setdefault(need.key, [])
        slot = next((slot for slot in known if slot.load == 0), None)
        if slot is None:
            slot = Slot(need.options(self._default["num_cpus"]))
            known.append(slot)
        return slot

    def actor(self, slot: Slot) -> Any:
        """The slot's actor, started when it is first needed."""
        if slot.actor is None:
            self._check()
            slot.actor = self._remote.options(**slot.options, max_concurrency=1, max_restarts=0).remote()
        return slot.actor

    def _check(self) -> None:
        """Raise ExecutorLost if Ray is gone: it would keep us waiting for good."""
        lost = self._pulse.lost()
        if lost:
            self._gone = True
            raise ExecutorLost(f"Ray was lost: {lost}.")

    def discard(self, slot: Slot, generation: int) -> None:
        """A slot's actor of that generation is lost; the next use starts another."""
        if slot.generation == generation:
            if slot.actor is not None:
                ray.kill(slot.actor)
            slot.actor, slot.generation = None, generation + 1

    def call(self, slot: Slot, method: str, arguments: tuple[Any, ...], receiver: Receiver, key: Any) -> None:
        """Call a method of the slot's host, and bring what it yields to the receiver, during ``wait``."""
        actor = self.actor(slot)
        if self._client:
            # Ray's client streams nothing: items are fetched one by one.
            items = actor.first.remote(method, *arguments)
        else:
            items = actor.stream.options(num_returns="streaming").remote(method, *arguments)
        self._streams[items] = Stream(receiver, key, actor)

    def tell(self, slot: Slot, method: str, *arguments: Any) -> None:
        """Call a method of the slot's host, if there is one, and do not wait for it."""
        if slot.actor is not None:
            slot.actor.tell.remote(method, *arguments)

    def wait(self, seconds: float = 0.5) -> None:
        """Wait until something has arrived, and hand on all that has."""
        self._check()
        timeout = seconds
        while self._streams:
            ready, _ = ray.wait(
                list(self._streams), num_returns=len(self._streams) if timeout == 0 else 1, timeout=timeout
            )
            if not ready:
                return
            for items in ready:
                self._take(items)
            timeout = 0

    def _take(self, items: Any) -> None:
        stream = self._streams[items]
        try:
            number, item = ray.get(items if self._client else next(items))
        except RayActorError:
            del self._streams[items]
            stream.receiver.lost(stream.key)
            return
        except RayError as error:
            del self._streams[items]
            cause = getattr(error, "cause", None)
            stream.receiver.broken(stream.key, told(cause if isinstance(cause, Exception) else error))
            return
        if item.last or self._client:
            del self._streams[items]
        if not item.last and self._client:
            self._streams[stream.actor.more.remote(number)] = stream
        stream.receiver.take(stream.key, item)

    def close(self) -> None:
        """Stop the actors, and Ray if it was started here."""
        self._streams.clear()
        for slot in [*self.slots, *(slot for slots in self._special.values() for slot in slots)]:
            if slot.actor is not None and not self._gone:
                with contextlib.suppress(RayError, ConnectionError):
                    ray.kill(slot.actor)
                slot.actor = None
        if self._owned:
            ray.shutdown()


def told(error: Exception) -> Exception:
    """What a process could not do, in words."""
    if isinstance(error, ModuleNotFoundError):
        return ExecutorError(str(error))
    return ExecutorError(str(error)) if isinstance(error, RayError) else error
