"""The state of a run, which is the fold of its events. ``Run`` is what a policy reads; ``advance`` is the reducer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...agents.agent import Converged, Incumbent, Lease, Region
from ...agents.evaluation.first_rows import FirstRows
from ...landscapes.landscape import Space
from .indexes import IdleMembers, LossCurve, WaterLevel
from .member import Member


@dataclass(slots=True)
class Run:
    """The state of one run: what a policy reads to decide the next leases.

    To a policy it is read-only, and valid until the next event. A lease is out from its grant until it is collected.
    The ``composed`` policy and its choices compare losses and never subtract them, so that they do not depend on the
    scale of the loss; ``party`` also compares differences of losses.

    Attributes:
        id: The run's id.
        space: What an agent may know of the landscape, such as its dimension.
        seconds: Declared cost of one evaluation, in logical seconds.
        budget: Evaluations that the run may spend in total.
        concurrency: Greatest number of lanes that may be out at a time, and so of leases: each has one or more.
        region: Where the search starts.
        members: The team: members by name, in team order.
        target: The run stops when the incumbent's loss is at or below it; None if there is no target.
        now: Logical time in seconds: the latest logical end of all collected leases.
        granted: Evaluations in the leases that are out.
        ever_granted: Evaluations in all leases so far: those spent, those returned unspent, and those in leases that
            are out.
        spent: Evaluations charged for the collected leases.
        decisions: Number of decisions that have granted leases. The next one has this number.
        leases: Number of leases that have been granted. The next lease must have this id.
        collected: Number of findings that have been collected.
        out: The leases that are out: id -> (logical end in seconds, lease).
        incumbent: The best point found in the run, which it returns; None while there is none.
        minima: The local minima that agents have returned, each with the agent's name, in the order of collection.
        halted: Why no more leases are granted, if a row without a loss is to stop the run; else None.
        stopped: Why the run has ended; None while it runs.
        first_rows: The first collected rows, as long as they decide whether the run stops.
        noisy: Whether a point that was evaluated again has had another loss.
        confirmed: Whether the incumbent was chosen by repeats (``Lease.repeats``); only repeats replace it then,
            until the budget is raised.
        curve: (evaluations spent, least loss of all findings) after each collected lease. Under noise that loss may be
            a lucky one, lower than the incumbent's.
        team: The members, in team order.
        cheapest: The least row price of all members, in evaluations.
        dearest: The greatest row price of all members, in evaluations.
        idle_by_spent: The idle members, ordered by evaluations spent, then in team order.
        columns: What each member has spent or been granted; from this, ``level`` is computed.
        ends: A heap of (logical end, id) of the leases that are out.
        lanes_out: Number of lanes of the leases that are out.
        waiting_for_news: The members that wait until some other finds something.

    Example:
        >>> import numpy as np
        >>> from searchparty.agents.agent import Region
        >>> from searchparty.landscapes.landscape import Space
        >>> members = {name: Member(name, index, row_price=1) for index, name in enumerate(["slsqp", "cma-es"])}
        >>> space = Space(np.zeros(2), np.ones(2))
        >>> run = Run("r", space, seconds=1.0, budget=100, concurrency=2, region=Region.whole(2), members=members)
        >>> run.remaining, run.free, run.level, [member.name for member in run.idle]
        (100, 2, 50.0, ['slsqp', 'cma-es'])
    """

    id: str
    space: Space
    seconds: float
    budget: int
    concurrency: int
    region: Region
    members: Mapping[str, Member]
    target: float | None = None
    now: float = 0.0
    granted: int = 0
    ever_granted: int = 0
    spent: int = 0
    decisions: int = 0
    leases: int = 0
    collected: int = 0
    out: dict[int, tuple[float, Lease]] = field(default_factory=dict)
    incumbent: Incumbent | None = None
    minima: list[tuple[str, Converged]] = field(default_factory=list)
    halted: str | None = None
    stopped: str | None = None
    noisy: bool = False
    confirmed: bool = False
    first_rows: FirstRows = field(default_factory=FirstRows, repr=False)
    curve: LossCurve = field(default_factory=LossCurve, repr=False)
    team: tuple[Member, ...] = field(init=False, repr=False)
    cheapest: int = field(init=False, repr=False)
    dearest: int = field(init=False, repr=False)
    idle_by_spent: IdleMembers = field(init=False, repr=False)
    columns: WaterLevel = field(init=False, repr=False)
    ends: list[tuple[float, int]] = field(init=False, repr=False)
    lanes_out: int = field(init=False, repr=False)
    waiting_for_news: list[Member] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.team = tuple(self.members.values())
        prices = [member.row_price for member in self.team]
        self.cheapest, self.dearest = min(prices), max(prices)
        self.idle_by_spent, self.columns = IdleMembers(self.team), WaterLevel(member.committed for member in self.team)
        self.ends = sorted((end, id) for id, (end, _) in self.out.items())
        self.lanes_out = sum(lease.lanes for _, lease in self.out.values())

    @property
    def remaining(self) -> int:
        """Evaluations that are neither spent nor granted."""
        return self.budget - self.spent - self.granted

    @property
    def idle(self) -> list[Member]:
        """The members that may be granted a lease now, in team order."""
        return self.idle_by_spent.in_team_order

    @property
    def level(self) -> float:
        """The water level: evaluations that a member would have if the remaining budget were poured over the members.

        The budget raises those that have committed least first. Members that have committed more than the level
        would get nothing.
        """
        return self.columns.level_with(self.remaining)

    @property
    def free(self) -> int:
        """Number of lanes that may still be granted now: so many leases at most."""
        return self.concurrency - self.lanes_out

    @property
    def next_end(self) -> tuple[float, int]:
        """(logical end in seconds, id) of the lease that will be collected next. Raises IndexError if none is out."""
        return self.ends[0]
