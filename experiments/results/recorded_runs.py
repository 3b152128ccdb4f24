"""The runs of a results directory, as their log tells them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, Landscape, LandscapeError, Problem, Space
from ...orchestrator.log.reader import LogReader, Points
from ...orchestrator.log.tables import RunRecord
from ...orchestrator.state.events import Event, Extended, Stopped
from ..spec import catalogue
from ..spec.errors import SpecError
from ..spec.sources import text_of
from ..spec.yaml_text import parse


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
class Best:
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
        base = _base(directory)
        return [_read_run(reader, record, base) for record in reader.runs()]


def _read_run(reader: LogReader, record: RunRecord, base: str | None) -> RunData:
    points = reader.points(record.id)
    header = header_of(record, base, points.cube.shape[1])
    return RunData(
        record.id, record.strategy, record.landscape, record.repeat, record.settings, header.space, header.problem,
        header.minimum, header.pictured, reader.events(record.id), points,
    )  # fmt: skip


@dataclass(frozen=True)
class RunHeader:
    """What is known of a run before anything came of it; of its fields, see ``RunData``."""

    id: str
    strategy: str
    landscape: str
    repeat: int
    settings: dict[str, Any]
    space: Space
    problem: Problem | None
    pictured: bool

    @property
    def minimum(self) -> float | None:
        return None if self.problem is None else self.problem.minimum

    @property
    def minimizers(self) -> Array | None:
        """Known minimizers (k, D) in the cube."""
        known = None if self.problem is None else self.problem.minimizers
        return None if known is None else self.space.to_cube(known)

    @property
    def seconds(self) -> float:
        """Declared (logical) seconds of an evaluation."""
        seconds: float = self.settings["landscape"]["seconds"]
        return seconds


def read_header(directory: Path | str, run: str) -> RunHeader:
    """The header of one run of a results directory; of a landscape that cannot be opened here it has one dimension.
    Raises KeyError for a run that the directory does not hold."""
    directory = Path(directory)
    with LogReader(directory) as reader:
        record = next((r for r in reader.runs() if r.id == run), None)
    if record is None:
        raise KeyError(run)
    return header_of(record, _base(directory), 1)


def header_of(record: RunRecord, base: str | None, dimension: int) -> RunHeader:
    """The header of a run; ``dimension`` is used where its landscape cannot be opened here."""
    landscape = _landscape(record.settings["landscape"], base)
    problem = None if landscape is None else _open(landscape)
    space = Space(np.zeros(dimension), np.ones(dimension)) if problem is None else problem.space
    pictured = landscape is not None and landscape.pictured
    return RunHeader(
        record.id, record.strategy, record.landscape, record.repeat, record.settings, space, problem, pictured
    )


def _base(directory: Path) -> str | None:
    """Where relative paths of the experiment start, as its YAML says."""
    try:
        base = parse(text_of(directory / "experiment.yaml"))[0].get("base")
    except SpecError:
        return None
    return base if isinstance(base, str) else None


def _landscape(settings: dict[str, Any], base: str | None) -> Landscape | None:
    try:
        landscape: Landscape = catalogue.build("landscape", settings)
    except ValueError:
        return None
    return landscape.model_copy(update={"base": base}) if "base" in type(landscape).model_fields else landscape


def _open(landscape: Landscape) -> Problem | None:
    try:
        return landscape.open()
    except LandscapeError:
        return None


def best_of(run: RunData) -> Best | None:
    """The best point of a run."""
    rows = run.record_rows
    if not len(rows):
        return None
    row = rows[-1]
    agent = run.team[run.points.agent[row]]
    point = run.space.to_box(run.points.cube[row])
    return Best(run.landscape, run.strategy, agent, run.repeat, float(run.points.losses[row]), point)
