"""The state of a film: what has been read of a run's log so far, and the fold that updates it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ....agents.agent import Finding, Rows
from ....landscapes.landscape import Array
from ....orchestrator.log.reader import LogUpdate
from ....orchestrator.state.events import Collected, Event, Extended, Stopped, describe_end, is_cut
from ....orchestrator.state.lease_table import LeaseEntry, LeaseTable
from ...results.insights import Insight, InsightFold
from ...results.run_header import RunHeader


@dataclass(slots=True)
class PointChunk:
    """Points of one lease that were read together: their rows (n,), places ``cube`` (n, D) and losses (n,)."""

    lease: int
    agent: int
    rows: NDArray[np.uint32]
    cube: Array
    losses: Array


@dataclass(slots=True)
class FilmState:
    """Everything that has been read of a run, in that order.

    ``leases`` holds the leases in the order in which they were granted, ``outcomes`` in the order of their collection,
    and ``measures``, by lease, what the landscape tells of its best point besides the loss.
    """

    leases: list[LeaseEntry] = field(default_factory=list)
    outcomes: list[LeaseEntry] = field(default_factory=list)
    insights: list[Insight] = field(default_factory=list)
    parts: list[PointChunk] = field(default_factory=list)
    budget: int = 0
    stopped: str | None = None
    measures: dict[int, dict[str, float]] = field(default_factory=dict)

    @property
    def list_lengths(self) -> tuple[int, int, int, int]:
        return len(self.leases), len(self.outcomes), len(self.insights), len(self.parts)


class FilmFold:
    """A fold of the updates of a run's log into the film's state ``told``.

    If the run's budget is above ``most``, only about that many points are kept, evenly chosen, together with those that
    are better than all before. Points that the log does not keep are left out, except the best of each lease.
    """

    def __init__(self, header: RunHeader, most: int) -> None:
        self.team = {name: i for i, (name, _) in enumerate(header.settings["team"])}
        self.told = FilmState(budget=header.settings["budget"])
        self.stride = 0
        """Every ``stride``-th point is kept; 0 means that it has not been chosen yet."""
        self._most, self._row_count = most, 0
        self._budget_was_cut, self._seconds = False, header.settings.get("seconds")
        self._table = LeaseTable(header.seconds)
        self._insight_fold = InsightFold(list(self.team), header.settings["budget"], header.minimum)
        self._drawn: dict[int, set[int]] = {}
        """By lease that is out: the rows that are in the film, if the log does not keep the points of all."""
        self._lowest_by_lease: list[float] = []
        """By lease: the lowest loss that was known when it was granted, or that it has found since."""

    def add_news(self, news: LogUpdate, measures: Mapping[int, dict[str, float]] | None = None) -> None:
        """Fold an update of the log into the state, and the measures of the leases that it ends."""
        self.told.measures.update(measures or {})
        if not self.stride:
            # Chosen only once, so that what has been sent to a page stays valid even if the run is extended.
            extended = [event.budget for event in news.new_events if isinstance(event, Extended)]
            self.stride = -(-max([self.told.budget, *extended]) // self._most)
        for event in news.new_events:
            self._add_event(event)
        for lease, rows in news.new_rows:
            self._add_points(lease, rows)
        for event in news.new_events:
            if isinstance(event, Collected):
                self._add_best(event.finding)

    def _add_event(self, event: Event) -> None:
        told, entries = self.told, self._table.add_event(event)
        for entry in entries:
            if entry.finding is None:
                # Leases are numbered in the order of granting.
                self._lowest_by_lease.append(entry.best_before)
                told.leases.append(entry)
            else:
                told.outcomes.append(entry)
        if isinstance(event, Extended):
            self._budget_was_cut = is_cut(told.budget, event)
            told.budget = event.budget
        told.stopped = describe_end(event, self._budget_was_cut, self._seconds) if isinstance(event, Stopped) else None
        told.insights += self._insight_fold.add_entries(entries)

    def _add_points(self, lease: int, rows: Rows) -> None:
        # Points without a grant belong to a lease that will be granted again after a kill.
        if lease >= len(self.told.leases):
            return
        numbers, losses = (rows.first + rows.whole).astype(np.uint32), rows.losses[rows.whole]
        kept = self._select_rows(lease, losses)
        agent = self.team[self.told.leases[lease].lease.agent]
        self.told.parts.append(PointChunk(lease, agent, numbers[kept], rows.points[kept], losses[kept]))
        if rows.digests is not None:
            self._drawn.setdefault(lease, set()).update(numbers[kept].tolist())

    def _add_best(self, finding: Finding) -> None:
        """Add the best point of a lease of which the log does not keep all points."""
        best, drawn = finding.best, self._drawn.pop(finding.lease, None)
        if best is not None and drawn is not None and best.row not in drawn:
            row, loss = np.array([best.row], dtype=np.uint32), np.array([best.loss])
            self.told.parts.append(PointChunk(finding.lease, self.team[finding.agent], row, best.point[None], loss))

    def _select_rows(self, lease: int, losses: Array) -> NDArray[np.bool_]:
        """Return a mask of those of a lease's next rows that are kept.

        Losses that other leases found since this one was granted do not count as earlier: the selection must not depend
        on whether a log is read at once or as it grows.
        """
        lowest = np.minimum.accumulate(np.concatenate([[self._lowest_by_lease[lease]], losses]))
        numbers = self._row_count + np.arange(len(losses))
        self._lowest_by_lease[lease], self._row_count = float(lowest[-1]), self._row_count + len(losses)
        kept: NDArray[np.bool_] = (numbers % self.stride == 0) | (losses < lowest[:-1])
        return kept
