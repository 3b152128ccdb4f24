"""What is known of a run before anything came of it: its settings, and its landscape, opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...landscapes.landscape import Array, Landscape, LandscapeError, Problem, Space, known_minimizers, known_minimum
from ...orchestrator.log.reader import LogReader
from ...orchestrator.log.tables import RunRecord
from ..spec import catalogue
from ..spec.errors import SpecError
from ..spec.sources import read_text_file
from ..spec.yaml_text import parse_yaml


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
        return None if self.problem is None else known_minimum(self.problem)

    @property
    def minimizers(self) -> Array | None:
        """Known minimizers (k, D) in the cube."""
        known = None if self.problem is None else known_minimizers(self.problem)
        return None if known is None else self.space.to_cube(known)

    @property
    def seconds(self) -> float:
        """Declared (logical) seconds of an evaluation."""
        seconds: float = self.settings["landscape"]["seconds"]
        return seconds


class ProblemCache:
    """Builds and opens each landscape of a log once, however many runs search it.

    ``base`` is where relative paths of the experiment start.
    """

    def __init__(self, base: str | None) -> None:
        self._base = base
        self._known: dict[str, tuple[Landscape | None, Problem | None]] = {}

    def open(self, settings: dict[str, Any]) -> tuple[Landscape | None, Problem | None]:
        """The landscape of these settings, and its problem; None for what cannot be built or opened here."""
        key = json.dumps(settings, sort_keys=True)
        if key not in self._known:
            landscape = _build_landscape(settings, self._base)
            self._known[key] = (landscape, None if landscape is None else _open(landscape))
        return self._known[key]


def read_header(directory: Path | str, run: str) -> RunHeader:
    """The header of one run of a results directory; of a landscape that cannot be opened here it has one dimension.
    Raises KeyError for a run that the directory does not hold."""
    directory = Path(directory)
    with LogReader(directory) as reader:
        record = reader.record(run)
    return build_header(record, ProblemCache(base_of(directory)), 1)


def build_header(record: RunRecord, landscapes: ProblemCache, dimension: int) -> RunHeader:
    """The header of a run; ``dimension`` is used where its landscape cannot be opened here."""
    landscape, problem = landscapes.open(record.settings["landscape"])
    space = Space(np.zeros(dimension), np.ones(dimension)) if problem is None else problem.space
    pictured = landscape is not None and landscape.pictured
    return RunHeader(
        record.id, record.strategy, record.landscape, record.repeat, record.settings, space, problem, pictured
    )


def base_of(directory: Path) -> str | None:
    """Where relative paths of the experiment start, as its YAML says."""
    try:
        base = parse_yaml(read_text_file(directory / "experiment.yaml"))[0].get("base")
    except SpecError:
        return None
    return base if isinstance(base, str) else None


def _build_landscape(settings: dict[str, Any], base: str | None) -> Landscape | None:
    try:
        landscape: Landscape = catalogue.build_by_kind("landscape", settings)
    except ValueError:
        return None
    return landscape.model_copy(update={"base": base}) if "base" in type(landscape).model_fields else landscape


def _open(landscape: Landscape) -> Problem | None:
    try:
        return landscape.open()
    except LandscapeError:
        return None
