"""The simulated clock, on leases computed by hand."""

import math

import pytest
from pydantic import ValidationError

from searchparty.agents.agent import Finding, Incumbent, Lease, Region
from searchparty.orchestrator.clock.clock import MOST_LOSSES, Clock, clock_of, timeline
from searchparty.orchestrator.clock.settings import Delays, Duration
from searchparty.orchestrator.state.events import Collected, Granted


def lease(id, agent, budget=10):
    return Lease(id, agent, budget, Region.whole(2), "test")


def found(id, agent, charged=10, loss=None):
    best = None if loss is None else Incumbent(agent, id, 0, Region.whole(2).center, loss)
    return Collected(Finding(id, agent, charged, charged, "spent", best))


TWO_AT_ONCE = [
    Granted(0, (lease(0, "a"), lease(1, "b", 20))),
    found(0, "a"),
    Granted(1, (lease(2, "a"),)),
    found(1, "b", 20),
    found(2, "a"),
]


def spans(workers, seconds=1.0, **delays):
    shifts = timeline("run", TWO_AT_ONCE, seconds, workers, Delays.model_validate(delays))
    return [(s.start, s.end) for s in shifts]


def test_two_workers_work_side_by_side():
    assert spans(2) == [(0, 10), (0, 20), (10, 20)]


def test_one_worker_works_one_lease_after_the_other():
    assert spans(1) == [(0, 10), (10, 30), (30, 40)]


def test_latency_and_cost_add_up():
    assert spans(2, seconds=0.5, latency=1.0) == [(0, 6), (0, 11), (6, 12)]


def test_an_evaluation_takes_what_the_settings_say_and_not_what_the_landscape_declares():
    assert spans(2, seconds=0.5, evaluation=2.0) == [(0, 20), (0, 40), (20, 40)]


def test_the_orchestrator_takes_one_decision_after_the_other():
    assert spans(2, decision=1.0) == [(1, 11), (2, 22), (12, 22)]


def test_stragglers_take_longer():
    assert spans(2, stragglers={"probability": 1, "factor": 3.0}) == [(0, 30), (0, 60), (30, 60)]


def test_latency_does_not_straggle():
    assert spans(2, latency=1.0, stragglers={"probability": 1, "factor": 2.0}) == [(0, 21), (0, 41), (21, 42)]


def test_lost_workers_waste_part_of_a_lease_and_the_run_decides_which():
    delays = Delays(failures={"probability": 0.6, "replacement": 100.0})
    shifts = timeline("run", TWO_AT_ONCE, 1.0, 2, delays)
    assert shifts == timeline("run", TWO_AT_ONCE, 1.0, 2, delays)
    assert shifts != timeline("other", TWO_AT_ONCE, 1.0, 2, delays)
    assert sum(s.losses for s in shifts) > 0
    for shift, least in zip(shifts, (10, 20, 10), strict=True):
        paused = 100 * shift.losses
        assert least + paused <= shift.end - shift.start <= least * (1 + shift.losses) + paused


def test_long_leases_lose_more_workers_where_losses_go_by_time():
    delays = Delays(failures={"every": 10_000.0})
    events = [e for i in range(2000) for e in (Granted(i, (lease(i, "a", 1000),)), found(i, "a", 1000))]
    clock = clock_of(Clock("run", 1.0, 1, delays), events)
    # A lease is lost with probability 1 - exp(-0.1), and may be lost repeatedly.
    assert clock.losses == pytest.approx(2000 * math.expm1(0.1), rel=0.15)
    # On average it is lost after a little less than half a lease.
    assert clock.busy == pytest.approx(clock.makespan)
    assert clock.busy - 2_000_000 == pytest.approx(0.49 * 1000 * clock.losses, rel=0.1)


def test_a_lease_much_longer_than_workers_live_is_let_through():
    clock = clock_of(Clock("run", 1.0, 2, Delays(failures={"every": 1e-3})), TWO_AT_ONCE)
    assert clock.losses == 3 * MOST_LOSSES


