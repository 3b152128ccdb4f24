"""Works leases on Ray: one actor an agent, actors reused from run to run; lost actors are rebuilt by replay."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass, replace
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray import cloudpickle
from ray.exceptions import RayActorError, RayError

from ...agents.agent import Finding, Lease, Rows
from ...landscapes.loading import LOADED
from ..drive import ExecutorError, ExecutorLost
from ..log import Log
from ..planned import PlannedRun
from ..run import Failed, Found
from .book import Book, outcome
from .host import Host, News, Opening, Order
from .pulse import Pulse

LOSSES_A_ROW = 3
"""So many processes lost at one row fail that row."""
MOST_STUCK = 10
"""So many processes may be lost in turn that brought nothing of a lease: with their machine, say."""


@dataclass(slots=True)
class Slot:
    """A place for an actor. ``generation`` counts the actors it has had."""

    actor: Any = None
    generation: int = 0
    load: int = 0
    """Agents that live here now."""


class Pool:
    """The actors, shared by all runs of a session. Starts Ray if none is running, and then stops it again."""

    def __init__(
        self,
        largest_team: int,
        members: int,
        actors: int | None = None,
        address: str | None = None,
        cpus_per_actor: float = 0.0,
    ) -> None:
        self._owned = not ray.is_initialized()
        if self._owned:
            start_ray(address)
        # One actor an agent of the largest team; more only where there are more cores and agents to use them.
        size = actors or max(largest_team, min(members, cluster_cpus()))
        self._cpus = cpus_per_actor
        # Made once: making it asks the cluster, which hangs when that is gone.
        self._remote: Any = ray.remote(Host)
        self._pulse = pulse()
        self._gone = False
        self.slots = [Slot() for _ in range(size)]
        self._streams: dict[Any, tuple[RayExecutor, int]] = {}

    def settle(self, count: int) -> list[Slot]:
        """Slots for the agents of a run: the least loaded, one each as long as there are enough."""
        order = sorted(range(len(self.slots)), key=lambda i: (self.slots[i].load, i))
        chosen = [self.slots[order[i % len(order)]] for i in range(count)]
        for slot in chosen:
            slot.load += 1
        return chosen

    def actor(self, slot: Slot) -> Any:
        """The slot's actor, started when it is first needed."""
        if slot.actor is None:
            self._check()
            slot.actor = self._remote.options(num_cpus=self._cpus, max_concurrency=1, max_restarts=0).remote()
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

    def watch(self, items: Any, executor: RayExecutor, lease: int) -> None:
        """Bring what a stream yields to its executor, during ``wait``."""
        self._streams[items] = (executor, lease)

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
        executor, lease = self._streams[items]
        try:
            item = ray.get(next(items))
        except RayActorError:
            del self._streams[items]
            executor.lost(lease)
            return
        except RayError as error:
            del self._streams[items]
            executor.broken(lease, error)
            return
        if item[1] is not None:
            del self._streams[items]
        executor.take(lease, *item)

    def close(self) -> None:
        """Stop the actors, and Ray if it was started here."""
        self._streams.clear()
        for slot in self.slots:
            if slot.actor is not None and not self._gone:
                with contextlib.suppress(RayError):
                    ray.kill(slot.actor)
                slot.actor = None
        if self._owned:
            ray.shutdown()


