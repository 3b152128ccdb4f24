"""Uniform random search: the baseline that every other agent must beat."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Space
from .agent import MOST_AT_ONCE, Agent, Lease, Search


class RandomSearch(Agent):
    """Draws points uniformly at random from the region of its lease.

    Use it as the baseline that every other agent must beat, or where the loss has no structure that an agent could
    follow. It never converges: it draws points as long as it gets leases.

    Source: Brooks 1958, "A discussion of random methods for seeking maxima".
    """

    card: ClassVar[str] = (
        "Draws points anywhere in its region, like darts thrown blindly. It is never trapped and never precise, and "
        "serves as the yardstick for all others."
    )
    on_choices: ClassVar[str] = "Of a choice, it draws every value within its region alike."
    kind: Literal["random"] = "random"
    batch: int = Field(1, ge=1, le=MOST_AT_ONCE, description="Points per proposal.")

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        random, shape = rng.random, (self.batch, space.dimension)
        while True:
            now = lease
            # These two loops are kept short, because their cost is added to every evaluation.
            if now.region.is_whole:
                while lease is now:
                    lease = (yield random(shape)).lease
            else:
                lower = now.region.lower
                width = now.region.upper - lower
                while lease is now:
                    lease = (yield lower + width * random(shape)).lease
