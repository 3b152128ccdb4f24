"""What decides: a pure function from the state of a run to leases, each with its reason."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ...agents.agent import Lease
from ...landscapes.landscape import Model
from ..state.run import Run


class Policy(Model):
    """Subclasses declare ``kind: Literal["..."]`` and ``decide``. A policy holds settings only: whatever it
    wants to know of the past it reads from the run."""

    at_once: ClassVar[int | None] = None
    """Leases out at once where an experiment does not say; None: as many as the team has agents."""

    kind: str

    def decide(self, run: Run, rng: np.random.Generator) -> tuple[Lease, ...]:
        """Leases for idle members, at most ``run.free``, together at most ``run.remaining`` evaluations.

        Ids count on from ``run.leases``. A member with ``needs_fresh`` gets only fresh leases, and no lease is
        below its ``row_price``. () means wait, or the end of the run if nothing is out.
        """
        raise NotImplementedError
