"""The messages that the driver and the actors send each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from ...agents.agent import Finding, Lease, Rows
from ...agents.evaluation.first_rows import FirstRows
from ...agents.evaluation.leaving import ExitRequest as ExitRequest
from ...agents.leases.work import Phase
from ...landscapes.landscape import Array
from ...landscapes.user_code import unpickle_with_files
from ..run_spec import RunSpec

ACTOR_FLUSH_SECONDS = 0.1
"""Points are sent to the log at the latest this many seconds after they were found."""


ArchiveUpdate = list[tuple[int, Rows | None]]
"""Findings that an actor's archive lacks: (index of the agent, its rows), as ``ArchiveStore.extend`` takes them."""


def raise_sent_error(error: Exception) -> NoReturn:
    """Raise an error that an actor sent; for the request of an objective to leave, what the objective raised."""
    raise error.to_exception() if isinstance(error, ExitRequest) else error


@dataclass(frozen=True, slots=True)
class LeaseUpdate:
    """A part of the outcome of a lease.

    Attributes:
        rows: New rows; None if there are none.
        finding: The finding, with the last update of the lease; else None.
        seconds: With the finding, the seconds that the lease took in the actor.
        evaluated_again: With the finding, how many gradients were evaluated again, also when the agent was
            rebuilt for the lease.
        phase: What happens next, if that is announced.
        apart: Whether rows of the lease are evaluated in a child process of the actor.
    """

    rows: Rows | None
    finding: Finding | None = None
    seconds: float = 0.0
    evaluated_again: int = 0
    phase: Phase | None = None
    apart: bool = False

    @property
    def last(self) -> bool:
        """Whether this is the last update of the lease."""
        return self.finding is not None


@dataclass(frozen=True, slots=True)
class FanOut:
    """How rows of a run are evaluated on the whole cluster.

    Attributes:
        workers: Greatest number of rows that are evaluated at a time for one agent.
        options: Ray's options for the tasks.
    """

    workers: int
    options: dict[str, object]


@dataclass(frozen=True, slots=True)
class PickledRun:
    """A run's specification as bytes.

    Attributes:
        files: The user's Python files that must be executed before the specification can be unpickled.
        planned: The pickled ``RunSpec``.
        fan_out: How its rows are evaluated on the whole cluster; None if they are not.
        probe: What the driver finds at fixed points, if bits may depend on the machine: actors must find the same.
    """

    files: dict[str, tuple[str, str]]
    planned: bytes
    fan_out: FanOut | None = None
    probe: Array | None = None

    def unpickle_run(self) -> RunSpec:
        """Execute the user's files, and return the specification."""
        found: RunSpec = unpickle_with_files(self.files, self.planned)
        return found


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What an actor needs to work a lease.

    Attributes:
        lease: The lease.
        episode: Number of the agent's episode.
        recorded: Rows of the lease that are recorded already; None if there are none.
        archive_update: What the archive has gained since the actor last worked for this run.
        flush_seconds: Rows are sent at the latest after this many seconds.
        lost_rows: Causes of the rows that are not evaluated but fail, by row.
        largest: Greatest number of rows to evaluate at a time; None: no limit.
        announce_rows: Whether to send an update without rows when the actor reaches the rows of the lease, and before
            each phase of it.
        apart: Whether to evaluate its rows in a child process, as a row is suspected of taking its process down.
        first_rows: The rows of the run that were collected before the lease was granted; None if they decide nothing.
        verdict: The finding of the lease if its agent is known to be at fault: the lease ends after the recorded rows.
    """

    lease: Lease
    episode: int
    recorded: Rows | None
    archive_update: ArchiveUpdate
    flush_seconds: float = ACTOR_FLUSH_SECONDS
    lost_rows: dict[int, str] = field(default_factory=dict)
    largest: int | None = None
    announce_rows: bool = False
    apart: bool = False
    first_rows: FirstRows | None = None
    verdict: Finding | None = None
