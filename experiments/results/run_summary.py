"""What comparisons and reports need of a run, without its points and events: thousands of runs fit in memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ...agents.agent import Finding
from ...agents.leases.failure import format_cause
from ...landscapes.causes import GRADIENT_CAUSE
from ...landscapes.landscape import Array
from ...orchestrator.branch import find_stream_id
from ...orchestrator.clock.clock import Clock, LeaseSpan, clock_of
from ...orchestrator.log.reader import LogReader, Points
from ...orchestrator.state.events import findings
from ..spec.models import SimulatedSettings
from .insights import InsightKind, collect_insights
from .recorded_runs import BestPoint, RunData, iterate_runs
from .sharing_account import SharingAccount, account_for_sharing
from .time_use import RunTime, account_for_timings

SPELLS: tuple[InsightKind, ...] = ("stuck", "oscillates", "stagnates", "restart")
"""The insights that are counted for each agent."""


@dataclass(frozen=True, slots=True)
class AgentAccount:
    """What one agent did in a run.

    Attributes:
        agent: Its name.
        evaluations: The evaluations that its points were charged.
        records: How many of its points were better than all points of the run before them.
        gains: The sum of what these gained (``rank_gains``).
        found_best: Whether it found the best point of the run.
        leases: Its collected leases.
        duplicates: How many of its points the run had tried before; of points that the log keeps whole.
        failures: How often rows and gradients failed, and the agent itself, by ("row", "gradient" or "agent", cause).
        failed_leases: The causes of its failed leases, each with its place, and how often each occurred.
    """

    agent: str
    evaluations: int
    records: int
    gains: float
    found_best: bool
    leases: int
    duplicates: int
    failures: dict[tuple[str, str], int]
    failed_leases: dict[str, int]


@dataclass(frozen=True, slots=True)
class ClockAccount:
    """The simulated time of a run.

    Attributes:
        workers: The number of workers.
        makespan: Simulated seconds until the last lease was collected.
        busy_share: The share of the workers' time that was spent on evaluations.
        losses: The number of workers lost.
        record_seconds: When each lease was collected that brought a lower loss than all leases before it, in simulated
            time or in the order of the log, which differ; in simulated seconds, shape (n,), increasing.
        record_losses: The best loss of each of these leases, shape (n,).
        record_collected: The evaluations up to the end of each of these leases in the log, shape (n,).
    """

    workers: int
    makespan: float
    busy_share: float
    losses: int
    record_seconds: Array = field(repr=False, compare=False)
    record_losses: Array = field(repr=False, compare=False)
    record_collected: NDArray[np.int64] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run as comparisons need it. It answers what ``RunData`` answers, without points and events.

    Attributes:
        id: The run's id.
        strategy: The name of its strategy.
        landscape: The label of its landscape.
        repeat: The number of its repeat, from 0.
        settings: The settings of the run, as plain data.
        dimension: The dimension of the landscape.
        minimum: The known minimum of the landscape; None if it is unknown.
        bounded: Whether the bounds are known.
        budget: The budget in evaluations, extensions included.
        stopped: Why the run ended; None if it has not ended.
        time_up: Whether the run ended because its time was up.
        evaluations: All evaluations spent.
        record_evaluations: The evaluations spent up to and including each point that was better than all before it,
            shape (records,).
        record_losses: The losses of these points, shape (records,), decreasing.
        record_collected: The evaluations spent when the lease of each of these points had ended, and the point was
            known to the team, shape (records,).
        points: The number of its points.
        whole: The number of its points whose coordinates the log keeps; None if it keeps all.
        digest: A digest of all losses, charges and kept coordinates: equal for runs that tried the same points.
        accounts: What each agent did, in team order.
        spells: How often each agent was stuck, oscillated, stagnated or restarted, by (agent, kind of insight).
        best_point: The best point; None if there is no finite loss.
        clock: The simulated time; None if no settings of the clock were given.
        measures: What the landscape tells of the best point so far besides its loss: by name the evaluations at the end
            of each lease that improved the best loss, and the values there, each of shape (n,).
        time: Where the time of the run went; None if its log does not say.
        sharing: What sharing did; None if the team has one member, or its policy has no such choice.
    """

    id: str
    strategy: str
    landscape: str
    repeat: int
    settings: dict[str, Any] = field(repr=False)
    dimension: int
    minimum: float | None
    bounded: bool
    budget: int
    stopped: str | None
    time_up: bool
    evaluations: int
    record_evaluations: NDArray[np.int64] = field(repr=False)
    record_losses: Array = field(repr=False)
    record_collected: NDArray[np.int64] = field(repr=False)
    points: int
    whole: int | None
    digest: str
    accounts: tuple[AgentAccount, ...] = field(repr=False)
    spells: dict[tuple[str, InsightKind], int] = field(repr=False)
    best_point: BestPoint | None = field(repr=False)
    clock: ClockAccount | None = field(default=None, repr=False)
    measures: dict[str, tuple[NDArray[np.int64], Array]] = field(default_factory=dict, repr=False, compare=False)
    time: RunTime | None = field(default=None, repr=False, compare=False)
    sharing: SharingAccount | None = field(default=None, repr=False, compare=False)

    @property
    def team(self) -> list[str]:
        """Names of the agents, in team order."""
        return [account.agent for account in self.accounts]

    @property
    def target(self) -> float | None:
        """The loss at which the run was to end; None if there is none."""
        target: float | None = self.settings["target"]
        return target

    @property
    def final(self) -> float:
        """The best loss; infinite if there is no finite loss."""
        return float(self.record_losses[-1]) if len(self.record_losses) else float("inf")

    def measure_gaps(self) -> RunSummary:
        """Return the summary with gaps above the known minimum in place of losses, and the minimum 0."""
        assert self.minimum is not None
        return replace(self, record_losses=self.record_losses - self.minimum, minimum=0.0)

    def best_at(self, evaluations: NDArray[np.int64]) -> Array:
        """Return the best loss after each number of evaluations, shape (m,); infinite before the first finite one."""
        places = np.searchsorted(self.record_evaluations, evaluations, side="right")
        return np.concatenate([[np.inf], self.record_losses])[places]

    def first_below(self, target: float) -> int | None:
        """Return the evaluations spent when a loss first was at or below the target; None if that never happened."""
        # The losses decrease: their negatives are in order.
        place = int(np.searchsorted(-self.record_losses, -target, side="left"))
        return int(self.record_evaluations[place]) if place < len(self.record_losses) else None


