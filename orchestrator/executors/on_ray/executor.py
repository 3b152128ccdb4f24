"""Works leases on Ray, one actor an agent; lost actors are rebuilt by replay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ray import cloudpickle

from ....agents.agent import Lease
from ....landscapes.user_code import LOADED_FILES
from ...log.log import Log
from ...loop.executor import ExecutorError
from ...run_spec import RunSpec
from ...state.events import Collected, charge_finding
from ..lease_book import LeaseBook
from ..messages import ArchiveUpdate, FanOut, LeaseUpdate, PickledRun, WorkOrder
from ..process_losses import LOSSES_PER_ROW, MOST_STUCK, ROW_LOST, describe_stuck, first_line
from ..resources import Needs
from .actor_pool import ActorPool
from .actor_slots import ActorSlot


class RayExecutor:
    """The executor of one run, on a pool of actors."""

    def __init__(
        self, planned: RunSpec, log: Log, pool: ActorPool, needs: Needs | None = None, fan: FanOut | None = None
    ) -> None:
        self._planned, self._log, self._pool, self._fan_out = planned, log, pool, fan
        self._book = LeaseBook(planned, log)
        needs = needs or Needs()
        names = [name for name, _ in planned.team]
        slots = pool.places.assign_slots([needs.of_agent(name, agent) for name, agent in planned.team])
        self._slots = dict(zip(names, slots, strict=True))
        self._outcomes: dict[int, Collected | Exception] = {}
        self._open_generations: dict[int, tuple[int, int]] = {}
        """By slot: the generation in which this run is open, and how much of the archive it knows."""
        self._current_generations: dict[str, int] = {}
        """By agent: the generation in which its searcher stands where its last lease left it."""
        self._losses: dict[int, dict[int, int]] = {}
        """By lease, by row: processes lost there."""
        self._in_actor = not planned.evaluation.isolated and not planned.landscape.external and fan is None
        """Whether rows are evaluated in the actor itself, so that one may take it down."""
        self._announced_leases: set[int] = set()
        """Leases whose process, after a loss, has come to their rows again."""
        self._stuck_rows: dict[int, tuple[int, int]] = {}
        """By lease: the row it has come to, and the processes lost there through no fault of that row."""
        self.seconds, self.rows = 0.0, 0
        """How long the rows of collected leases took, and how many they were."""

    def submit(self, lease: Lease) -> None:
        self._book.add_lease(lease)
        known = self._book.recorded_outcome(lease.id)
        if known is None:
            self._start_lease(lease)
        else:
            self._current_generations.pop(lease.agent, None)
            self._outcomes[lease.id] = known

    def ready(self, lease: int) -> bool:
        return lease in self._outcomes

    def collect(self, lease: int) -> Collected:
        while lease not in self._outcomes:
            self._pool.wait()
        event = self._outcomes.pop(lease)
        if isinstance(event, Exception):
            raise event
        self._book.settle_lease(lease)
        self._losses.pop(lease, None)
        self._stuck_rows.pop(lease, None)
        self._announced_leases.discard(lease)
        return event

    def close(self) -> None:
        for slot in self._slots.values():
            opened = self._open_generations.pop(id(slot), None)
            if opened is not None and opened[0] == slot.generation:
                self._pool.tell(slot, "close", self._planned.id)
            self._pool.leave(slot)

    def receive_item(self, key: int, item: LeaseUpdate) -> None:
        """Something has arrived of a lease."""
        if item.rows is None and not item.last:
            self._announced_leases.add(key)
        if item.rows is not None:
            self._log.add_rows(key, item.rows)
        if item.finding is not None:
            # A lease's seconds come with its last item, so its rows are counted then.
            self.seconds, self.rows = self.seconds + item.seconds, self.rows + item.finding.rows
            self._outcomes[key] = charge_finding(item.finding, self._book.leases[key])

    def handle_error(self, key: int, error: Exception) -> None:
        """The actor lives, and could not work the lease: nothing an agent or an objective does ends so."""
        self._outcomes[key] = error

    def handle_loss(self, key: int, error: Exception) -> None:
        """The actor died under a lease: no event; count the loss, rebuild, carry on."""
        granted = self._book.leases[key]
        slot = self._slots[granted.agent]
        current = self._current_generations.get(granted.agent)
        if current is not None:
            self._pool.discard_actor(slot, current)
        recorded = self._book.rows(key)
        row = 0 if recorded is None else min((*recorded.gaps, len(recorded.losses)))
        losses = self._losses.setdefault(key, {})
        if self._in_actor and (not losses or key in self._announced_leases):
            losses[row] = losses.get(row, 0) + 1
        else:
            # Not the row's doing: the process never came to it, or has it evaluated elsewhere.
            at, times = self._stuck_rows.get(key, (row, 0))
            self._stuck_rows[key] = (row, times + 1 if row == at else 1)
        self._announced_leases.discard(key)
        if self._stuck_rows.get(key, (row, 0))[1] >= MOST_STUCK:
            self._outcomes[key] = ExecutorError(describe_stuck(f"lease {key} of {granted.agent}", first_line(error)))
            return
        self._start_lease(granted)

    def _start_lease(self, lease: Lease) -> None:
        slot = self._slots[lease.agent]
        self._pool.actor(slot)
        opened = self._open_generations.get(id(slot))
        opening = None
        if opened is None or opened[0] != slot.generation:
            opening = pickle_run(self._planned, self._fan_out)
            self._open_generations[id(slot)] = (slot.generation, 0)
        earlier: list[WorkOrder] = []
        if self._current_generations.get(lease.agent) != slot.generation:
            before = self._book.earlier_leases(lease)
            earlier = [self._make_order(past, slot, self._book.rows(past.id)) for past in before]
        self._current_generations[lease.agent] = slot.generation
        losses = self._losses.get(lease.id)
        recorded = self._book.rows(lease.id) if losses is not None or self._book.resumed else None
        order = self._make_order(lease, slot, recorded)
        if losses is not None:
            order = _add_precautions(order, losses)
        self._pool.call(slot, "work", (self._planned.id, opening, earlier, order), self, lease.id)

    def _make_order(self, lease: Lease, slot: ActorSlot, recorded: Any) -> WorkOrder:
        news: ArchiveUpdate = []
        if self._book.store is not None and self._book.reads_archive(lease.agent):
            generation, known = self._open_generations[id(slot)]
            if lease.archive > known:
                news = self._book.store.findings_between(known, lease.archive)
                self._open_generations[id(slot)] = (generation, lease.archive)
        return WorkOrder(lease, self._book.episode(lease.agent), recorded, news)


def pickle_run(planned: RunSpec, fan: FanOut | None = None) -> PickledRun:
    """What an actor needs to open a run."""
    return PickledRun(dict(LOADED_FILES), cloudpickle.dumps(planned), fan)


def _add_precautions(order: WorkOrder, losses: dict[int, int]) -> WorkOrder:
    """After a loss, hand on every batch at once, so that the next one tells its row; fail a row that has cost
    three processes, and come to it alone."""
    lost = {row: ROW_LOST for row, n in losses.items() if n >= LOSSES_PER_ROW}
    largest = 1 if max(losses.values(), default=0) > 1 else None
    return replace(order, flush_seconds=0.0, lost_rows=lost, largest=largest, announce_rows=True)
