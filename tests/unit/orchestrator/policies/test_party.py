"""The party's decisions, one rule at a time: who, where, and the reason."""

from types import SimpleNamespace

import numpy as np
import pytest

import searchparty
from searchparty.agents.agent import Converged, Finding, Incumbent, Region
from searchparty.experiments.minimize import default_team
from searchparty.landscapes.axis import Axis
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.loop.audit import audit_decision
from searchparty.orchestrator.policies.party import Party
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import Collected, Granted, charge_finding, findings
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run

D = 2
TEAM = ("slsqp", "axes", "cma-es")


class Play:
    """A run in which the test states the outcome of each lease."""

    def __init__(self, team=TEAM, concurrency=1, space=None, budget=10_000, lanes=(), **settings):
        wide = dict(zip(team, lanes, strict=False))
        members = {name: Member(name, index, 1, lanes=wide.get(name, 1)) for index, name in enumerate(team)}
        space = space or Space(np.zeros(D), np.ones(D))
        self.run = Run("r", space, 0.5, budget, concurrency, Region(np.full(space.dimension, 0.5), 0.5), members)
        self.policy = Party(**settings)

    def decide(self):
        leases = self.policy.decide(self.run, np.random.default_rng(self.run.decisions))
        audit_decision(self.run, leases, "party")
        advance(self.run, Granted(self.run.decisions, leases))
        return leases

    def outcome(self, lease, loss, why="spent", charged=None, noisy=False, row=0):
        best = Incumbent(lease.agent, lease.id, row, np.full(D, 0.3), loss)
        minimum = Converged(best.point, loss, "flat") if why == "converged" else None
        charged = lease.budget if charged is None else charged
        finding = Finding(lease.id, lease.agent, charged, charged, why, best, minimum, noisy=noisy)
        advance(self.run, Collected(finding))

    def next(self, loss, why="spent", charged=None, noisy=False):
        """Return the next lease, and let it end in this way."""
        (lease,) = self.decide()
        self.outcome(lease, loss, why, charged, noisy)
        return lease


def play_out_under_noise(play):
    """Return the leases of a run in which the first finding has told of noise, but for the first, to its end."""
    play.next(10.0, noisy=True)
    leases = [play.next(9.0)]
    while play.run.remaining:
        leases.append(play.next(9.0))
    return leases


def probed(play, loss=10.0):
    """Work the first lease of the opener, and that of the prober, which finds nothing."""
    return play.next(loss), play.next(loss + 1, "exhausted", 2)


def test_the_opener_goes_first_and_the_prober_looks_once():
    play = Play()
    opening, probing = probed(play)
    assert (opening.agent, opening.region.center.tolist(), opening.region.radius) == ("slsqp", [0.5, 0.5], 0.5)
    assert opening.budget == 10 * D
    assert "opens at the center" in opening.reason
    assert probing.agent == "axes"
    assert "independent?" in probing.reason
    assert [play.next(9.0 - i).agent for i in range(3)] == ["slsqp"] * 3


def test_a_prober_that_does_not_end_carries_on():
    play = Play()
    play.next(10.0)
    assert [play.next(5.0 - i).agent for i in range(3)] == ["axes"] * 3
    assert "each axis" in play.decide()[0].reason


def test_an_opener_that_converged_starts_once_more_from_there_and_then_all_have_their_turn():
    play = Play()
    probed(play)
    play.next(1.0, "converged")
    again = play.next(1.0, "converged", 5)
    assert (again.agent, again.fresh, again.region.center.tolist()) == ("slsqp", True, [0.3, 0.3])
    assert "converged at 1 (flat): once more from there" in again.reason
    guest = play.next(2.0)
    assert (guest.agent, guest.region.center.tolist(), guest.region.radius) == ("cma-es", [0.3, 0.3], 0.25)
    assert "starts at slsqp's best, 1, near it" in guest.reason
    restart = next(lease for lease in (play.next(3.0) for _ in range(10)) if lease.agent == "slsqp")
    assert restart.fresh
    assert restart.budget == 5 * D
    assert "converged at 1: starts anywhere" in restart.reason


def test_a_stalled_opener_gives_way():
    play = Play()
    probed(play)
    for loss in (9.0, 8.0, 7.0, 6.0, 5.0):
        assert play.next(loss).agent == "slsqp"
    for _ in range(2):
        play.next(5.0)
    assert play.next(4.0).agent == "cma-es"


