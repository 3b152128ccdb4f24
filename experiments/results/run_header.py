"""Reads what is known of a run before its first finding: its settings and its landscape. It runs no code of a user."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...landscapes.landscape import Array, Landscape, Problem, Space, known_minimizers, known_minimum
from ...landscapes.opening import open_problem
from ...orchestrator.landscape_record import (
    LandscapeRecord,
    StoredSurface,
    read_landscape_record,
)
from ...orchestrator.log.log import LogDamaged
from ...orchestrator.log.reader import LogReader
from ...orchestrator.log.tables import RunRecord
from ..spec import catalogue


@dataclass(frozen=True)
class RunHeader:
    """What is known of a run before its first finding. ``RunData`` describes the fields."""

    id: str
    strategy: str
    landscape: str
    repeat: int
    settings: dict[str, Any]
    space: Space
    bounded: bool
    problem: Problem | None
    minimum: float | None
    minimizers: Array | None
    surfaces: tuple[StoredSurface, ...] = field(default=(), repr=False)

    @property
    def seconds(self) -> float:
        """The declared cost of an evaluation in logical seconds."""
        seconds: float = self.settings["landscape"]["seconds"]
        return seconds


class LandscapeRecords:
    """What the runs of a log tell of their landscapes. Each landscape of the package is opened only once.

    Args:
        records: The runs of the log.
    """

    def __init__(self, records: list[RunRecord]) -> None:
        self._records = {record.id: read_landscape_record(record) for record in records}
        self._problems: dict[str, Problem | None] = {}
        self._whole: dict[str, tuple[StoredSurface, ...]] = {}
        for record in records:
            stored = self._records[record.id]
            whole = tuple(each for each in stored.surfaces if each.is_whole) if stored else ()
            if whole:
                self._whole.setdefault(_landscape_key(record), whole)

    def find(self, record: RunRecord) -> LandscapeRecord | None:
        """Return what the log says of a run's landscape, with surfaces that were recorded with another run of it.

        None if an older version wrote the log.
        """
        found = self._records[record.id]
        return (
            found
            if found is None or found.surfaces
            else found.with_surfaces(self._whole.get(_landscape_key(record), ()))
        )

    def open(self, record: RunRecord) -> Problem | None:
        """Return the opened landscape of a run, if it is one of the package or of a plugin that pictures may evaluate.

        None for all others. Nothing is imported or started because a log names it.
        """
        key = _landscape_key(record)
        if key not in self._problems:
            self._problems[key] = _open_installed(record.settings["landscape"])
        return self._problems[key]


def read_header(directory: Path | str, run: str) -> RunHeader:
    """Read the header of one run of a results directory.

    If neither the log nor the settings of the run tell its bounds, its space is the unit cube in one dimension.

    Raises:
        KeyError: If the directory holds no such run.
        LogError: If the log cannot be read.
    """
    with LogReader(directory) as reader:
        record = reader.record(run)
        # Only a run on the same landscape has recorded surfaces of it.
        records = reader.runs_on(record.landscape)
    return build_header(record, LandscapeRecords(records), None)


def build_header(
    record: RunRecord, landscapes: LandscapeRecords, dimension: int | None, pictured: bool = True
) -> RunHeader:
    """Build the header of a run.

    Args:
        record: The run.
        landscapes: What its log tells of landscapes.
        dimension: The dimension of its points; None if it has none yet.
        pictured: Whether a landscape of the package is opened even if the log has its bounds, for pictures.

    Raises:
        LogDamaged: If the landscape has another dimension.
    """
    stored = landscapes.find(record)
    problem = landscapes.open(record) if pictured or stored is None else None
    settings = record.settings["landscape"]
    known = stored or (None if problem is None else _describe_problem(problem)) or _describe_settings(settings)
    found = known or LandscapeRecord(_unit_cube(dimension or 1))
    check_dimension(record.id, found.space, dimension)
    if problem is not None and problem.space.dimension != found.space.dimension:
        problem = None
    return RunHeader(
        record.id, record.strategy, record.landscape, record.repeat, record.settings, found.space, known is not None,
        problem, found.minimum, found.minimizers, found.surfaces,
    )  # fmt: skip


def check_dimension(run: str, space: Space, dimension: int | None) -> None:
    """Check that the points of a run have as many coordinates as its landscape. Raises LogDamaged if not."""
    if dimension is not None and dimension != space.dimension:
        raise LogDamaged(
            f"the log is damaged: the points of run {run} have {dimension} coordinates, and its landscape has "
            f"{space.dimension}."
        )


def _unit_cube(dimension: int) -> Space:
    return Space(np.zeros(dimension), np.ones(dimension))


def _landscape_key(record: RunRecord) -> str:
    return json.dumps(record.settings["landscape"], sort_keys=True)


def _open_installed(settings: dict[str, Any]) -> Problem | None:
    kind = settings.get("kind")
    cls = catalogue.find_class("landscape", kind) if isinstance(kind, str) else None
    if cls is None or not issubclass(cls, Landscape) or not cls.pictured:
        return None
    try:
        return open_problem(cls.model_validate(settings))
    except Exception:
        # Another version may have written these settings. The findings can be read without the landscape.
        return None


def _describe_problem(problem: Problem) -> LandscapeRecord:
    return LandscapeRecord(problem.space, known_minimum(problem), known_minimizers(problem))


def _describe_settings(settings: dict[str, Any]) -> LandscapeRecord | None:
    """Return what settings with bounds (python, command, table) tell of a landscape; None if they tell nothing.

    Older versions recorded nothing else.
    """
    bounds, count, minimum = settings.get("bounds"), settings.get("dimension"), settings.get("minimum")
    try:
        pairs = np.array(bounds, dtype=float)
        if pairs.shape == (2,):
            pairs = np.tile(pairs, (int(count or 1), 1))
        if pairs.ndim != 2 or pairs.shape[1] != 2 or not (pairs[:, 0] < pairs[:, 1]).all():
            return None
        space = Space(pairs[:, 0].copy(), pairs[:, 1].copy())
        return LandscapeRecord(space, None if minimum is None else float(minimum))
    except (TypeError, ValueError, OverflowError):
        return None
