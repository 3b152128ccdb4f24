"""The words between an orchestrator and an agent: region, lease, told, finding."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..landscapes.landscape import Array, Model, Space

SMALL_SIZE = 16
"""So few numbers are looked at one by one sooner than as an array."""


@dataclass(frozen=True, slots=True)
class Region:
    """An L-infinity box in the unit cube: ``center`` (D,) and ``radius``, half its side.

    Advice: the cube, not the region, is the law.
    """

    center: Array
    radius: float

    @classmethod
    def whole(cls, dimension: int) -> Region:
        return cls(np.full(dimension, 0.5), 0.5)

    @property
    def lower(self) -> Array:
        # What np.clip does, in a third of the time.
        return np.minimum(np.maximum(self.center - self.radius, 0.0), 1.0)

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole cube."""
        # Asked at every lease, and mostly of few numbers: arrays would take longer.
        reach = self.radius
        for c in self.center.tolist():  # noqa: SIM110
            if c - reach > 0.0 or c + reach < 1.0:
                return False
        return True

    @property
    def upper(self) -> Array:
        return np.minimum(np.maximum(self.center + self.radius, 0.0), 1.0)


def in_cube(points: Array) -> bool:
    """Whether all coordinates of points (D,) or (n, D) are in [0, 1]; what is no number is not."""
    if points.size <= SMALL_SIZE:
        for x in points.ravel().tolist():  # noqa: SIM110
            if not 0.0 <= x <= 1.0:
                return False
        return True
    # NaN fails both comparisons, so that finiteness needs no look of its own.
    return bool(np.minimum.reduce(points, axis=None) >= 0.0 and np.maximum.reduce(points, axis=None) <= 1.0)


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The best point known, who found it, and where in the log it stands. ``point`` (D,) is in the cube."""

    agent: str
    lease: int
    row: int
    point: Array
    loss: float


class Archive:
    """All points collected before a lease was granted, of all agents: ``points`` (n, D) in the cube,
    ``losses`` (n,), ``agents`` (n,) indices into the team. ``cutoff`` counts collected findings; it is all
    the log stores."""

    __slots__ = ("agents", "cutoff", "losses", "points")

    def __init__(self, cutoff: int, points: Array, losses: Array, agents: Any) -> None:
        self.cutoff, self.points, self.losses, self.agents = cutoff, points, losses, agents


@dataclass(frozen=True, slots=True)
class Lease:
    """Leave for one agent to spend ``budget`` evaluations in ``region``.

    ``fresh`` closes the agent's generator and starts another at the region, with ``settings`` laid over the
    agent's own (empty: none). ``archive`` is a cutoff: how many collected findings the agent may look at;
    ``seen`` is the view of them that an executor fills in for agents with ``reads_archive``.
    """

    id: int
    agent: str
    budget: int
    region: Region
    reason: str
    incumbent: Incumbent | None = None
    fresh: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    archive: int = 0
    seen: Archive | None = None


@dataclass(frozen=True, slots=True)
class Converged:
    """An agent's word that it is done: its local minimum (D,) in the cube, the loss there, and why."""

    point: Array
    loss: float
    why: str


class WithGradient(NamedTuple):
    """Propose points (n, D) and ask for their gradients too; each row costs 1 + ``space.gradient_price``."""

    points: Array


class Told(NamedTuple):
    """The answer to a proposal.

    ``losses`` (n,), failed rows +inf. ``gradients`` (n, D) per cube unit, or None; rows that failed are NaN.
    ``lease`` is the lease now in force.
    """

    losses: Array
    gradients: Array | None
    lease: Lease


Proposal = Array | WithGradient
Search = Generator[Proposal, Told, Converged | None]


@dataclass(frozen=True, slots=True)
class RowFailure:
    """Why one row of a lease has no loss."""

    row: int
    cause: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Evaluated points of one lease, from row ``first`` on: ``points`` (n, D) in the cube, ``losses`` (n,),
    ``gradients`` (n, D) per cube unit with NaN rows where none was asked for, or None. ``gaps`` are rows that are
    not known after all: rows of a batch come in any order, and a process may be killed before all have come."""

    first: int
    points: Array
    losses: Array
    gradients: Array | None = None
    failures: tuple[RowFailure, ...] = ()
    gaps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a lease brought, less its points, which travel as ``Rows``.

    ``rows`` points were tried, ``charged`` evaluations paid. ``why`` is "spent", "converged",
    "exhausted" (the generator returned without a minimum), "failed" (``cause`` says how the agent broke its
    contract) or "stopped" (``cause`` is that of a row which is to stop the run). ``best`` is the row, point and
    loss of the best, if any is finite.
    """

    lease: int
    agent: str
    rows: int
    charged: int
    why: str
    best: Incumbent | None = None
    converged: Converged | None = None
    failures: tuple[RowFailure, ...] = ()
    cause: str = ""

    @property
    def failed(self) -> bool:
        """Whether the agent raised or broke its contract."""
        return self.why == "failed"

    @property
    def best_loss(self) -> float:
        """The best loss found; infinite where there is none."""
        return math.inf if self.best is None else self.best.loss


class AgentError(Exception):
    """An agent raised or broke its contract; the message says how."""


class Agent(Model):
    """An optimizer. It proposes points and is told their losses; it never evaluates.

    A subclass declares ``kind: Literal["..."]``, its settings as fields, and ``search``. All that moves is
    local to the generator, so one model may be searched with many times.
    """

    reads_archive: ClassVar[bool] = False
    """True if ``search`` looks at ``lease.seen``; executors then bring the archive to it."""

    kind: str

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        """Propose points (n, D) in the unit cube, read the losses from what the yield returns.

        Return ``Converged`` with the local minimum when done, or None. No agent reads a lease's budget.
        """
        raise NotImplementedError

    def row_price(self, space: Space) -> int:
        """The dearest row this agent can propose, in evaluations; no lease is shorter."""
        return 1
