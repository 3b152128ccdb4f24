"""What an orchestrator and an agent exchange (regions, leases, answers, findings), and the base class of agents."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..landscapes.causes import is_free_cause, is_gradient_cause, is_mini_batch
from ..landscapes.landscape import Array, Model, Space

SMALL_SIZE = 16
"""Up to this many numbers are checked faster one by one than as an array."""
BITS_OF_ONE = np.float64(1.0).view(np.uint64)


@dataclass(frozen=True, slots=True)
class Region:
    """Where an agent is asked to search: a box (L-infinity ball) around a point of the unit cube.

    A region is advice. An agent may propose points outside it, but not outside the cube.

    Attributes:
        center: The center of the box, shape (D,), in cube units.
        radius: Half the side of the box, in cube units; the whole cube has 0.5.

    Example:
        >>> region = Region(np.array([0.9, 0.5]), 0.25)
        >>> region.lower.tolist(), region.upper.tolist()
        ([0.65, 0.25], [1.0, 0.75])
    """

    center: Array
    radius: float

    @classmethod
    def whole(cls, dimension: int) -> Region:
        """Return the region that is the whole cube of ``dimension`` axes."""
        return cls(np.full(dimension, 0.5), 0.5)

    @property
    def lower(self) -> Array:
        """The lower corner (D,) of the part that lies within the cube."""
        # The same as np.clip, in a third of the time.
        return np.minimum(np.maximum(self.center - self.radius, 0.0), 1.0)

    @property
    def is_whole(self) -> bool:
        """Whether the region contains the whole cube."""
        reach = self.radius
        if self.center.size > SMALL_SIZE:
            return not ((self.center - reach > 0.0).any() or (self.center + reach < 1.0).any())
        # Every lease reads this, mostly in few dimensions, where arrays would take longer.
        for c in self.center.tolist():  # noqa: SIM110
            if c - reach > 0.0 or c + reach < 1.0:
                return False
        return True

    @property
    def upper(self) -> Array:
        """The upper corner (D,) of the part that lies within the cube."""
        return np.minimum(np.maximum(self.center + self.radius, 0.0), 1.0)


def in_cube(points: Array) -> bool:
    """Return whether all coordinates of points (D,) or (n, D), of type float64, are in [0, 1]; NaN is not."""
    if points.size <= SMALL_SIZE:
        for x in points.ravel().tolist():  # noqa: SIM110
            if not 0.0 <= x <= 1.0:
                return False
        return True
    # As whole numbers without sign, the bits of 0 to 1 are the least ones, in order: one pass decides for nearly every
    # batch. The bits of anything else are greater, those of -0 too.
    if np.maximum.reduce(points.view(np.uint64), axis=None) <= BITS_OF_ONE:
        return True
    # NaN fails both comparisons, so finiteness needs no separate check.
    return bool(np.minimum.reduce(points, axis=None) >= 0.0 and np.maximum.reduce(points, axis=None) <= 1.0)


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The best point known, and which row of which lease in the log it is.

    Attributes:
        agent: Name of the agent that found the point.
        lease: Id of the lease under which it was found.
        row: Number of the point within that lease, from 0.
        point: The point, shape (D,), in the unit cube.
        loss: Its loss.

    Example:
        >>> Incumbent("scout", lease=3, row=0, point=np.array([0.5, 0.5]), loss=1.25).loss
        1.25
    """

    agent: str
    lease: int
    row: int
    point: Array
    loss: float


class Archive:
    """All points, of all agents, that were collected before a lease was granted.

    Attributes:
        cutoff: How many findings had been collected; the log stores only this number.
        points: The points, shape (n, D), in the unit cube.
        losses: Their losses, shape (n,); failed rows are +inf.
        agents: Which member of the team found each point: indices into the team, shape (n,).

    Example:
        >>> archive = Archive(1, np.array([[0.1, 0.9]]), np.array([2.5]), np.array([0]))
        >>> float(archive.losses.min())
        2.5
    """

    __slots__ = ("agents", "cutoff", "losses", "points")

    def __init__(self, cutoff: int, points: Array, losses: Array, agents: Any) -> None:
        self.cutoff, self.points, self.losses, self.agents = cutoff, points, losses, agents


