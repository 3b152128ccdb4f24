"""What can happen in a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...agents.agent import Finding, Lease


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
class Collected:
    """A lease came back. ``finding.charged`` is what the run is charged for it (see ``charge_finding``); after a
    finding that failed, the agent's next lease must be fresh."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Extended:
    """The run's budget is now ``budget``: raised by the user, or cut to what is promised when time is up."""

    budget: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The run ended, and why."""

    reason: str


Event = Started | Granted | Collected | Extended | Stopped


def charge_finding(finding: Finding, lease: Lease) -> Collected:
    """Return the event of a finding. An agent that raised or broke its contract is charged its whole lease, however
    little of it was spent: a run of agents that fail at once would never end."""
    return Collected(replace(finding, charged=lease.budget) if finding.failed else finding)


def findings(events: Iterable[Event]) -> Iterator[Finding]:
    """Yield the findings of the collected leases, in order."""
    for event in events:
        if isinstance(event, Collected):
            yield event.finding
