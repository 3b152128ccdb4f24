"""The state of one agent of a run's team."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from ...agents.agent import Converged, Incumbent, Lease

MOST_BARREN = 10
"""After this many fresh leases in succession that brought nothing new, a member waits until some other finds something.
They cost nothing, and each may start elsewhere; but without a limit, a run of a small space would never end."""


@dataclass(slots=True)
class Member:
    """One agent of a run's team, and what the run knows of it. A policy reads it and must not change it.

    An episode is one search of the agent: the time from a fresh lease to the next. The arrays with one entry per lease
    grow when a lease is collected.

    Attributes:
        name: The member's name, unique within the team.
        index: Its position in the team, counted from 0.
        row_price: Evaluations that its most expensive row may cost; none of its leases is shorter.
        lease: The lease that it works on now; None if it is idle.
        last: Its last collected lease; None if it has none.
        leases: Number of its leases that have been collected.
        spent: Evaluations charged for these.
        best: The best point that this agent has found itself; None if it has found none.
        episode_best: Its best loss since its last fresh lease; +inf if it has none.
        episode_incumbent: Its best point since its last fresh lease; None if it has none. This is where it searches
            now, whereas ``best`` may be of an earlier search.
        episode_spent: Evaluations charged since its last fresh lease.
        improved: Whether its last lease improved on what it had found before in the same episode.
        record: Whether its last lease improved on the run's incumbent.
        converged: The local minimum with which its last lease ended, of infinite loss if the agent ended its search
            without one; None if the lease ended otherwise. The next lease must be fresh if this is set.
        failed: The cause, if its last lease failed; else None. The next lease must be fresh if this is set.
        costs: Evaluations charged for each lease.
        bests: Best loss of each lease, +inf where there is none.
        improvements: ``improved`` of each lease, as 1 or 0.
        records: ``record`` of each lease, as 1 or 0.
        granted_at: Evaluations that the run had spent or granted when this member's latest lease was granted; None
            before its first lease.
        barren: How many fresh leases in succession brought nothing new, since all that it proposed was known, or
            infeasible.
        lanes: How many evaluations side by side it can use; a lease may have as many lanes.
        fruitless: How many of its searches in succession ended where they began: within a lease, with nothing better
            than the first point.

    Example:
        >>> member = Member("slsqp", index=0, row_price=1)
        >>> member.idle, member.needs_fresh, member.committed
        (True, True, 0)
    """

    name: str
    index: int
    row_price: int
    lease: Lease | None = None
    last: Lease | None = None
    leases: int = 0
    spent: int = 0
    best: Incumbent | None = None
    episode_best: float = np.inf
    episode_incumbent: Incumbent | None = None
    episode_spent: int = 0
    improved: bool = False
    record: bool = False
    converged: Converged | None = None
    failed: str | None = None
    costs: array[int] = field(default_factory=lambda: array("q"))
    bests: array[float] = field(default_factory=lambda: array("d"))
    improvements: bytearray = field(default_factory=bytearray)
    records: bytearray = field(default_factory=bytearray)
    granted_at: int | None = None
    barren: int = 0
    lanes: int = 1
    fruitless: int = 0

    @property
    def idle(self) -> bool:
        """Whether the member may be granted a lease now."""
        return self.lease is None and not self.waits_for_news

    @property
    def waits_for_news(self) -> bool:
        """Whether it is granted no lease until some member has found something: it has had nothing new for long."""
        return self.barren >= MOST_BARREN

    @property
    def committed(self) -> int:
        """Evaluations that the member has spent, plus the budget of its lease if it has one now."""
        return self.spent if self.lease is None else self.spent + self.lease.budget

    @property
    def needs_fresh(self) -> bool:
        """Whether its next lease must be fresh: it has completed none yet, or the last one converged or failed."""
        return self.leases == 0 or self.converged is not None or self.failed is not None
