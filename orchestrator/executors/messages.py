"""What drivers and actors send each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...agents.agent import Finding, Lease, Rows
from ...landscapes.user_code import unpickled
from ..run_spec import PlannedRun

FLUSH_SECONDS = 0.1
"""Points found are on their way to the log after so long."""


News = list[tuple[int, Rows | None]]


@dataclass(frozen=True, slots=True)
class Item:
    """What has come of a lease: rows, and with the last of them the finding and the seconds it took here."""

    rows: Rows | None
    finding: Finding | None = None
    seconds: float = 0.0

    @property
    def last(self) -> bool:
        return self.finding is not None


@dataclass(frozen=True, slots=True)
class Fan:
    """That rows are evaluated all over the cluster: so many at once for an agent, with these options of Ray's."""

    workers: int
    options: dict[str, object]


@dataclass(frozen=True, slots=True)
class Opening:
    """A planned run as bytes, and the user's files that must have been run before it can be unpickled."""

    files: dict[str, tuple[str, str]]
    planned: bytes
    fan: Fan | None = None

    def planned_run(self) -> PlannedRun:
        found: PlannedRun = unpickled(self.files, self.planned)
        return found


@dataclass(frozen=True, slots=True)
class Order:
    """What an actor needs to work a lease: the lease, how much is recorded, what the archive has gained."""

    lease: Lease
    episode: int
    recorded: Rows | None
    news: News
    flush_seconds: float = FLUSH_SECONDS
    lost_rows: dict[int, str] = field(default_factory=dict)
    largest: int | None = None
    sign: bool = False
    """Whether to send an item without rows once the rows of the lease are come to."""
