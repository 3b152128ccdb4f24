"""The actors of a session: receives what they stream back, and handles those that are lost."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ray
from ray.exceptions import RayActorError, RayError

from ...loop.executor import ExecutorError, ExecutorLost
from ..process_losses import first_line
from .actor_class import make_actor_class
from .actor_slots import ActorSlot, ActorSlots
from .connection import cluster_cpus, is_client, live_nodes, make_liveness, start_ray, stop_ray
from .stopping import defer_interrupts, signal_actors


class Receiver(Protocol):
    """Receives what a call to an actor streams back. ``key`` is the key with which the call was made."""

    def receive_item(self, key: Any, item: Any) -> None:
        """Receive an item. It is the last one if ``item.last`` is true."""
        ...

    def handle_loss(self, key: Any, error: Exception) -> None:
        """Handle that the actor died during the call."""
        ...

    def handle_error(self, key: Any, error: Exception) -> None:
        """Handle that the call raised an error. The actor is alive."""
        ...


@dataclass(frozen=True, slots=True)
class ActorCall:
    """A call in progress.

    Attributes:
        receiver: Receives its items.
        key: The key of the call, for the receiver.
        actor: The actor, from which the next item is fetched where items are fetched one by one.
    """

    receiver: Receiver
    key: Any
    actor: Any


class ActorPool:
    """The actors of a session, shared by all its runs. ``members`` counts the members of all runs together.

    If this process is not connected to Ray, the pool starts or joins one (see ``start_ray``), and leaves it when it is
    closed. Raises ExecutorError if that fails, or if no node has room for an actor.
    """

    def __init__(
        self,
        largest_team: int,
        members: int,
        actors: int | None = None,
        address: str | None = None,
        cpus_per_actor: float = 0.0,
        staged_directory: Path | None = None,
    ) -> None:
        self._owned = not ray.is_initialized()
        if self._owned:
            start_ray(address, staged_directory)
        cpus = cluster_cpus()
        # One actor per agent of the largest team; more only where there are more cores and agents to use them.
        size = actors or max(largest_team, min(members, cpus))
        self.places = ActorSlots(size, cpus, cpus_per_actor, [node["Resources"] for node in live_nodes()])
        # Created only once, since this calls the cluster, which hangs when the cluster is gone.
        self._remote: Any = ray.remote(make_actor_class()[0])
        self._client = is_client()
        self._liveness = make_liveness(address)
        self._ray_lost = False
        self.draining = False
        """Whether the actors are being stopped, so that nothing but what they have found is of interest."""
        self._streams: dict[Any, ActorCall] = {}

    def leave(self, slot: ActorSlot) -> None:
        """Release a slot that a run's agent no longer uses. An actor with special resources is stopped to free them."""
        if self.places.free_slot(slot):
            self.discard_actor(slot, slot.generation)

    def actor(self, slot: ActorSlot) -> Any:
        """Return the slot's actor, which is started when it is first needed."""
        if slot.actor is None:
            self._check_liveness()
            slot.actor = self._remote.options(**slot.options, max_concurrency=1, max_restarts=0).remote()
            slot.identity = slot.actor.identify.remote()
        return slot.actor

    def _check_liveness(self) -> None:
        """Raise ExecutorLost if Ray is gone; calls to it would block forever."""
        lost = self._liveness.detect_loss()
        if lost:
            raise self._make_lost_error(lost)

    def _make_lost_error(self, why: str) -> ExecutorLost:
        self._ray_lost = True
        return ExecutorLost(f"Ray was lost: {why}.")

    def discard_actor(self, slot: ActorSlot, generation: int) -> None:
        """Discard the slot's actor if it is of that generation. The next use of the slot starts another actor."""
        if slot.generation == generation:
            if slot.actor is not None and not self._ray_lost:
                ray.kill(slot.actor)
            slot.actor, slot.identity, slot.generation = None, None, generation + 1

    def call(self, slot: ActorSlot, method: str, arguments: tuple[Any, ...], receiver: Receiver, key: Any) -> None:
        """Call a method of the slot's host. During ``wait``, the receiver gets the items that it yields."""
        with self._detect_disconnect():
            self._call(self.actor(slot), method, arguments, receiver, key)

    def _call(self, actor: Any, method: str, arguments: tuple[Any, ...], receiver: Receiver, key: Any) -> None:
        if self._client:
            # Ray's client does not support streaming, so items are fetched one by one.
            items = actor.first.remote(method, *arguments)
        else:
            items = actor.stream.options(num_returns="streaming").remote(method, *arguments)
        self._streams[items] = ActorCall(receiver, key, actor)

    def tell(self, slot: ActorSlot, method: str, *arguments: Any) -> None:
        """Call a method of the slot's host without waiting for it. Does nothing if the slot has no actor."""
        if slot.actor is not None and not self._ray_lost:
            slot.actor.tell.remote(method, *arguments)

    def wait(self, seconds: float = 0.5) -> None:
        """Wait until an item has arrived, at most ``seconds``, and give all items to their receivers."""
        self._check_liveness()
        with self._detect_disconnect():
            self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        timeout = seconds
        while self._streams:
            ready, _ = ray.wait(
                list(self._streams), num_returns=len(self._streams) if timeout == 0 else 1, timeout=timeout
            )
            if not ready:
                return
            with defer_interrupts():
                for items in ready:
                    self._receive(items)
            timeout = 0

    def _receive(self, items: Any) -> None:
        stream = self._streams[items]
        try:
            number, item = ray.get(items if self._client else next(items))
        except RayActorError as error:
            del self._streams[items]
            stream.receiver.handle_loss(stream.key, error)
            return
        except RayError as error:
            del self._streams[items]
            cause = getattr(error, "cause", None)
            stream.receiver.handle_error(
                stream.key, to_executor_error(cause if isinstance(cause, Exception) else error)
            )
            return
        if item.last or self._client:
            del self._streams[items]
        if not item.last and self._client:
            self._streams[stream.actor.more.remote(number)] = stream
        stream.receiver.receive_item(stream.key, item)

    def drain(self) -> None:
        """Have the actors stop and send what they have found, and give it to their receivers.

        Called when the session is stopped. An actor that does not end in time is left to ``close``.
        """
        if not self._streams or self._ray_lost:
            return
        self.draining = True
        with contextlib.suppress(RayError, ConnectionError, ExecutorError):
            own = "" if self._client else ray.get_runtime_context().get_node_id()
            identities = [slot.identity for slot in self.places.all() if slot.identity is not None]
            deadline = time.monotonic() + signal_actors(identities, own)
            while self._streams and time.monotonic() < deadline:
                self.wait(max(0.0, min(0.2, deadline - time.monotonic())))

    def close(self) -> None:
        """Stop the actors, and leave Ray if the pool started or joined it."""
        self._streams.clear()
        try:
            for slot in self.places.all():
                if slot.actor is not None and not self._ray_lost:
                    with contextlib.suppress(RayError, ConnectionError):
                        ray.kill(slot.actor)
                slot.actor = None
        finally:
            if self._owned:
                stop_ray()

    @contextlib.contextmanager
    def _detect_disconnect(self) -> Iterator[None]:
        """Raise ExecutorLost where Ray's client has lost its connection to the head, as if Ray itself were gone."""
        try:
            yield
        except ExecutorError:
            raise
        except Exception as error:
            if self._client and not is_client():
                raise self._make_lost_error(f"its client's connection was closed ({first_line(error)[:-1]})") from None
            raise


def to_executor_error(error: Exception) -> Exception:
    """Return the error that ends the run for an error of an actor: ExecutorError for a missing package or an error of
    Ray, else the error itself."""
    if isinstance(error, ModuleNotFoundError):
        return ExecutorError(str(error))
    return ExecutorError(str(error)) if isinstance(error, RayError) else error
