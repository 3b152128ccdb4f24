"""A run's state: the fold of its events. ``Run`` is what a policy sees; ``advance`` is the reducer."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..agents.agent import Converged, Finding, Incumbent, Lease, Region, RowFailure
from ..landscapes.landscape import Array, Space
from .order import Bench, Columns, Curve


@dataclass(frozen=True, slots=True)
class Started:
    """A run began. ``settings`` is all that decides its findings, as plain data; its hash is the run's id."""

    run: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Granted:
    """One whole decision: ``number`` counts decisions, ``leases`` may be several."""

    number: int
    leases: tuple[Lease, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A lease came back."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Failed:
    """An agent raised or broke its contract: the lease is charged in full, the next one must be fresh."""

    lease: int
    agent: str
    charged: int
    cause: str
    rows: int = 0
    best: Incumbent | None = None
    failures: tuple[RowFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Extended:
    """The run's budget is now ``budget``: raised by the user, or cut to what is promised when time is up."""

    budget: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The run ended, and why."""

    reason: str


Event = Started | Granted | Found | Failed | Extended | Stopped


@dataclass(slots=True)
class Member:
    """What is known of one agent of the team. A policy reads it and must not change it."""

    name: str
    index: int
    row_price: int
    lease: Lease | None = None
    """The lease it works on now; None: idle."""
    last: Lease | None = None
    """The last lease that came back."""
    leases: int = 0
    spent: int = 0
    best: Incumbent | None = None
    """The best point this agent found itself."""
    episode_best: float = np.inf
    """The best loss since its last fresh lease."""
    episode_incumbent: Incumbent | None = None
    """The best point since its last fresh lease: where it searches now, when ``best`` is of an older search."""
    episode_spent: int = 0
    improved: bool = False
    """Whether its last lease bettered what it had found in this episode before."""
    record: bool = False
    """Whether its last lease bettered the run's incumbent."""
    converged: Converged | None = None
    """Set when its last lease ended so; the next lease must be fresh."""
    failed: str | None = None
    """The cause, if its last lease failed; the next lease must be fresh."""
    costs: array[int] = field(default_factory=lambda: array("q"))
    """Evaluations charged, lease by lease."""
    bests: array[float] = field(default_factory=lambda: array("d"))
    """Best loss of each lease (+inf where none), lease by lease."""
    improvements: bytearray = field(default_factory=bytearray)
    """``improved`` as 1 or 0, lease by lease."""
    records: bytearray = field(default_factory=bytearray)
    """``record`` as 1 or 0, lease by lease."""
    granted_at: int | None = None
    """Evaluations that the run had spent or promised when this member's latest lease was granted."""

    @property
    def idle(self) -> bool:
        return self.lease is None

    @property
    def committed(self) -> int:
        """Evaluations spent and, if a lease is out, promised."""
        return self.spent if self.lease is None else self.spent + self.lease.budget

    @property
    def needs_fresh(self) -> bool:
        return self.leases == 0 or self.converged is not None or self.failed is not None


@dataclass(slots=True)
class Run:
    """The state of one run, as the fold of its events; a policy's read-only view, valid until the next event.

    Losses are compared, never subtracted, by the stock policies (they do not depend on the loss's scale).
    """

    id: str
    space: Space
    seconds: float
    budget: int
    concurrency: int
    region: Region
    """Where the search starts."""
    members: Mapping[str, Member]
    target: float | None = None
    """Stop when the incumbent is at or below it."""
    now: float = 0.0
    """Logical time: the logical end of the last collected lease."""
    granted: int = 0
    """Evaluations in leases that are out."""
    ever_granted: int = 0
    """Evaluations in all leases: what is spent, what was returned, and what is out."""
    spent: int = 0
    decisions: int = 0
    leases: int = 0
    collected: int = 0
    out: dict[int, tuple[float, Lease]] = field(default_factory=dict)
    """Leases out: id -> (logical end, lease)."""
    incumbent: Incumbent | None = None
    minima: list[tuple[str, Converged]] = field(default_factory=list)
    """Local minima that agents handed in, in order."""
    halted: str | None = None
    """Why no more is granted, where a row without a loss is to stop the run."""
    stopped: str | None = None
    curve: Curve = field(default_factory=Curve, repr=False)
    """(evaluations spent, best loss) after each collected lease."""
    team: tuple[Member, ...] = field(init=False, repr=False)
    """The members, in team order."""
    cheapest: int = field(init=False, repr=False)
    """The least row price of all members."""
    dearest: int = field(init=False, repr=False)
    """The greatest row price of all members."""
    bench: Bench = field(init=False, repr=False)
    """Who is idle, by evaluations spent, then in team order."""
    columns: Columns = field(init=False, repr=False)
    """What each member has spent or been promised, for ``level``."""
    ends: list[tuple[float, int]] = field(init=False, repr=False)
    """A heap of (logical end, id) of the leases out."""

    def __post_init__(self) -> None:
        self.team = tuple(self.members.values())
        prices = [member.row_price for member in self.team]
        self.cheapest, self.dearest = min(prices), max(prices)
        self.bench, self.columns = Bench(self.team), Columns(member.committed for member in self.team)
        self.ends = sorted((end, id) for id, (end, _) in self.out.items())

    @property
    def remaining(self) -> int:
        """Evaluations neither spent nor promised."""
        return self.budget - self.spent - self.granted

    @property
    def idle(self) -> list[Member]:
        """Members without a lease, in team order."""
        return self.bench.in_team_order

    @property
    def level(self) -> float:
        """What each member would have, were what remains of the budget poured over what all have committed."""
        return self.columns.level(self.remaining)

    @property
    def free(self) -> int:
        """How many more leases may go out now."""
        return self.concurrency - len(self.out)

    @property
    def next_end(self) -> tuple[float, int]:
        """(logical end, id) of the lease to be collected next."""
        return self.ends[0]


def advance(run: Run, event: Event) -> None:
    """Fold one event into the run, in place."""
    # The frequent ones first.
    if isinstance(event, Granted):
        _grant(run, event)
    elif isinstance(event, Found):
        finding = event.finding
        _settle(run, finding.lease, finding.charged, finding.best)
        _note_convergence(run, finding)
    elif isinstance(event, Failed):
        _settle(run, event.lease, event.charged, event.best)
        run.members[event.agent].failed = event.cause
    elif isinstance(event, Extended):
        run.budget = event.budget
        run.halted = run.stopped = None
    elif isinstance(event, Stopped):
        run.stopped = event.reason


def _grant(run: Run, event: Granted) -> None:
    run.decisions = event.number + 1
    for lease in event.leases:
        member = run.members[lease.agent]
        member.lease = lease
        if lease.fresh:
            member.episode_best, member.episode_spent, member.episode_incumbent = np.inf, 0, None
        member.converged = member.failed = None
        member.granted_at = run.spent + run.granted
        end = run.now + lease.budget * run.seconds
        run.out[lease.id] = (end, lease)
        heappush(run.ends, (end, lease.id))
        run.bench.leave(member)
        run.columns.change(member.index, member.committed)
        run.granted += lease.budget
        run.ever_granted += lease.budget
        run.leases = lease.id + 1


def _settle(run: Run, lease_id: int, charged: int, best: Incumbent | None) -> None:
    end, lease = run.out.pop(lease_id)
    while run.ends and run.ends[0][1] not in run.out:
        heappop(run.ends)
    run.now = max(run.now, end)
    run.granted -= lease.budget
    run.spent += charged
    run.collected += 1
    member = run.members[lease.agent]
    member.lease, member.last = None, lease
    member.leases += 1
    member.spent += charged
    member.episode_spent += charged
    member.costs.append(charged)
    loss = np.inf if best is None else best.loss
    member.bests.append(loss)
    member.improved = loss < member.episode_best
    if member.improved:
        member.episode_best, member.episode_incumbent = loss, best
    if best is not None and (member.best is None or loss < member.best.loss):
        member.best = best
    member.record = best is not None and (run.incumbent is None or loss < run.incumbent.loss)
    if member.record:
        run.incumbent = best
    member.improvements.append(member.improved)
    member.records.append(member.record)
    run.curve.append(run.spent, np.inf if run.incumbent is None else run.incumbent.loss)
    run.bench.join(member)
    run.columns.change(member.index, member.spent)


def _note_convergence(run: Run, finding: Finding) -> None:
    if finding.why == "spent":
        return
    if finding.why == "stopped":
        run.halted = run.halted or f"lease {finding.lease} of {finding.agent}: {finding.cause}"
        return
    minimum = finding.converged
    if minimum is not None:
        run.minima.append((finding.agent, minimum))
        run.members[finding.agent].converged = minimum
    else:
        point: Array = run.region.center if finding.best is None else finding.best.point
        run.members[finding.agent].converged = Converged(point, np.inf, "has nothing more to propose")
