"""Where the time of runs went: agents, evaluation, transport, start-up and waiting, by strategy and by agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from ...agents.agent import LeaseTiming
from ...orchestrator.state.events import Event, findings


@dataclass(frozen=True, slots=True)
class AgentTime:
    """Where the time of one agent of a run went, in seconds.

    Attributes:
        agent: Its name.
        actor: The number of the actor that worked its leases, among those of the run.
        leases: Its leases whose times are known.
        asked: How long it was asked for proposals.
        evaluated: How long its proposals were evaluated, with entering the results.
        start_up: What the first lease of its actor took besides: the actor's start, and opening the landscape there.
        transport: What its other leases took besides: between whoever decides and the actor.
        out: How long it had a lease, from when that was handed over until its finding was there.
    """

    agent: str
    actor: int
    leases: int
    asked: float
    evaluated: float
    start_up: float
    transport: float
    out: float


@dataclass(frozen=True, slots=True)
class ActorSpan:
    """When an actor worked leases of a run.

    Attributes:
        actor: Its number.
        begun: When its first lease was handed to it, in seconds on the clock of the events.
        ended: When its last finding was there.
    """

    actor: int
    begun: float
    ended: float


@dataclass(frozen=True, slots=True)
class RunTime:
    """Where the time of a run went.

    Attributes:
        spans: When each actor worked leases, in the order in which they began.
        agents: Its agents that had leases, in team order.
    """

    spans: tuple[ActorSpan, ...]
    agents: tuple[AgentTime, ...]

    @property
    def seconds(self) -> float:
        """From when the first lease was handed over to when the last finding was there."""
        return max(span.ended for span in self.spans) - min(span.begun for span in self.spans)

    @property
    def actors(self) -> int:
        """The number of actors that worked leases; one that went on where another was lost does not count again."""
        return max(sum(other.begun <= span.begun < other.ended for other in self.spans) for span in self.spans) or 1

    @property
    def worked(self) -> float:
        """The seconds for which leases were worked: agents and evaluation."""
        return sum(agent.asked + agent.evaluated for agent in self.agents)

    @property
    def ideal(self) -> float:
        """The seconds that the work would take if it were spread evenly over the actors, without anything besides."""
        return self.worked / self.actors

    @property
    def efficiency(self) -> float:
        """The ideal seconds over those that the run took, from 0 to 1; 1 if no time passed."""
        return min(1.0, self.ideal / self.seconds) if self.seconds > 0 else 1.0


def account_for_timings(
    team: Sequence[str], events: Iterable[Event], timings: Mapping[int, LeaseTiming]
) -> RunTime | None:
    """Return where the time of a run went; None if its log does not have the times of its leases.

    Args:
        team: The names of the agents, in team order.
        events: The events of the run.
        timings: The times of its leases, by lease.

    Example:
        >>> from searchparty.agents.agent import Finding, LeaseTiming
        >>> from searchparty.orchestrator.state.events import Collected
        >>> events = [Collected(Finding(lease, "a", 1, 1, "spent")) for lease in range(2)]
        >>> timings = {0: LeaseTiming(0.5, 2.0, 0.0, 3.0), 1: LeaseTiming(0.5, 2.0, 3.0, 5.0)}
        >>> found = account_for_timings(["a"], events, timings)
        >>> found.seconds, found.worked, found.efficiency, found.agents[0].start_up
        (5.0, 4.0, 0.8, 1.0)
    """
    listed: dict[str, list[LeaseTiming]] = {}
    for finding in findings(events):
        if finding.lease in timings:
            listed.setdefault(finding.agent, []).append(timings[finding.lease])
    every = [timing for found in listed.values() for timing in found]
    if not every:
        return None
    first: dict[int, LeaseTiming] = {}
    ends: dict[int, float] = {}
    for timing in sorted(every, key=lambda each: each.begun):
        first.setdefault(timing.actor, timing)
        ends[timing.actor] = max(timing.arrived, ends.get(timing.actor, timing.arrived))
    agents = tuple(_account_for_agent(name, listed[name], first) for name in team if name in listed)
    return RunTime(tuple(ActorSpan(actor, each.begun, ends[actor]) for actor, each in first.items()), agents)


def _account_for_agent(name: str, listed: Sequence[LeaseTiming], first: Mapping[int, LeaseTiming]) -> AgentTime:
    besides = [max(0.0, each.arrived - each.begun - each.worked) for each in listed]
    starts = sum(more for each, more in zip(listed, besides, strict=True) if each is first[each.actor])
    asked, worked = sum(each.asked for each in listed), sum(each.worked for each in listed)
    out = sum(each.arrived - each.begun for each in listed)
    return AgentTime(
        name, listed[0].actor, len(listed), asked, max(0.0, worked - asked), starts, sum(besides) - starts, out
    )


def format_duration(seconds: float) -> str:
    """Format seconds in a readable unit: s, min, h or d; "-" if they are not finite."""
    if not isfinite(seconds):
        return "-"
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
