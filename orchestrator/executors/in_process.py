"""The executor that works every lease in this process, when it is collected."""

from __future__ import annotations

import math
from dataclasses import replace

from ...agents.agent import Lease, Rows
from ...agents.evaluation.evaluator import Evaluator
from ...agents.evaluation.interrupts import interrupts
from ...agents.evaluation.open import open_evaluator
from ...agents.leases.agent_clock import AgentClock
from ...agents.leases.recorded_rows import GradientReplayer
from ...agents.leases.searcher import Searcher
from ...agents.leases.work import FLUSH_SECONDS, work_lease
from ..log.log import Log
from ..run_spec import RunSpec
from ..state.events import Collected, charge_finding
from .lease_book import LeaseBook
from .streams import open_searchers


class InProcessExecutor:
    """The executor of one run that works its leases in this process.

    Outcomes are collected in logical order with every executor. So working each lease when it is collected gives the
    same findings as working several leases in parallel.

    Args:
        planned: The run's specification.
        log: The run's log, which gets the points.
        evaluator: Evaluates the points. Default: one that is opened for the run's landscape.
        keeps_rows: Whether points are handed to the log; agents that read the archive need this.
        disposable: Whether this process may be killed to end an agent that hangs.
        replayer: Evaluates recorded rows again whose gradients the log does not keep. Default: by the evaluator.

    Attributes:
        replayer: The same.
    """

    def __init__(
        self,
        planned: RunSpec,
        log: Log,
        evaluator: Evaluator | None = None,
        keeps_rows: bool = True,
        disposable: bool = False,
        replayer: GradientReplayer | None = None,
    ) -> None:
        self._log, self._book = log, LeaseBook(planned, log, rebuilds=False)
        self._evaluator = evaluator or open_evaluator(planned.landscape, planned.evaluation, planned.facts)
        self.replayer = replayer or GradientReplayer(self._evaluator)
        self._clock = AgentClock(planned.evaluation.agent_timeout, disposable)
        self._searchers = open_searchers(planned, self._evaluator, self._clock, self.replayer)
        self._outdated: set[str] = set()
        self._flush_seconds = FLUSH_SECONDS if keeps_rows else math.inf

    def submit(self, lease: Lease) -> None:
        """Note a lease, which is worked when it is collected."""
        self._book.add_lease(lease)

    def ready(self, lease: int) -> bool:
        """Return True: the lease is worked when it is collected."""
        return True

    def collect(self, lease: int) -> Collected:
        """Return the recorded outcome of a lease, or work the lease now."""
        granted = self._book.leases[lease]
        event = self._book.recorded_outcome(lease)
        if event is None:
            event = self._work_lease(granted)
        else:
            self._outdated.add(granted.agent)
        self._book.settle_lease(event.finding)
        return event

    def close(self) -> None:
        """End all searches, and close the evaluator."""
        for searcher in self._searchers.values():
            searcher.end()
        self._clock.close()
        self._evaluator.close()

    def _work_lease(self, lease: Lease) -> Collected:
        searcher = self._searchers[lease.agent]
        if lease.agent in self._outdated:
            self._outdated.discard(lease.agent)
            for earlier in self._book.earlier_leases(lease):
                self._run_search(searcher, earlier, self._book.rows(earlier.id))
        recorded = self._book.rows(lease.id) if self._book.resumed else None
        return self._run_search(searcher, lease, recorded)

    def _run_search(self, searcher: Searcher, lease: Lease, recorded: Rows | None) -> Collected:
        if self._book.store is not None and self._book.reads_archive(lease.agent):
            lease = replace(lease, seen=self._book.store.view(lease.archive))
        steps = work_lease(
            searcher,
            lease,
            self._book.episode(lease.agent),
            recorded,
            self._flush_seconds,
            first_rows=self._book.first_rows(lease.id),
            verdict=self._book.recorded_verdict(lease.id),
        )
        # An interrupt waits until what the lease has brought is in the log.
        with interrupts.hold():
            try:
                while True:
                    rows = next(steps)
                    if isinstance(rows, Rows):
                        self._log.add_rows(lease.id, rows)
            except StopIteration as stop:
                rows, finding = stop.value
            if rows is not None:
                self._log.add_rows(lease.id, rows)
        return charge_finding(finding, lease)
