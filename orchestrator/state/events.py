"""What can happen in a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...agents.agent import Finding, Incumbent, Lease, RowFailure


@dataclass(frozen=True, slots=True)
class Started:
    """A run began. ``settings`` is all that decides its findings, as plain data; its hash is the run's id."""

    run: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Granted:
    """One whole decision: ``number`` counts decisions, ``leases`` may be several."""

    number: int
    leases: tuple[Lease, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A lease came back."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Failed:
    """An agent raised or broke its contract: the lease is charged in full, the next one must be fresh."""

    lease: int
    agent: str
    charged: int
    cause: str
    rows: int = 0
    best: Incumbent | None = None
    failures: tuple[RowFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Extended:
    """The run's budget is now ``budget``: raised by the user, or cut to what is promised when time is up."""

    budget: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The run ended, and why."""

    reason: str


Event = Started | Granted | Found | Failed | Extended | Stopped
