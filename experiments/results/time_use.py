"""Where the time of runs went: agents, evaluation, transport, start-up and waiting, by strategy and by agent."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Mapping, Sequence
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
        start_up: What the first lease of its actor in a session took besides: the actor's start, and opening the
            landscape there.
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
    """When an actor worked leases of a run in a session; other runs may have it before the next.

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
        spans: When each actor worked leases in each session, in the order in which they began.
        agents: Its agents that had leases, in team order.
        actors: The number of actors that worked leases. One that went on with the agents of another, which was lost or
            had them in an earlier session, does not count again.
    """

    spans: tuple[ActorSpan, ...]
    agents: tuple[AgentTime, ...]
    actors: int = 1

    @property
    def seconds(self) -> float:
        """From when the first lease was handed over to when the last finding was there."""
        return max(span.ended for span in self.spans) - min(span.begun for span in self.spans)

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
    team: Sequence[str],
    events: Iterable[Event],
    timings: Mapping[int, LeaseTiming],
    sessions: Sequence[float] = (),
) -> RunTime | None:
    """Return where the time of a run went; None if its log does not have the times of its leases.

    Args:
        team: The names of the agents, in team order.
        events: The events of the run.
        timings: The times of its leases, by lease.
        sessions: When each session that worked on the log began, in seconds on the clock of the events, in order.

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
    first: dict[tuple[int, int], LeaseTiming] = {}
    ends: dict[tuple[int, int], float] = {}
    for timing in sorted(every, key=lambda each: each.begun):
        place = bisect_right(sessions, timing.begun), timing.actor
        first.setdefault(place, timing)
        ends[place] = max(timing.arrived, ends.get(place, timing.arrived))
    spans = tuple(ActorSpan(place[1], each.begun, ends[place]) for place, each in first.items())
    opening = {id(each) for each in first.values()}
    agents = tuple(_account_for_agent(name, listed[name], opening) for name in team if name in listed)
    return RunTime(spans, agents, _count_actors(listed))


def _count_actors(listed: Mapping[str, Sequence[LeaseTiming]]) -> int:
    """Return over how many actors the agents of a run are spread, given the times of the leases of each.

    An agent stays with its actor until that is lost or the session ends; the log has no losses. So from an agent that
    is found elsewhere on, others are taken to be where they are next. Those that have yet to move, or moved before, are
    told from each other only by what comes later: the fewer of both directions in time count.
    """
    stays = [(timing.begun, name, timing.actor) for name, timings in listed.items() for timing in timings]
    return min(_count_onwards(sorted(stays)), _count_onwards(sorted(stays, reverse=True)))


def _count_onwards(stays: Iterable[tuple[float, str, int]]) -> int:
    held: dict[str, int] = {}
    most = 1
    for _, name, actor in stays:
        if held.get(name) != actor:
            held = {name: actor} if name in held else {**held, name: actor}
            most = max(most, len(set(held.values())))
    return most


def _account_for_agent(name: str, listed: Sequence[LeaseTiming], opening: Container[int]) -> AgentTime:
    """Account for one agent; ``opening`` has the identities of the leases that were the first of an actor."""
    besides = [max(0.0, each.arrived - each.begun - each.worked) for each in listed]
    starts = sum(more for each, more in zip(listed, besides, strict=True) if id(each) in opening)
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
