"""The events of a run. The log records them in order, and a run's state is the result of folding them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...agents.agent import Finding, Lease


@dataclass(frozen=True, slots=True)
class Started:
    """The first event of a run.

    Attributes:
        run: The run's id: the first twelve hexadecimal digits of the SHA-256 of ``settings``.
        settings: All settings that decide the run's findings, as plain data (JSON).
    """

    run: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Granted:
    """One decision of the policy, with all leases that it granted.

    Attributes:
        number: Number of the decision in its run, counted from 0.
        leases: The granted leases, one or several, in the order of their ids.
    """

    number: int
    leases: tuple[Lease, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """The outcome of one lease.

    After a finding that failed, the agent's next lease must be fresh.

    Attributes:
        finding: What the lease brought. ``finding.charged`` is the number of evaluations that the run is charged
            for it (see ``charge_finding``).
    """

    finding: Finding


@dataclass(frozen=True, slots=True)
class Extended:
    """A change of the run's budget.

    Either the user raised it, or the run's time is up and the loop cut it to what is already spent or granted. A run
    that had stopped continues after this event.

    Attributes:
        budget: The run's new budget, in evaluations.
    """

    budget: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The end of a run.

    Attributes:
        reason: Why the run ended, in words.
    """

    reason: str


Event = Started | Granted | Collected | Extended | Stopped
"""Any event of a run."""


def is_cut(budget: int, event: Extended) -> bool:
    """Return whether a change of the budget cuts it, which only the loop does, when the run's time is up.

    Args:
        budget: The budget before the event, in evaluations.
        event: The change.
    """
    return event.budget < budget


def describe_end(event: Stopped, cut: bool, seconds: float | None) -> str:
    """Describe why a run ended: by its recorded reason, or by its time if that cut its budget.

    The recorded reason of a run whose time was up is that its budget, which the loop has cut, is spent.

    Args:
        event: The last event of the run.
        cut: Whether the latest change of its budget was a cut.
        seconds: The run's limit of wall-clock time; None if it has none.

    Example:
        >>> describe_end(Stopped("budget spent"), False, None), describe_end(Stopped("budget spent"), True, 2.0)
        ('budget spent', 'its time was up (stop.seconds: 2)')
        >>> describe_end(Stopped("target 0.5 reached"), True, 2.0)
        'target 0.5 reached'
    """
    if not cut or seconds is None or not ("budget" in event.reason or "evaluations left" in event.reason):
        return event.reason
    return f"its time was up (stop.seconds: {seconds:g})"


def charge_finding(finding: Finding, lease: Lease) -> Collected:
    """Return the event that collects a finding, and set what the run is charged for it.

    An agent that raised or broke its contract is charged for its whole lease, however little of it was spent.
    Otherwise a run whose agents fail immediately would never end.

    Args:
        finding: What the lease brought.
        lease: The lease, whose budget is charged if the finding failed.

    Returns:
        The event with the finding; the finding is copied if its charge had to be changed.

    Example:
        >>> from searchparty.agents.agent import Finding, Lease, Region
        >>> lease = Lease(0, "a", 10, Region.whole(2), "first lease", fresh=True)
        >>> charge_finding(Finding(0, "a", 3, 3, "spent"), lease).finding.charged
        3
        >>> charge_finding(Finding(0, "a", 3, 3, "failed", cause="raised ValueError: no"), lease).finding.charged
        10
    """
    return Collected(replace(finding, charged=lease.budget) if finding.failed else finding)


def has_measures(event: Event) -> bool:
    """Return whether an event tells more of a lease than its text in the log does.

    Args:
        event: The event.

    Example:
        >>> has_measures(Stopped("budget spent"))
        False
    """
    return isinstance(event, Collected) and bool(event.finding.measures)


def findings(events: Iterable[Event]) -> Iterator[Finding]:
    """Yield the findings of the collected leases.

    Args:
        events: Events of one run.

    Yields:
        The finding of each ``Collected`` event, in the order of the events.

    Example:
        >>> from searchparty.agents.agent import Finding
        >>> events = [Collected(Finding(0, "a", 3, 3, "spent")), Stopped("budget spent")]
        >>> [finding.lease for finding in findings(events)]
        [0]
    """
    for event in events:
        if isinstance(event, Collected):
            yield event.finding
