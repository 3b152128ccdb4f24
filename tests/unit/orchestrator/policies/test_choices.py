"""Budget, radius and sharing choices, compared with values computed by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import ValidationError

from searchparty.agents.agent import Converged, Finding, Incumbent, Lease, Region
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.policies.budget import Bandit, Equal, Relay, SuccessiveHalving
from searchparty.orchestrator.policies.choices import Share, SharedIncumbent, SharingChoice, portion
from searchparty.orchestrator.policies.composed import Composed, fit_region
from searchparty.orchestrator.policies.radius import Fixed, Shrink, TrustRegion
from searchparty.orchestrator.policies.sharing import Broadcast, NoSharing, Ring
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import Collected, Granted
from searchparty.orchestrator.state.indexes import WaterLevel
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run

RNG = np.random.Generator(np.random.Philox(1))


def make(names: str = "abcd", budget: int = 1000, concurrency: int = 1, prices: tuple[int, ...] = ()) -> Run:
    space = Space(np.zeros(2), np.ones(2))
    members = {n: Member(n, i, prices[i] if prices else 1) for i, n in enumerate(names)}
    return Run("r", space, 1.0, budget, concurrency, Region.whole(2), members)


def give(run: Run, agent: str, budget: int, loss: float, radius: float = 0.5, point: float = 0.5) -> None:
    """Grant one lease and collect it, spent."""
    grant(run, agent, budget, radius)
    back(run, agent, loss, point)


def grant(run: Run, agent: str, budget: int, radius: float = 0.5) -> None:
    member = run.members[agent]
    lease = Lease(run.leases, agent, budget, Region(np.full(2, 0.5), radius), "test", fresh=member.needs_fresh)
    advance(run, Granted(run.decisions, (lease,)))


def back(run: Run, agent: str, loss: float, point: float = 0.5, charged: int | None = None, why: str = "spent") -> None:
    lease = run.members[agent].lease
    assert lease is not None
    charged = lease.budget if charged is None else charged
    best = Incumbent(agent, lease.id, 0, np.full(2, point), loss) if math.isfinite(loss) else None
    minimum = Converged(np.full(2, point), loss, "flat") if why == "converged" else None
    advance(run, Collected(Finding(lease.id, agent, charged, charged, why, best, minimum)))


def names(shares: list[Share]) -> list[tuple[str, int]]:
    return [(share.agent, share.evaluations) for share in shares]


class TestEqual:
    def test_water_level(self) -> None:
        assert WaterLevel([0, 0]).level_with(10) == 5
        assert WaterLevel([0, 10]).level_with(10) == 10
        assert WaterLevel([0, 10]).level_with(4) == 4
        assert WaterLevel([3, 0, 100]).level_with(7) == 5

    @pytest.mark.parametrize(("gap", "size"), [(5, 5), (10, 10), (11, 6), (19, 10), (20, 10), (1000, 10)])
    def test_portions_leave_no_crumbs(self, gap: int, size: int) -> None:
        assert portion(gap, 10) == size

    def test_least_spent_first(self) -> None:
        run = make(budget=1000)
        give(run, "a", 10, 1.0)
        give(run, "b", 5, 0.5)
        assert names(Equal().share(run, 10, RNG)) == [("c", 10)]
        run.concurrency = 4
        assert names(Equal().share(run, 10, RNG)) == [("c", 10), ("d", 10), ("b", 10), ("a", 10)]

    def test_the_rest_is_split(self) -> None:
        run = make(budget=40, concurrency=4)
        assert names(Equal().share(run, 100, RNG)) == [("a", 10), ("b", 10), ("c", 10), ("d", 10)]

    def test_a_remainder_goes_to_one_who_can_use_it(self) -> None:
        run = make("ab", budget=3, prices=(5, 1))
        assert names(Equal().share(run, 10, RNG)) == [("b", 2)]
        run = make("ab", budget=3, prices=(5, 4))
        assert Equal().share(run, 10, RNG) == []


class TestBandit:
    def test_credit_of_records_improvements_and_cost(self) -> None:
        run = make("ab")
        bandit = Bandit(window=2, floor=0.0)
        assert bandit.credits(run, 10) == {"a": 1.0, "b": 1.0}
        give(run, "a", 10, 3.0)  # a record: 1
        give(run, "b", 10, 4.0)  # an improvement, but all others are better: 0
        assert bandit.credits(run, 10) == {"a": 1.5 / 1.5, "b": 0.5 / 1.5}
        give(run, "a", 20, 2.0)  # another record, at twice the cost
        give(run, "b", 10, 5.0)  # nothing
        assert bandit.credits(run, 10) == {"a": 2.5 / 3.5, "b": 0.5 / 2.5}
        give(run, "a", 10, 9.0)  # the first record leaves the window
        assert bandit.credits(run, 10)["a"] == 1.5 / 3.5

    def test_an_improvement_counts_by_rank(self) -> None:
        run = make("abc")
        for agent, loss in zip("abc", [1.0, 5.0, 9.0], strict=True):
            give(run, agent, 10, loss)
        give(run, "c", 10, 4.0)  # now better than b of the two others
        assert Bandit(window=1).credits(run, 10)["c"] == (0.25 + 0.5) / 1.5

    def test_parts_keep_the_floor_and_sum_to_one(self) -> None:
        parts = Bandit(floor=0.4).parts({"a": 3.0, "b": 1.0})
        assert parts == pytest.approx({"a": 0.2 + 0.6 * 0.75, "b": 0.2 + 0.6 * 0.25})

    @pytest.mark.parametrize("concurrency", [1, 2, 4])
    @pytest.mark.parametrize("floor", [0.1, 0.5])
    def test_the_best_earns_most_and_all_keep_the_floor(self, concurrency: int, floor: float) -> None:
        budget, lease, improving = 4000, 10, "b"
        run = make(budget=budget, concurrency=concurrency)
        bandit = Bandit(floor=floor)
        loss = 1.0
        while shares := bandit.share(run, lease, RNG) or run.out:
            for share in shares if isinstance(shares, list) else []:
                grant(run, share.agent, share.evaluations)
            agent = run.out[run.next_end[1]][1].agent
            loss *= 0.99
            back(run, agent, loss if agent == improving else 1.0 + run.members[agent].index)
        spent = {name: member.spent for name, member in run.members.items()}
        assert sum(spent.values()) == budget
        assert min(spent.values()) >= floor / 4 * budget * 0.8
        assert spent[improving] == max(spent.values())
        # With credits 1 and 1/11, the others' part is what the floor and the least credit give them.
        assert spent[improving] / budget > 0.8 * (floor / 4 + (1 - floor) / (1 + 3 / 11))

    def test_who_is_ahead_waits_only_while_others_work(self) -> None:
        run = make("ab", concurrency=2)
        bandit = Bandit(floor=0.0, window=1)
        for _ in range(3):
            give(run, "b", 10, 5.0)
            give(run, "a", 10, 1.0 / (run.leases + 1))
        grant(run, "a", 10)
        assert bandit.share(run, 10, RNG) == []
        back(run, "a", 9.0)
        assert names(bandit.share(run, 10, RNG))[0] == ("b", 10)

    def test_reason(self) -> None:
        run = make("ab")
        assert Bandit().share(run, 10, RNG)[0].reason == "bandit: nothing known of it yet (share 0.50)"
        give(run, "a", 10, 1.0)
        give(run, "b", 10, 2.0)
        reason = Bandit().share(run, 10, RNG)[0].reason
        assert reason == "bandit: 1 of its last 1 leases improved (credit 1.00, share 0.70)"


class TestRelay:
    def test_a_member_goes_on_while_it_sets_records(self) -> None:
        run, relay = make("abc", budget=100, concurrency=3), Relay()
        assert names(relay.share(run, 10, RNG)) == [("a", 10)]
        grant(run, "a", 10)
        assert relay.share(run, 10, RNG) == []  # one at a time
        back(run, "a", 5.0)
        assert names(relay.share(run, 10, RNG)) == [("a", 10)]
        give(run, "a", 10, 6.0)
        (share,) = relay.share(run, 10, RNG)
        assert (share.agent, share.reason) == ("b", "relay: a hands over, as its last 1 set no record")
        give(run, "b", 10, 4.0)
        assert names(relay.share(run, 10, RNG)) == [("b", 10)]
        give(run, "b", 10, 4.0)
        assert names(relay.share(run, 10, RNG)) == [("c", 10)]
        give(run, "c", 10, 9.0)
        # Whoever has waited longest.
        assert names(relay.share(run, 10, RNG)) == [("a", 10)]

    def test_patience_is_for_leases_without_a_record(self) -> None:
        run, relay = make("ab"), Relay(patience=2)
        for loss in (5.0, 6.0):
            give(run, "a", 10, loss)
            assert relay.share(run, 10, RNG)[0].agent == "a"
        give(run, "a", 10, 6.0)
        assert relay.share(run, 10, RNG)[0].agent == "b"

    def test_who_cannot_pay_for_a_row_is_left_out(self) -> None:
        run, relay = make("ab", budget=25, prices=(1, 20)), Relay()
        give(run, "a", 10, 5.0)
        give(run, "a", 10, 6.0)
        assert names(relay.share(run, 10, RNG)) == [("a", 5)]

    def test_a_member_alone_goes_on(self) -> None:
        run = make("a")
        give(run, "a", 10, 5.0)
        give(run, "a", 10, 6.0)
        assert names(Relay().share(run, 10, RNG)) == [("a", 10)]


class TestSuccessiveHalving:
    def test_schedule(self) -> None:
        halving = SuccessiveHalving()
        assert halving.rungs(1200, 4) == [(4, 100), (2, 300), (1, math.inf)]
        assert halving.rungs(1200, 5) == [(5, 60), (3, 160), (2, 310), (1, math.inf)]
        assert SuccessiveHalving(eta=3).rungs(900, 9) == [(9, 33), (3, 133), (1, math.inf)]
        assert halving.rungs(100, 1) == [(1, math.inf)]
        assert halving.rungs(10, 8, price=4) == [(8, 4), (4, 8), (2, 12), (1, math.inf)]

    def test_the_better_half_goes_on(self) -> None:
        run = make(budget=1200, concurrency=4)
        halving = SuccessiveHalving()
        assert names(halving.share(run, 100, RNG)) == [(n, 100) for n in "abcd"]
        for agent in "abcd":
            grant(run, agent, 100)
        for agent, loss in zip("abc", [4.0, 1.0, 3.0], strict=True):
            back(run, agent, loss)
            assert halving.share(run, 100, RNG) == []  # waits for all members of the round
        back(run, "d", 2.0)
        assert names(halving.share(run, 100, RNG)) == [("b", 100), ("d", 100)]
        for agent, loss in zip("bdbd", [1.0, 2.0, 1.0, 0.5], strict=True):
            give(run, agent, 100, loss)
        assert names(halving.share(run, 100, RNG)) == [("d", 100)]
        assert halving.share(run, 100, RNG)[0].reason == "successive-halving: the last one left gets the rest"

    def test_an_early_return_is_made_up_for(self) -> None:
        run = make("ab", budget=400)
        grant(run, "a", 100)
        back(run, "a", 1.0, charged=30, why="converged")
        halving = SuccessiveHalving()
        assert names(halving.share(run, 100, RNG)) == [("b", 100)]
        give(run, "b", 100, 2.0)
        assert names(halving.share(run, 100, RNG)) == [("a", 70)]

    def test_the_remainder_goes_to_one_who_can_use_it(self) -> None:
        run = make("ab", budget=8, prices=(3, 1))
        give(run, "a", 3, 1.0)
        give(run, "b", 3, 2.0)
        shares = SuccessiveHalving().share(run, 10, RNG)
        assert names(shares) == [("b", 2)]
        assert "too little is left" in shares[0].reason or "round" in shares[0].reason


class TestRadius:
    def test_fixed(self) -> None:
        run = make()
        give(run, "a", 10, 1.0, radius=0.1)
        assert Fixed().width(run, run.members["a"], RNG) == (0.5, "fixed: radius 0.5")

    def test_shrink_to_the_minimum(self) -> None:
        run, shrink, radius, seen = make(), Shrink(factor=0.5, minimum=0.1), 0.5, []
        for _ in range(4):
            give(run, "a", 10, 1.0, radius=radius)
            radius, reason = shrink.width(run, run.members["a"], RNG)
            seen.append(radius)
        assert seen == [0.25, 0.125, 0.1, 0.1]
        assert reason == "shrink: radius stays 0.1"
        give(run, "a", 10, 1.0, radius=0.01)
        assert shrink.width(run, run.members["a"], RNG).radius == 0.01

    def test_trust_region(self) -> None:
        run, trust, radius, seen = make(), TrustRegion(maximum=0.3, minimum=0.04), 0.1, []
        for loss in [5.0, 4.0, 4.0, 4.5, 9.0, 9.0, 3.0]:
            give(run, "a", 10, loss, radius=radius)
            radius, reason = trust.width(run, run.members["a"], RNG)
            seen.append(radius)
        assert seen == pytest.approx([0.2, 0.3, 0.15, 0.075, 0.04, 0.04, 0.08])
        assert reason == "trust-region: success, radius 0.04 -> 0.08"

    def test_success_may_mean_a_record(self) -> None:
        run = make()
        give(run, "a", 10, 1.0)
        give(run, "b", 10, 2.0, radius=0.2)
        assert TrustRegion().width(run, run.members["b"], RNG).radius == 0.4
        width = TrustRegion(success="record").width(run, run.members["b"], RNG)
        assert width == (0.1, "trust-region: no success, radius 0.2 -> 0.1")

    def test_bounds_in_order(self) -> None:
        with pytest.raises(ValidationError, match=r"minimum must be at most maximum \(0\.1\), got 0\.2\. Swap them"):
            TrustRegion(minimum=0.2, maximum=0.1)


class TestSharing:
    def test_none(self) -> None:
        run = make()
        give(run, "a", 10, 1.0)
        give(run, "b", 10, 2.0)
        member = run.members["b"]
        assert NoSharing().choose_incumbent(run, member, RNG) == (member.best, False, "none, own best 2")

    def test_broadcast_sends_all_but_the_finder(self) -> None:
        run = make(budget=100)
        assert Broadcast().choose_incumbent(run, run.members["a"], RNG) == (None, False, "broadcast: nobody has better")
        give(run, "a", 10, 1.0)
        give(run, "b", 10, 2.0)
        assert Broadcast().choose_incumbent(run, run.members["b"], RNG) == (
            run.incumbent,
            True,
            "broadcast: incumbent 1 of a",
        )
        assert not Broadcast().choose_incumbent(run, run.members["a"], RNG).follow

    def test_broadcast_after_and_every(self) -> None:
        run = make(budget=100)
        give(run, "a", 10, 1.0)
        give(run, "b", 10, 2.0)
        b = run.members["b"]
        late = Broadcast(after=0.25)
        assert late.choose_incumbent(run, b, RNG) == (
            b.best,
            False,
            "broadcast: only after 25% of the budget, own best 2",
        )
        assert not Broadcast(every=2).choose_incumbent(run, b, RNG).follow
        give(run, "b", 10, 2.0)
        assert late.choose_incumbent(run, b, RNG).follow
        assert Broadcast(every=2).choose_incumbent(run, b, RNG).follow

    def test_ring_looks_left(self) -> None:
        run = make("abc")
        for agent, loss in zip("abc", [2.0, 3.0, 1.0], strict=True):
            give(run, agent, 10, loss)
        ring = {name: Ring().choose_incumbent(run, member, RNG) for name, member in run.members.items()}
        assert ring["a"].incumbent is run.members["c"].best
        assert ring["b"].incumbent is run.members["a"].best
        assert ring["b"].reason == "ring: incumbent 2 of a, its left neighbour"
        assert not ring["c"].follow


class TestComposed:
    @pytest.mark.parametrize(
        "written",
        [
            {},
            {"budget": "bandit", "radius": "trust-region", "sharing": "ring"},
            {"budget": {"kind": "bandit", "floor": 0.1}, "sharing": {"kind": "broadcast", "every": 3}, "lease": 7},
            {"budget": {"kind": "successive-halving", "eta": 3}, "radius": {"kind": "shrink", "factor": 0.5}},
        ],
    )
    def test_round_trip(self, written: dict[str, Any]) -> None:
        policy = Composed.model_validate(written)
        again = Composed.model_validate_json(policy.model_dump_json())
        assert again == policy
        for key in ("budget", "radius", "sharing"):
            assert type(getattr(again, key)) is type(getattr(policy, key))

    def test_settings_survive(self) -> None:
        policy = Composed.model_validate({"budget": {"kind": "bandit", "floor": 0.1}})
        assert policy.model_dump()["budget"] == {"kind": "bandit", "floor": 0.1, "window": 5}
        assert Composed(budget=Bandit(floor=0.1)) == policy

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ({"budget": "bandot"}, r"budget must be one of .*bandit.*, got 'bandot'\. Did you mean 'bandit'\?"),
            ({"radius": "quaver"}, r"radius must be one of .*, got 'quaver'\. Import the file"),
            ({"sharing": 3}, r"sharing must be a name or a mapping with a kind, got 3\. Try one of .*broadcast"),
            ({"sharing": {"every": 3}}, r"sharing must be a name or a mapping with a kind"),
            ({"budget": {"kind": "bandit", "floor": 2}}, r"budget\.floor: .*less than or equal to 1, got 2"),
            ({"budget": {"kind": "bandit", "flor": 1}}, r"budget\.flor: Extra inputs are not permitted, got 1"),
            ({"budget": Fixed()}, r"budget must be a name or a mapping with a kind"),
            ({"lease": 0}, r"greater than or equal to 1"),
        ],
    )
    def test_messages(self, written: dict[str, Any], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            Composed.model_validate(written)

    def test_a_choice_of_ones_own(self) -> None:
        class Hermit(SharingChoice):
            kind: Literal["hermit"] = "hermit"

            def choose_incumbent(self, run: Run, member: Member, rng: np.random.Generator) -> SharedIncumbent:
                return SharedIncumbent(None, False, "hermit: alone")

        policy = Composed.model_validate({"sharing": "hermit"})
        assert isinstance(policy.sharing, Hermit)
        assert Composed.model_validate(policy.model_dump()) == policy

    def test_length_of_a_lease(self) -> None:
        assert Composed().lease_length(make("abcd", 8000)) == 100
        assert Composed().lease_length(make("abcd", 80)) == 10
        assert Composed().lease_length(make("ab", 80, prices=(1, 4))) == 40
        assert Composed(lease=3).lease_length(make("abcd", 8000)) == 3

    def test_first_lease_has_the_starting_region(self) -> None:
        run = make("ab", concurrency=2)
        first, second = Composed().decide(run, RNG)
        assert first.region is run.region
        assert second.id == first.id + 1
        assert first.fresh
        assert first.reason == "first lease: the starting region, radius 0.5; equal: 0 spent of a level of 500"

    def test_carries_on_with_all_three_reasons(self) -> None:
        run = make("ab", budget=100)
        give(run, "a", 10, 3.2e-4, point=0.9)
        give(run, "b", 10, 2.0, radius=0.1)
        give(run, "a", 10, 1.0)
        policy = Composed.model_validate({"radius": "trust-region", "sharing": "broadcast"})
        (lease,) = policy.decide(run, RNG)
        assert not lease.fresh
        assert lease.region.radius == 0.2  # no larger than the starting one
        assert lease.region.center == pytest.approx(0.8)  # moved inside the cube
        assert lease.incumbent is run.incumbent
        assert lease.archive == 3
        expected = "trust-region: success, radius 0.1 -> 0.2; broadcast: incumbent 0.00032 of a"
        assert lease.reason == f"equal: 10 spent of a level of 50; {expected}"

    def test_restart_keeps_away_from_known_minima(self) -> None:
        run = make("a", budget=1000)
        run.region = Region(np.full(2, 0.3), 0.2)
        grant(run, "a", 10, radius=0.01)
        back(run, "a", 0.134, point=0.15, charged=4, why="converged")
        (lease,) = Composed(radius=Shrink()).decide(run, RNG)
        assert lease.fresh
        assert lease.region.radius == 0.2  # no larger than the starting one
        assert np.all((lease.region.center >= 0.1) & (lease.region.center <= 0.5))
        assert np.abs(lease.region.center - 0.15).max() > 0.2
        reason = "converged at 0.134 (flat): restart away from 1 known minimum, within 0.2; equal:"
        assert lease.reason.startswith(reason)

    def test_restart_after_failure_and_after_nothing_more(self) -> None:
        run = make("ab", budget=1000)
        grant(run, "a", 10)
        advance(run, Collected(Finding(0, "a", 0, 10, "failed", cause="ValueError: no")))
        grant(run, "b", 20)
        back(run, "b", 1.0, why="exhausted")
        (lease,) = Composed().decide(run, RNG)
        assert lease.reason.startswith("failed (ValueError: no): restart elsewhere")
        run.concurrency = 2
        assert "its search has nothing more to propose: restart" in Composed().decide(run, RNG)[1].reason

    def test_a_restarted_search_is_not_dragged_back(self) -> None:
        run = make("a", budget=1000)
        grant(run, "a", 10)
        back(run, "a", 0.1, point=0.1, why="converged")
        grant(run, "a", 10)
        back(run, "a", 5.0, point=0.7)
        for sharing in (NoSharing(), Broadcast(), Ring()):
            (lease,) = Composed(sharing=sharing, radius=Shrink(factor=0.4)).decide(run, RNG)
            assert lease.region.center == pytest.approx(0.7)
            assert lease.incumbent is run.members["a"].best

    def test_a_box_within_the_cube(self) -> None:
        region = fit_region(np.array([0.05, 0.5, 1.0]), 0.2)
        assert region.center == pytest.approx([0.2, 0.5, 0.8])
        assert fit_region(np.array([0.05, 1.0]), 0.5).center == pytest.approx(0.5)
        assert fit_region(np.array([0.05, 1.0]), 1.0).center == pytest.approx(0.5)


class TestHandingOver:
    """Whom the policy composed sends to an incumbent where regions do not tell points apart."""

    @staticmethod
    def decide(init, sharing):
        run = make("ab", concurrency=1)
        run.space = replace(run.space, init=init)
        give(run, "a", 10, 5.0)
        (lease,) = Composed(budget="equal", sharing=sharing, lease=10).decide(run, RNG)
        assert lease.agent == "b"
        return lease

    def test_it_is_said_where_searches_have_starts_of_their_own(self) -> None:
        class Middle:
            def draw(self, rng):
                return np.full(2, 0.5)

        assert self.decide(Middle(), "broadcast").takes_over
        assert not self.decide(Middle(), "none").takes_over
        assert not self.decide(None, "broadcast").takes_over
