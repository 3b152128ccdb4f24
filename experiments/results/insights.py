"""Finds noteworthy moments of a run: agents that are stuck or oscillate, points that are handed to other agents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...agents.agent import Converged, Finding, Incumbent, Lease, Region
from ...landscapes.landscape import Array
from ...orchestrator.state.events import Event
from ...orchestrator.state.lease_table import LeaseEntry, LeaseTable, fold_leases
from .recorded_runs import RunData
from .table import Table

InsightKind = Literal["found", "stuck", "oscillates", "stagnates", "handed", "restart", "failed"]

AT_GRANT: tuple[InsightKind, ...] = ("handed", "restart")
"""What happens when a lease is granted; all else happens when it is collected."""
MINIMUM_TOLERANCE = 1e-6
"""A loss this close to the known minimum counts as the minimum; relative to the minimum's size if that is above 1."""
SAME_POINT_DISTANCE = 1e-9
"""Centers and points that are closer than this, in cube units, count as the same place."""
IDLE_SHARE = 0.1
"""An agent stagnates if it has spent this share of the budget without improving its own best loss ..."""
IDLE_LEASES = 3
"""... in at least so many leases."""
BRIEF_SHARE = 0.01
"""The restart of a search that has spent less than this share of the budget is not reported."""


@dataclass(frozen=True, slots=True)
class Insight:
    """A noteworthy moment of a run.

    Attributes:
        kind: What happened.
        lease: The id of the lease at whose grant (kinds handed and restart) or collection (other kinds) it happened.
        agent: The name of the agent that it concerns.
        text: A sentence that describes it, without a full stop.
        place: What has the point that it concerns; None if there is none. A point itself would take memory.
        loss: The loss at the point, if it is known.
    """

    kind: InsightKind
    lease: int
    agent: str
    text: str
    place: Region | Incumbent | Converged | None = None
    loss: float | None = None

    @property
    def point(self) -> Array | None:
        """The point that it concerns, shape (D,), in the unit cube; None if there is none."""
        return self.place.center if isinstance(self.place, Region) else None if self.place is None else self.place.point


@dataclass(slots=True)
class AgentProgress:
    """The progress of an agent since its last restart.

    Attributes:
        best: Its best point.
        spent: The evaluations that it has spent.
        idle_evaluations: The evaluations since it last improved its best loss.
        leases: The leases since it last improved its best loss.
        stagnation_reported: Whether its stagnation has been reported.
        sent_to: (lease, row) of the point of another agent to which it was sent last.
    """

    best: Incumbent | None = None
    spent: int = 0
    idle_evaluations: int = 0
    leases: int = 0
    stagnation_reported: bool = False
    sent_to: tuple[int, int] | None = None

    def begin(self) -> None:
        """Forget everything, because the agent restarts."""
        self.best, self.spent, self.sent_to = None, 0, None
        self.clear_idle()

    def clear_idle(self) -> None:
        """Reset the idle counts, because the agent has improved its best loss or restarts."""
        self.idle_evaluations, self.leases, self.stagnation_reported = 0, 0, False


