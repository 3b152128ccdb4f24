"""The specification of one run: one strategy on one landscape with one seed, as settings and as live models."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..agents.agent import Agent, Region
from ..agents.evaluation.settings import Evaluation
from ..landscapes.landscape import Landscape
from ..landscapes.opening import LandscapeFacts, read_facts
from .policies.policy import Policy

NEARLY_ALL = 1e-9
"""By which part the region around a start falls short of the cube."""


@dataclass(frozen=True)
class RunSpec:
    """One run before it starts.

    Its ``id`` is a hash of everything that decides the findings and of nothing else: not of the strategy's name, nor
    of the executor, nor of other runs of the experiment.

    Attributes:
        landscape: The landscape that is searched.
        team: (member name, agent) in team order. Names are unique within the team.
        policy: The policy that decides the leases.
        seed: Seed of all random streams.
        repeat: Number of the repeat; part of the keys of the agents' random streams.
        budget: Evaluations that the run may spend.
        concurrency: Greatest number of leases that may be out at a time.
        center: Where the search starts, in the unit cube: one number for all axes, or one number per axis.
        radius: Radius of the starting region, in the unit cube.
        target: The run stops at this loss (absolute); None: no target.
        seconds: The run stops after this many seconds of wall-clock time; None: no limit. That the time was up is
            recorded and replayed.
        evaluation: How points are evaluated, and what happens to points without a loss.
        strategy: Name of the strategy, for reports.
        known: Facts about the landscape, if it has been opened before. They do not decide the findings.
    """

    landscape: Landscape
    team: tuple[tuple[str, Agent], ...]
    policy: Policy
    seed: int
    repeat: int
    budget: int
    concurrency: int
    center: tuple[float, ...] | float = 0.5
    radius: float = 0.5
    target: float | None = None
    seconds: float | None = None
    evaluation: Evaluation = field(default_factory=Evaluation)
    strategy: str = ""
    known: LandscapeFacts | None = field(default=None, repr=False, compare=False)

    @cached_property
    def facts(self) -> LandscapeFacts:
        """Facts about the landscape. It is opened to find them only if it has not been opened before."""
        return self.known or read_facts(self.landscape)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """All settings that decide the findings, as plain data (JSON)."""
        # Members that are copies of one agent share its settings; there may be thousands of them.
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
        # Omitted where nothing is set, so that runs without such settings keep their ids.
        chosen = self.evaluation.settings
        return settings | {"evaluation": chosen} if chosen else settings

    @cached_property
    def id(self) -> str:
        """The first twelve hexadecimal digits of the SHA-256 of the settings."""
        return digest(self.settings)[:12]

    @property
    def stream_id(self) -> str:
        """The id in the keys of the random streams of decisions: its own, or that of the run it is a branch of."""
        return self.policy.origin or self.id

    @property
    def most_rows(self) -> int:
        """How many points the run may have: more than its budget if agents propose mini-batches."""
        space = self.facts.space
        return math.ceil(self.budget * max(agent.rows_per_evaluation(space) for _, agent in self.team))

    @cached_property
    def region(self) -> Region:
        """The region in which the search starts: the whole cube, or around the start if the user knows one."""
        start = self.facts.space.start
        if start is not None and (self.center, self.radius) == (0.5, 0.5):
            # Around the start, and wide enough to search everything; but not the whole cube, in which agents that start
            # once would start anywhere.
            reach = float(np.maximum(start, 1.0 - start).max())
            return Region(start.copy(), reach * (1.0 - NEARLY_ALL))
        dimension = self.facts.space.dimension
        center = np.array(np.broadcast_to(np.asarray(self.center, dtype=float), (dimension,)))
        return Region(center, self.radius)


def digest(data: Any) -> str:
    """Return the SHA-256 of the canonical JSON of plain data, as 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
