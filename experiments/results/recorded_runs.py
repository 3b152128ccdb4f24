"""Reads the runs of a results directory from its log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...agents.agent import Incumbent, LeaseTiming
from ...landscapes.landscape import Array, Problem, Space
from ...orchestrator.landscape_record import StoredSurface
from ...orchestrator.log.reader import LogReader, Points
from ...orchestrator.log.tables import RunRecord
from ...orchestrator.state.events import Collected, Event, Extended, Stopped, describe_end, is_cut
from .pictures.picture_space import describe_setting, name_all_values, picture_space
from .run_header import LandscapeRecords, build_header


@dataclass(frozen=True)
class RunData:
    """One run as it is recorded in the log. An unfinished run holds what was collected so far.

    Attributes:
        id: The run's id.
        strategy: The name of its strategy.
        landscape: The label of its landscape.
        repeat: The number of its repeat, from 0.
        settings: The settings of the run, as plain data.
        space: The dimension and bounds of the landscape; the unit cube if they are not known.
        problem: The opened landscape, if it is one of this package (or of a plugin) that pictures may evaluate; else
            None. Code of a user is not run to read results.
        minimum: The known minimum of the landscape; None if it is unknown.
        bounded: Whether the bounds are known: the log of an older version may not have them.
        events: The events of the run, in order.
        points: Its points, in the order in which they were collected.
        minimizers: The known minimizers in the landscape's units, shape (k, D); None if they are unknown.
        surfaces: Losses of the landscape on planes, as they were recorded when the run ended.
        measures: What the landscape tells of the best point of each lease besides its loss: named values by lease.
        timings: Where the time of each collected lease went, by lease; empty if the log does not have it.
        sessions: When each session that wrote the log began, in seconds of work on it, in order.
    """

    id: str
    strategy: str
    landscape: str
    repeat: int
    settings: dict[str, Any]
    space: Space
    problem: Problem | None
    minimum: float | None
    bounded: bool
    events: list[Event]
    points: Points
    minimizers: Array | None = None
    surfaces: tuple[StoredSurface, ...] = field(default=(), repr=False)
    measures: dict[int, dict[str, float]] = field(default_factory=dict, repr=False)
    timings: dict[int, LeaseTiming] = field(default_factory=dict, repr=False, compare=False)
    sessions: tuple[float, ...] = field(default=(), repr=False, compare=False)

    def __repr__(self) -> str:
        shown = f"{self.strategy} on {self.landscape}, repeat {self.repeat}"
        ended = "unfinished" if self.stopped is None else self.stopped
        return f"<RunData {self.id}: {shown}; {self.evaluations:,} evaluations, best loss {self.final:.6g}; {ended}>"

    @cached_property
    def picture(self) -> Space:
        """The space in which the run is drawn: every axis is linear there."""
        return picture_space(self.space)

    @property
    def drawn_minimizers(self) -> Array | None:
        """The known minimizers where pictures show them, shape (k, D), in the units of ``picture``; None if unknown."""
        known, space = self.minimizers, self.space
        return known if known is None or not space.axes else self.picture.to_box(space.to_cube(known))

    @property
    def team(self) -> list[str]:
        """Names of the agents, in team order."""
        return [name for name, _ in self.settings["team"]]

    @property
    def budget(self) -> int:
        """The budget in evaluations, extensions included. A run that the wall clock cut short keeps its budget."""
        given: int = self.settings["budget"]
        return max([given, *(event.budget for event in self.events if isinstance(event, Extended))])

    @property
    def target(self) -> float | None:
        """The loss at which the run was to end; None if there is none."""
        target: float | None = self.settings["target"]
        return target

    @property
    def stopped(self) -> str | None:
        """Why the run ended; None if it has not ended."""
        last = self.events[-1] if self.events else None
        if not isinstance(last, Stopped):
            return None
        return describe_end(last, self._budget_was_cut, self.settings.get("seconds"))

    @property
    def time_up(self) -> bool:
        """Whether the run ended because its time (``stop: {seconds: ...}``) was up."""
        last = self.events[-1] if self.events else None
        return isinstance(last, Stopped) and self.stopped != last.reason

    @property
    def _budget_was_cut(self) -> bool:
        budget, cut = self.settings["budget"], False
        for event in self.events:
            if isinstance(event, Extended):
                budget, cut = event.budget, is_cut(budget, event)
        return cut

    @cached_property
    def spent(self) -> NDArray[np.int64]:
        """Evaluations spent up to and including each point, shape (n,)."""
        return np.cumsum(self.points.cost)

    @cached_property
    def best(self) -> Array:
        """The best loss up to and including each point, shape (n,)."""
        return np.minimum.accumulate(self.points.losses) if len(self.points.losses) else self.points.losses

    @cached_property
    def record_rows(self) -> NDArray[np.int64]:
        """The indices of the points that are better than all points before them."""
        if not len(self.best):
            return np.empty(0, dtype=np.int64)
        before = np.concatenate([[np.inf], self.best[:-1]])
        return np.flatnonzero(self.points.losses < before)

    @property
    def evaluations(self) -> int:
        """All evaluations spent."""
        return int(self.spent[-1]) if len(self.spent) else 0

    @property
    def final(self) -> float:
        """The best loss that was seen, which under noise is a lucky one; infinite if there is no finite loss."""
        return float(self.best[-1]) if len(self.best) else float("inf")

    def best_at(self, evaluations: NDArray[np.int64]) -> Array:
        """Return the best loss after each number of evaluations, shape (m,); infinite before the first point."""
        index = np.searchsorted(self.spent, evaluations, side="right") - 1
        return np.where(index < 0, np.inf, self.best[np.maximum(index, 0)])

    def first_below(self, target: float) -> int | None:
        """Return the evaluations spent when a loss first was at or below the target; None if that never happened."""
        hits = np.flatnonzero(self.best <= target)
        return int(self.spent[hits[0]]) if len(hits) else None

    @property
    def dimension(self) -> int:
        """The dimension of the landscape."""
        return self.space.dimension

    @property
    def digest(self) -> str:
        """A digest of all losses, charges and kept coordinates: equal for runs that tried the same points."""
        found = blake2b(digest_size=16)
        for part in (self.points.cost, self.points.losses, self.points.cube):
            found.update(np.ascontiguousarray(part).tobytes())
        return found.hexdigest()

    @property
    def confirmed(self) -> Incumbent | None:
        """The run's incumbent, if repeats have chosen one under noise, with their mean loss; else None.

        As in the state of the run, only repeats replace what they have chosen, until the budget is raised.
        """
        chosen, final, budget = None, False, self.settings["budget"]
        for event in self.events:
            if isinstance(event, Extended):
                final, budget = final and is_cut(budget, event), event.budget
            elif isinstance(event, Collected) and (best := event.finding.best) is not None:
                if event.finding.confirmed:
                    chosen, final = best, True
                elif chosen is not None and not final and best.loss < chosen.loss:
                    chosen = best
        return chosen

    @property
    def best_point(self) -> BestPoint | None:
        """The best point, which every log has: the incumbent where repeats have chosen one, or that of the least loss.

        It is None if there is no finite loss.
        """
        if (chosen := self.confirmed) is not None:
            return self._describe_point(chosen.agent, chosen.loss, chosen.point)
        rows = self.record_rows
        found = self.points.find(int(rows[-1])) if len(rows) else None
        if found is None:
            return None
        row = int(rows[-1])
        return self._describe_point(self.team[self.points.agent[row]], float(self.points.losses[row]), found)

    def _describe_point(self, agent: str, loss: float, found: Array) -> BestPoint:
        point = self.space.to_box(found)
        return BestPoint(
            self.landscape, self.strategy, agent, self.repeat, loss, point,
            name_all_values(self.settings["landscape"], self.space, point), self.space,
        )  # fmt: skip


@dataclass(frozen=True)
class BestPoint:
    """The best point of a run or of a landscape, and the agent that found it.

    Attributes:
        landscape: The label of the landscape.
        strategy: The name of the strategy.
        agent: The name of the agent that found the point.
        repeat: The number of the run's repeat, from 0.
        loss: The loss at the point.
        point: The point in the landscape's own units, shape (D,); a choice is its position.
        setting: The values that the objective received, by name (x1, x2, ... if they have none), fixed ones included.
        space: The space of the landscape.
    """

    landscape: str
    strategy: str
    agent: str
    repeat: int
    loss: float
    point: Array
    setting: dict[str, Any]
    space: Space = field(repr=False)

    def describe(self, most: int, digits: int = 6) -> str:
        """Return what the objective received in words: numbers, or values by name; at most ``most`` of them."""
        return describe_setting(self.setting, bool(self.space.axes), most, digits)


NETWORK_KINDS = ("network", "jax", "torch")
"""Kinds of landscapes whose bounds mean nothing: they are there because a search needs some."""


def describe_faces(runs: Iterable[RecordedRun]) -> Iterator[str]:
    """Yield a sentence for each network whose best point lies on a bound: beyond it the loss may be lower."""
    listed = list(runs)
    kinds = {run.landscape: run.settings["landscape"]["kind"] for run in listed}
    for label, best in best_by_landscape(listed).items():
        count = int(((best.point <= best.space.lower) | (best.point >= best.space.upper)).sum())
        if count and kinds[label] in NETWORK_KINDS:
            yield (
                f"The best point of {label} has {count:,} of {len(best.point):,} weights on a bound: with wider bounds "
                "the loss may be lower."
            )


class RecordedRun(Protocol):
    """What sentences about a run need of it: ``RunData``, or a summary of it."""

    @property
    def landscape(self) -> str: ...
    @property
    def settings(self) -> dict[str, Any]: ...
    @property
    def budget(self) -> int: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def time_up(self) -> bool: ...
    @property
    def best_point(self) -> BestPoint | None: ...


def read_runs(directory: Path | str) -> list[RunData]:
    """Read all runs of a results directory, in the order of the plan. The log may still be growing.

    Raises:
        LogError: If the log does not exist, or cannot be read.
    """
    return list(iterate_runs(directory))


def iterate_runs(directory: Path | str, pictured: bool = True) -> Iterator[RunData]:
    """Read the runs of a results directory one by one, in the order of the plan.

    Args:
        directory: The results directory.
        pictured: Whether the landscapes of the package are opened, as pictures need. Opening takes time.

    Raises:
        LogError: If the log does not exist, or cannot be read.
    """
    with LogReader(Path(directory)) as reader:
        reader.check_structure()
        records = reader.runs()
        landscapes = LandscapeRecords(records)
        for record in records:
            yield _read_run(reader, record, landscapes, pictured)


def read_run(directory: Path | str, id: str) -> RunData:
    """Read one run of a results directory.

    Raises:
        KeyError: If the directory holds no such run.
        LogError: If the log does not exist, or cannot be read.
    """
    with LogReader(Path(directory)) as reader:
        record = reader.record(id)
        return _read_run(reader, record, LandscapeRecords(reader.runs_on(record.landscape)), True)


def _read_run(reader: LogReader, record: RunRecord, landscapes: LandscapeRecords, pictured: bool) -> RunData:
    events = reader.events_of(record)
    points = reader.points_of(record, events)
    header = build_header(record, landscapes, points.cube.shape[1] if len(points.losses) else None, pictured)
    return RunData(
        record.id, record.strategy, record.landscape, record.repeat, record.settings, header.space, header.problem,
        header.minimum, header.bounded, events, points, header.minimizers, header.surfaces,
        reader.measures(record.id), reader.timings(record.id), reader.session_starts(),
    )  # fmt: skip


def describe_time_limits(runs: Sequence[RecordedRun]) -> str | None:
    """Say how many runs ended because their time was up, and how far they had come; None if there are none."""
    late = [run for run in runs if run.time_up]
    if not late:
        return None
    spent, given = [run.evaluations for run in late], sorted({run.budget for run in late})
    span = f"{min(spent):,}" if min(spent) == max(spent) else f"{min(spent):,} to {max(spent):,}"
    seconds = " or ".join(f"{limit:g}" for limit in sorted({run.settings["seconds"] for run in late}))
    return (
        f"{len(late)} of {len(runs)} runs ended because their time was up (stop.seconds: {seconds}), after {span} of "
        f"{' or '.join(f'{budget:,}' for budget in given)} evaluations."
    )


def best_by_landscape(runs: Iterable[RecordedRun]) -> dict[str, BestPoint]:
    """Return the best point of each landscape with a finite loss, by label; the first of equally good ones."""
    found: dict[str, BestPoint] = {}
    for run in runs:
        best = run.best_point
        if best is not None and (best.landscape not in found or best.loss < found[best.landscape].loss):
            found[best.landscape] = best
    return found