class InsightFold:
    """Derives insights from the leases of a run, as its events grant and collect them.

    Args:
        team: The names of the agents.
        budget: The run's budget in evaluations.
        minimum: The landscape's known minimum; None if it is unknown.
    """

    def __init__(self, team: list[str], budget: int, minimum: float | None) -> None:
        self._progress_by_agent = {name: AgentProgress() for name in team}
        self._budget, self._minimum = budget, minimum
        self._minimum_found = False

    def add_entries(self, entries: Iterable[LeaseEntry]) -> Iterator[Insight]:
        """Add the entries of an event, as ``LeaseTable.add_event`` returns them, and yield the insights of them."""
        for entry in entries:
            if entry.finding is None:
                yield from self._handle_grant(entry.lease)
            else:
                yield from self._handle_finding(entry.finding, entry.best_after)

    def _handle_grant(self, lease: Lease) -> Iterator[Insight]:
        member = self._progress_by_agent[lease.agent]
        known = member.best
        if lease.fresh:
            # An agent that ends at once and restarts, again and again, is not reported each time.
            if member.spent >= BRIEF_SHARE * self._budget:
                text = f"{lease.agent} restarts within a radius of {lease.region.radius:.2g}"
                yield Insight("restart", lease.id, lease.agent, text, lease.region)
            member.begin()
        given = handed_incumbent(lease)
        place = None if given is None else (given.lease, given.row)
        if given is not None and place != member.sent_to:
            away = "" if known is None else f", {_point_distance(known.point, given.point):.2g} from its own best point"
            text = f"{given.agent}'s point with loss {given.loss:.4g} is handed to {lease.agent}{away}"
            yield Insight("handed", lease.id, lease.agent, text, given, given.loss)
        member.sent_to = place

    def _handle_finding(self, finding: Finding, best_known: float) -> Iterator[Insight]:
        member = self._record_lease(finding)
        if finding.converged is not None:
            yield self._describe_convergence(finding, finding.converged, best_known)
        elif finding.failed:
            text = f"{finding.agent} failed and lost its lease: {finding.cause}"
            yield Insight("failed", finding.lease, finding.agent, text, finding.best, _loss_of(finding.best))
        elif (
            member.idle_evaluations >= IDLE_SHARE * self._budget
            and member.leases >= IDLE_LEASES
            and not member.stagnation_reported
        ):
            member.stagnation_reported = True
            if member.best is not None and not self._is_minimum(member.best.loss):
                best, idle = f"{member.best.loss:.4g}", member.idle_evaluations
                text = f"{finding.agent} has found nothing better than {best} for {idle} evaluations"
                yield Insight("stagnates", finding.lease, finding.agent, text, member.best, member.best.loss)
        yield from self._check_minimum(finding)

    def _check_minimum(self, finding: Finding) -> Iterator[Insight]:
        """Report the minimum if a lease found it, however the lease ended."""
        best = finding.best
        if best is not None and self._is_minimum(best.loss) and not self._minimum_found:
            self._minimum_found = True
            text = f"{finding.agent} has found the minimum: loss {best.loss:.4g}"
            yield Insight("found", finding.lease, finding.agent, text, best, best.loss)

    def _record_lease(self, finding: Finding) -> AgentProgress:
        """Update the agent's progress by the finding of a lease, and return it."""
        member, best, charged = self._progress_by_agent[finding.agent], finding.best, finding.charged
        member.spent += charged
        if best is not None and (member.best is None or best.loss < member.best.loss):
            member.best = best
            member.clear_idle()
        else:
            member.idle_evaluations += charged
            member.leases += 1
        return member

    def _describe_convergence(self, finding: Finding, converged: Converged, best_known: float) -> Insight:
        agent, loss, why = finding.agent, float(converged.loss), converged.why
        kind: InsightKind = "stuck"
        if self._is_minimum(loss):
            found = "is at the minimum and has ended its search" if self._minimum_found else "has found the minimum"
            self._minimum_found = True
            kind, text = "found", f"{agent} {found}: loss {loss:.4g}"
        elif why.startswith("oscillates"):
            kind, text = "oscillates", f"{agent} {why}"
        elif why.startswith("stagnates"):
            kind, text = "stagnates", f"{agent} {why}; its best loss is {loss:.4g}"
        elif why.startswith("stuck"):
            text = f"{agent} is {why}; the loss there is {loss:.4g}"
        else:
            text = f"{agent} is in a local minimum with loss {loss:.4g}, and has ended its search ({why})"
        if kind != "found" and best_known < loss - MINIMUM_TOLERANCE * max(1.0, abs(loss)):
            text += f"; the best known is {best_known:.4g}, elsewhere"
        return Insight(kind, finding.lease, agent, text, converged, loss)

    def _is_minimum(self, loss: float) -> bool:
        return self._minimum is not None and loss - self._minimum <= MINIMUM_TOLERANCE * max(1.0, abs(self._minimum))


def handed_incumbent(lease: Lease) -> Incumbent | None:
    """Return the point of another agent to which a lease sends its agent, i.e. around which its region lies.

    Returns:
        The point, or None if the region lies elsewhere or is the whole cube, which surrounds every point.
    """
    incumbent, region = lease.incumbent, lease.region
    if incumbent is None or incumbent.agent == lease.agent or region.is_whole:
        return None
    # A policy may shift a region by as little as is needed for it to lie within the cube.
    reach = min(region.radius, 0.5)
    places = (incumbent.point, np.clip(incumbent.point, reach, 1.0 - reach))
    there = any(bool(np.abs(region.center - place).max() <= SAME_POINT_DISTANCE) for place in places)
    return incumbent if there else None


def _loss_of(best: Incumbent | None) -> float | None:
    return None if best is None else best.loss


def _point_distance(one: Array, other: Array) -> float:
    return float(np.linalg.norm(one - other))


def collect_insights(events: list[Event], team: list[str], budget: int, minimum: float | None) -> list[Insight]:
    """Return all insights of a run, in order."""
    table, fold = LeaseTable(), InsightFold(team, budget, minimum)
    return [insight for event in events for insight in fold.add_entries(table.add_event(event))]


def insights_table(run: RunData) -> Table:
    """Make a table of what was noticed of a run, in order: what happened, when, to which agent, and in words.

    ``evaluations`` is what the run had spent when it happened, ``lease`` the lease with which it did, and ``loss`` the
    loss at the point that it concerns; None if there is none.
    """
    entries = {entry.lease.id: entry for entry in fold_leases(run.events, run.settings["landscape"]["seconds"])}
    rows = []
    for each in collect_insights(run.events, run.team, run.budget, run.minimum):
        entry = entries[each.lease]
        at = entry.granted_at if each.kind in AT_GRANT else entry.collected_at
        rows.append((each.kind, at, each.lease, each.agent, each.text, each.loss))
    return Table.from_rows(("kind", "evaluations", "lease", "agent", "text", "loss"), rows)
