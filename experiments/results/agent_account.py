"""What each agent did in a run: evaluations, records and what these gained, duplicates, and failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...agents.agent import Finding
from ...agents.leases.failure import format_cause
from ...landscapes.causes import GRADIENT_CAUSE, INFEASIBLE_CAUSE
from ...landscapes.landscape import Array
from ...orchestrator.log.reader import Points
from ...orchestrator.state.events import findings
from .recorded_runs import RunData


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
        refused: How many of its points broke a constraint and were not evaluated, by constraint.
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
    refused: dict[str, int]


def account_for_agents(run: RunData) -> tuple[AgentAccount, ...]:
    """Return what each agent of a run did, in team order."""
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
            dict(Counter(constraint for finding in brought[name] for constraint in _list_broken(finding))),
        )
        for index, name in enumerate(team)
    )  # fmt: skip


def rank_gains(run: RunData) -> Array:
    """Compute what each record of a run gained, shape (records,).

    The gain is a share of the run's finite points: those that are worse than the record but not worse than the record
    before it. All gains add up to 1 minus the best point's own share. They do not depend on the scale of losses, so a
    first step down from a huge loss does not outweigh all later ones.
    """
    finite = np.sort(run.points.losses[np.isfinite(run.points.losses)])
    better = np.searchsorted(finite, run.points.losses[run.record_rows], side="right")
    return -np.diff(better, prepend=len(finite)) / max(len(finite), 1)


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


def _list_broken(finding: Finding) -> Iterator[str]:
    for failure in finding.failures:
        if failure.cause.startswith(INFEASIBLE_CAUSE):
            yield failure.cause.removeprefix(INFEASIBLE_CAUSE)
