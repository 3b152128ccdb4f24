"""Uniform random search: the baseline that every other agent must beat."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ..landscapes.landscape import Space
from .agent import Agent, Lease, Search


class RandomSearch(Agent):
    """Draws points uniformly in the region of its lease. (Brooks 1958, "A discussion of random methods for seeking
    maxima".) Never ends."""

    card: ClassVar[str] = (
        "Draws points anywhere in its region, as darts thrown blindly. It is never trapped and never precise: the "
        "yardstick for all others."
    )
    kind: Literal["random"] = "random"
    batch: int = Field(1, ge=1, description="Points a proposal.")

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        random, shape = rng.random, (self.batch, space.dimension)
        while True:
            now = lease
            # Little is done in these two loops: what they cost is charged to every evaluation.
            if now.region.is_whole:
                while lease is now:
                    lease = (yield random(shape)).lease
            else:
                lower = now.region.lower
                width = now.region.upper - lower
                while lease is now:
                    lease = (yield lower + width * random(shape)).lease
