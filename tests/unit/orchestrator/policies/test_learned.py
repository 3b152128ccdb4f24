"""Exponential-weights, auc-bandit, winner-takes-all and exploit-and-explore, compared with hand computations."""

import math

import numpy as np
import pytest

from searchparty.agents.agent import Finding, Incumbent, Lease, Region
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.policies.exploit import ExploitAndExplore
from searchparty.orchestrator.policies.learned import AucBandit, ExponentialWeights, WinnerTakesAll
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import Collected, Granted
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run


def make(names="ab", budget=1000, concurrency=1):
    members = {name: Member(name, index, 1) for index, name in enumerate(names)}
    return Run("r", Space(np.zeros(2), np.ones(2)), 1.0, budget, concurrency, Region.whole(2), members)


def give(run, agent, loss, budget=10, radius=0.5, point=0.5):
    member = run.members[agent]
    lease = Lease(run.leases, agent, budget, Region(np.full(2, 0.5), radius), "test", fresh=member.needs_fresh)
    advance(run, Granted(run.decisions, (lease,)))
    best = Incumbent(agent, lease.id, 0, np.full(2, point), loss)
    advance(run, Collected(Finding(lease.id, agent, budget, budget, "spent", best)))


def rng():
    return np.random.default_rng(1)


def test_exponential_weights_fade():
    run = make()
    give(run, "a", 5.0)
    give(run, "b", 9.0)
    give(run, "a", 4.0)
    choice = ExponentialWeights(fade=0.5, floor=0.0, rate=2.0)
    # a: two records, the older one faded once. b: it improved on itself, but on no other member.
    assert choice.scores(run) == {"a": 1.5, "b": 0.0}
    assert choice.parts({"a": 1.5, "b": 0.0})["a"] == pytest.approx(math.exp(3) / (1 + math.exp(3)))
    assert ExponentialWeights(floor=1.0).parts({"a": 1.5, "b": 0.0}) == {"a": 0.5, "b": 0.5}


def test_parts_of_the_budget_follow_the_weights():
    run = make(budget=10_000)
    loss = 1000.0
    while run.remaining:
        (share,) = ExponentialWeights(floor=0.2).share(run, 10, rng())
        loss -= 1
        give(run, share.agent, loss if share.agent == "a" else 2000.0, share.evaluations)
    # b keeps its half of the floor, and little more.
    assert 0.09 < run.members["b"].spent / run.budget < 0.13


def test_late_records_have_more_area():
    run = make("ab")
    member = run.members["a"]
    member.records[:] = [True, False, False]
    early = AucBandit().area(member)
    member.records[:] = [False, False, True]
    assert (early, AucBandit().area(member)) == (pytest.approx(1 / 6), pytest.approx(3 / 6))
    assert AucBandit(window=1).area(member) == 1.0


def test_the_auc_bandit_asks_everybody_first_and_then_explores():
    run = make("abc", budget=10_000)
    asked = []
    for _ in range(200):
        (share,) = AucBandit(explore=0.4).share(run, 10, rng())
        give(run, share.agent, 500.0 - len(asked) if share.agent == "b" else 999.0, share.evaluations)
        asked.append(share.agent)
    assert asked[:3] == ["a", "b", "c"]
    assert asked.count("b") > 150
    assert {"a", "c"} <= set(asked[3:])


def test_the_winner_takes_all_after_warm_up():
    run = make("abc", budget=300)
    agents = []
    while run.remaining:
        (share,) = WinnerTakesAll(warm_up=0.3).share(run, 10, rng())
        give(run, share.agent, {"a": 3.0, "b": 1.0, "c": 2.0}[share.agent], share.evaluations)
        agents.append((share.agent, share.reason))
    assert sorted(name for name, _ in agents[:9]) == ["a", "a", "a", "b", "b", "b", "c", "c", "c"]
    assert {name for name, _ in agents[9:]} == {"b"}
    assert agents[-1][1] == "winner-takes-all: rank 1 after warm-up, best 1"


def test_who_is_behind_takes_over_place_and_radius():
    run = make("abcd", budget=10_000, concurrency=4)
    policy = ExploitAndExplore(lease=5, patience=2, widen=2.0)
    for round_ in range(2):
        assert len(policy.decide(run, rng())) == 4
        for name, loss in zip("abcd", (1.0, 2.0, 3.0, 4.0), strict=True):
            give(run, name, loss - 0.1 * round_, radius=0.1 if name == "a" else 0.4, point=0.2)
    leases = {lease.agent: lease for lease in policy.decide(run, rng())}
    assert [name for name, lease in leases.items() if lease.fresh] == ["d"]
    assert leases["d"].region.center.tolist() == [0.2, 0.2]
    assert leases["d"].region.radius in (0.05, 0.2)
    assert "goes to a's best, 0.9" in leases["d"].reason
    assert "carries on" in leases["b"].reason


def test_a_young_search_is_left_alone():
    run = make("ab", concurrency=2)
    give(run, "a", 1.0)
    give(run, "b", 2.0)
    assert not any(lease.fresh for lease in ExploitAndExplore(lease=5, patience=3).decide(run, rng()))
