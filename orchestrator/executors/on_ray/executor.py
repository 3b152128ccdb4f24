"""Works leases on Ray, one actor an agent; lost actors are rebuilt by replay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ray import cloudpickle

from ....agents.agent import Lease
from ....landscapes.user_code import LOADED
from ...log.log import Log
from ...loop.executor import ExecutorError
from ...run_spec import PlannedRun
from ...state.events import Collected, charge_finding
from ..lease_book import Book
from ..messages import Fan, Item, News, Opening, Order
from ..process_losses import LOSSES_A_ROW, MOST_STUCK, ROW_LOST, first_line, stuck
from ..resources import Needs
from .actor_pool import Pool
from .actor_slots import Slot


class RayExecutor:
    """The executor of one run, on a pool of actors."""

    def __init__(
        self, planned: PlannedRun, log: Log, pool: Pool, needs: Needs | None = None, fan: Fan | None = None
    ) -> None:
        self._planned, self._log, self._pool, self._fan = planned, log, pool, fan
        self._book = Book(planned, log)
        needs = needs or Needs()
        names = [name for name, _ in planned.team]
        slots = pool.places.settle([needs.of_agent(name, agent) for name, agent in planned.team])
        self._slots = dict(zip(names, slots, strict=True))
        self._outcomes: dict[int, Collected | Exception] = {}
        self._opened: dict[int, tuple[int, int]] = {}
        """By slot: the generation in which this run is open, and how much of the archive it knows."""
        self._current: dict[str, int] = {}
        """By agent: the generation in which its searcher stands where its last lease left it."""
        self._losses: dict[int, dict[int, int]] = {}
        """By lease, by row: processes lost there."""
        self._in_actor = not planned.evaluation.isolated and not planned.landscape.external and fan is None
        """Whether rows are evaluated in the actor itself, so that one may take it down."""
        self._begun: set[int] = set()
        """Leases whose process, after a loss, has come to their rows again."""
        self._stuck: dict[int, tuple[int, int]] = {}
        """By lease: the row it has come to, and the processes lost there through no fault of that row."""
        self.seconds, self.rows = 0.0, 0
        """How long the rows of collected leases took, and how many they were."""

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

    def collect(self, lease: int) -> Collected:
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
            opened = self._opened.pop(id(slot), None)
            if opened is not None and opened[0] == slot.generation:
                self._pool.tell(slot, "close", self._planned.id)
            self._pool.leave(slot)

    def take(self, key: int, item: Item) -> None:
        """Something has arrived of a lease."""
        if item.rows is None and not item.last:
            self._begun.add(key)
        if item.rows is not None:
            self._log.add_rows(key, item.rows)
        if item.finding is not None:
            # A lease's seconds come with its last item, so its rows are counted then.
            self.seconds, self.rows = self.seconds + item.seconds, self.rows + item.finding.rows
            self._outcomes[key] = charge_finding(item.finding, self._book.leases[key])

    def broken(self, key: int, error: Exception) -> None:
        """The actor lives, and could not work the lease: nothing an agent or an objective does ends so."""
        self._outcomes[key] = error

    def lost(self, key: int, error: Exception) -> None:
        """The actor died under a lease: no event; count the loss, rebuild, carry on."""
        granted = self._book.leases[key]
        slot = self._slots[granted.agent]
        current = self._current.get(granted.agent)
        if current is not None:
            self._pool.discard(slot, current)
        recorded = self._book.rows(key)
        row = 0 if recorded is None else min((*recorded.gaps, len(recorded.losses)))
        losses = self._losses.setdefault(key, {})
        if self._in_actor and (not losses or key in self._begun):
            losses[row] = losses.get(row, 0) + 1
        else:
            # Not the row's doing: the process never came to it, or has it evaluated elsewhere.
            at, times = self._stuck.get(key, (row, 0))
            self._stuck[key] = (row, times + 1 if row == at else 1)
        self._begun.discard(key)
        if self._stuck.get(key, (row, 0))[1] >= MOST_STUCK:
            self._outcomes[key] = ExecutorError(stuck(f"lease {key} of {granted.agent}", first_line(error)))
            return
        self._start(granted)

    def _start(self, lease: Lease) -> None:
        slot = self._slots[lease.agent]
        self._pool.actor(slot)
        opened = self._opened.get(id(slot))
        opening = None
        if opened is None or opened[0] != slot.generation:
            opening = opening_of(self._planned, self._fan)
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
        self._pool.call(slot, "work", (self._planned.id, opening, earlier, order), self, lease.id)

    def _order(self, lease: Lease, slot: Slot, recorded: Any) -> Order:
        news: News = []
        if self._book.store is not None and self._book.reads_archive(lease.agent):
            generation, known = self._opened[id(slot)]
            if lease.archive > known:
                news = self._book.store.between(known, lease.archive)
                self._opened[id(slot)] = (generation, lease.archive)
        return Order(lease, self._book.episode(lease.agent), recorded, news)


def opening_of(planned: PlannedRun, fan: Fan | None = None) -> Opening:
    """What an actor needs to open a run."""
    return Opening(dict(LOADED), cloudpickle.dumps(planned), fan)


def _careful(order: Order, losses: dict[int, int]) -> Order:
    """After a loss, hand on every batch at once, so that the next one tells its row; fail a row that has cost
    three processes, and come to it alone."""
    lost = {row: ROW_LOST for row, n in losses.items() if n >= LOSSES_A_ROW}
    largest = 1 if max(losses.values(), default=0) > 1 else None
    return replace(order, flush_seconds=0.0, lost_rows=lost, largest=largest, sign=True)
