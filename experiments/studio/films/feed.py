"""The feed of a run: its log is read once as it grows, and each viewer gets what is new since its last message."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ....landscapes.landscape import Space
from ....orchestrator.log.event_order import EventOrder
from ....orchestrator.log.reader import LogReader, LogUpdate
from ....orchestrator.state.events import Collected, Granted
from ...results.pictures.view_plane import ViewPlane, choose_plane, default_plane_spec
from ...results.run_header import RunHeader, check_dimension, read_header
from .fold import FilmFold
from .ground import compute_surface
from .message import encode_film
from .parts import (
    first_points,
    header_message,
    insight_message,
    lease_message,
    outcome_message,
    plane_message,
    point_arrays,
    setting_array,
)
from .shelf import is_writer_alive, run_state

MOST_FILM_POINTS = 400_000
NUMBER_PATTERN = re.compile(r"[0-9]{1,15}")
MOST_VIEW_PLANES = 64
"""Maximum number of cached planes; requests may name a plane by any number of points."""


class FeedError(ValueError):
    """A request for a film is invalid."""


class Feed:
    """The feed of one run of a log file. It is thread-safe, and reading a log never keeps its writer waiting.

    If the run's budget is above ``most``, only about that many points are sent, evenly chosen, together with those that
    are better than all before.
    """

    def __init__(self, directory: Path, run: str, most: int = MOST_FILM_POINTS) -> None:
        self.directory, self.run = directory, run
        self._lock = threading.Lock()
        self.header: RunHeader = read_header(directory, run)
        self._film_fold = FilmFold(self.header, most)
        self._position, self._order = LogUpdate([], [], -1, 0), EventOrder(run, self.header.settings)
        self._alive = True
        self._view_planes: dict[str, ViewPlane] = {}

    def film(self, plane: str | None = None, since: str = "") -> bytes:
        """Return the message with everything that is new since ``since`` (the ``next`` of an earlier message).

        ``plane`` is what ``choose_plane`` takes, or a plane that an earlier message named ("pca@1200": chosen by the
        first 1,200 points). Raises SpecError for an unknown plane and FeedError for an invalid ``since``.
        """
        with self._lock:
            self._read_news()
            start = _parse_since(since, self._film_fold.told.list_lengths)
            seen = self._view_plane(plane or default_plane_spec(self.header.space.dimension))
            return self._build_message(seen, start)

    def _read_news(self) -> None:
        with LogReader(self.directory) as reader:
            news, self._alive = (
                reader.read_update(self.run, self._position.events, self._position.rows, self._order),
                is_writer_alive(reader),
            )
            ended = [event.finding.lease for event in news.new_events if isinstance(event, Collected)]
            measures = reader.measures(self.run, min(ended)) if ended else {}
        self._position = LogUpdate([], [], news.events, news.rows)
        for event in news.new_events:
            if isinstance(event, Granted):
                self._set_dimension(len(event.leases[0].region.center))
        self._film_fold.add_news(news, measures)

    def _set_dimension(self, dimension: int) -> None:
        """Set the number of dimensions from a lease, if the log does not tell the bounds."""
        header = self.header
        if header.bounded:
            check_dimension(self.run, header.space, dimension)
        elif header.space.dimension != dimension:
            self.header = replace(header, space=Space(np.zeros(dimension), np.ones(dimension)))
            self._view_planes.clear()

    def _read_surfaces(self) -> RunHeader:
        """Return the header with the surfaces that were recorded when the run ended, if it has by now."""
        header = self.header
        if header.bounded and header.problem is None and not header.surfaces:
            self.header = header = replace(header, surfaces=read_header(self.directory, self.run).surfaces)
        return header

    def _view_plane(self, asked: str) -> ViewPlane:
        """Return the plane that a page asks for.

        The number of points by which it was chosen is part of its name, so that it stays the same while the run goes
        on, for every viewer and after a restart.
        """
        known = self._view_planes.get(asked)
        if known is not None:
            return known
        spec, _, count = asked.partition("@")
        if count and not NUMBER_PATTERN.fullmatch(count):
            raise FeedError(f"plane must name a number of points after @, got {asked!r}. Leave it out.")
        parts, space = self._film_fold.told.parts, self.header.space
        total = sum(len(part.losses) for part in parts)
        limit = min(int(count), total) if count else total
        named = spec if space.dimension <= 2 else f"{spec}@{limit}"
        if named not in self._view_planes:
            found = choose_plane(spec, space, first_points(parts, space, list(self._film_fold.team), limit))
            self._view_planes[named] = ViewPlane(named, found.plane, found.ticks, found.text)
            if len(self._view_planes) > MOST_VIEW_PLANES:
                del self._view_planes[next(iter(self._view_planes))]
        return self._view_planes[named]

    def _build_message(self, seen: ViewPlane, start: tuple[int, int, int, int]) -> bytes:
        told, header, team = self._film_fold.told, self.header, self._film_fold.team
        parts = told.parts[start[3] :]
        message: dict[str, Any] = {
            "version": 1, "run": self.run, "state": run_state(told.stopped is not None, self._alive, bool(told.leases)),
            "stopped": told.stopped, "budget": told.budget, "stride": self._film_fold.stride,
            "next": ".".join(map(str, told.list_lengths)), "plane": plane_message(seen),
            "leases": [lease_message(lease, team, seen) for lease in told.leases[start[0] :]],
            "outcomes": [outcome_message(outcome, told.measures, seen) for outcome in told.outcomes[start[1] :]],
            "insights": [insight_message(insight, team, seen) for insight in told.insights[start[2] :]],
            "chunks": [[part.lease, len(part.losses)] for part in parts],
        }  # fmt: skip
        arrays = point_arrays(parts, seen, header.space.dimension) | setting_array(parts, header.space)
        if not any(start):
            header = self._read_surfaces()
            surface, origin = compute_surface(header, seen.plane, told.parts)
            message |= header_message(header, seen) | {"surface_from": origin}
            # The page draws heights in single precision; NaN, where the loss is unknown, stays NaN.
            limit = np.finfo(np.float32).max
            arrays |= {} if surface is None else {"surface": np.clip(surface, -limit, limit).astype(np.float32)}
        return encode_film(message, arrays)


def _parse_since(since: str, lengths: tuple[int, ...]) -> tuple[int, int, int, int]:
    parts = since.split(".") if since else ["0"] * 4
    if len(parts) != 4 or not all(NUMBER_PATTERN.fullmatch(part) for part in parts):
        raise FeedError(f"since must be the next of an earlier message, got {since!r}. Leave it out to get everything.")
    a, b, c, d = (int(part) for part in parts)
    if any(part > length for part, length in zip((a, b, c, d), lengths, strict=True)):
        raise FeedError(f"since must be the next of an earlier message, got {since!r} of another run. Reload the page.")
    return a, b, c, d
