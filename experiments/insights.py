"""What is worth saying of a run as it goes: who is stuck, who oscillates, whose point is handed to whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..agents.agent import Converged, Finding, Incumbent, Lease
from ..landscapes.landscape import Array
from ..orchestrator.run import Event, Failed, Found, Granted

Kind = Literal["found", "stuck", "oscillates", "stagnates", "handed", "restart", "failed"]

NEAR = 1e-6
"""So close to the known minimum, beside 1 or its size, a loss counts as the minimum found."""
IDLE_SHARE = 0.1
"""An agent that has spent this share of the budget without a better loss of its own stagnates."""
IDLE_LEASES = 3
"""And so many leases."""


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
    """What is remembered of an agent: its best since it last began anew, what it has spent in vain since, the points it
    has been given, and its latest lease."""

    best: Incumbent | None = None
    idle: int = 0
    leases: int = 0
    said: bool = False
    given: set[tuple[int, int]] = field(default_factory=set)
    lease: Lease | None = None


class Insights:
    """A fold of a run's events: each may bring insights. ``minimum`` is the known least loss, None where unknown;
    ``budget`` the run's."""

    def __init__(self, team: list[str], budget: int, minimum: float | None) -> None:
        self._team = {name: Member() for name in team}
        self._budget, self._minimum = budget, minimum
        self._best = np.inf

    def tell(self, event: Event) -> Iterator[Insight]:
        """Fold one event; what there is to say of it."""
        if isinstance(event, Granted):
            for lease in event.leases:
                yield from self._granted(lease)
        elif isinstance(event, Found):
            yield from self._found(event.finding)
        elif isinstance(event, Failed):
            self._note(event.agent, event.best, event.charged)
            text = f"{event.agent} failed and lost its lease: {event.cause}"
            yield Insight("failed", event.lease, event.agent, text, *_place(event.best))

    def _granted(self, lease: Lease) -> Iterator[Insight]:
        member, given = self._team[lease.agent], lease.incumbent
        known = member.best
        if lease.fresh:
            if member.lease is not None:
                text = f"{lease.agent} begins anew, within a radius of {lease.region.radius:.2g}"
                yield Insight("restart", lease.id, lease.agent, text, lease.region.center)
            member.best, member.idle, member.leases, member.said = None, 0, 0, False
        if given is not None and given.agent != lease.agent and (given.lease, given.row) not in member.given:
            member.given.add((given.lease, given.row))
            if _sent_to(lease, given.point):
                away = "" if known is None else f", {_apart(known.point, given.point):.2g} from its own best point"
                text = f"{given.agent}'s point of loss {given.loss:.4g} is handed to {lease.agent}{away}"
                yield Insight("handed", lease.id, lease.agent, text, given.point, given.loss)
        member.lease = lease

    def _found(self, finding: Finding) -> Iterator[Insight]:
        before = self._best
        member = self._note(finding.agent, finding.best, finding.charged)
        if finding.converged is not None:
            yield self._ended(finding, finding.converged)
        elif finding.why == "failed":
            yield Insight("failed", finding.lease, finding.agent, f"{finding.agent} failed: {finding.cause}")
        elif self._reached(self._best) and not self._reached(before):
            text = f"{finding.agent} has found the minimum: loss {self._best:.4g}"
            yield Insight("found", finding.lease, finding.agent, text, *_place(finding.best))
        elif member.idle >= IDLE_SHARE * self._budget and member.leases >= IDLE_LEASES and not member.said:
            member.said = True
            if member.best is not None and not self._reached(member.best.loss):
                best, idle = f"{member.best.loss:.4g}", member.idle
                text = f"{finding.agent} has found nothing better than {best} for {idle} evaluations"
                yield Insight("stagnates", finding.lease, finding.agent, text, *_place(member.best))

    def _note(self, agent: str, best: Incumbent | None, charged: int) -> Member:
        """Keep what a lease brought."""
        member = self._team[agent]
        self._best = min(self._best, np.inf if best is None else best.loss)
        if best is not None and (member.best is None or best.loss < member.best.loss):
            member.best, member.idle, member.leases, member.said = best, 0, 0, False
        else:
            member.idle += charged
            member.leases += 1
        return member

    def _ended(self, finding: Finding, converged: Converged) -> Insight:
        agent, loss, why = finding.agent, float(converged.loss), converged.why
        kind: Kind = "stuck"
        if self._reached(loss):
            kind, text = "found", f"{agent} has found the minimum: loss {loss:.4g}"
        elif why.startswith("oscillates"):
            kind, text = "oscillates", f"{agent} {why}"
        elif why.startswith("stagnates"):
            kind, text = "stagnates", f"{agent} {why}; its best loss is {loss:.4g}"
        elif why.startswith("stuck"):
            text = f"{agent} is {why}; the loss there is {loss:.4g}"
        else:
            text = f"{agent} is at the bottom of a valley, loss {loss:.4g}, and has ended its search ({why})"
        if kind != "found" and self._best < loss - NEAR * max(1.0, abs(loss)):
            text += f"; the best known is {self._best:.4g}, elsewhere"
        return Insight(kind, finding.lease, agent, text, converged.point, loss)

    def _reached(self, loss: float) -> bool:
        return self._minimum is not None and loss - self._minimum <= NEAR * max(1.0, abs(self._minimum))


def _sent_to(lease: Lease, point: Array) -> bool:
    """Whether a lease sends its agent to a point: it lies in the region, and the region is not everything."""
    inside = bool((np.abs(point - lease.region.center) <= lease.region.radius + 1e-12).all())
    return inside and not lease.region.is_whole


def _place(best: Incumbent | None) -> tuple[Array | None, float | None]:
    return (None, None) if best is None else (best.point, best.loss)


def _apart(one: Array, other: Array) -> float:
    return float(np.linalg.norm(one - other))


def insights(events: list[Event], team: list[str], budget: int, minimum: float | None) -> list[Insight]:
    """All insights of a run, in order."""
    fold = Insights(team, budget, minimum)
    return [insight for event in events for insight in fold.tell(event)]
