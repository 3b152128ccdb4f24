"""A run in the order of logical time, and what is visible of it at each moment. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...agents.agent import Lease
from ...landscapes.landscape import Array
from ...orchestrator.state.lease_table import LeaseEntry, fold_leases
from ..results.insights import collect_insights
from ..results.pictures.picture_space import move_to_values
from ..results.recorded_runs import RunData

REST_SHARE = 0.4
"""Maximum share of a replay's frames that pause at records and hand-overs."""
REST_FRAMES = 2
"""Frames that a replay pauses at each of them."""

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class ReplayLease:
    """A lease in a replay.

    It is out while ``begins <= shown < closes``, where ``shown`` is the number of visible points. ``agent`` is an index
    into the team. ``charged`` is 0 for a lease that was never collected; ``rows`` is the number of its points.
    """

    lease: Lease
    agent: int
    begins: int
    closes: int
    charged: int
    rows: int
    handed: bool
    """Whether the lease sends its agent to a point that another agent found."""


@dataclass(frozen=True)
class HandOver:
    """A lease that sends an agent to a point that another agent found.

    ``origin`` is the index of the agent's own last point with known coordinates, or None if it had none.
    """

    replay_lease: ReplayLease
    origin: int | None


@dataclass(frozen=True)
class Replay:
    """A run's collected points in the order of logical time, and its leases in the order in which they were granted.

    The points are ``agent`` (n,), ``cube`` (n, D), ``losses`` (n,), ``cost`` (n,) and ``spent`` (n,), the evaluations
    of the whole team up to and including each point. Where the log does not keep all points, ``cube`` has those that it
    keeps, and ``whole`` (k,) says which these are; it is None if all are kept.
    """

    run: RunData
    agent: IntArray
    cube: Array
    losses: Array
    cost: IntArray
    turns: tuple[ReplayLease, ...]
    whole: IntArray | None = None

    @cached_property
    def located(self) -> NDArray[np.bool_]:
        """Whether the coordinates of each point are known, (n,)."""
        known = np.full(len(self.losses), self.whole is None)
        known[self.whole if self.whole is not None else slice(0)] = True
        return known

    def row_in_cube(self, index: int) -> int:
        """Return the row in ``cube`` of a point whose coordinates are known."""
        return index if self.whole is None else int(np.searchsorted(self.whole, index))

    def spread(self, values: Array) -> Array:
        """Return values of the points in ``cube``, (k, ...), as values of all points, (n, ...): NaN where unknown."""
        if self.whole is None:
            return values
        found = np.full((len(self.losses), *values.shape[1:]), np.nan)
        found[self.whole] = values
        return found

    @cached_property
    def spent(self) -> IntArray:
        return np.cumsum(self.cost)

    @cached_property
    def best(self) -> Array:
        """Best loss so far at each point, (n,)."""
        return np.minimum.accumulate(self.losses)

    @cached_property
    def records(self) -> IntArray:
        """Indices of the points that are better than all before."""
        before = np.concatenate([[np.inf], self.best[:-1]])
        return np.flatnonzero(self.losses < before)

    @property
    def evaluations(self) -> int:
        return int(self.spent[-1]) if len(self.spent) else 0

    @property
    def evaluations_without_point(self) -> int:
        """Evaluations that were charged without a point, because an agent failed before its first point."""
        return sum(turn.charged for turn in self.turns if not turn.rows)

    def points_at(self, evaluations: int) -> int:
        """Return the number of points that are visible after ``evaluations`` evaluations."""
        return int(np.searchsorted(self.spent, evaluations, side="right"))

    def spent_at(self, shown: int) -> int:
        """Return the evaluations spent when ``shown`` points are visible."""
        return int(self.spent[shown - 1]) if shown else 0

    def best_at(self, shown: int) -> int | None:
        """Return the index of the best of the visible points; None if none has a finite loss."""
        place = int(np.searchsorted(self.records, shown))
        return int(self.records[place - 1]) if place else None

    def leases_out_at(self, shown: int) -> list[ReplayLease]:
        """Return the leases that are out when ``shown`` points are visible."""
        return [turn for turn in self.turns if turn.begins <= shown < turn.closes]

    def shares_at(self, shown: int) -> tuple[IntArray, IntArray]:
        """Return the evaluations that each agent has spent, and those left in its current lease, (agents,) each."""
        team = len(self.run.team)
        spent = np.bincount(self.agent[:shown], self.cost[:shown], team).astype(np.int64)
        promised = np.zeros(team, dtype=np.int64)
        for turn in self.turns:
            if turn.begins <= shown < turn.closes:
                # The lease's first points may be visible already; they count as spent.
                begun = self.agent[turn.begins : shown] == turn.agent
                promised[turn.agent] = turn.lease.budget - self.cost[turn.begins : shown][begun].sum()
            elif turn.closes <= shown and not turn.rows:
                # The lease was charged without a point, because its agent failed before its first point.
                spent[turn.agent] += turn.charged
        return spent, np.maximum(promised, 0)

    @cached_property
    def hand_overs(self) -> tuple[HandOver, ...]:
        """The leases that send an agent to another agent's point, in the order in which they were granted."""
        found = []
        for turn in self.turns:
            if not turn.handed:
                continue
            mine = np.flatnonzero((self.agent[: turn.begins] == turn.agent) & self.located[: turn.begins])
            found.append(HandOver(turn, int(mine[-1]) if len(mine) else None))
        return tuple(found)

    @cached_property
    def gains(self) -> Array:
        """The gain of each record, (records,): the share of the finite points that it is the first record to beat.

        It does not depend on the scale of the losses.
        """
        finite = np.sort(self.losses[np.isfinite(self.losses)])
        better = np.searchsorted(finite, self.losses[self.records], side="right")
        return -np.diff(better, prepend=len(finite)) / max(len(finite), 1)


