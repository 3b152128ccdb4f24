"""The runs of a results directory, as their log tells them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, Problem, Space
from ...orchestrator.log.reader import LogReader, Points
from ...orchestrator.log.tables import RunRecord
from ...orchestrator.state.events import Event, Extended, Stopped
from .run_header import ProblemCache, base_of, build_header


@dataclass(frozen=True)
class RunData:
    """One run as its log tells it. An unfinished one holds what was collected so far."""

    id: str
    strategy: str
    landscape: str
    repeat: int
    settings: dict[str, Any]
    space: Space
    problem: Problem | None
    """None where the landscape cannot be opened here (a function whose file is gone)."""
    minimum: float | None
    pictured: bool
    """Whether a picture may evaluate the landscape; else it shows only what was found."""
    events: list[Event]
    points: Points

    @property
    def team(self) -> list[str]:
        """Names of the agents, in team order."""
        return [name for name, _ in self.settings["team"]]

    @property
    def budget(self) -> int:
        """Evaluations it was given, extensions included; a cut by the clock is none."""
        given: int = self.settings["budget"]
        return max([given, *(event.budget for event in self.events if isinstance(event, Extended))])

    @property
    def target(self) -> float | None:
        target: float | None = self.settings["target"]
        return target

    @property
    def stopped(self) -> str | None:
        """Why the run ended; None: it has not."""
        last = self.events[-1] if self.events else None
        return last.reason if isinstance(last, Stopped) else None

    @cached_property
    def spent(self) -> NDArray[np.int64]:
        """Evaluations spent up to each point, (n,)."""
        return np.cumsum(self.points.cost)

    @cached_property
    def best(self) -> Array:
        """Best loss so far at each point, (n,)."""
        return np.minimum.accumulate(self.points.losses) if len(self.points.losses) else self.points.losses

    @cached_property
    def record_rows(self) -> NDArray[np.int64]:
        """Indices of the points that bettered all before."""
        if not len(self.best):
            return np.empty(0, dtype=np.int64)
        before = np.concatenate([[np.inf], self.best[:-1]])
        return np.flatnonzero(self.points.losses < before)

    @property
    def evaluations(self) -> int:
        return int(self.spent[-1]) if len(self.spent) else 0

    @property
    def final(self) -> float:
        """The best loss; infinite where there is none."""
        return float(self.best[-1]) if len(self.best) else float("inf")

    def best_at(self, evaluations: NDArray[np.int64]) -> Array:
        """Best loss after so many evaluations (m,); infinite before the first."""
        index = np.searchsorted(self.spent, evaluations, side="right") - 1
        return np.where(index < 0, np.inf, self.best[np.maximum(index, 0)])

    def first_below(self, target: float) -> int | None:
        """Evaluations spent when the loss first was at or below the target; None: never."""
        hits = np.flatnonzero(self.best <= target)
        return int(self.spent[hits[0]]) if len(hits) else None


@dataclass(frozen=True)
class BestPoint:
    """A best point, (D,) in the landscape's own units, and who found it."""

    landscape: str
    strategy: str
    agent: str
    repeat: int
    loss: float
    point: Array


def read_runs(directory: Path | str) -> list[RunData]:
    """All runs of a results directory, in the order of the plan; also of one that still grows."""
    directory = Path(directory)
    with LogReader(directory) as reader:
        landscapes = ProblemCache(base_of(directory))
        return [_read_run(reader, record, landscapes) for record in reader.runs()]


def _read_run(reader: LogReader, record: RunRecord, landscapes: ProblemCache) -> RunData:
    events = reader.events(record.id)
    points = reader.points_of(record, events)
    header = build_header(record, landscapes, points.cube.shape[1])
    return RunData(
        record.id, record.strategy, record.landscape, record.repeat, record.settings, header.space, header.problem,
        header.minimum, header.pictured, events, points,
    )  # fmt: skip


def best_point_of(run: RunData) -> BestPoint | None:
    """The best point of a run."""
    rows = run.record_rows
    if not len(rows):
        return None
    row = rows[-1]
    agent = run.team[run.points.agent[row]]
    point = run.space.to_box(run.points.cube[row])
    return BestPoint(run.landscape, run.strategy, agent, run.repeat, float(run.points.losses[row]), point)


def best_by_landscape(runs: Iterable[RunData]) -> dict[str, BestPoint]:
    """The best point of each landscape on which anything finite was found, the first of equals."""
    found: dict[str, BestPoint] = {}
    for run in runs:
        best = best_point_of(run)
        if best is not None and (best.landscape not in found or best.loss < found[best.landscape].loss):
            found[best.landscape] = best
    return found