def read_delays(directory: Path | str) -> SimulatedSettings | None:
    """Return the simulated clock's settings in a log; None if there are none, or an older version wrote them.

    Raises:
        LogError: If the log does not exist, or cannot be read.
    """
    with LogReader(Path(directory)) as reader:
        settings = reader.meta["environment"].get("clock")
    try:
        return None if settings is None else SimulatedSettings.model_validate(settings)
    except ValidationError:
        return None


def read_summaries(directory: Path | str, delays: SimulatedSettings | None = None) -> list[RunSummary]:
    """Read the runs of a results directory one by one, and return a summary of each, in the order of the plan.

    Args:
        directory: The results directory.
        delays: The settings of the simulated clock, for the times of the runs. Default: those that the log has; if it
            has none, evaluations take their declared seconds, and each agent has a worker.

    Raises:
        LogError: If the log does not exist, or cannot be read.
    """
    delays = delays or read_delays(directory) or SimulatedSettings()
    return [summarize_run(run, delays) for run in iterate_runs(directory, pictured=False)]


def summarize_run(run: RunData | RunSummary, delays: SimulatedSettings | None = None) -> RunSummary:
    """Return the summary of a run; a summary is returned as it is."""
    if isinstance(run, RunSummary):
        return run
    rows, last = run.record_rows, _find_last_points(run.points)
    return RunSummary(
        run.id, run.strategy, run.landscape, run.repeat, run.settings, run.space.dimension, run.minimum, run.bounded,
        run.budget, run.stopped, run.time_up, run.evaluations, run.spent[rows], run.points.losses[rows],
        run.spent[last[np.searchsorted(last, rows)]], len(run.points.losses),
        None if run.points.whole is None else len(run.points.whole), run.digest,
        account_for_agents(run), _count_spells(run), run.best_point,
        None if delays is None else account_for_time(run, delays), _trace_measures(run),
        account_for_timings(run.team, run.events, run.timings, run.sessions),
        account_for_sharing(run.events, run.points) if _may_share(run) else None,
    )  # fmt: skip


def _may_share(run: RunData) -> bool:
    """Return whether the policy of a run has a choice of sharing, and anyone to share with."""
    return len(run.team) > 1 and "sharing" in run.settings.get("policy", {})


def _trace_measures(run: RunData) -> dict[str, tuple[NDArray[np.int64], Array]]:
    """Return the measures of the best point so far at the end of each lease that improved it, by name."""
    if not run.measures:
        return {}
    spent, last = dict[int, int](), _find_last_points(run.points)
    for lease, evaluations in zip(run.points.lease[last].tolist(), run.spent[last].tolist(), strict=True):
        spent[lease] = evaluations
    losses = {finding.lease: finding.best_loss for finding in findings(run.events)}
    found: dict[str, tuple[list[int], list[float]]] = {}
    best = math.inf
    # Of leases that were out at the same time, one that improved on the other's best may have ended earlier.
    for lease in sorted(spent, key=lambda each: spent[each]):
        if lease not in run.measures or losses[lease] >= best:
            continue
        best = losses[lease]
        for name, value in run.measures[lease].items():
            places, values = found.setdefault(name, ([], []))
            places.append(spent[lease])
            values.append(value)
    return {name: (np.array(places, dtype=np.int64), np.array(values)) for name, (places, values) in found.items()}


