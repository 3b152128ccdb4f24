"""The simulated clock compared with a computation that knows everything from the beginning."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tries import tries

from searchparty.agents.agent import Finding, Lease, Region
from searchparty.orchestrator.clock.clock import Clock, clock_of, timeline
from searchparty.orchestrator.clock.settings import Delays
from searchparty.orchestrator.state.events import Collected, Event, Granted, findings

WHOLE = Region.whole(1)
WILD = Delays.model_validate(
    {
        "evaluation": {"kind": "lognormal", "mean": 2.0, "sigma": 1.0},
        "latency": {"kind": "exponential", "mean": 1.0},
        "decision": 0.25,
        "stragglers": {"probability": 0.3, "factor": 5},
        "failures": {"probability": 0.2, "every": 50, "replacement": 3},
    }
)
PLAIN = Delays.model_validate({"latency": 0.5, "decision": 0.125})


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Generate the events of a run whose leases were all collected, in logical order, with any decisions."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size, total = int(rng.integers(1, 7)), int(rng.integers(1, 40))
    events: list[Event] = []
    out: dict[int, tuple[float, Lease]] = {}
    granted, now = 0, 0.0
    while granted < total or out:
        few = min(size - len(out), total - granted)
        if few and (not out or rng.random() < 0.7):
            count = int(rng.integers(1, few + 1))
            leases = [Lease(granted + i, "a", int(rng.integers(1, 30)), WHOLE, "any") for i in range(count)]
            out |= {lease.id: (now + lease.budget, lease) for lease in leases}
            events.append(Granted(len(events), tuple(leases)))
            granted += count
        else:
            end, number = min((end, id) for id, (end, _) in out.items())
            lease, now = out.pop(number)[1], max(now, end)
            charged = int(rng.integers(1, lease.budget + 1)) if rng.random() < 0.5 else lease.budget
            events.append(Collected(Finding(number, "a", charged, charged, "spent")))
    return events


def reckoned(events: list[Event], workers: int, delays: Delays) -> dict[int, tuple[float, float]]:
    """Return (start, end) of every lease by looking ahead: first how long each takes, then worker by worker."""
    alone = {s.lease: s.end - s.start for s in timeline("run", events, 1.0, 10**3, delays)}
    free, now = np.zeros(workers), 0.0
    spans: dict[int, tuple[float, float]] = {}
    for event in events:
        if isinstance(event, Collected):
            now = max(now, spans[event.finding.lease][1])
        elif isinstance(event, Granted):
            for lease in event.leases:
                now += delays.decision
                worker = int(np.argmin(free))
                start = max(now, free[worker])
                free[worker] = start + alone[lease.id]
                spans[lease.id] = (start, free[worker])
    return spans


@tries(60)
@given(histories(), st.integers(1, 8), st.sampled_from([Delays(), PLAIN, WILD]))
def test_the_clock_equals_one_that_looks_ahead(events: list[Event], workers: int, delays: Delays) -> None:
    shifts = timeline("run", events, 1.0, workers, delays)
    spans = reckoned(events, workers, delays)
    assert [s.lease for s in shifts] == sorted(spans)
    np.testing.assert_allclose([(s.start, s.end) for s in shifts], [spans[s.lease] for s in shifts], rtol=1e-12)
    clock = clock_of(Clock("run", 1.0, workers, delays), events)
    assert clock.makespan == max(s.end for s in shifts)
    assert clock.losses == sum(s.losses for s in shifts)
    assert clock.leases == len(shifts)
    assert 0.0 < clock.busy_share <= 1.0 + 1e-12
    for worker in range(workers):
        own = sorted((s.start, s.end) for s in shifts if s.worker == worker)
        assert all(before[1] <= after[0] for before, after in pairwise(own))


@tries(30)
@given(histories())
def test_one_worker_takes_the_sum_of_all_leases(events: list[Event]) -> None:
    charged = sum(finding.charged for finding in findings(events))
    assert clock_of(Clock("run", 0.5, 1), events).makespan == pytest.approx(0.5 * charged)
    clock = clock_of(Clock("run", 1.0, 1, WILD.model_copy(update={"decision": 0.0})), events)
    alone = timeline("run", events, 1.0, 10**3, WILD)
    assert clock.makespan == pytest.approx(sum(s.end - s.start for s in alone))


@tries(30)
@given(histories(), st.sampled_from([Delays(), PLAIN, WILD]))
def test_more_workers_never_take_longer(events: list[Event], delays: Delays) -> None:
    spans = [clock_of(Clock("run", 1.0, workers, delays), events).makespan for workers in range(1, 9)]
    assert all(fewer >= more - 1e-9 for fewer, more in pairwise(spans))


@tries(30)
@given(histories(), st.data())
def test_a_clock_that_is_looked_at_in_between_keeps_only_what_is_out(events: list[Event], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(events)))
    clock = Clock("run", 1.0, 6, WILD)
    out: set[int] = set()
    for event in events[:cut]:
        clock.fold(event)
        out = out | {x.id for x in event.leases} if isinstance(event, Granted) else out - {event.finding.lease}
        assert set(clock._outstanding) == out
        # There are as many workers as leases may be out: nothing waits for a lease whose end is not known yet.
        assert not clock._waiting
    before = clock.makespan
    again = Clock("run", 1.0, 6, WILD)
    for event in events:
        again.fold(event)
    for event in events[cut:]:
        clock.fold(event)
    assert before <= clock.makespan == again.makespan
    assert clock.busy == again.busy