def test_records_earn_leases():
    play = Play()
    probed(play)
    play.next(9.0, "converged")
    play.next(9.0, "converged", 5)
    losses = {"cma-es": 8.0, "slsqp": 50.0}
    agents = []
    for _ in range(40):
        (lease,) = play.decide()
        losses["cma-es"] -= 0.01
        play.outcome(lease, losses[lease.agent])
        agents.append(lease.agent)
    spent = {name: play.run.members[name].spent for name in losses}
    assert spent["cma-es"] > 3 * spent["slsqp"]
    assert agents.count("slsqp") >= 3
    assert "5 of its last 5 leases were records (weight 4)" in lease.reason or lease.agent == "slsqp"


def test_a_restart_that_cannot_catch_up_is_given_up():
    play = Play()
    probed(play)
    play.next(1.0, "converged")
    play.next(1.0, "converged", 5)
    restarts = [lease for lease in (play.next(50.0 - i) for i in range(30)) if lease.agent == "slsqp"]
    assert restarts[0].fresh
    assert not restarts[1].fresh
    given_up = next(lease for lease in restarts[1:] if lease.fresh)
    assert "behind and its last lease gained" in given_up.reason


def test_patience_of_nothing_gives_up_none():
    play = Play(patience=0)
    probed(play)
    play.next(1.0, "converged")
    play.next(1.0, "converged", 5)
    restarts = [lease for lease in (play.next(50.0) for _ in range(30)) if lease.agent == "slsqp"]
    assert [lease.fresh for lease in restarts[1:]] == [False] * (len(restarts) - 1)


def test_with_places_for_all_nobody_waits():
    play = Play((*TEAM, "slsqp-2"), concurrency=4)
    leases = play.decide()
    # The prober needs the opener's points first.
    assert [lease.agent for lease in leases] == ["slsqp", "cma-es", "slsqp-2"]
    assert leases[0].region.center.tolist() == [0.5, 0.5]
    assert leases[1].region.center.tolist() != [0.5, 0.5]
    for lease in leases:
        play.outcome(lease, 5.0)
    assert "axes" in [lease.agent for lease in play.decide()]


def test_a_lease_has_as_many_lanes_as_its_agent_can_use_and_all_last_equally_long():
    play = Play((*TEAM, "slsqp-2"), concurrency=8, lanes=(3, 1, 5, 3))
    leases = play.decide()
    assert [(lease.agent, lease.lanes, lease.budget) for lease in leases] == [("slsqp", 3, 21), ("cma-es", 5, 35)]
    assert {lease.rounds for lease in leases} == {7}
    assert leases[0].reason.endswith("; 3 evaluations side by side")
    assert not play.run.free
    play.outcome(leases[0], 5.0)
    assert [(lease.agent, lease.lanes) for lease in play.decide()] == [("axes", 1), ("slsqp", 2)]


