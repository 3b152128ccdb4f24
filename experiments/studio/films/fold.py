"""What has been read of a run's log, as pages are told it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....agents.agent import Finding, Rows
from ....landscapes.landscape import Array
from ....orchestrator.log.reader import News
from ....orchestrator.state.events import Collected, Event, Extended, Granted, Stopped
from ...results.accounts import lease_outcome
from ...results.insights import Insight, Insights
from ...results.recorded_runs import RunHeader


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
    """All that has been read of a run, in the order in which it was."""

    leases: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
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
        self._seconds, self._most, self._rows = header.seconds, most, 0
        self._fold = Insights(list(self.team), header.settings["budget"], header.minimum)
        self._now, self._best = 0.0, np.inf
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
        told = self.told
        if isinstance(event, Granted):
            self._granted(event)
        elif isinstance(event, Collected):
            self._collected(event.finding)
        elif isinstance(event, Extended):
            told.budget = event.budget
        told.stopped = event.reason if isinstance(event, Stopped) else None
        told.insights += self._fold.tell(event)

    def _granted(self, event: Granted) -> None:
        for lease in event.leases:
            # Leases are numbered in the order of granting.
            self._lowest.append(self._best)
            self.told.leases.append({
                "id": lease.id, "agent": self.team[lease.agent], "starts": self._now,
                "ends": self._now + lease.budget * self._seconds, "budget": lease.budget,
                "center": np.round(lease.region.center, 7), "radius": lease.region.radius, "fresh": lease.fresh,
                "reason": lease.reason, "incumbent": lease.incumbent,
            })  # fmt: skip

    def _collected(self, finding: Finding) -> None:
        best = finding.best_loss
        self._now = max(self._now, self.told.leases[finding.lease]["ends"])
        self.told.outcomes.append({
            "lease": finding.lease, "charged": finding.charged, "rows": finding.rows,
            "outcome": lease_outcome(finding), "best": best, "record": best < self._best,
            "failures": len(finding.failures), "converged": finding.converged,
        })  # fmt: skip
        self._best = min(self._best, best)

    def _points(self, lease: int, rows: Rows) -> None:
        # Points without a grant are of a lease that is granted again after a kill.
        if lease >= len(self.told.leases):
            return
        numbers = np.arange(rows.first, rows.first + len(rows.losses), dtype=np.uint32)
        kept = self._kept(lease, rows.losses)
        agent = self.told.leases[lease]["agent"]
        self.told.parts.append(Part(lease, agent, numbers[kept], rows.points[kept], rows.losses[kept]))

    def _kept(self, lease: int, losses: Array) -> NDArray[np.bool_]:
        """Which of a lease's next rows are told. What was collected since it was granted does not count as before
        them: how a log is read, at once or as it grows, must not decide."""
        lowest = np.minimum.accumulate(np.concatenate([[self._lowest[lease]], losses]))
        numbers = self._rows + np.arange(len(losses))
        self._lowest[lease], self._rows = float(lowest[-1]), self._rows + len(losses)
        kept: NDArray[np.bool_] = (numbers % self.stride == 0) | (losses < lowest[:-1])
        return kept
