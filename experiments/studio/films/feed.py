"""A run's log as a page follows it: read once as it grows, and told to any number of viewers from wherever each is."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ....landscapes.landscape import Space
from ....orchestrator.log.reader import LogReader, News
from ....orchestrator.state.events import Granted
from ...results.run_header import RunHeader, read_header
from ...results.view_plane import Look, default_spec, look
from .fold import Telling
from .ground import ground
from .message import packed
from .parts import arrays_of, insight_of, plane_of, portrait_of, seen_of, with_incumbent, with_minimum
from .shelf import is_alive, state_of

MOST_POINTS = 400_000
NUMBER = re.compile(r"[0-9]{1,15}")
MOST_LOOKS = 64
"""Planes that are kept: anybody may ask for another by every number of points."""


class FeedError(ValueError):
    """A page asks for what there is not."""


class Feed:
    """One run of a log file. Safe to share between threads; reading a log never keeps its writer waiting.

    Of a run whose budget is above ``most`` only so many points are told, evenly chosen, and those that bettered all
    before.
    """

    def __init__(self, directory: Path, run: str, most: int = MOST_POINTS) -> None:
        self.directory, self.run = directory, run
        self._lock = threading.Lock()
        self.header: RunHeader = read_header(directory, run)
        self._telling = Telling(self.header, most)
        self._at = News([], [], -1, 0)
        self._alive = True
        self._looks: dict[str, Look] = {}

    def film(self, plane: str | None = None, since: str = "") -> bytes:
        """The message for a page that has heard of everything up to ``since`` (the ``next`` of an earlier message).

        ``plane`` is what ``look`` takes, or one that an earlier message named ("pca@1200": by the first 1,200 points).
        Raises SpecError for a plane that there is not, FeedError for a ``since`` that never was.
        """
        with self._lock:
            self._read()
            start = _place(since, self._telling.told.lengths)
            seen = self._look(plane or default_spec(self.header.space.dimension))
            return self._message(seen, start)

    def _read(self) -> None:
        with LogReader(self.directory) as reader:
            news, self._alive = reader.news(self.run, self._at.events, self._at.rows), is_alive(reader)
        self._at = News([], [], news.events, news.rows)
        for event in news.happened:
            if isinstance(event, Granted):
                self._know_space(len(event.leases[0].region.center))
        self._telling.tell(news)

    def _know_space(self, dimension: int) -> None:
        """Of a landscape that cannot be opened here, the first lease tells how many dimensions it has."""
        header = self.header
        if header.problem is None and header.space.dimension != dimension:
            self.header = replace(header, space=Space(np.zeros(dimension), np.ones(dimension)))
            self._looks.clear()

    def _look(self, asked: str) -> Look:
        """The plane that a page asks for. What it was chosen by is part of its name, so that it stays as it is while
        the run goes on, for every viewer and after a restart."""
        known = self._looks.get(asked)
        if known is not None:
            return known
        spec, _, count = asked.partition("@")
        if count and not NUMBER.fullmatch(count):
            raise FeedError(f"plane must name a number of points after @, got {asked!r}. Leave it out.")
        parts, space = self._telling.told.parts, self.header.space
        total = sum(len(part.losses) for part in parts)
        limit = min(int(count), total) if count else total
        named = spec if space.dimension <= 2 else f"{spec}@{limit}"
        if named not in self._looks:
            found = look(spec, space, seen_of(parts, space, list(self._telling.team), limit))
            self._looks[named] = Look(named, found.plane, found.ticks, found.text)
            if len(self._looks) > MOST_LOOKS:
                del self._looks[next(iter(self._looks))]
        return self._looks[named]

    def _message(self, seen: Look, start: tuple[int, int, int, int]) -> bytes:
        told, header, team = self._telling.told, self.header, self._telling.team
        parts = told.parts[start[3] :]
        message: dict[str, Any] = {
            "version": 1, "run": self.run, "state": state_of(told.stopped is not None, self._alive, bool(told.leases)),
            "stopped": told.stopped, "budget": told.budget, "stride": self._telling.stride,
            "next": ".".join(map(str, told.lengths)), "plane": plane_of(seen),
            "leases": [with_incumbent(lease, team, seen) for lease in told.leases[start[0] :]],
            "outcomes": [with_minimum(outcome, seen) for outcome in told.outcomes[start[1] :]],
            "insights": [insight_of(insight, team, seen) for insight in told.insights[start[2] :]],
            "chunks": [[part.lease, len(part.losses)] for part in parts],
        }  # fmt: skip
        arrays = arrays_of(parts, seen, header.space.dimension)
        if not any(start):
            surface, origin = ground(header, seen.plane, told.parts)
            message |= portrait_of(header, seen) | {"surface_from": origin}
            arrays |= {} if surface is None else {"surface": surface.astype(np.float32)}
        return packed(message, arrays)


def _place(since: str, lengths: tuple[int, ...]) -> tuple[int, int, int, int]:
    parts = since.split(".") if since else ["0"] * 4
    if len(parts) != 4 or not all(NUMBER.fullmatch(part) for part in parts):
        raise FeedError(
            f"since must be the next of an earlier message, got {since!r}. Leave it out to have everything."
        )
    a, b, c, d = (int(part) for part in parts)
    if any(part > length for part, length in zip((a, b, c, d), lengths, strict=True)):
        raise FeedError(f"since must be the next of an earlier message, got {since!r} of another run. Reload the page.")
    return a, b, c, d