@pytest.mark.parametrize(
    ("most", "free", "lanes"), [(11, 8, 6), (9, 8, 5), (8, 8, 8), (6, 5, 3), (3, 8, 3), (20, 1, 1)]
)
def test_a_lease_has_no_more_lanes_than_save_a_round(most, free, lanes):
    (lease,) = Play(("slsqp",), concurrency=free, lanes=(most,)).decide()
    assert lease.lanes == lanes
    rounds = -(-most // free)
    assert (lanes - 1) * rounds < most <= lanes * rounds


def test_an_opener_with_most_of_the_lanes_is_alone_until_it_may_stall():
    play = Play(concurrency=4, lanes=(3, 1, 6))
    for number in range(6):
        leases = play.decide()
        assert [lease.agent for lease in leases if lease.agent != "axes"] == ["slsqp"]
        for lease in leases:
            play.outcome(lease, 100.0 / (number + 1), "exhausted" if lease.agent == "axes" else "spent")
    assert [lease.agent for lease in play.decide()] == ["slsqp", "cma-es"]


def test_an_opener_with_most_of_the_lanes_lets_others_in_once_it_has_ended():
    play = Play(concurrency=4, lanes=(3, 1, 6))
    opening, probe = play.decide()
    # There is a lane for the prober, so it need not wait for points of the opener.
    assert (opening.agent, probe.agent) == ("slsqp", "axes")
    play.outcome(opening, 5.0, "converged")
    (again,) = play.decide()
    play.outcome(probe, 6.0, "exhausted", 2)
    assert again.agent == "slsqp"
    assert not play.policy.decide(play.run, np.random.default_rng(0))
    play.outcome(again, 5.0, "converged", 5)
    assert "cma-es" in [lease.agent for lease in play.decide()]


def test_numbered_openers_start_anywhere_in_short_leases():
    play = Play(("slsqp-1", "slsqp-2"))
    play.next(5.0, "converged")
    play.next(5.0, "converged", 5)
    second = play.next(7.0)
    assert (second.agent, second.budget) == ("slsqp-2", 5 * D)
    assert "starts anywhere" in second.reason


def test_a_failed_opener_starts_anywhere():
    play = Play(("slsqp",))
    (lease,) = play.decide()
    advance(play.run, charge_finding(Finding(lease.id, "slsqp", 0, 0, "failed", cause="raised ValueError: no"), lease))
    (lease,) = play.decide()
    assert lease.fresh
    assert "failed (raised ValueError: no): starts anywhere" in lease.reason


def test_sharing_off_tells_nobody_of_others():
    play = Play(sharing=False)
    probed(play)
    play.next(1.0, "converged")
    play.next(1.0, "converged", 5)
    guest = play.next(2.0)
    assert guest.agent == "cma-es"
    assert guest.incumbent is None
    assert guest.archive == 0
    assert guest.region.radius == 0.5


def rastrigin(x):
    return float(10 * len(x) + (x**2 - 10 * np.cos(2 * np.pi * x)).sum())


def test_a_party_finds_what_its_opener_alone_does_not():
    box = [(-5.12, 4.5)] * 5
    party = searchparty.minimize(rastrigin, box, budget=1000, seed=1)
    alone = searchparty.minimize(rastrigin, box, budget=1000, seed=1, team=["slsqp"])
    assert party.fun < 1e-8 < alone.fun
    assert party.agent == "axes"


@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_the_same_points_whatever_the_executor_takes_at_once(concurrency):
    first, second = (
        searchparty.minimize(rastrigin, [(-5.12, 4.5)] * 3, budget=600, seed=3, concurrency=concurrency)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.x, second.x)
    np.testing.assert_array_equal(first.curve, second.curve)
    assert first.nfev == 600


PLANNERS = (*TEAM, "gaussian-process")
STEPPED = Space.of_axes((Axis("depth", 1, 9, integer=True), Axis("rate", 0.0, 1.0)))


def test_where_axes_have_steps_the_planner_searches_first_until_it_ends():
    play = Play(PLANNERS, space=STEPPED)
    first = play.next(5.0)
    assert (first.agent, first.budget) == ("gaussian-process", 2 * D)
    assert first.reason == "party: some axes have steps: searches first, and weighs every point"
    assert [play.next(5.0).agent for _ in range(12)] == ["gaussian-process"] * 12
    assert play.next(4.0, "converged").agent == "gaussian-process"
    after = [play.next(5.0, "exhausted").agent for _ in range(6)]
    assert set(after) == set(TEAM)


def test_on_plain_axes_the_planner_sleeps_and_nothing_else_changes():
    losses = [10.0, 11.0, 9.0, 8.0, 8.0, 8.0, 8.0, 8.0, 7.0, 7.0, 6.0]
    without, beside = Play(), Play(PLANNERS)
    for loss in losses:
        one, other = without.next(loss), beside.next(loss)
        assert (one.agent, one.budget, one.reason, one.fresh) == (other.agent, other.budget, other.reason, other.fresh)


def test_always_and_never():
    assert Play(PLANNERS, plans="always").next(1.0).agent == "gaussian-process"
    assert "each evaluation counts" in Play(PLANNERS, plans="always").next(1.0).reason
    assert Play(PLANNERS, space=STEPPED, plans="never").next(1.0).agent == "slsqp"
    assert Play(space=STEPPED).next(1.0).agent == "slsqp"


def test_a_planner_alone_gets_every_lease():
    play = Play(("gaussian-process",))
    assert [play.next(1.0, "converged").agent for _ in range(3)] == ["gaussian-process"] * 3


def test_settings_that_earlier_versions_did_not_have_are_recorded_only_where_they_are_set():
    assert (
        not {"planner", "plans", "steady", "sprinter", "sprint", "probes_from", "first"} & Party().model_dump().keys()
    )
    assert Party(plans="never").model_dump()["plans"] == "never"
    assert Party.model_validate(Party(planner="gp").model_dump()).planner == "gp"


def test_a_default_team_has_a_planner_where_it_would_search_first():
    space = {"depth": {"low": 1, "high": 9, "integer": True}, "rate": {"low": 1e-4, "high": 1.0, "log": True}}

    def loss(setting):
        return abs(setting["depth"] - 4) + abs(np.log10(setting["rate"]) + 2)

    found = searchparty.minimize(loss, parameters=space, budget=30, seed=1)
    assert found.agent == "gaussian-process"
    assert found.params["depth"] == 4
    assert found.fun < 0.1


def test_under_noise_the_steady_member_takes_the_place_of_all_others():
    play = Play()
    assert play.next(10.0, noisy=True).agent == "slsqp"
    first, second = play.next(9.0), play.next(9.5)
    assert (first.agent, second.agent) == ("cma-es", "cma-es")
    assert first.region.center.tolist() == [0.3, 0.3]
    assert first.reason.startswith("party: losses are noisy: starts at slsqp's best, 10, near it")
    assert not second.fresh
    restart = [play.next(8.0, "converged"), play.next(9.0)][1]
    assert (restart.agent, restart.fresh) == ("cma-es", True)
    assert "losses are noisy: converged at 8: starts anywhere" in restart.reason


def test_under_noise_the_last_tenth_of_the_budget_goes_to_repeats():
    play = Play(budget=230 * D)
    leases = play_out_under_noise(play)
    assert {lease.agent for lease in leases} == {"cma-es"}
    assert [lease.repeats for lease in leases] == [False] * (len(leases) - 1) + [True]
    assert (leases[-2].budget, leases[-1].budget) == (7 * D, 23 * D)
    assert leases[-1].reason.startswith("party: losses are noisy: repeats the best points")


@pytest.mark.parametrize("settings", [{"repeats": 0.0}, {"budget": 9 * 20}])
def test_there_are_no_repeats_where_they_are_switched_off_or_would_be_few(settings):
    play = Play(**{"budget": 230 * D, **settings})
    play.next(10.0, noisy=True)
    while play.run.remaining:
        assert not play.next(9.0).repeats


def test_the_run_returns_the_point_that_is_best_on_the_mean():
    def true_loss(x):
        return float(((np.asarray(x) - 0.3) ** 2).sum())

    gaps = []
    for repeats in (0.1, 0.0):
        found = []
        for seed in range(8):
            rng = np.random.default_rng(seed)

            def loss(x, rng=rng):
                return true_loss(x) + rng.standard_normal()

            result = searchparty.minimize(
                loss, [(-3, 3)] * 3, budget=300, seed=seed, policy={"kind": "party", "repeats": repeats}
            )
            found.append(true_loss(result.x))
            confirmed = [event.finding.confirmed for event in result.log.events() if isinstance(event, Collected)]
            assert confirmed[-1] is (repeats > 0)
        gaps.append(np.mean(np.log10(found)))
    assert gaps[0] < gaps[1]


def test_what_is_steady_can_be_named_and_switched_off():
    other = Play(steady="axes")
    other.next(10.0, noisy=True)
    assert other.next(9.0).agent == "axes"
    off = Play(steady="")
    off.next(10.0, noisy=True)
    assert off.next(11.0, "exhausted", 2).agent == "axes"
    assert off.next(9.0).agent == "slsqp"


def test_while_the_steady_member_is_out_others_get_the_leases_that_are_left():
    play = Play(concurrency=2)
    first, second = play.decide()
    assert (first.agent, second.agent) == ("slsqp", "cma-es")
    play.outcome(first, 10.0, noisy=True)
    (third,) = play.decide()
    assert third.agent == "axes"
    play.outcome(second, 9.0)
    assert play.decide()[0].agent == "cma-es"


def test_of_numbered_members_the_first_is_steady():
    play = Play(("slsqp", "axes", "cma-es-1", "cma-es-2"), budget=230 * D)
    leases = play_out_under_noise(play)
    assert {lease.agent for lease in leases} == {"cma-es-1"}
    assert [lease.repeats for lease in leases] == [False] * (len(leases) - 1) + [True]
    assert all("losses are noisy: " in lease.reason for lease in leases)


def rename(play, names, decisions):
    """Return the agents and reasons of leases that all bring less than those before, with members named otherwise."""
    leases = [play.next(100.0 - number) for number in range(decisions)]
    return [(names.get(lease.agent, lease.agent), lease.reason, lease.budget) for lease in leases]


@pytest.mark.parametrize("space", [None, STEPPED], ids=["plain", "stepped"])
def test_of_numbered_probers_and_planners_the_first_is_the_one(space):
    plain, numbered = ("slsqp", "axes", "gaussian-process"), ("slsqp", "axes-1", "gaussian-process-1")
    names = dict(zip(numbered, plain, strict=True))
    expected = rename(Play(plain, space=space), {}, 8)
    assert rename(Play(numbered, space=space), names, 8) == expected
    # Of a team without the first, as an ablation has it, it is the next.
    assert (
        rename(
            Play(("slsqp", "axes-2", "gaussian-process-7"), space=space),
            {"axes-2": "axes", "gaussian-process-7": "gaussian-process"},
            8,
        )
        == expected
    )


def test_further_planners_search_beside_the_first_and_get_no_lease_where_none_plans():
    team = ("slsqp", "gaussian-process-1", "gaussian-process-2")
    first, second = Play(team, concurrency=2, space=STEPPED).decide()
    assert (first.agent, second.agent) == ("gaussian-process-1", "slsqp")
    assert {lease.agent for lease in Play(team, concurrency=3, space=STEPPED).decide()} == set(team)
    play = Play(team)
    assert {play.next(100.0 - number).agent for number in range(12)} == {"slsqp"}


@pytest.mark.parametrize("budget", range(100 * D, 110 * D, 3))
def test_others_leave_what_is_reserved_for_repeats(budget):
    play, repeated = Play(concurrency=3, budget=budget), 0
    play.outcome(play.decide()[0], 10.0, noisy=True)
    while play.run.remaining or play.run.out:
        play.decide()
        # The steady member's leases end last.
        lease = min(
            (lease for _, lease in play.run.out.values()), key=lambda lease: (lease.agent == "cma-es", lease.id)
        )
        repeated += lease.repeats * lease.budget
        play.outcome(lease, 9.0)
    assert repeated == budget // 10
    assert play.run.spent == budget


def test_the_prober_is_asked_only_where_its_evaluations_can_pay_for_themselves():
    assert probed(Play(budget=25 * D))[1].agent == "axes"
    assert [Play(budget=25 * D - 1).next(10.0).agent, probed(Play(budget=25 * D - 1))[1].agent] == ["slsqp", "slsqp"]
    assert probed(Play(budget=12 * D, probes_from=0))[1].agent == "axes"


@pytest.mark.parametrize(
    ("dimension", "settings", "lease"),
    [(10, {}, 3), (9, {}, 10), (10, {"first": 10}, 10), (10, {"lease": 2}, 2), (10, {"budget": 249}, 10)],
)
def test_the_first_lease_is_short_where_the_prober_waits_for_it(dimension, settings, lease):
    play = Play(space=Space(np.zeros(dimension), np.ones(dimension)), **settings)
    (first,) = play.decide()
    assert first.budget == lease * dimension


def test_without_a_prober_the_first_lease_is_as_long_as_others():
    (first,) = Play(("slsqp", "cma-es"), space=Space(np.zeros(10), np.ones(10))).decide()
    assert first.budget == 100


SPRINTERS = (*TEAM, "splines")


def test_of_few_evaluations_the_sprinter_has_the_first_and_the_opener_goes_on_from_its_best():
    sprint = Play(SPRINTERS, budget=24 * D)
    first = sprint.next(10.0)
    assert (first.agent, first.budget) == ("splines", 8 * D)
    assert "few evaluations" in first.reason
    assert "goes on from its best" in first.reason
    second = sprint.next(9.0)
    assert second.agent == "slsqp"
    assert "opens at splines's best, 10" in second.reason
    assert np.array_equal(second.region.center, sprint.run.incumbent.point)
    assert Play(SPRINTERS, budget=24 * D, sprint=3).next(1.0).budget == 3 * D
    assert Play(SPRINTERS, budget=24 * D + 1).next(10.0).agent == "slsqp"
    assert Play(SPRINTERS, budget=24 * D, sprinter="").next(10.0).agent == "slsqp"
    assert Play(budget=24 * D).next(10.0).agent == "slsqp"


def test_with_several_at_a_time_the_sprinter_opens_where_evaluations_are_very_few():
    first, *_ = Play(SPRINTERS, concurrency=3, budget=15 * D).decide()
    assert first.agent == "splines"
    assert "opens at the center" in first.reason
    first, *_ = Play(SPRINTERS, concurrency=3, budget=16 * D).decide()
    assert first.agent == "slsqp"


@pytest.mark.parametrize("times", [10, 12])
def test_of_very_few_evaluations_the_sprinter_has_all(times):
    (first,) = Play(SPRINTERS, budget=times * D).decide()
    assert (first.agent, first.budget) == ("splines", times * D)
    assert "goes on" not in first.reason


def test_a_sprinter_that_fails_leaves_the_opening_to_the_opener():
    sprint = Play(SPRINTERS, budget=20 * D)
    (first,) = sprint.decide()
    advance(sprint.run, Collected(Finding(first.id, first.agent, first.budget, first.budget, "spent", None, None)))
    second = sprint.next(1.0)
    assert second.agent == "slsqp"
    assert "at the center" in second.reason


def test_a_default_team_has_a_sprinter_where_it_would_begin():
    def bowl(x):
        return float(((np.asarray(x) - 0.3) ** 2).sum())

    for dimension, times, opens in ((2, 24, "splines"), (2, 25, "slsqp"), (20, 10, "splines"), (21, 10, "slsqp")):
        found = searchparty.minimize(bowl, [(-5, 5)] * dimension, budget=times * dimension, seed=1)
        assert next(findings(found.log.events())).agent == opens
    slope = {"gradient": lambda x: 2 * (np.asarray(x) - 0.3)}
    found = searchparty.minimize(bowl, [(-5, 5)] * 2, budget=30, seed=1, concurrency=3)
    assert "splines" in {one.agent for one in findings(found.log.events())}
    for changed in ({"concurrency": 2, "budget": 32}, slope):
        found = searchparty.minimize(bowl, [(-5, 5)] * 2, **({"budget": 20, "seed": 1} | changed))
        assert "splines" not in {one.agent for one in findings(found.log.events())}


def test_many_at_once_with_few_evaluations_for_each_are_local_solvers():
    arguments = SimpleNamespace(bounds=((-5.0, 5.0),) * 2, axes=())
    usual = default_team(8, Party(), arguments, 2 * 8 * 25)
    assert usual[:3] == TEAM
    short = default_team(8, Party(), arguments, 2 * 8 * 25 - 1)
    assert (short.count("slsqp"), short.count("derivative-free"), len(short)) == (3, 5, 8)
    assert default_team(3, Party(), arguments, 100) == TEAM
    assert default_team(8, Party(probes_from=0), arguments, 100) == usual
    assert default_team(8, Party(), arguments, 100, noisy=True) == usual
    assert default_team(8, Party(), arguments, 100, gradients=True) == usual


def work_on_a_plateau(row=0, leases=200, **settings):
    """Work a run whose slsqp ends each search at once, with this row as its best, and return its leases."""
    play, worked = Play(**settings), []
    for i in range(leases):
        for lease in play.decide():
            worked.append(lease)
            ends = {"why": "converged", "charged": D + 1, "row": row} if lease.agent == "slsqp" else {}
            ends = {"why": "exhausted", "charged": 2} if lease.agent == "axes" else ends
            play.outcome(lease, 10.0 + i, **ends)
    return worked


def share_of_slsqp(leases):
    spent = [(lease.agent, D + 1 if lease.agent == "slsqp" else lease.budget) for lease in leases]
    slsqp, cma = (sum(n for agent, n in spent if agent == name) for name in ("slsqp", "cma-es"))
    return slsqp / (slsqp + cma)


def test_a_member_whose_searches_end_where_they_began_weighs_less():
    stuck = work_on_a_plateau()
    last = [lease.reason for lease in stuck if lease.agent == "slsqp"][-1]
    assert "searches ended where they began (weight 0.1)" in last
    assert share_of_slsqp(stuck) == pytest.approx(1 / 11, abs=0.03)
    assert share_of_slsqp(work_on_a_plateau(fruitless=1.0)) == pytest.approx(1 / 2, abs=0.03)


@pytest.mark.parametrize("settings", [{"fruitless": 1.0}, {"row": 2}, {"concurrency": 2}])
def test_elsewhere_it_weighs_as_much(settings):
    assert not any("where they began" in lease.reason for lease in work_on_a_plateau(**settings))


def test_a_search_that_finds_something_restores_its_weight():
    play = Play()
    play.next(10.0, "converged", D + 1)
    play.next(10.0, "exhausted", 2)
    play.next(10.0, "converged", D + 1)
    member = play.run.members["slsqp"]
    assert member.fruitless == 2
    while play.next(10.0, "spent").agent != "slsqp":
        assert member.fruitless == 2
    assert member.fruitless == 0


def test_the_factor_is_recorded_only_where_it_is_not_the_default():
    assert "fruitless" not in Party().model_dump()
    assert Party(fruitless=0.5).model_dump()["fruitless"] == 0.5
