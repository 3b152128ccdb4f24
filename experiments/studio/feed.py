"""A run's log as a page follows it: read once as it grows, and told to any number of viewers from wherever each is."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...agents.agent import Incumbent
from ...landscapes.landscape import Array, Space
from ...orchestrator.reading import LogReader, News
from ...orchestrator.run import Event, Extended, Failed, Found, Granted, Stopped
from ..accounts import collected
from ..insights import Insight, Insights
from ..planes import Look, Seen, default_spec, look
from ..runs import RunHeader, read_header
from .film import packed
from .ground import ground
from .shelf import is_alive, state_of
from .thinning import Thinning

MOST_POINTS = 400_000
NUMBER = re.compile(r"[0-9]{1,15}")


class FeedError(ValueError):
    """A page asks for what there is not."""


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


class Feed:
    """One run of a log file. Safe to share between threads; reading a log never keeps its writer waiting.

    Of a run whose budget is above ``most`` only so many points are told, evenly chosen, and those that bettered all
    before.
    """

    def __init__(self, directory: Path, run: str, most: int = MOST_POINTS) -> None:
        self.directory, self.run = directory, run
        self._lock = threading.Lock()
        self.header: RunHeader = read_header(directory, run)
        settings = self.header.settings
        self._team = {name: i for i, (name, _) in enumerate(settings["team"])}
        self._told = Told(budget=settings["budget"])
        self._fold = Insights(list(self._team), settings["budget"], self.header.minimum)
        self._most = most
        self._thinning = Thinning(settings["budget"], most)
        self._at = News([], [], -1, 0)
        self._now, self._best, self._alive = 0.0, np.inf, True
        self._looks: dict[str, Look] = {}

    def film(self, plane: str | None = None, since: str = "") -> bytes:
        """The message for a page that has heard of everything up to ``since`` (the ``next`` of an earlier message).

        ``plane`` is what ``look`` takes, or one that an earlier message named ("pca@1200": by the first 1,200 points).
        Raises SpecError for a plane that there is not, FeedError for a ``since`` that never was.
        """
        with self._lock:
            self._read()
            start = _place(since, self._told.lengths)
            seen = self._look(plane or default_spec(self.header.space.dimension))
            return self._message(seen, start)

    def _read(self) -> None:
        with LogReader(self.directory) as reader:
            news, self._alive = reader.news(self.run, self._at.events, self._at.rows), is_alive(reader)
        if self._at.events < 0:
            # Chosen once: what a page has been told stays as it is, though the run be extended.
            extended = [event.budget for event in news.happened if isinstance(event, Extended)]
            self._thinning = Thinning(max([self._told.budget, *extended]), self._most)
        self._at = News([], [], news.events, news.rows)
        for event in news.happened:
            self._happened(event)
        for lease, rows in news.found:
            if lease >= len(self._told.leases):
                # Of a log whose last events were taken away.
                continue
            kept = self._thinning.kept(lease, rows.losses)
            numbers = np.arange(rows.first, rows.first + len(rows.losses), dtype=np.uint32)
            agent = self._told.leases[lease]["agent"]
            self._told.parts.append(Part(lease, agent, numbers[kept], rows.points[kept], rows.losses[kept]))

    def _happened(self, event: Event) -> None:
        told = self._told
        if isinstance(event, Granted):
            self._granted(event)
        elif isinstance(event, Found | Failed):
            self._collected(event)
        elif isinstance(event, Extended):
            told.budget = event.budget
        told.stopped = event.reason if isinstance(event, Stopped) else None
        told.insights += self._fold.tell(event)

    def _granted(self, event: Granted) -> None:
        for lease in event.leases:
            self._know_space(len(lease.region.center))
            self._thinning.granted(self._best)
            self._told.leases.append({
                "id": lease.id, "agent": self._team[lease.agent], "starts": self._now,
                "ends": self._now + lease.budget * self.header.seconds, "budget": lease.budget,
                "center": np.round(lease.region.center, 7), "radius": lease.region.radius, "fresh": lease.fresh,
                "reason": lease.reason, "incumbent": lease.incumbent,
            })  # fmt: skip

    def _collected(self, event: Found | Failed) -> None:
        number, charged, outcome, best = collected(event)
        finding = event.finding if isinstance(event, Found) else event
        converged = event.finding.converged if isinstance(event, Found) else None
        # Leases are numbered in the order of granting.
        self._now = max(self._now, self._told.leases[number]["ends"])
        self._told.outcomes.append({
            "lease": number, "charged": charged, "rows": finding.rows, "outcome": outcome, "best": best,
            "record": best < self._best, "failures": len(finding.failures), "converged": converged,
        })  # fmt: skip
        self._best = min(self._best, best)

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
        parts, space = self._told.parts, self.header.space
        total = sum(len(part.losses) for part in parts)
        limit = min(int(count), total) if count else total
        named = spec if space.dimension <= 2 else f"{spec}@{limit}"
        if named not in self._looks:
            found = look(spec, space, seen_of(parts, space, list(self._team), limit))
            self._looks[named] = Look(named, found.plane, found.ticks, found.text)
        return self._looks[named]

    def _message(self, seen: Look, start: tuple[int, int, int, int]) -> bytes:
        told, header = self._told, self.header
        parts = told.parts[start[3] :]
        message: dict[str, Any] = {
            "version": 1, "run": self.run, "state": state_of(told.stopped is not None, self._alive),
            "stopped": told.stopped, "budget": told.budget, "stride": self._thinning.stride,
            "next": ".".join(map(str, told.lengths)), "plane": _plane(seen),
            "leases": [self._with_incumbent(lease, seen) for lease in told.leases[start[0] :]],
            "outcomes": [_with_minimum(outcome, seen) for outcome in told.outcomes[start[1] :]],
            "insights": [_insight(insight, self._team, seen) for insight in told.insights[start[2] :]],
            "chunks": [[part.lease, len(part.losses)] for part in parts],
        }  # fmt: skip
        arrays = _arrays(parts, seen, header.space.dimension)
        if not any(start):
            surface, origin = ground(header, seen.plane, told.parts)
            message |= _portrait(header, seen) | {"surface_from": origin}
            arrays |= {} if surface is None else {"surface": surface.astype(np.float32)}
        return packed(message, arrays)

    def _with_incumbent(self, lease: dict[str, Any], seen: Look) -> dict[str, Any]:
        given: Incumbent | None = lease["incumbent"]
        if given is None:
            return lease
        u, v, distance = on_plane(given.point, seen)
        place = {"u": u, "v": v, "distance": distance}
        known = {"agent": self._team[given.agent], "lease": given.lease, "row": given.row, "loss": given.loss}
        return lease | {"incumbent": known | place}


def seen_of(parts: Sequence[Part], space: Space, team: Sequence[str], limit: int) -> Seen:
    """The first ``limit`` points of all parts."""
    if not limit:
        return Seen(np.empty((0, space.dimension)), np.empty(0), np.empty(0, dtype=np.int64), team)
    cube, losses = (np.concatenate([getattr(part, name) for part in parts])[:limit] for name in ("cube", "losses"))
    agent = np.concatenate([np.full(len(part.losses), part.agent) for part in parts])[:limit]
    return Seen(cube, losses, agent, team)


def on_plane(point: Array, seen: Look) -> tuple[float, float, float]:
    """u, v and distance of one point (D,)."""
    u, v, distance = seen.plane.project(point[None])
    return round(float(u[0]), 7), round(float(v[0]), 7), round(float(distance[0]), 7)


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


def _plane(seen: Look) -> dict[str, Any]:
    plane = seen.plane
    u, v = ({"name": tick.name, "offset": tick.offset, "scale": tick.scale} for tick in seen.ticks)
    return {
        "spec": seen.spec, "text": seen.text, "origin": plane.origin, "first": plane.first, "second": plane.second,
        "extent": plane.extent, "ticks": {"u": u, "v": v},
    }  # fmt: skip


def _portrait(header: RunHeader, seen: Look) -> dict[str, Any]:
    """What does not change as a run goes on."""
    known = header.minimizers
    return {
        "strategy": header.strategy, "landscape": header.landscape, "repeat": header.repeat,
        "agents": [{"name": name, "kind": agent["kind"]} for name, agent in header.settings["team"]],
        "policy": header.settings["policy"], "concurrency": header.settings["concurrency"],
        "seed": header.settings["seed"], "dimension": header.space.dimension, "lower": header.space.lower,
        "upper": header.space.upper, "minimum": header.minimum, "target": header.settings["target"],
        "seconds": header.seconds, "start": {"center": header.settings["center"], "radius": header.settings["radius"]},
        "minimizers": [] if known is None else np.column_stack(seen.plane.project(known)),
    }  # fmt: skip


def _arrays(parts: Sequence[Part], seen: Look, dimension: int) -> dict[str, NDArray[Any]]:
    """Where the points are on the plane, and their rows and losses."""
    names = ("u", "v", "distance") if dimension > 2 else ("u", "v")
    if not parts:
        return {name: np.empty(0, np.float32) for name in (*names, "loss")} | {"row": np.empty(0, np.uint32)}
    places = seen.plane.project(np.concatenate([part.cube for part in parts]))
    arrays: dict[str, NDArray[Any]] = {n: a.astype(np.float32) for n, a in zip(names, places, strict=False)}
    # In double precision: the digits below the known minimum's are what a search ends with.
    arrays["loss"] = np.concatenate([part.losses for part in parts])
    arrays["row"] = np.concatenate([part.rows for part in parts])
    return arrays


def _with_minimum(outcome: dict[str, Any], seen: Look) -> dict[str, Any]:
    minimum = outcome["converged"]
    if minimum is None:
        return outcome
    u, v, distance = on_plane(np.asarray(minimum.point), seen)
    place = {"u": u, "v": v, "distance": distance, "loss": float(minimum.loss), "why": minimum.why}
    return outcome | {"converged": place}


def _insight(insight: Insight, team: dict[str, int], seen: Look) -> dict[str, Any]:
    u, v, distance = (None, None, None) if insight.point is None else on_plane(np.asarray(insight.point), seen)
    return {
        "kind": insight.kind, "lease": insight.lease, "agent": team[insight.agent], "text": insight.text,
        "u": u, "v": v, "distance": distance, "loss": insight.loss,
    }  # fmt: skip
