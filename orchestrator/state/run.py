"""A run's state: the fold of its events. ``Run`` is what a policy sees; ``advance`` is the reducer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...agents.agent import Converged, Incumbent, Lease, Region
from ...landscapes.landscape import Space
from .indexes import IdleMembers, LossCurve, WaterLevel
from .member import Member


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
    curve: LossCurve = field(default_factory=LossCurve, repr=False)
    """(evaluations spent, best loss) after each collected lease."""
    team: tuple[Member, ...] = field(init=False, repr=False)
    """The members, in team order."""
    cheapest: int = field(init=False, repr=False)
    """The least row price of all members."""
    dearest: int = field(init=False, repr=False)
    """The greatest row price of all members."""
    idle_by_spent: IdleMembers = field(init=False, repr=False)
    """Who is idle, by evaluations spent, then in team order."""
    columns: WaterLevel = field(init=False, repr=False)
    """What each member has spent or been promised, for ``level``."""
    ends: list[tuple[float, int]] = field(init=False, repr=False)
    """A heap of (logical end, id) of the leases out."""

    def __post_init__(self) -> None:
        self.team = tuple(self.members.values())
        prices = [member.row_price for member in self.team]
        self.cheapest, self.dearest = min(prices), max(prices)
        self.idle_by_spent, self.columns = IdleMembers(self.team), WaterLevel(member.committed for member in self.team)
        self.ends = sorted((end, id) for id, (end, _) in self.out.items())

    @property
    def remaining(self) -> int:
        """Evaluations neither spent nor promised."""
        return self.budget - self.spent - self.granted

    @property
    def idle(self) -> list[Member]:
        """Members without a lease, in team order."""
        return self.idle_by_spent.in_team_order

    @property
    def level(self) -> float:
        """What each member would have, were what remains of the budget poured over what all have committed."""
        return self.columns.level_with(self.remaining)

    @property
    def free(self) -> int:
        """How many more leases may go out now."""
        return self.concurrency - len(self.out)

    @property
    def next_end(self) -> tuple[float, int]:
        """(logical end, id) of the lease to be collected next."""
        return self.ends[0]
