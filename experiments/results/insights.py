"""What is worth saying of a run as it goes: who is stuck, who oscillates, whose point is handed to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...agents.agent import Converged, Finding, Incumbent, Lease
from ...landscapes.landscape import Array
from ...orchestrator.state.events import Event
from ...orchestrator.state.lease_table import LeaseEntry, LeaseTable

Kind = Literal["found", "stuck", "oscillates", "stagnates", "handed", "restart", "failed"]

NEAR = 1e-6
"""So close to the known minimum, beside 1 or its size, a loss counts as the minimum found."""
SAME = 1e-9
"""Centers and points nearer than this, in cube units, are one place."""
IDLE_SHARE = 0.1
"""An agent that has spent this share of the budget without a better loss of its own stagnates,"""
IDLE_LEASES = 3
"""if that were so many leases."""
BRIEF_SHARE = 0.01
"""A search that has spent less of the budget than this ended before it began."""


@dataclass(frozen=True, slots=True)
class Insight:
    """Something to say, of ``agent`` at ``point`` (D,) in the cube (None: nowhere), when ``lease`` was granted (kinds
    handed and restart) or collected (all others)."""

    kind: Kind
    lease: int
    agent: str
    text: str
    point: Array | None = None
    loss: float | None = None


@dataclass(slots=True)
class Member:
    """What is remembered of an agent: since it last began anew, its best point, what it has spent, and the evaluations
    and leases that brought nothing better; whether that has been said; and the point it was sent to last."""

    best: Incumbent | None = None
    spent: int = 0
    idle: int = 0
    leases: int = 0
    said: bool = False
    given: tuple[int, int] | None = None

    def begin(self) -> None:
        """It begins anew."""
        self.best, self.spent, self.given = None, 0, None
        self.improve()

    def improve(self) -> None:
        """It has found a better point."""
        self.idle, self.leases, self.said = 0, 0, False


class Insights:
    """A fold of a run's leases, as its events grant and collect them: each may bring insights. ``minimum`` is the known
    least loss, None where unknown; ``budget`` the run's."""

    def __init__(self, team: list[str], budget: int, minimum: float | None) -> None:
        self._team = {name: Member() for name in team}
        self._budget, self._minimum = budget, minimum
        self._there = False

    def add_entries(self, entries: Iterable[LeaseEntry]) -> Iterator[Insight]:
        """Add what an event brought, as ``LeaseTable.add_event`` returns it, and yield what there is to say of it."""
        for entry in entries:
            if entry.finding is None:
                yield from self._granted(entry.lease)
            else:
                yield from self._found(entry.finding, entry.best_after)

    def _granted(self, lease: Lease) -> Iterator[Insight]:
        member = self._team[lease.agent]
        known = member.best
        if lease.fresh:
            # Who ends at once and begins anew, again and again, is not worth a word each time.
            if member.spent >= BRIEF_SHARE * self._budget:
                text = f"{lease.agent} begins anew, within a radius of {lease.region.radius:.2g}"
                yield Insight("restart", lease.id, lease.agent, text, lease.region.center)
            member.begin()
        given = sends(lease)
        place = None if given is None else (given.lease, given.row)
        if given is not None and place != member.given:
            away = "" if known is None else f", {_apart(known.point, given.point):.2g} from its own best point"
            text = f"{given.agent}'s point of loss {given.loss:.4g} is handed to {lease.agent}{away}"
            yield Insight("handed", lease.id, lease.agent, text, given.point, given.loss)
        member.given = place

    def _found(self, finding: Finding, best_known: float) -> Iterator[Insight]:
        member = self._note(finding)
        if finding.converged is not None:
            yield self._ended(finding, finding.converged, best_known)
        elif finding.failed:
            text = f"{finding.agent} failed and lost its lease: {finding.cause}"
            yield Insight("failed", finding.lease, finding.agent, text, *_place(finding.best))
        elif member.idle >= IDLE_SHARE * self._budget and member.leases >= IDLE_LEASES and not member.said:
            member.said = True
            if member.best is not None and not self._reached(member.best.loss):
                best, idle = f"{member.best.loss:.4g}", member.idle
                text = f"{finding.agent} has found nothing better than {best} for {idle} evaluations"
                yield Insight("stagnates", finding.lease, finding.agent, text, *_place(member.best))
        yield from self._arrived(finding)

    def _arrived(self, finding: Finding) -> Iterator[Insight]:
        """What a lease brought may be the minimum, however it ended."""
        best = finding.best
        if best is not None and self._reached(best.loss) and not self._there:
            self._there = True
            text = f"{finding.agent} has found the minimum: loss {best.loss:.4g}"
            yield Insight("found", finding.lease, finding.agent, text, *_place(best))

    def _note(self, finding: Finding) -> Member:
        """Keep what a lease brought."""
        member, best, charged = self._team[finding.agent], finding.best, finding.charged
        member.spent += charged
        if best is not None and (member.best is None or best.loss < member.best.loss):
            member.best = best
            member.improve()
        else:
            member.idle += charged
            member.leases += 1
        return member

    def _ended(self, finding: Finding, converged: Converged, best_known: float) -> Insight:
        agent, loss, why = finding.agent, float(converged.loss), converged.why
        kind: Kind = "stuck"
        if self._reached(loss):
            found = "is at the minimum and has ended its search" if self._there else "has found the minimum"
            self._there = True
            kind, text = "found", f"{agent} {found}: loss {loss:.4g}"
        elif why.startswith("oscillates"):
            kind, text = "oscillates", f"{agent} {why}"
        elif why.startswith("stagnates"):
            kind, text = "stagnates", f"{agent} {why}; its best loss is {loss:.4g}"
        elif why.startswith("stuck"):
            text = f"{agent} is {why}; the loss there is {loss:.4g}"
        else:
            text = f"{agent} is at the bottom of a valley, loss {loss:.4g}, and has ended its search ({why})"
        if kind != "found" and best_known < loss - NEAR * max(1.0, abs(loss)):
            text += f"; the best known is {best_known:.4g}, elsewhere"
        return Insight(kind, finding.lease, agent, text, converged.point, loss)

    def _reached(self, loss: float) -> bool:
        return self._minimum is not None and loss - self._minimum <= NEAR * max(1.0, abs(self._minimum))


def sends(lease: Lease) -> Incumbent | None:
    """The point of another agent that a lease sends its agent to: its region lies round it. None where it does not, or
    is the whole cube, which lies round every point."""
    incumbent, region = lease.incumbent, lease.region
    if incumbent is None or incumbent.agent == lease.agent or region.is_whole:
        return None
    # Policies may move a region as little as needed to lie within the cube.
    reach = min(region.radius, 0.5)
    places = (incumbent.point, np.clip(incumbent.point, reach, 1.0 - reach))
    there = any(bool(np.abs(region.center - place).max() <= SAME) for place in places)
    return incumbent if there else None


def _place(best: Incumbent | None) -> tuple[Array | None, float | None]:
    return (None, None) if best is None else (best.point, best.loss)


def _apart(one: Array, other: Array) -> float:
    return float(np.linalg.norm(one - other))


def insights(events: list[Event], team: list[str], budget: int, minimum: float | None) -> list[Insight]:
    """All insights of a run, in order."""
    table, fold = LeaseTable(), Insights(team, budget, minimum)
    return [insight for event in events for insight in fold.add_entries(table.add_event(event))]
