"""What a run's state knows of one agent of the team."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from ...agents.agent import Converged, Incumbent, Lease


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