def test_a_lease_that_was_not_collected_is_left_out():
    assert len(timeline("run", TWO_AT_ONCE[:-1], 1.0, 2)) == 2


def test_a_failed_lease_takes_its_place_too():
    events = [*TWO_AT_ONCE[:-1], Collected(Finding(2, "a", 3, 10, "failed", cause="raised"))]
    assert timeline("run", events, 1.0, 2) == timeline("run", TWO_AT_ONCE, 1.0, 2)


def test_makespan_and_shares():
    clock = clock_of(Clock("run", 1.0, 2, Delays(latency=5.0)), TWO_AT_ONCE)
    assert (clock.makespan, clock.leases, clock.losses) == (30, 3, 0)
    assert clock.busy_share == pytest.approx(40 / 60)
    assert clock_of(Clock("run", 1.0, 2), []).busy_share == 0.0


def test_the_target_is_reached_when_the_first_lease_that_reached_it_comes_in():
    events = [*TWO_AT_ONCE[:3], found(1, "b", 20, loss=0.5), found(2, "a", loss=0.1)]
    assert clock_of(Clock("run", 1.0, 1, target=0.5), events).target_seconds == 30
    assert clock_of(Clock("run", 1.0, 1, target=0.2), events).target_seconds == 40
    assert clock_of(Clock("run", 1.0, 1, target=0.0), events).target_seconds == math.inf


def test_a_grant_that_must_wait_for_the_outcome_of_an_earlier_one_is_kept_until_then():
    clock = Clock("run", 1.0, 1)
    for event in TWO_AT_ONCE[:3]:
        clock.fold(event)
    assert (clock.leases, clock.makespan) == (1, 10)
    for event in TWO_AT_ONCE[3:]:
        clock.fold(event)
    assert (clock.leases, clock.makespan) == (3, 40)


@pytest.mark.parametrize("kind", ["constant", "lognormal", "exponential"])
@pytest.mark.parametrize("times", [1, 7, 400])
def test_a_duration_has_its_mean_and_its_spread(kind, times):
    uniforms = [(i + 0.5) / 20_000 for i in range(20_000)]
    drawn = [Duration(kind=kind, mean=2.0).total_seconds(times, 9.0, u) for u in uniforms]
    assert drawn == sorted(drawn)
    mean = math.fsum(drawn) / len(drawn)
    assert mean == pytest.approx(2.0 * times, rel=2e-3)
    spread = {"constant": 0.0, "lognormal": 2 * math.sqrt(math.expm1(0.25)), "exponential": 2.0}[kind]
    deviation = math.sqrt(math.fsum((d - mean) ** 2 for d in drawn) / len(drawn))
    assert deviation == pytest.approx(spread * math.sqrt(times), rel=1e-2, abs=1e-9)


def test_a_duration_without_a_mean_has_the_declared_one():
    assert Duration().total_seconds(3, 9.0, 0.5) == 27.0
    assert Duration(mean=0.0).total_seconds(3, 9.0, 0.5) == 0.0


def test_no_duration_is_infinite_or_negative_however_unlikely():
    for kind in ("lognormal", "exponential"):
        for uniform in (0.0, 1 - 2**-53):
            assert 0.0 <= Duration(kind=kind, mean=1.0).total_seconds(1, 1.0, uniform) < 1e4


def test_a_number_is_a_constant_and_a_word_a_kind():
    delays = Delays.model_validate({"latency": 0.5, "evaluation": "lognormal"})
    assert (delays.latency, delays.evaluation) == (Duration(mean=0.5), Duration(kind="lognormal"))
    assert not Delays().random
    assert delays.random


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"evaluation": {"sigma": 2.0}}, "sigma must go with kind lognormal, got 2.0 with constant. Leave it out."),
        ({"latency": "exponential"}, "latency must have a mean, got exponential without one. Add mean: "),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        Delays.model_validate(settings)