@dataclass(frozen=True, slots=True)
class Lease:
    """Permission for one agent to spend ``budget`` evaluations in ``region``.

    Attributes:
        id: Number of the lease within its run.
        agent: Name of the agent.
        budget: Evaluations that the agent may spend; agents do not read it, the framework cuts batches to it.
        region: Where the agent is asked to search.
        reason: Why the policy granted this lease, in words, for the log.
        incumbent: The best point shared with the agent, or None.
        fresh: Whether the agent's generator is closed and a new search is started in the region.
        settings: Settings that replace the agent's own in a fresh search; empty if none do.
        archive: How many of the collected findings the agent may read.
        seen: The points of those findings; an executor fills it in for agents with ``reads_archive``, else it is None.
        takes_over: Whether the incumbent is handed over: where regions do not tell points apart, an agent is to go on
            from it, wherever its own point is.
        lanes: How many evaluations of one proposal are made side by side; it takes as many of the run's
            ``concurrency``. An agent may read it, to propose at once what it would else propose one after another.
        repeats: Whether the agent is asked to evaluate its best points again, because losses are noisy. Of the points
            that it repeats at least half as often as any, the one with the least mean loss is then the best of the
            lease, and of the run. An agent may ignore it.

    Example:
        >>> Lease(0, "scout", budget=20, region=Region.whole(2), reason="first lease", fresh=True).budget
        20
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
    takes_over: bool = False
    lanes: int = 1
    repeats: bool = False

    @property
    def rounds(self) -> int:
        """How many rounds of evaluations side by side the budget makes if every batch fills its lanes."""
        return -(-self.budget // self.lanes)


@dataclass(frozen=True, slots=True)
class Converged:
    """What ``Agent.search`` returns when it has found a local minimum.

    Attributes:
        point: The local minimum, shape (D,), in the unit cube.
        loss: The loss there.
        why: Why the agent stops, in words, for the log.
        escape: If the point is a saddle, a direction along which the loss falls from it, shape (D,), in the unit cube;
            None if the agent knows of none. A policy may send an agent there (``composed`` with ``escape``).

    Example:
        >>> Converged(np.array([0.5, 0.5]), 0.0, "steps down to 1e-09").loss
        0.0
    """

    point: Array
    loss: float
    why: str
    escape: Array | None = None


class WithGradient(NamedTuple):
    """A proposal that asks for gradients as well as losses; each row costs 1 + ``space.gradient_price`` evaluations.

    Attributes:
        points: Points in the unit cube, shape (n, D), float64.

    Example:
        >>> WithGradient(np.array([[0.25, 0.75]])).points.shape
        (1, 2)
    """

    points: Array


class Told(NamedTuple):
    """The answer to a proposal, which the agent receives from ``yield``.

    Attributes:
        losses: Losses, shape (n,), float64; failed rows are +inf.
        gradients: Gradients per cube unit, shape (n, D), if they were asked for, else None; failed rows are NaN.
        lease: The lease now in force.

    Example:
        >>> lease = Lease(0, "scout", budget=2, region=Region.whole(1), reason="first lease")
        >>> Told(np.array([3.0, np.inf]), None, lease).losses.tolist()
        [3.0, inf]
    """

    losses: Array
    gradients: Array | None
    lease: Lease


class Repeat(NamedTuple):
    """A proposal to evaluate points even if their settings are known; each row is charged.

    On axes with finitely many values, a setting that is known is otherwise answered from memory.

    Attributes:
        points: Points in the unit cube, shape (n, D), float64.

    Example:
        >>> Repeat(np.array([[0.25, 0.75]])).points.shape
        (1, 2)
    """

    points: Array


class MiniBatch(NamedTuple):
    """A proposal to evaluate each point, with its gradient, over a few rows of data, which are drawn for it.

    Only where a loss is a mean over rows of data (``space.units`` of them). A point costs its share of an evaluation:
    rows x (1 + ``space.gradient_price``) / ``space.units``. Its answer is an estimate, and no point evaluated so
    becomes the incumbent. A lease in which an agent proposes mini-batches ends with an evaluation, over all rows, of
    the point that it proposes next.

    Attributes:
        points: Points in the unit cube, shape (n, D), float64.
        rows: How many rows of data are drawn for each point, without repetition, from 1 to ``space.units``.

    Example:
        >>> MiniBatch(np.array([[0.25, 0.75]]), rows=32).rows
        32
    """

    points: Array
    rows: int


Proposal = Array | WithGradient | Repeat | MiniBatch
"""What an agent yields: points (n, D) in the unit cube, or ``WithGradient``, ``Repeat`` or ``MiniBatch`` of such
points."""
Search = Generator[Proposal, Told, Converged | None]
"""What ``Agent.search`` returns: a generator that yields a ``Proposal``, receives a ``Told``, and may return
``Converged``."""


@dataclass(frozen=True, slots=True)
class RowFailure:
    """What is to be said of one row of a lease: mostly why it has no loss.

    Attributes:
        row: Number of the row, from 0.
        cause: Why it has no loss, or no gradient, or why it was not evaluated, in words.
    """

    row: int
    cause: str

    @property
    def is_free(self) -> bool:
        """Whether the row was not evaluated, because its setting is known or infeasible: it costs nothing."""
        return is_free_cause(self.cause)

    @property
    def has_failed(self) -> bool:
        """Whether the row was evaluated and has no loss."""
        return not (self.is_free or self.of_gradient or self.of_mini_batch)

    @property
    def of_mini_batch(self) -> bool:
        """Whether the row was evaluated over some rows of data only."""
        return is_mini_batch(self.cause)

    @property
    def of_gradient(self) -> bool:
        """Whether the row has a loss, and only its gradient failed."""
        return is_gradient_cause(self.cause)


@dataclass(frozen=True, slots=True)
class RowDigests:
    """What a log keeps of rows if it does not keep the points of all of them (``log: {keep}``).

    Attributes:
        whole: The rows whose points, and gradients, are kept: their places among these rows, in order, shape (k,).
        points: A digest of each point, shape (n, 16).
        gradients: A digest of each gradient, shape (n, 16); None where there are no gradients.
        projections: Each point, projected onto a few random directions, shape (n, directions).
    """

    whole: NDArray[np.int64]
    points: NDArray[np.uint8]
    gradients: NDArray[np.uint8] | None
    projections: Array


@dataclass(frozen=True, slots=True)
class Rows:
    """Evaluated points of one lease, from row ``first`` on.

    Attributes:
        first: Number of the first row within the lease.
        points: The points, shape (n, D), in the unit cube; of the whole rows only if there are ``digests``.
        losses: Their losses, shape (n,); failed rows are +inf.
        gradients: Gradients per cube unit, with NaN rows where none was asked for, or None; one for each of ``points``.
        failures: Why rows failed.
        gaps: Rows that are missing in between. The rows of a batch arrive in any order, and a process may be killed
            before all have arrived.
        digests: What is kept of all rows, if the points of only some are; None if all points are here.
    """

    first: int
    points: Array
    losses: Array
    gradients: Array | None = None
    failures: tuple[RowFailure, ...] = ()
    gaps: tuple[int, ...] = ()
    digests: RowDigests | None = None

    @property
    def whole(self) -> NDArray[np.int64]:
        """The places, among these rows, of those whose points are here, shape (k,)."""
        return np.arange(len(self.losses)) if self.digests is None else self.digests.whole

    def find_point(self, row: int) -> Array | None:
        """Return the point (D,) of a row of the lease; None if it is not here."""
        place = row - self.first
        if not 0 <= place < len(self.losses) or row in self.gaps:
            return None
        if self.digests is None:
            return self.points[place]
        at = int(np.searchsorted(self.digests.whole, place))
        return self.points[at] if at < len(self.points) and self.digests.whole[at] == place else None


class LeaseTiming(NamedTuple):
    """Where the time of a lease went, in seconds by a monotonic clock. It decides nothing.

    Attributes:
        asked: How long the agent was asked for proposals.
        worked: How long the lease was worked, its agent's time included; the rest is evaluation and bookkeeping.
        begun: When it was handed to what works it.
        arrived: When its finding was there.
        actor: Number of the actor that worked it: among those of the run, or of all runs where an actor works a whole
            run; 0 if it is none.

    Example:
        >>> LeaseTiming(asked=0.1, worked=0.5, begun=3.0, arrived=3.7).worked
        0.5
    """

    asked: float
    worked: float
    begun: float
    arrived: float
    actor: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a lease, without its points, which are sent as ``Rows``.

    Attributes:
        lease: Id of the lease.
        agent: Name of the agent.
        rows: How many points were tried.
        charged: How many evaluations were charged.
        why: Why the lease ended: "spent", "converged", "exhausted" (the generator returned without a minimum),
            "failed" (the agent raised or broke its contract) or "stopped" (a row had a failure that stops the run).
        best: The best point, if any loss is finite.
        converged: The local minimum that the agent returned, or None.
        failures: Rows without a loss, rows with a loss whose gradient failed, and rows that were not evaluated; not
            those that were evaluated over some rows of data only.
        cause: What the agent raised, how it broke its contract, or why the row that stops the run failed; else empty.
        place: Where the agent failed, as "file:line", or empty. It is told and logged, but is no part of the trace: a
            comment above it moves it.
        noisy: Whether a point that the agent had evaluated again (``Repeat``) had another loss than before.
        mini_batches: How many of the rows were evaluated over some rows of data only.
        confirmed: Whether the best point was chosen by repeats (``Lease.repeats``); its loss is then their mean.
        measures: What the landscape tells of the best point besides its loss, as (name, value). It is told and logged,
            but is no part of the trace.
        timing: Where the time of the lease went; None if that is not known. It is logged, and never compared.
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
    place: str = ""
    noisy: bool = False
    mini_batches: int = 0
    confirmed: bool = False
    measures: tuple[tuple[str, float], ...] = ()
    timing: LeaseTiming | None = field(default=None, compare=False, repr=False)

    @property
    def failed(self) -> bool:
        """Whether the agent raised or broke its contract."""
        return self.why == "failed"

    @property
    def causes(self) -> dict[int, str]:
        """Why rows have no loss or no gradient, by number of the row."""
        return {failure.row: failure.cause for failure in self.failures}

    @property
    def failed_rows(self) -> int:
        """How many rows were evaluated and have no loss."""
        return sum(failure.has_failed for failure in self.failures)

    @property
    def failed_gradients(self) -> int:
        """How many rows have a loss, and no gradient though one was asked for."""
        return sum(failure.of_gradient for failure in self.failures)

    @property
    def free_rows(self) -> int:
        """How many rows were not evaluated, and cost nothing."""
        return sum(failure.is_free for failure in self.failures)

    @property
    def best_loss(self) -> float:
        """The best loss found; infinite if there is none."""
        return math.inf if self.best is None else self.best.loss


MOST_AT_ONCE = 100_000
"""The most points that a setting may have an agent propose at once, as all of them are held in memory."""


class AgentError(Exception):
    """Raised where an agent breaks its contract; the message says how, and becomes the cause of the failed lease.

    Example:
        >>> raise AgentError("this agent needs gradients, and the landscape has none")
        Traceback (most recent call last):
        ...
        searchparty.agents.agent.AgentError: this agent needs gradients, and the landscape has none
    """

    place = ""
    """Where an agent of another process raised, as "their_agent.py:12"; "" if the traceback tells."""


SLOPES_ON_CHOICES = (
    "Between the values of a choice it sees no slope: as long as it follows slopes, a search keeps the value with "
    "which it began."
)
"""What agents do on an axis without order that follow slopes."""


class Agent(Model):
    """Base class of agents: optimizers that propose points and receive their losses, but never evaluate.

    A subclass declares ``kind: Literal["..."]``, its settings as pydantic fields, and ``search``. Keep all state that
    changes in local variables of ``search``: one agent object may run many searches.

    Attributes:
        reads_archive: Class variable; True if ``search`` reads ``lease.seen``, which executors then fill in.
        on_choices: Class variable; what the agent does on an axis without order, in a sentence.
        kind: The name of this kind of agent in YAML.

    Example:
        >>> from typing import Literal
        >>> class Sampler(Agent):
        ...     kind: Literal["sampler"] = "sampler"
        ...     tries: int = 2
        ...     def search(self, space, lease, rng):
        ...         points = rng.random((self.tries, space.dimension))
        ...         told = yield points
        ...         best = told.losses.argmin()
        ...         return Converged(points[best], float(told.losses[best]), "all points tried")
        >>> lease = Lease(0, "scout", budget=3, region=Region.whole(2), reason="first lease", fresh=True)
        >>> search = Sampler(tries=3).search(Space(np.zeros(2), np.ones(2)), lease, np.random.default_rng(0))
        >>> next(search).shape
        (3, 2)
    """

    reads_archive: ClassVar[bool] = False
    """True if ``search`` reads ``lease.seen``; executors then fill it in."""

    on_choices: ClassVar[str] = "Of a choice, it takes values that are listed next to each other for alike."
    """What the agent does on an axis without order, in a sentence."""

    kind: str

    def search(self, space: Space, lease: Lease, rng: np.random.Generator) -> Search:
        """Search a space: yield proposals and receive their losses, until nothing is left to try.

        ``told = yield points`` proposes points; ``told`` has their losses, and the lease in force from then on.

        Args:
            space: What the agent may know of the landscape.
            lease: The first lease, which is fresh. An agent must not read its budget.
            rng: The only source of random numbers that the agent may use, so that a run can be repeated.

        Yields:
            Points in the unit cube, shape (n, D), float64, n >= 1, or ``WithGradient`` of such points.

        Returns:
            ``Converged`` with the local minimum, or None if the search ends without one.

        Raises:
            AgentError: The settings do not fit the space; the lease fails with this cause.
        """
        raise NotImplementedError

    def with_settings(self, settings: Mapping[str, Any]) -> Agent:
        """Return the same agent with settings of a fresh lease in place of its own.

        Args:
            settings: The settings to replace, by name.

        Raises:
            ValueError: The agent does not accept them.
        """
        return type(self).model_validate(self.model_dump() | dict(settings))

    def row_price(self, space: Space) -> int:
        """Return the price of the most expensive row that this agent can propose, in evaluations; no lease is shorter.

        Args:
            space: What the agent may know of the landscape.

        Returns:
            1, or 1 + ``space.gradient_price`` for an agent that asks for gradients. For an agent that proposes
            mini-batches, what one of them and the evaluation that ends a lease cost, rounded up.
        """
        return 1

    def most_lanes(self, space: Space) -> int:
        """Return how many evaluations side by side the agent can use; a policy may grant it as many.

        Args:
            space: What the agent may know of the landscape.

        Returns:
            1, or more for an agent that proposes several points at once.
        """
        return 1

    def rows_per_evaluation(self, space: Space) -> float:
        """Return how many rows the agent proposes for one evaluation at most; the size of a log is estimated by it.

        Args:
            space: What the agent may know of the landscape.

        Returns:
            1, or more for an agent that proposes mini-batches.
        """
        return 1.0
