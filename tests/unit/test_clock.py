"""The simulated clock, on leases reckoned by hand."""

import pytest

from searchparty.agents.agent import Finding, Lease, Region
from searchparty.orchestrator.clock import Clock, busy_share, makespan, timeline
from searchparty.orchestrator.run import Found, Granted


def lease(id, agent, budget=10):
    return Lease(id, agent, budget, Region.whole(2), "test")


def found(id, agent, charged=10):
    return Found(Finding(id, agent, charged, charged, "spent"))


TWO_AT_ONCE = [
    Granted(0, (lease(0, "a"), lease(1, "b", 20))),
    found(0, "a"),
    Granted(1, (lease(2, "a"),)),
    found(1, "b", 20),
    found(2, "a"),
]


def spans(clock, seconds=1.0):
    return [(s.start, s.end) for s in timeline("run", TWO_AT_ONCE, seconds, clock)]


def test_two_workers_work_side_by_side():
    assert spans(Clock(2)) == [(0, 10), (0, 20), (10, 20)]


def test_one_worker_works_one_lease_after_the_other():
    assert spans(Clock(1)) == [(0, 10), (10, 30), (30, 40)]


def test_latency_and_cost_add_up():
    assert spans(Clock(2, latency=1.0), seconds=0.5) == [(0, 6), (0, 11), (6, 12)]


def test_stragglers_take_longer():
    assert spans(Clock(2, straggler_probability=1.0, straggler_factor=3.0)) == [(0, 30), (0, 60), (30, 60)]


def test_lost_workers_waste_part_of_a_lease_and_the_seed_decides_which():
    clock = Clock(2, failure_probability=0.6)
    shifts = timeline("run", TWO_AT_ONCE, 1.0, clock)
    assert shifts == timeline("run", TWO_AT_ONCE, 1.0, clock)
    assert sum(s.losses for s in shifts) > 0
    for shift, least in zip(shifts, (10, 20, 10), strict=True):
        assert least <= shift.end - shift.start <= least * (1 + shift.losses)


def test_a_lease_that_was_not_collected_is_left_out():
    assert len(timeline("run", TWO_AT_ONCE[:-1], 1.0, Clock(2))) == 2


def test_makespan_and_share():
    shifts = timeline("run", TWO_AT_ONCE, 1.0, Clock(2))
    assert makespan(shifts) == 20
    assert busy_share(shifts, 2) == pytest.approx(1.0)
    assert makespan([]) == 0.0
    assert busy_share([], 2) == 0.0
