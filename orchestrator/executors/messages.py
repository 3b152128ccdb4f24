"""What drivers and actors send each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...agents.agent import Finding, Lease, Rows
from ...landscapes.user_code import unpickle_with_files
from ..run_spec import RunSpec

ACTOR_FLUSH_SECONDS = 0.1
"""Points found are on their way to the log after so long."""


ArchiveUpdate = list[tuple[int, Rows | None]]


@dataclass(frozen=True, slots=True)
class LeaseUpdate:
    """What has come of a lease: rows, and with the last of them the finding and the seconds it took here."""

    rows: Rows | None
    finding: Finding | None = None
    seconds: float = 0.0

    @property
    def last(self) -> bool:
        return self.finding is not None


@dataclass(frozen=True, slots=True)
class FanOut:
    """That rows are evaluated all over the cluster: so many at once for an agent, with these options of Ray's."""

    workers: int
    options: dict[str, object]


@dataclass(frozen=True, slots=True)
class PickledRun:
    """A planned run as bytes, and the user's files that must have been run before it can be unpickled."""

    files: dict[str, tuple[str, str]]
    planned: bytes
    fan_out: FanOut | None = None

    def unpickle_run(self) -> RunSpec:
        found: RunSpec = unpickle_with_files(self.files, self.planned)
        return found


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What an actor needs to work a lease: the lease, how much is recorded, what the archive has gained."""

    lease: Lease
    episode: int
    recorded: Rows | None
    archive_update: ArchiveUpdate
    flush_seconds: float = ACTOR_FLUSH_SECONDS
    lost_rows: dict[int, str] = field(default_factory=dict)
    largest: int | None = None
    announce_rows: bool = False
    """Whether to send an item without rows once the rows of the lease are come to."""
