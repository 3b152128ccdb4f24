"""The events of a run in the log: two kinds for a collected lease, and the effect of each on the run."""

import math

import numpy as np
import pytest

from searchparty.agents.agent import Converged, Finding, Incumbent, Lease, Region, RowFailure
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.log.codec import dump_event, event_kind, load_event
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import (
    Collected,
    Extended,
    Granted,
    Started,
    Stopped,
    charge_finding,
    findings,
)
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run

BEST = Incumbent("ann", 3, 1, np.array([0.25, 0.75]), 0.1)
FAILURES = (RowFailure(0, "nan"), RowFailure(2, "raised ValueError: no"))
BODIES = {
    "Found": (
        Finding(0, "ann", 4, 8, "spent"),
        '{"lease":0,"agent":"ann","rows":4,"charged":8,"why":"spent","best":null,"converged":null,"failures":[]}',
    ),
    "Found, with all": (
        Finding(3, "ann", 4, 8, "converged", BEST, Converged(np.array([0.5, 1.0]), math.inf, "flat"), FAILURES),
        '{"lease":3,"agent":"ann","rows":4,"charged":8,"why":"converged",'
        '"best":{"agent":"ann","lease":3,"row":1,"point":[0.25,0.75],"loss":0.1},'
        '"converged":{"point":[0.5,1.0],"loss":"inf","why":"flat"},'
        '"failures":[[0,"nan"],[2,"raised ValueError: no"]]}',
    ),
    "Found, stopped": (
        Finding(3, "ann", 1, 1, "stopped", failures=FAILURES[:1], cause="row 0, nan"),
        '{"lease":3,"agent":"ann","rows":1,"charged":1,"why":"stopped","best":null,"converged":null,'
        '"failures":[[0,"nan"]],"cause":"row 0, nan"}',
    ),
    "Failed": (
        Finding(3, "ann", 0, 20, "failed", cause="proposed nothing on a fresh lease"),
        '{"lease":3,"agent":"ann","charged":20,"cause":"proposed nothing on a fresh lease","rows":0,"best":null,'
        '"failures":[]}',
    ),
    "Failed, with all": (
        Finding(3, "ann", 4, 20, "failed", BEST, None, FAILURES, "raised KeyError: 'x'"),
        '{"lease":3,"agent":"ann","charged":20,"cause":"raised KeyError: \'x\'","rows":4,'
        '"best":{"agent":"ann","lease":3,"row":1,"point":[0.25,0.75],"loss":0.1},'
        '"failures":[[0,"nan"],[2,"raised ValueError: no"]]}',
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_lease_that_came_back_has_one_of_two_kinds_with_its_own_body(name):
    finding, body = BODIES[name]
    kind = name.split(",")[0]
    assert event_kind(Collected(finding)) == kind
    assert dump_event(Collected(finding)) == body
    back = load_event(kind, body)
    assert isinstance(back, Collected)
    # Arrays have no truth value, so findings are compared as text.
    assert repr(back) == repr(Collected(finding))
    assert event_kind(back) == kind
    assert dump_event(back) == body


@pytest.mark.parametrize(
    "event",
    [
        Started("r", {"a": 1}),
        Granted(2, (Lease(5, "ann", 10, Region(np.array([0.5, 0.5]), 0.25), "any", BEST, True, {"x": 1}, 4),)),
        Extended(90),
        Stopped("budget spent"),
    ],
)
def test_other_events_have_one_kind(event):
    assert event_kind(event) == type(event).__name__
    assert repr(load_event(event_kind(event), dump_event(event))) == repr(event)


def test_only_a_failed_agent_is_charged_its_whole_lease():
    lease = Lease(3, "ann", 20, Region.whole(2), "any")
    for finding, charged in ((BODIES["Found, with all"][0], 8), (BODIES["Found, stopped"][0], 1)):
        assert charge_finding(finding, lease).finding is finding
        assert finding.charged == charged
    spent = Finding(3, "ann", 4, 7, "failed", BEST, None, FAILURES, "raised KeyError: 'x'")
    assert repr(charge_finding(spent, lease)) == repr(Collected(BODIES["Failed, with all"][0]))


def test_a_failed_lease_is_charged_and_its_agent_must_begin_anew():
    members = {name: Member(name, index, 1) for index, name in enumerate(("ann", "bob"))}
    run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 2, Region.whole(2), members)
    leases = tuple(Lease(number, name, 20, Region.whole(2), "any", fresh=True) for number, name in enumerate(members))
    advance(run, Granted(0, leases))
    best = Incumbent("ann", 0, 1, np.array([0.25, 0.75]), 0.1)
    advance(run, charge_finding(Finding(0, "ann", 4, 7, "failed", best, cause="lost the map"), leases[0]))
    ann, bob = members.values()
    assert (run.spent, run.granted, run.remaining, run.collected, list(run.out)) == (20, 20, 60, 1, [1])
    assert (ann.failed, ann.converged, ann.needs_fresh, ann.idle) == ("lost the map", None, True, True)
    assert (list(ann.costs), list(ann.bests), ann.record, run.incumbent) == ([20], [0.1], True, best)
    assert (run.minima, run.halted) == ([], None)
    advance(run, Collected(Finding(1, "bob", 5, 5, "exhausted")))
    assert (bob.failed, bob.converged.why) == (None, "has nothing more to propose")
    assert (run.spent, run.granted) == (25, 0)
    advance(run, Granted(1, (Lease(2, "ann", 10, Region.whole(2), "any", fresh=True),)))
    assert ann.failed is None
    assert not ann.needs_fresh


def test_findings_are_those_of_collected_leases_in_order():
    found = [Finding(number, "ann", 1, 1, why) for number, why in ((1, "spent"), (0, "failed"), (2, "exhausted"))]
    events = [Started("r", {}), Collected(found[0]), Granted(0, ()), Collected(found[1]), Collected(found[2])]
    assert list(findings(events)) == found


def test_what_repeats_have_chosen_is_replaced_by_repeats_alone():
    members = {"ann": Member("ann", 0, 1)}
    run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 1, Region.whole(2), members)
    found = []
    for number, (loss, confirmed) in enumerate([(-3.0, False), (0.5, True), (-2.0, False), (1.0, True)]):
        lease = Lease(number, "ann", 10, Region.whole(2), "any", fresh=number == 0, repeats=confirmed)
        advance(run, Granted(number, (lease,)))
        best = Incumbent("ann", number, 0, np.array([0.25, 0.75]), loss)
        advance(run, Collected(Finding(number, "ann", 10, 10, "spent", best, noisy=True, confirmed=confirmed)))
        found.append((run.incumbent.loss, run.confirmed, members["ann"].record))
    assert found == [(-3.0, False, True), (0.5, True, False), (0.5, True, False), (1.0, True, False)]
    # The curve is that of losses as they were observed.
    assert list(run.curve) == [(10, -3.0), (20, -3.0), (30, -3.0), (40, -3.0)]


@pytest.mark.parametrize(("budget", "loss"), [(200, -2.0), (60, 0.5)])
def test_a_larger_budget_lets_the_search_replace_what_repeats_have_chosen(budget, loss):
    run = Run("r", Space(np.zeros(2), np.ones(2)), 1.0, 100, 1, Region.whole(2), {"ann": Member("ann", 0, 1)})
    for number, (found, confirmed) in enumerate([(0.5, True), (-2.0, False)]):
        advance(run, Granted(number, (Lease(number, "ann", 10, Region.whole(2), "any", repeats=confirmed),)))
        best = Incumbent("ann", number, 0, np.array([0.25, 0.75]), found)
        advance(run, Collected(Finding(number, "ann", 10, 10, "spent", best, noisy=True, confirmed=confirmed)))
        if confirmed:
            advance(run, Extended(budget))
    assert (run.incumbent.loss, run.confirmed) == (loss, budget < 100)
