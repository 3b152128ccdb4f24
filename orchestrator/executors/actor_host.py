"""What lives in an actor: the searchers of the runs whose agents are there, or whole runs. It does not know of Ray."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from threadpoolctl import threadpool_limits

from ...agents.evaluation.evaluator import Evaluator
from ...agents.evaluation.open import open_evaluator
from ...agents.leases.searcher import Searcher
from ...agents.leases.work import work_lease
from ..run_spec import RunSpec
from ..state.archive import ArchiveStore
from .messages import ACTOR_FLUSH_SECONDS, LeaseUpdate, PickledRun, WorkOrder
from .packed import Chunk, RecordedLog, work_in_chunks
from .streams import AgentStreams


class RunHost:
    """One run's searchers within an actor."""

    def __init__(self, planned: RunSpec, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        streams = AgentStreams(planned)
        self._searchers = {
            name: Searcher(name, agent, self._evaluator, streams.for_agent(name), planned.evaluation)
            for name, agent in planned.team
        }
        self._store = ArchiveStore(self._evaluator.space.dimension)

    def work(self, order: WorkOrder) -> Iterator[LeaseUpdate]:
        """Rows as they come; with the last of them, the finding."""
        for agent, rows in order.archive_update:
            self._store.extend(agent, rows)
        lease = order.lease
        if order.announce_rows:
            yield LeaseUpdate(None)
        searcher = self._searchers[lease.agent]
        if searcher.agent.reads_archive:
            lease = replace(lease, seen=self._store.view(lease.archive))
        began = time.perf_counter()
        steps = work_lease(
            searcher,
            lease,
            order.episode,
            order.recorded,
            order.flush_seconds,
            order.lost_rows,
            order.largest,
        )
        try:
            while True:
                yield LeaseUpdate(next(steps))
        except StopIteration as stop:
            rows, finding = stop.value
            yield LeaseUpdate(rows, finding, time.perf_counter() - began)

    def close(self) -> None:
        for searcher in self._searchers.values():
            searcher.close()
        self._evaluator.close()


EvaluatorFactory = Callable[[PickledRun, RunSpec], Evaluator]
"""Makes the evaluator of a run whose rows are evaluated all over the cluster."""


class ActorHost:
    """The actor: desks of the runs whose agents live here."""

    def __init__(self, spread: EvaluatorFactory) -> None:
        self._limits = threadpool_limits(1)
        self._make_evaluator = spread
        self._run_hosts: dict[str, RunHost] = {}

    def work(
        self, run: str, opening: PickledRun | None, earlier: list[WorkOrder], order: WorkOrder
    ) -> Iterator[LeaseUpdate]:
        """Work a lease. ``opening`` opens the run here first; ``earlier`` leases bring a rebuilt agent to where
        it was: every answer is recorded, nothing is evaluated."""
        if opening is not None:
            self._run_hosts[run] = self._open_run(opening)
        desk = self._run_hosts[run]
        for past in earlier:
            for _ in desk.work(past):
                pass
        yield from desk.work(order)

    def drive(self, opening: PickledRun, recorded: RecordedLog, budget: int | None) -> Iterator[Chunk]:
        """Work a whole run, and hand on what is to be written of it."""
        return work_in_chunks(opening.unpickle_run(), recorded, budget, ACTOR_FLUSH_SECONDS)

    def close(self, run: str) -> None:
        desk = self._run_hosts.pop(run, None)
        if desk is not None:
            desk.close()

    def _open_run(self, opening: PickledRun) -> RunHost:
        planned = opening.unpickle_run()
        if opening.fan_out is not None:
            return RunHost(planned, self._make_evaluator(opening, planned))
        return RunHost(planned, open_evaluator(planned.landscape, planned.evaluation, planned.facts.space))
