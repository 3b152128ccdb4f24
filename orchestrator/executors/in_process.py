"""Works every lease in this process, when it is collected."""

from __future__ import annotations

import math
from dataclasses import replace

from ...agents.agent import Lease, Rows
from ...agents.evaluation.evaluator import Evaluator
from ...agents.evaluation.open import evaluator_for
from ...agents.leases.searcher import Searcher
from ...agents.leases.work import FLUSH_SECONDS, work
from ..log.log import Log
from ..run_spec import PlannedRun
from ..state.events import Collected, charge_finding
from .lease_book import Book
from .streams import Streams


class Simulated:
    """The executor of one run, in process. Since outcomes are collected in logical order whatever the executor,
    working a lease when it is collected gives the same findings as working leases side by side."""

    def __init__(
        self, planned: PlannedRun, log: Log, evaluator: Evaluator | None = None, keeps_rows: bool = True
    ) -> None:
        """``keeps_rows``: whether points are handed to the log; agents that read the archive need it."""
        self._log, self._book = log, Book(planned, log, rebuilds=False)
        self._evaluator = evaluator or evaluator_for(planned.landscape, planned.evaluation, planned.facts.space)
        streams = Streams(planned)
        self._searchers = {
            name: Searcher(name, agent, self._evaluator, streams.of(name), planned.evaluation)
            for name, agent in planned.team
        }
        self._behind: set[str] = set()
        self._pace = FLUSH_SECONDS if keeps_rows else math.inf

    def submit(self, lease: Lease) -> None:
        self._book.note(lease)

    def ready(self, lease: int) -> bool:
        return True

    def collect(self, lease: int) -> Collected:
        granted = self._book.leases[lease]
        event = self._book.recorded(lease)
        if event is None:
            event = self._work(granted)
        else:
            self._behind.add(granted.agent)
        self._book.settle(lease)
        return event

    def close(self) -> None:
        for searcher in self._searchers.values():
            searcher.close()
        self._evaluator.close()

    def _work(self, lease: Lease) -> Collected:
        searcher = self._searchers[lease.agent]
        if lease.agent in self._behind:
            self._behind.discard(lease.agent)
            for earlier in self._book.before(lease):
                self._run(searcher, earlier, self._book.rows(earlier.id))
        recorded = self._book.rows(lease.id) if self._book.resumed else None
        return self._run(searcher, lease, recorded)

    def _run(self, searcher: Searcher, lease: Lease, recorded: Rows | None) -> Collected:
        if self._book.store is not None and self._book.reads_archive(lease.agent):
            lease = replace(lease, seen=self._book.store.view(lease.archive))
        steps = work(searcher, lease, self._book.episode(lease.agent), recorded, self._pace)
        try:
            while True:
                self._log.add_rows(lease.id, next(steps))
        except StopIteration as stop:
            rows, finding = stop.value
        if rows is not None:
            self._log.add_rows(lease.id, rows)
        return charge_finding(finding, lease)