def build_replay(run: RunData) -> Replay:
    """Bring a run into the order of logical time. Points of leases that were never collected are left out."""
    seconds = run.settings["landscape"]["seconds"]
    entries = fold_leases(run.events, seconds)
    order, times = time_order(run, {entry.lease.id: entry for entry in entries}, seconds)
    points, times = run.points, times[order]
    team = {name: index for index, name in enumerate(run.team)}
    counts = dict(zip(*(found.tolist() for found in np.unique(points.lease, return_counts=True)), strict=True))
    said = collect_insights(run.events, run.team, run.budget, run.minimum)
    sent = {insight.lease for insight in said if insight.kind == "handed"}
    turns = []
    for entry in entries:
        lease, back = entry.lease, entry.finding is not None
        begins = int(np.searchsorted(times, entry.starts, side="right"))
        closes = int(np.searchsorted(times, entry.ends, side="right")) if back else len(times) + 1
        known = (entry.charged, counts.get(lease.id, 0), lease.id in sent)
        turns.append(ReplayLease(lease, team[lease.agent], begins, closes, *known))
    cube, whole = points.cube, points.whole
    if whole is None:
        cube = cube[order]
    else:
        # The place of each point in the order, and the order of those whose coordinates are known.
        place = np.argsort(order)[whole]
        cube, whole = cube[np.argsort(place)], np.sort(place)
    cube = move_to_values(run.space, cube)
    return Replay(run, points.agent[order], cube, points.losses[order], points.cost[order], tuple(turns), whole)


def time_order(run: RunData, entries: dict[int, LeaseEntry], seconds: float) -> tuple[IntArray, Array]:
    """Return the order (n,) of a run's points by logical time, lease and row, and the logical time (n,) of each point.

    The times are in the order of the run. A point's logical time is its lease's start plus the seconds charged in that
    lease up to and including the point, over its lanes.
    """
    points = run.points
    if not len(points.lease):
        return np.empty(0, dtype=np.int64), np.empty(0)
    first = np.flatnonzero(np.diff(points.lease, prepend=-1))
    before = np.repeat((run.spent - points.cost)[first], np.diff(first, append=len(points.lease)))
    found = [entries[lease] for lease in points.lease[first].tolist()]
    counts = np.diff(first, append=len(points.lease))
    begun = np.repeat([entry.starts for entry in found], counts)
    times = begun + (run.spent - before) * seconds / np.repeat([entry.lease.lanes for entry in found], counts)
    return np.lexsort((points.row, points.lease, times)), times