def rank_gains(run: RunData) -> Array:
    """Compute what each record of a run gained, shape (records,).

    The gain is a share of the run's finite points: those that are worse than the record but not worse than the record
    before it. All gains add up to 1 minus the best point's own share. They do not depend on the scale of losses, so a
    first step down from a huge loss does not outweigh all later ones.
    """
    finite = np.sort(run.points.losses[np.isfinite(run.points.losses)])
    better = np.searchsorted(finite, run.points.losses[run.record_rows], side="right")
    return -np.diff(better, prepend=len(finite)) / max(len(finite), 1)


def account_for_agents(run: RunData | RunSummary) -> tuple[AgentAccount, ...]:
    """Return what each agent of a run did, in team order."""
    if isinstance(run, RunSummary):
        return run.accounts
    points, team = run.points, run.team
    setters, count = points.agent[run.record_rows], len(team)
    spent, records, gains, again = (
        np.bincount(agents, weights, count)
        for agents, weights in (
            (points.agent, points.cost),
            (setters, None),
            (setters, rank_gains(run)),
            (_repeat_agents(points), None),
        )
    )
    brought: dict[str, list[Finding]] = {name: [] for name in team}
    for finding in findings(run.events):
        brought[finding.agent].append(finding)
    return tuple(
        AgentAccount(
            name, int(spent[index]), int(records[index]), float(gains[index]),
            bool(len(setters)) and int(setters[-1]) == index, len(brought[name]), int(again[index]),
            dict(Counter(cause for finding in brought[name] for cause in _list_causes(finding))),
            dict(Counter(format_cause(finding.cause, finding.place) for finding in brought[name] if finding.failed)),
        )
        for index, name in enumerate(team)
    )  # fmt: skip


def _count_spells(run: RunData) -> dict[tuple[str, InsightKind], int]:
    insights = collect_insights(run.events, run.team, run.budget, run.minimum)
    return dict(Counter((each.agent, each.kind) for each in insights if each.kind in SPELLS))


def account_for_time(run: RunData | RunSummary, delays: SimulatedSettings) -> ClockAccount:
    """Return the simulated time of a run. If the settings have no ``workers``, there is one worker per agent."""
    if isinstance(run, RunSummary) and run.clock is not None:
        return run.clock
    assert isinstance(run, RunData)
    workers = delays.workers or len(run.team)
    ends: dict[int, float] = {}

    def note_end(span: LeaseSpan) -> None:
        ends[span.lease] = span.end

    # A branch is delayed as its original was.
    drawn = find_stream_id(run.id, run.settings)
    clock = Clock(drawn, run.settings["landscape"]["seconds"], workers, delays, ended=note_end)
    clock_of(clock, run.events)
    return ClockAccount(workers, clock.makespan, clock.busy_share, clock.losses, *_order_by_time(run, ends))


def _order_by_time(run: RunData, ends: dict[int, float]) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return the end, the best loss and the evaluations of leases that improved the best loss, in order of time."""
    last = _find_last_points(run.points)
    if not len(last):
        return np.empty(0), np.empty(0), np.empty(0, dtype=np.int64)
    losses = np.minimum.reduceat(run.points.losses, np.concatenate([[0], last[:-1] + 1]))
    # A lease has no end while it waits for a worker of whom that is not known.
    seconds = np.array([ends.get(lease, np.inf) for lease in run.points.lease[last].tolist()])
    order = np.lexsort((losses, seconds))
    # What came early in time may be late in the log, beyond the budget that counts.
    better = _find_records(losses)[order] | _find_records(losses[order])
    kept = order[better & np.isfinite(seconds[order])]
    return seconds[kept], losses[kept], run.spent[last[kept]]


def _find_records(losses: Array) -> NDArray[np.bool_]:
    """Return which losses are below all before them."""
    found: NDArray[np.bool_] = losses < np.concatenate([[np.inf], np.minimum.accumulate(losses)[:-1]])
    return found


def _find_last_points(points: Points) -> NDArray[np.int64]:
    """Return the place of the last point of each lease. The points of a lease are neighbours."""
    return np.flatnonzero(np.append(points.lease[1:] != points.lease[:-1], len(points.lease) > 0))


def _repeat_agents(points: Points) -> NDArray[np.int64]:
    """Return the agents of the points whose coordinates an earlier point of the run had, shape (k,)."""
    if not len(points.cube):
        return np.empty(0, dtype=np.int64)
    agents = points.agent if points.whole is None else points.agent[points.whole]
    # Zero and its negative are the same coordinate.
    rows = np.ascontiguousarray(points.cube + 0.0)
    known = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    first = np.unique(known, return_index=True)[1]
    again = np.ones(len(rows), dtype=bool)
    again[first] = False
    found: NDArray[np.int64] = agents[again]
    return found


def _list_causes(finding: Finding) -> Iterator[tuple[str, str]]:
    for failure in finding.failures:
        if failure.of_gradient and not failure.is_free:
            yield "gradient", failure.cause.removeprefix(GRADIENT_CAUSE)
        elif not failure.is_free:
            yield "row", failure.cause
    if finding.failed:
        yield "agent", finding.cause + (f", {finding.place}" if finding.place else "")
