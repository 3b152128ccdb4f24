"""What has been read of a run's log, as pages are told it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ....agents.agent import Rows
from ....landscapes.landscape import Array
from ....orchestrator.log.reader import News
from ....orchestrator.state.events import Event, Extended, Stopped
from ....orchestrator.state.lease_table import LeaseEntry, LeaseTable
from ...results.insights import Insight, Insights
from ...results.run_header import RunHeader


@dataclass(slots=True)
class Part:
    """Points of one lease that came together: which rows, where, and their losses."""

    lease: int
    agent: int
    rows: NDArray[np.uint32]
    cube: Array
    losses: Array


@dataclass(slots=True)
class Told:
    """All that has been read of a run, in the order in which it was: leases as they were granted, and as they were
    collected."""

    leases: list[LeaseEntry] = field(default_factory=list)
    outcomes: list[LeaseEntry] = field(default_factory=list)
    insights: list[Insight] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    budget: int = 0
    stopped: str | None = None

    @property
    def lengths(self) -> tuple[int, int, int, int]:
        return len(self.leases), len(self.outcomes), len(self.insights), len(self.parts)


class Telling:
    """Folds what comes of a run into ``told``. Of a run whose budget is above ``most`` only so many points are told,
    evenly chosen, and those that bettered all before."""

    def __init__(self, header: RunHeader, most: int) -> None:
        self.team = {name: i for i, (name, _) in enumerate(header.settings["team"])}
        self.told = Told(budget=header.settings["budget"])
        self.stride = 0
        """1 in so many points is told; 0: not chosen yet."""
        self._most, self._rows = most, 0
        self._table = LeaseTable(header.seconds)
        self._fold = Insights(list(self.team), header.settings["budget"], header.minimum)
        self._lowest: list[float] = []
        """By lease: the least loss that was known when it was granted, or that it has had since."""

    def tell(self, news: News) -> None:
        """Fold what has come."""
        if not self.stride:
            # Chosen once: what a page has been told stays as it is, though the run be extended.
            extended = [event.budget for event in news.happened if isinstance(event, Extended)]
            self.stride = -(-max([self.told.budget, *extended]) // self._most)
        for event in news.happened:
            self._happened(event)
        for lease, rows in news.found:
            self._points(lease, rows)

    def _happened(self, event: Event) -> None:
        told, entries = self.told, self._table.add_event(event)
        for entry in entries:
            if entry.finding is None:
                # Leases are numbered in the order of granting.
                self._lowest.append(entry.best_before)
                told.leases.append(entry)
            else:
                told.outcomes.append(entry)
        if isinstance(event, Extended):
            told.budget = event.budget
        told.stopped = event.reason if isinstance(event, Stopped) else None
        told.insights += self._fold.add_entries(entries)

    def _points(self, lease: int, rows: Rows) -> None:
        # Points without a grant are of a lease that is granted again after a kill.
        if lease >= len(self.told.leases):
            return
        numbers = np.arange(rows.first, rows.first + len(rows.losses), dtype=np.uint32)
        kept = self._kept(lease, rows.losses)
        agent = self.team[self.told.leases[lease].lease.agent]
        self.told.parts.append(Part(lease, agent, numbers[kept], rows.points[kept], rows.losses[kept]))

    def _kept(self, lease: int, losses: Array) -> NDArray[np.bool_]:
        """Which of a lease's next rows are told. What was collected since it was granted does not count as before
        them: how a log is read, at once or as it grows, must not decide."""
        lowest = np.minimum.accumulate(np.concatenate([[self._lowest[lease]], losses]))
        numbers = self._rows + np.arange(len(losses))
        self._lowest[lease], self._rows = float(lowest[-1]), self._rows + len(losses)
        kept: NDArray[np.bool_] = (numbers % self.stride == 0) | (losses < lowest[:-1])
        return kept