class RayExecutor:
    """The executor of one run, on a pool of actors."""

    def __init__(self, planned: PlannedRun, log: Log, pool: Pool) -> None:
        self._planned, self._log, self._pool = planned, log, pool
        self._book = Book(planned, log)
        names = [name for name, _ in planned.team]
        self._slots = dict(zip(names, pool.settle(len(names)), strict=True))
        self._outcomes: dict[int, Found | Failed | Exception] = {}
        self._opened: dict[int, tuple[int, int]] = {}
        """By slot: the generation in which this run is open, and how much of the archive it knows."""
        self._current: dict[str, int] = {}
        """By agent: the generation in which its searcher stands where its last lease left it."""
        self._losses: dict[int, dict[int, int]] = {}
        """By lease, by row: processes lost there."""
        self._in_actor = not planned.evaluation.isolated and not planned.landscape.external
        """Whether rows are evaluated in the actor itself, so that one may take it down."""
        self._begun: set[int] = set()
        """Leases whose process, after a loss, has come to their rows again."""
        self._stuck: dict[int, tuple[int, int]] = {}
        """By lease: the row it has come to, and the processes lost there through no fault of that row."""

    def submit(self, lease: Lease) -> None:
        self._book.note(lease)
        known = self._book.recorded(lease.id)
        if known is None:
            self._start(lease)
        else:
            self._current.pop(lease.agent, None)
            self._outcomes[lease.id] = known

    def ready(self, lease: int) -> bool:
        return lease in self._outcomes

    def collect(self, lease: int) -> Found | Failed:
        while lease not in self._outcomes:
            self._pool.wait()
        event = self._outcomes.pop(lease)
        if isinstance(event, Exception):
            raise event
        self._book.settle(lease)
        self._losses.pop(lease, None)
        self._stuck.pop(lease, None)
        self._begun.discard(lease)
        return event

    def close(self) -> None:
        for slot in self._slots.values():
            slot.load -= 1
            opened = self._opened.pop(id(slot), None)
            if opened is not None and opened[0] == slot.generation and slot.actor is not None:
                slot.actor.close.remote(self._planned.id)

    def take(self, lease: int, rows: Rows | None, finding: Finding | None) -> None:
        """Something has arrived of a lease."""
        if rows is None and finding is None:
            self._begun.add(lease)
        if rows is not None:
            self._log.add_rows(lease, rows)
        if finding is not None:
            self._outcomes[lease] = outcome(finding, self._book.leases[lease])

    def broken(self, lease: int, error: RayError) -> None:
        """The actor lives, and could not work the lease: nothing an agent or an objective does ends so."""
        cause = getattr(error, "cause", None)
        self._outcomes[lease] = cause if isinstance(cause, Exception) else ExecutorError(str(error))

    def lost(self, lease: int) -> None:
        """The actor died under a lease: no event; count the loss, rebuild, carry on."""
        granted = self._book.leases[lease]
        slot = self._slots[granted.agent]
        current = self._current.get(granted.agent)
        if current is not None:
            self._pool.discard(slot, current)
        recorded = self._book.rows(lease)
        row = 0 if recorded is None else min((*recorded.gaps, len(recorded.losses)))
        losses = self._losses.setdefault(lease, {})
        if self._in_actor and (not losses or lease in self._begun):
            losses[row] = losses.get(row, 0) + 1
        else:
            # Not the row's doing: the process never came to it, or has it evaluated elsewhere.
            at, stuck = self._stuck.get(lease, (row, 0))
            self._stuck[lease] = (row, stuck + 1 if row == at else 1)
        self._begun.discard(lease)
        if self._stuck.get(lease, (row, 0))[1] > MOST_STUCK:
            self._outcomes[lease] = ExecutorError(
                f"Ray lost {MOST_STUCK} processes in turn that brought nothing of lease {lease} of {granted.agent}. "
                "See Ray's logs (memory?), or use --executor simulated."
            )
            return
        self._start(granted)

    def _start(self, lease: Lease) -> None:
        slot = self._slots[lease.agent]
        actor = self._pool.actor(slot)
        opened = self._opened.get(id(slot))
        opening = None
        if opened is None or opened[0] != slot.generation:
            opening = Opening(dict(LOADED), cloudpickle.dumps(self._planned))
            self._opened[id(slot)] = (slot.generation, 0)
        earlier: list[Order] = []
        if self._current.get(lease.agent) != slot.generation:
            before = self._book.before(lease)
            earlier = [self._order(past, slot, self._book.rows(past.id)) for past in before]
        self._current[lease.agent] = slot.generation
        losses = self._losses.get(lease.id)
        recorded = self._book.rows(lease.id) if losses is not None or self._book.resumed else None
        order = self._order(lease, slot, recorded)
        if losses is not None:
            order = _careful(order, losses)
        items = actor.work.options(num_returns="streaming").remote(self._planned.id, opening, earlier, order)
        self._pool.watch(items, self, lease.id)

    def _order(self, lease: Lease, slot: Slot, recorded: Rows | None) -> Order:
        news: News = []
        if self._book.store is not None and self._book.reads_archive(lease.agent):
            generation, known = self._opened[id(slot)]
            if lease.archive > known:
                news = self._book.store.between(known, lease.archive)
                self._opened[id(slot)] = (generation, lease.archive)
        return Order(lease, self._book.episode(lease.agent), recorded, news)


def _careful(order: Order, losses: dict[int, int]) -> Order:
    """After a loss, hand on every batch at once, so that the next one tells its row; fail a row that has cost
    three processes, and come to it alone."""
    lost = {row: f"took its process down {LOSSES_A_ROW} times" for row, n in losses.items() if n >= LOSSES_A_ROW}
    largest = 1 if max(losses.values(), default=0) > 1 else None
    return replace(order, flush_seconds=0.0, lost_rows=lost, largest=largest, sign=True)


def pulse() -> Pulse:
    """The pulse of the Ray that is joined."""
    context = ray.get_runtime_context()
    own = next(node for node in ray.nodes() if node["NodeID"] == context.get_node_id())
    host, _, port = context.gcs_address.rpartition(":")
    doors = {
        "control store (GCS)": (host.strip("[]"), int(port)),
        "raylet": (own["NodeManagerAddress"], int(own["NodeManagerPort"])),
    }
    # Only those that were started here.
    started = ray._private.worker._global_node
    return Pulse(doors, (lambda: ()) if started is None else started.dead_processes)


def start_ray(address: str | None) -> None:
    """Start a local Ray, or join the one at ``address`` ("auto": the one this machine belongs to)."""
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        # A stray RAY_ADDRESS must not turn "start your own" into "join another's".
        options |= {"include_dashboard": False, "address": "local"}
    else:
        options["address"] = address
    try:
        ray.init(**options)
        quieten()
    except (ConnectionError, ValueError, RuntimeError, RayError) as error:
        where = "start a local Ray" if address is None else f"join the Ray cluster at {address}"
        raise ExecutorError(
            f"Could not {where}: {error}. Check the address and RAY_AUTH_MODE, or use --executor simulated."
        ) from None


def quieten() -> None:
    """Keep Ray's notices of dead workers, which it prints on standard output, in its own logs: a lost actor is
    rebuilt and what it cost is in our log."""
    from ray._private import worker

    worker.print_to_stdstream = lambda *_, **__: None


def cluster_cpus() -> int:
    """CPUs of the Ray that is joined."""
    return int(ray.cluster_resources().get("CPU", 1))