@dataclass(frozen=True)
class Moment:
    """What is visible of a replay in one frame.

    Its first ``points_shown`` points are visible, those from ``first_new_point`` on for the first time. ``out`` holds
    the leases that are out, ``hand_overs`` the recent hand-overs with their age in frames, and ``told`` the lease whose
    reason is shown.
    """

    points_shown: int
    first_new_point: int
    out: tuple[ReplayLease, ...]
    hand_overs: tuple[tuple[HandOver, int], ...]
    told: ReplayLease | None


@dataclass(frozen=True)
class Frame:
    """One picture of a film: the evaluations spent, and the moment of each replay."""

    evaluations: int
    moments: tuple[Moment, ...]


def schedule_frames(replays: Sequence[Replay], count: int, linger: int) -> list[Frame]:
    """Return ``count`` frames of one or more replays from beginning to end, synchronized by evaluations spent.

    A hand-over is visible for ``linger`` frames, and a reason for as long.
    """
    places = choose_evaluations(replays, count)
    strips = [_build_moments(replay, places, linger) for replay in replays]
    return [Frame(at, moments) for at, moments in zip(places, zip(*strips, strict=True), strict=True)]


def choose_evaluations(replays: Sequence[Replay], count: int) -> list[int]:
    """Return the evaluations spent at each of ``count`` frames, in non-decreasing order.

    They are equally spaced, except for pauses at the records that gained most and the hand-overs that moved an agent
    farthest.
    """
    total = max(replay.evaluations for replay in replays)
    most = int(REST_SHARE * (count - 1) / REST_FRAMES)
    wanted = sorted(
        (place for replay in replays for place in _notable_evaluations(replay)), key=lambda found: -found[1]
    )
    stops: dict[int, None] = {}
    for place, _ in wanted:
        if len(stops) < most:
            stops[place] = None
    rest = REST_FRAMES / (count - 1)
    pace = np.arange(total + 1) * (1.0 - rest * len(stops)) / max(total, 1)
    for place in stops:
        pace[place:] += rest
    # Set the ends exactly, because sums of fractions are rounded.
    found = np.minimum(np.searchsorted(pace, np.arange(count) / (count - 1) - 1e-12), total)
    found[0], found[-1] = 0, total
    return [int(place) for place in found]


def _notable_evaluations(replay: Replay) -> list[tuple[int, float]]:
    """Return (evaluations spent, importance) for the records and hand-overs of a replay.

    Each kind is ranked separately, with importances 1, 1/2, 1/3, ..., so that neither crowds out the other.
    """
    moves = [
        0.0
        if over.origin is None
        else float(np.abs(over.replay_lease.lease.region.center - replay.cube[replay.row_in_cube(over.origin)]).max())
        for over in replay.hand_overs
    ]
    kinds = (
        ([replay.spent_at(row + 1) for row in replay.records.tolist()], replay.gains.tolist()),
        ([replay.spent_at(over.replay_lease.begins) for over in replay.hand_overs], moves),
    )
    return [
        (places[index], 1.0 / (1 + rank))
        for places, sizes in kinds
        for rank, index in enumerate(sorted(range(len(places)), key=lambda i: -sizes[i]))
    ]


def _build_moments(replay: Replay, places: Sequence[int], linger: int) -> list[Moment]:
    shown = [replay.points_at(place) for place in places]
    seen_in = [int(np.searchsorted(shown, over.replay_lease.begins)) for over in replay.hand_overs]
    begins = [turn.begins for turn in replay.turns]
    found: list[Moment] = []
    told, since = None, -linger
    for number, now in enumerate(shown):
        recent = [
            (over, number - first)
            for over, first in zip(replay.hand_overs, seen_in, strict=True)
            if 0 <= number - first < linger
        ]
        granted = int(np.searchsorted(begins, now, side="right"))
        if recent and recent[-1][1] == 0:
            told, since = recent[-1][0].replay_lease, number
        elif granted and number - since >= linger:
            # A viewer needs time to read: a reason stays for a while, although other decisions follow meanwhile.
            told, since = replay.turns[granted - 1], number
        if number == len(places) - 1:
            # The last picture stays visible and shows the result only, without hand-overs.
            recent = []
        before = found[-1].points_shown if found else 0
        found.append(Moment(now, before, tuple(replay.leases_out_at(now)), tuple(recent), told))
    return found
