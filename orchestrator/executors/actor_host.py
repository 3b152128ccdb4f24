"""What lives in an actor: the searchers of the runs whose agents are there, or whole runs. It does not know of Ray."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from threadpoolctl import threadpool_limits

from ...agents.evaluation.evaluator import Evaluator
from ...agents.evaluation.open import evaluator_for
from ...agents.leases.searcher import Searcher
from ...agents.leases.work import work
from ..run_spec import PlannedRun
from ..state.archive import Store
from .messages import FLUSH_SECONDS, Item, Opening, Order
from .packed import Chunk, Recorded, packed
from .streams import Streams


class Desk:
    """One run's searchers within an actor."""

    def __init__(self, planned: PlannedRun, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        streams = Streams(planned)
        self._searchers = {
            name: Searcher(name, agent, self._evaluator, streams.of(name), planned.evaluation)
            for name, agent in planned.team
        }
        self._store = Store(self._evaluator.space.dimension)

    def work(self, order: Order) -> Iterator[Item]:
        """Rows as they come; with the last of them, the finding."""
        for agent, rows in order.news:
            self._store.extend(agent, rows)
        lease = order.lease
        if order.sign:
            yield Item(None)
        searcher = self._searchers[lease.agent]
        if searcher.agent.reads_archive:
            lease = replace(lease, seen=self._store.view(lease.archive))
        began = time.perf_counter()
        steps = work(
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
                yield Item(next(steps))
        except StopIteration as stop:
            rows, finding = stop.value
            yield Item(rows, finding, time.perf_counter() - began)

    def close(self) -> None:
        for searcher in self._searchers.values():
            searcher.close()
        self._evaluator.close()


Spread = Callable[[Opening, PlannedRun], Evaluator]
"""Makes the evaluator of a run whose rows are evaluated all over the cluster."""


class Host:
    """The actor: desks of the runs whose agents live here."""

    def __init__(self, spread: Spread) -> None:
        self._limits = threadpool_limits(1)
        self._spread = spread
        self._desks: dict[str, Desk] = {}

    def work(self, run: str, opening: Opening | None, earlier: list[Order], order: Order) -> Iterator[Item]:
        """Work a lease. ``opening`` opens the run here first; ``earlier`` leases bring a rebuilt agent to where
        it was: every answer is recorded, nothing is evaluated."""
        if opening is not None:
            self._desks[run] = self._opened(opening)
        desk = self._desks[run]
        for past in earlier:
            for _ in desk.work(past):
                pass
        yield from desk.work(order)

    def drive(self, opening: Opening, recorded: Recorded, budget: int | None) -> Iterator[Chunk]:
        """Work a whole run, and hand on what is to be written of it."""
        return packed(opening.planned_run(), recorded, budget, FLUSH_SECONDS)

    def close(self, run: str) -> None:
        desk = self._desks.pop(run, None)
        if desk is not None:
            desk.close()

    def _opened(self, opening: Opening) -> Desk:
        planned = opening.planned_run()
        if opening.fan is not None:
            return Desk(planned, self._spread(opening, planned))
        return Desk(planned, evaluator_for(planned.landscape, planned.evaluation, planned.facts.space))
