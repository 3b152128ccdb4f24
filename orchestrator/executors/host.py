"""What lives in an actor: the searchers of the runs whose agents are there. It does not know of Ray."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from threadpoolctl import threadpool_limits

from ...agents.agent import Finding, Lease, Rows
from ...agents.evaluate import evaluator_for
from ...agents.searcher import Searcher
from ...agents.work import work
from ...landscapes.loading import unpickled
from ..archive import Store
from ..planned import PlannedRun
from .book import Streams

FLUSH_SECONDS = 0.1
"""Points found are on their way to the log after so long."""

News = list[tuple[int, Rows | None]]
Item = tuple[Rows | None, Finding | None]


@dataclass(frozen=True, slots=True)
class Opening:
    """A planned run as bytes, and the user's files that must have been run before it can be unpickled."""

    files: dict[str, tuple[str, str]]
    planned: bytes

    def planned_run(self) -> PlannedRun:
        found: PlannedRun = unpickled(self.files, self.planned)
        return found


@dataclass(frozen=True, slots=True)
class Order:
    """What an actor needs to work a lease: the lease, how much is recorded, what the archive has gained."""

    lease: Lease
    episode: int
    recorded: Rows | None
    news: News
    flush_seconds: float = FLUSH_SECONDS
    lost_rows: dict[int, str] = field(default_factory=dict)
    largest: int | None = None
    sign: bool = False
    """Whether to send an item without rows once the rows of the lease are come to."""


class Desk:
    """One run's searchers within an actor."""

    def __init__(self, planned: PlannedRun) -> None:
        self._evaluator = evaluator_for(planned.landscape, planned.evaluation)
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
            yield None, None
        searcher = self._searchers[lease.agent]
        if searcher.agent.reads_archive:
            lease = replace(lease, seen=self._store.view(lease.archive))
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
                yield next(steps), None
        except StopIteration as stop:
            yield stop.value

    def close(self) -> None:
        for searcher in self._searchers.values():
            searcher.close()
        self._evaluator.close()


class Host:
    """The actor: desks of the runs whose agents live here."""

    def __init__(self) -> None:
        self._limits = threadpool_limits(1)
        self._desks: dict[str, Desk] = {}

    def work(self, run: str, opening: Opening | None, earlier: list[Order], order: Order) -> Iterator[Item]:
        """Work a lease. ``opening`` opens the run here first; ``earlier`` leases bring a rebuilt agent to where
        it was: every answer is recorded, nothing is evaluated."""
        if opening is not None:
            self._desks[run] = Desk(opening.planned_run())
        desk = self._desks[run]
        for past in earlier:
            for _ in desk.work(past):
                pass
        yield from desk.work(order)

    def close(self, run: str) -> None:
        desk = self._desks.pop(run, None)
        if desk is not None:
            desk.close()
