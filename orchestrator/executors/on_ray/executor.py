"""The executor that works leases on Ray, with one actor per agent. Lost actors are rebuilt by replay."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from ....agents.agent import Finding, Lease
from ....agents.leases.ledger import close_recorded
from ...log.log import Log
from ...loop.executor import ExecutorError
from ...run_spec import RunSpec
from ...state.events import Collected, charge_finding
from ..lease_book import LeaseBook
from ..messages import ArchiveUpdate, FanOut, LeaseUpdate, WorkOrder, raise_sent_error
from ..process_losses import (
    LOSSES_PER_ROW,
    MOST_STUCK,
    ROW_LOST,
    SUSPICIOUS_LOSSES,
    AgentSuspects,
    describe_stuck,
    first_line,
)
from ..resources import Needs
from .actor_pool import ActorPool
from .actor_slots import ActorSlot
from .free_slots import FreeSlots
from .pickling import pickle_run


class RayExecutor:
    """The executor of one run that works its leases in a pool of actors.

    Args:
        planned: The run's specification.
        log: The run's log, which gets the points.
        pool: The actors.
        needs: Resources of agents. Default: none.
        fan: How rows are evaluated on the whole cluster; None if they are evaluated in the actors.

    Attributes:
        seconds: Seconds that the collected leases took in their actors.
        rows: Number of rows of these leases.
        evaluated_again: How many gradients were evaluated again because the log does not keep them.
    """

    def __init__(
        self, planned: RunSpec, log: Log, pool: ActorPool, needs: Needs | None = None, fan: FanOut | None = None
    ) -> None:
        self._planned, self._log, self._pool, self._fan_out = planned, log, pool, fan
        self._book = LeaseBook(planned, log)
        needs = needs or Needs()
        slots = pool.places.assign_slots([needs.of_agent(name, agent) for name, agent in planned.team])
        self._assigned, self._slots = slots, dict(zip((name for name, _ in planned.team), slots, strict=True))
        self._free_slots = FreeSlots(self._slots, pool.places.plain)
        self._unsent: list[Lease] = []
        """The leases of a decision that have not been sent to actors yet."""
        self._outcomes: dict[int, Collected | Exception] = {}
        self._begun: dict[int, float] = {}
        """By lease: when it was first handed to an actor."""
        self._open_generations: dict[int, tuple[int, int]] = {}
        """By slot: the generation of the actor in which this run is open, and how much of the archive it has."""
        self._current_generations: dict[str, int] = {}
        """By agent: the generation of the actor in which its searcher is where its last lease left it."""
        self._losses: dict[int, dict[int, int]] = {}
        """By lease and row: number of processes lost there."""
        self._in_actor = not planned.evaluation.isolated and not planned.landscape.external and fan is None
        """Whether rows are evaluated in the actor itself, so that a row may take the actor down."""
        self._announced_leases: set[int] = set()
        """Leases whose actor has reached their rows again after a loss, and evaluates them itself."""
        self._stuck_rows: dict[int, tuple[int, int]] = {}
        """By lease: the row that it has reached, and the number of processes lost there through no fault of the row."""
        self._verdicts: dict[int, Finding] = {}
        """By lease whose agent is at fault: how it ends, once its recorded rows have been replayed."""
        self._suspects = AgentSuspects(planned.evaluation.agent_timeout)
        self.seconds, self.rows, self.evaluated_again = 0.0, 0, 0

    def submit(self, lease: Lease) -> None:
        """Take a lease, which is worked from the next call of ``ready`` on unless its outcome is recorded."""
        self._book.add_lease(lease)
        known = self._book.recorded_outcome(lease.id)
        if known is None:
            self._unsent.append(lease)
        else:
            self._current_generations.pop(lease.agent, None)
            self._outcomes[lease.id] = known

    def ready(self, lease: int) -> bool:
        """Return whether the outcome of a lease has arrived."""
        # Searches that carry on come first: they are in actors of their own.
        unsent, self._unsent = sorted(self._unsent, key=lambda one: one.fresh), []
        for new in unsent:
            if self._free_slots.take(new):
                self._current_generations.pop(new.agent, None)
            self._start_lease(new)
        return lease in self._outcomes

    def collect(self, lease: int) -> Collected:
        """Return the outcome of a lease, and wait for it if necessary. Raises the error that prevented it."""
        while not self.ready(lease):
            self._pool.wait()
        event = self._outcomes.pop(lease)
        if isinstance(event, Exception):
            raise_sent_error(event)
        self._book.settle_lease(event.finding)
        self._free_slots.release(lease)
        self._losses.pop(lease, None)
        self._stuck_rows.pop(lease, None)
        self._verdicts.pop(lease, None)
        self._announced_leases.discard(lease)
        self._suspects.forget(lease)
        return event

    def close(self) -> None:
        """Close the run in its actors, and release their slots."""
        for slot in self._assigned:
            opened = self._open_generations.pop(id(slot), None)
            if opened is not None and opened[0] == slot.generation:
                self._pool.tell(slot, "close", self._planned.id)
            self._pool.leave(slot)

    def receive_item(self, key: int, item: LeaseUpdate) -> None:
        """Receive an update of a lease."""
        if item.rows is None and item.phase is None and not item.last and not item.apart:
            self._announced_leases.add(key)
        self._suspects.note_phase(key, item.phase)
        if item.rows is not None:
            self._log.add_rows(key, item.rows)
        if item.finding is not None:
            # The seconds of a lease come with its last update, so its rows are counted then.
            self.seconds, self.rows = self.seconds + item.seconds, self.rows + item.finding.rows
            self.evaluated_again += item.evaluated_again
            self._outcomes[key] = charge_finding(self._time_finding(item.finding), self._book.leases[key])

    def _time_finding(self, finding: Finding) -> Finding:
        """Return a finding with the times of this process: clocks of other machines differ."""
        begun, now = self._begun.pop(finding.lease, None), time.monotonic()
        if finding.timing is None or begun is None:
            return finding
        actor = list(dict.fromkeys(id(slot) for slot in self._assigned)).index(id(self._slots[finding.agent]))
        return replace(finding, timing=finding.timing._replace(begun=begun, arrived=now, actor=actor))

    def handle_error(self, key: int, error: Exception) -> None:
        """Handle that an actor could not work a lease. No error of an agent or of an objective ends here."""
        self._outcomes[key] = error

    def handle_loss(self, key: int, error: Exception) -> None:
        """Handle that an actor died while it worked a lease: count the loss, and start the lease again elsewhere.

        This is no event. The agent is rebuilt by replay, and continues.
        """
        if self._pool.draining:
            return
        granted = self._book.leases[key]
        slot = self._slots[granted.agent]
        current = self._current_generations.get(granted.agent)
        if current is not None:
            self._pool.discard_actor(slot, current)
        recorded = self._book.rows(key)
        row = 0 if recorded is None else min((*recorded.gaps, len(recorded.losses)))
        losses = self._losses.setdefault(key, {})
        cause = self._suspects.judge_loss(key, row, gave_up=losses.get(row, 0) >= LOSSES_PER_ROW)
        if cause and (recorded is None or not recorded.gaps):
            if recorded is None or recorded.digests is None:
                finding = close_recorded(granted, recorded, self._planned.facts.space.dimension, cause)
                self._outcomes[key] = charge_finding(finding, granted)
                return
            # Its best row need not be whole. The rows are replayed once more, up to where the agent is at fault.
            rows = len(recorded.losses)
            self._verdicts[key] = Finding(key, granted.agent, rows, granted.budget, "failed", cause=cause)
        if self._in_actor and (not losses or key in self._announced_leases):
            losses[row] = losses.get(row, 0) + 1
        else:
            # The row is not the cause: the process had not reached it, or evaluates it in another process.
            at, times = self._stuck_rows.get(key, (row, 0))
            self._stuck_rows[key] = (row, times + 1 if row == at else 1)
        self._announced_leases.discard(key)
        if self._stuck_rows.get(key, (row, 0))[1] >= MOST_STUCK:
            self._outcomes[key] = ExecutorError(describe_stuck(f"lease {key} of {granted.agent}", first_line(error)))
            return
        self._start_lease(granted)

    def _start_lease(self, lease: Lease) -> None:
        slot = self._slots[lease.agent]
        self._begun.setdefault(lease.id, time.monotonic())
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
        first_rows = self._book.first_rows(lease.id)
        verdict = self._verdicts.get(lease.id)
        return WorkOrder(lease, self._book.episode(lease.agent), recorded, news, first_rows=first_rows, verdict=verdict)


def _add_precautions(order: WorkOrder, losses: dict[int, int]) -> WorkOrder:
    """Return the order for a lease that has lost processes.

    Every batch is sent as soon as it is evaluated, so that the next loss shows at which row it happened. After a second
    loss at the same row, rows are evaluated one at a time in a child process, which shows whether a row is at fault.
    Where that cannot be, a row at which three processes were lost fails.

    Args:
        order: The order.
        losses: Number of processes lost at each row.
    """
    lost = {row: ROW_LOST for row, n in losses.items() if n >= LOSSES_PER_ROW}
    suspicious = max(losses.values(), default=0) >= SUSPICIOUS_LOSSES
    largest = 1 if suspicious else None
    return replace(order, flush_seconds=0.0, lost_rows=lost, largest=largest, announce_rows=True, apart=suspicious)
