"""What comparisons and reports need of a run, without its points and events: thousands of runs fit in memory."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ...landscapes.landscape import Array
from ...orchestrator.log.reader import LogReader
from ...orchestrator.state.events import findings
from ..spec.models import SimulatedSettings
from .agent_account import AgentAccount, account_for_agents
from .clock_account import ClockAccount, account_for_time, find_last_points
from .insights import InsightKind, collect_insights
from .recorded_runs import BestPoint, RunData, iterate_runs
from .sharing_account import SharingAccount, account_for_sharing
from .time_use import RunTime, account_for_timings

SPELLS: tuple[InsightKind, ...] = ("stuck", "oscillates", "stagnates", "restart")
"""The insights that are counted for each agent."""


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
    rows, last = run.record_rows, find_last_points(run.points)
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
    spent, last = dict[int, int](), find_last_points(run.points)
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


def _count_spells(run: RunData) -> dict[tuple[str, InsightKind], int]:
    insights = collect_insights(run.events, run.team, run.budget, run.minimum)
    return dict(Counter((each.agent, each.kind) for each in insights if each.kind in SPELLS))
