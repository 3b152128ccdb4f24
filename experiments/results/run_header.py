"""Reads what is known of a run before its first finding: its settings, and its opened landscape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...landscapes.landscape import Array, Landscape, Problem, Space, known_minimizers, known_minimum
from ...orchestrator.log.reader import LogReader
from ...orchestrator.log.tables import RunRecord
from ..spec import catalogue
from ..spec.errors import SpecError
from ..spec.moved import find_base
from ..spec.sources import read_text_file
from ..spec.yaml_text import parse_yaml


@dataclass(frozen=True)
class RunHeader:
    """What is known of a run before its first finding. ``RunData`` describes the fields."""

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
        """The known minimum of the landscape; None if it is unknown."""
        return None if self.problem is None else known_minimum(self.problem)

    @property
    def minimizers(self) -> Array | None:
        """The known minimizers in the unit cube, shape (k, D); None if they are unknown."""
        known = None if self.problem is None else known_minimizers(self.problem)
        return None if known is None else self.space.to_cube(known)

    @property
    def seconds(self) -> float:
        """The declared cost of an evaluation in logical seconds."""
        seconds: float = self.settings["landscape"]["seconds"]
        return seconds


class ProblemCache:
    """Builds and opens each landscape of a log once, however many runs search it.

    Args:
        base: The directory in which relative paths of the experiment start.
        references: The user's classes that the experiment names ("path/to/file.py:Class"). They are needed because a
            log records only their kinds.
    """

    def __init__(self, base: str | None, references: tuple[str, ...] = ()) -> None:
        self._base, self._references = base, references
        self._known: dict[str, tuple[Landscape | None, Problem | None]] = {}

    def open(self, settings: dict[str, Any]) -> tuple[Landscape | None, Problem | None]:
        """Return the landscape with these settings, and its problem; None for what cannot be built or opened here."""
        key = json.dumps(settings, sort_keys=True)
        if key not in self._known:
            landscape = _build_landscape(settings, self._base, self._references)
            self._known[key] = (landscape, None if landscape is None else _open(landscape))
        return self._known[key]


def read_header(directory: Path | str, run: str) -> RunHeader:
    """Read the header of one run of a results directory.

    If the run's landscape cannot be opened here, its space has one dimension.

    Raises:
        KeyError: If the directory holds no such run.
    """
    directory = Path(directory)
    with LogReader(directory) as reader:
        record = reader.record(run)
    return build_header(record, open_problem_cache(directory), 1)


def build_header(record: RunRecord, landscapes: ProblemCache, dimension: int) -> RunHeader:
    """Build the header of a run. ``dimension`` is used if its landscape cannot be opened here."""
    landscape, problem = landscapes.open(record.settings["landscape"])
    space = Space(np.zeros(dimension), np.ones(dimension)) if problem is None else problem.space
    pictured = landscape is not None and landscape.pictured
    return RunHeader(
        record.id, record.strategy, record.landscape, record.repeat, record.settings, space, problem, pictured
    )


def open_problem_cache(directory: Path) -> ProblemCache:
    """Return a cache for the landscapes of a results directory, as its experiment.yaml describes them."""
    try:
        data = parse_yaml(read_text_file(directory / "experiment.yaml"))[0]
    except SpecError:
        return ProblemCache(None)
    base = find_base(data, directory)
    named = dict.fromkeys(_find_references([data.get("landscapes"), data.get("sweep")]))
    return ProblemCache(base, tuple(named))


def _find_references(data: Any) -> Iterator[str]:
    """Yield every text in plain data that may name a class in a file or in a module."""
    if isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _find_references(value)
    elif isinstance(data, str) and data.rpartition(":")[2].isidentifier() and ":" in data:
        yield data


def _build_landscape(settings: dict[str, Any], base: str | None, references: tuple[str, ...]) -> Landscape | None:
    for kind in (settings["kind"], *references):
        try:
            landscape: Landscape = catalogue.build_by_kind("landscape", {**settings, "kind": kind}, base)
        except ValueError:
            continue
        if landscape.kind == settings["kind"]:
            return landscape.model_copy(update={"base": base}) if "base" in type(landscape).model_fields else landscape
    return None


def _open(landscape: Landscape) -> Problem | None:
    try:
        return landscape.open()
    except Exception:
        # A landscape written by the user may raise anything. The findings can be read without it.
        return None
