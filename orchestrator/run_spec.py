"""What is to be run: one strategy on one landscape with one seed, as settings and as live models."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..agents.agent import Agent, Region
from ..agents.evaluation.settings import Evaluation
from ..landscapes.landscape import Landscape
from ..landscapes.opening import LandscapeFacts, read_facts
from .policies.policy import Policy


@dataclass(frozen=True)
class RunSpec:
    """One run before it starts. ``id`` is a hash of all that decides the findings and of nothing else: not of
    names, nor of the executor, nor of what else stands in the experiment."""

    landscape: Landscape
    team: tuple[tuple[str, Agent], ...]
    """(member name, agent) in team order; names are unique within the team."""
    policy: Policy
    seed: int
    repeat: int
    budget: int
    concurrency: int
    center: tuple[float, ...] | float = 0.5
    """Where the search starts, in the unit cube: one number for every axis, or one an axis."""
    radius: float = 0.5
    target: float | None = None
    """Stop at this loss (absolute)."""
    seconds: float | None = None
    """Stop after so many seconds of the wall clock: a verdict that is recorded, and replayed."""
    evaluation: Evaluation = field(default_factory=Evaluation)
    """How points are evaluated, and what becomes of those without a loss."""
    strategy: str = ""
    """The name of the strategy, for reports."""
    known: LandscapeFacts | None = field(default=None, repr=False, compare=False)
    """What was learned of the landscape when it was opened, where it was: no part of what decides the findings."""

    @cached_property
    def facts(self) -> LandscapeFacts:
        """What is known of the landscape, which is opened only where nobody has opened it before."""
        return self.known or read_facts(self.landscape)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Plain data (JSON) that decides the findings."""
        # Members that are copies of one agent share its settings, of which there may be thousands.
        agents = {id(agent): agent for _, agent in self.team}
        dumped = {key: agent.model_dump(mode="json") for key, agent in agents.items()}
        settings = {
            "landscape": self.landscape.model_dump(mode="json"),
            "team": [[name, dumped[id(agent)]] for name, agent in self.team],
            "policy": self.policy.model_dump(mode="json"),
            "seed": self.seed,
            "repeat": self.repeat,
            "budget": self.budget,
            "concurrency": self.concurrency,
            "center": list(self.center) if isinstance(self.center, tuple) else self.center,
            "radius": self.radius,
            "target": self.target,
            "seconds": self.seconds,
        }
        # Left out where nothing is chosen, so that runs without such settings keep their ids.
        chosen = self.evaluation.settings
        return settings | {"evaluation": chosen} if chosen else settings

    @cached_property
    def id(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the settings."""
        return digest(self.settings)[:12]

    @cached_property
    def region(self) -> Region:
        import numpy as np

        dimension = self.facts.space.dimension
        center = np.array(np.broadcast_to(np.asarray(self.center, dtype=float), (dimension,)))
        return Region(center, self.radius)


def digest(data: Any) -> str:
    """SHA-256 of plain data in its canonical JSON."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
