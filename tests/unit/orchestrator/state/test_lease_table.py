"""The table of a run's leases, on constructed events: known values, also while it grows."""

import math

import numpy as np
import pytest

from searchparty.agents.agent import Finding, Incumbent, Lease, Region
from searchparty.orchestrator.state.events import Collected, Extended, Granted, Started, Stopped, charge_finding
from searchparty.orchestrator.state.lease_table import LeaseEntry, LeaseTable, fold_leases


def lease_of(number, agent, budget):
    return Lease(number, agent, budget, Region(np.full(2, 0.5), 0.25), f"reason {number}")


LEASES = [lease_of(0, "ann", 10), lease_of(1, "bob", 20), lease_of(2, "ann", 10), lease_of(3, "bob", 5)]


def finding_of(number, charged, loss=None, why="spent"):
    agent = LEASES[number].agent
    best = None if loss is None else Incumbent(agent, number, 0, np.full(2, 0.5), loss)
    return Finding(number, agent, charged, charged, why, best)


FIRST, THIRD = finding_of(0, 10, 5.0), finding_of(2, 4, 5.0, "converged")
FAILED = charge_finding(finding_of(1, 3, 1.0, "failed"), LEASES[1]).finding
EVENTS = [
    Started("r", {}),
    Granted(0, (LEASES[0], LEASES[1])),
    Collected(FIRST),
    Granted(1, (LEASES[2],)),
    Extended(90),
    Collected(THIRD),
    Collected(FAILED),
    Granted(2, (LEASES[3],)),
    Stopped("budget spent"),
]


def test_it_tells_when_what_and_whether_it_was_a_record():
    # Two logical seconds per evaluation. Lease 2 was granted at 20 s, when lease 0 ended; 1 and 2 both end at 40 s.
    assert fold_leases(EVENTS, 2.0) == [
        LeaseEntry(LEASES[0], 0, 0.0, 20.0, math.inf, FIRST, 10, 5.0, True),
        # It is charged in full: 10 + 4 + 20; what it had found before it failed is a record.
        LeaseEntry(LEASES[1], 0, 0.0, 40.0, math.inf, FAILED, 34, 1.0, True),
        # A point that equals the best one known is not a record.
        LeaseEntry(LEASES[2], 10, 20.0, 40.0, 5.0, THIRD, 14, 5.0, False),
        LeaseEntry(LEASES[3], 34, 40.0, 50.0, 1.0),
    ]


def test_what_a_lease_was_charged():
    assert [entry.charged for entry in fold_leases(EVENTS)] == [10, 20, 4, 0]
    assert fold_leases(EVENTS)[1].finding.why == "failed"


def test_times_are_in_evaluations_unless_their_cost_is_given():
    assert [(entry.starts, entry.ends) for entry in fold_leases(EVENTS)] == [(0, 10), (0, 20), (10, 20), (20, 25)]


def test_a_lease_that_comes_back_late_does_not_turn_the_clock_back():
    events = [
        Granted(0, (lease_of(0, "ann", 10), lease_of(1, "bob", 20))),
        Collected(finding_of(1, 20)),
        Collected(finding_of(0, 10)),
        Granted(1, (lease_of(2, "ann", 5),)),
    ]
    *_, last = fold_leases(events)
    assert (last.granted_at, last.starts, last.ends) == (30, 20.0, 25.0)


def test_without_a_finite_loss_there_is_no_record():
    (entry,) = fold_leases([Granted(0, LEASES[:1]), Collected(finding_of(0, 10))])
    assert (entry.best_before, entry.best_after, entry.record) == (math.inf, math.inf, False)


def test_an_event_brings_the_leases_that_it_is_about():
    table = LeaseTable(2.0)
    brought = [table.add_event(event) for event in EVENTS]
    assert [[entry.lease.id for entry in entries] for entries in brought] == [
        [], [0, 1], [0], [2], [], [2], [1], [3], [],
    ]  # fmt: skip
    assert [entry.finding for entries in brought for entry in entries] == [
        None, None, FIRST, None, THIRD, FAILED, None,
    ]  # fmt: skip
    # What was recorded of a lease when it was granted still holds when it is collected.
    whole = fold_leases(EVENTS, 2.0)
    for entries in brought:
        for entry in entries:
            final = whole[entry.lease.id]
            assert (entry.lease, entry.granted_at, entry.starts, entry.ends, entry.best_before) == (
                final.lease, final.granted_at, final.starts, final.ends, final.best_before,
            )  # fmt: skip


@pytest.mark.parametrize("cut", range(len(EVENTS) + 1))
def test_followed_as_it_grows_it_is_the_same(cut):
    table = LeaseTable(2.0)
    for event in EVENTS[:cut]:
        table.add_event(event)
    assert list(table.entries.values()) == fold_leases(EVENTS[:cut], 2.0)
    for event in EVENTS[cut:]:
        table.add_event(event)
    assert list(table.entries.values()) == fold_leases(EVENTS, 2.0)
    assert list(table.entries) == [0, 1, 2, 3]
