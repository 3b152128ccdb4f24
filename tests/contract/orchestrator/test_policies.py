"""The contract of every policy and choice: those of the package, of plugins, and those that SEARCHPARTY_OWN_KINDS
names. Choices are tried in combination."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_kinds import needs_no_settings, own_classes

from searchparty.agents.agent import Converged, Finding, Incumbent, Lease, Region
from searchparty.experiments.spec.catalogue import family_classes, policy_classes
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.loop.audit import audit_decision
from searchparty.orchestrator.loop.randomness import stream
from searchparty.orchestrator.policies.choices import BudgetChoice, RadiusChoice, SharingChoice, kinds
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.policies.exploit import ExploitAndExplore
from searchparty.orchestrator.policies.party import Party
from searchparty.orchestrator.policies.policy import Policy
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import Collected, Event, Granted, charge_finding
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run

for _family in ("budget", "radius", "sharing"):
    # Imports all modules that define a choice.
    family_classes(_family)
BUDGETS, RADII, SHARINGS = (sorted(kinds(base)) for base in (BudgetChoice, RadiusChoice, SharingChoice))
# Budget choices do not depend on radius and sharing, so not every combination is needed.
COMBINATIONS = [*product(["equal"], RADII, SHARINGS), *((budget, "shrink", "broadcast") for budget in BUDGETS)]
COMBINATIONS = list(dict.fromkeys(COMBINATIONS))
quick = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Outcome:
    """How a lease ends: ``part`` of its budget is charged if it ends early; ``loss`` is None if all rows failed."""

    why: str
    part: float
    loss: int | None


@dataclass(frozen=True)
class Setting:
    prices: tuple[int, ...]
    budget: int
    concurrency: int
    lease: int | None
    outcomes: tuple[Outcome, ...]

    def begin(self) -> Run:
        members = {f"m{i}": Member(f"m{i}", i, price) for i, price in enumerate(self.prices)}
        space = Space(np.zeros(2), np.ones(2))
        return Run("r", space, 0.5, self.budget, self.concurrency, Region(np.array([0.4, 0.6]), 0.3), members)


OUTCOMES = st.builds(
    Outcome,
    why=st.sampled_from(["spent", "spent", "spent", "converged", "exhausted", "failed"]),
    part=st.floats(0, 1),
    loss=st.none() | st.integers(-8, 8),
)


@st.composite
def settings_of_runs(draw: st.DrawFn) -> Setting:
    prices = draw(st.lists(st.sampled_from([1, 1, 3]), min_size=1, max_size=5).map(tuple))
    return Setting(
        prices,
        budget=draw(st.integers(1, 150)),
        concurrency=draw(st.integers(1, len(prices))),
        lease=draw(st.none() | st.integers(1, 20)),
        outcomes=draw(st.lists(OUTCOMES, min_size=1, max_size=12).map(tuple)),
    )


def event_of(outcome: Outcome, lease: Lease, price: int, scale: Callable[[float], float]) -> Event:
    """Return the event of a collected lease. As with real agents, a fresh lease costs at least a row."""
    point = stream("point", lease.id).random(2)
    loss = None if outcome.loss is None else scale(outcome.loss)
    best = None if loss is None else Incumbent(lease.agent, lease.id, 0, point, loss)
    if outcome.why == "failed":
        return charge_finding(
            Finding(lease.id, lease.agent, 1, 1, "failed", best, cause="raised ValueError: no"), lease
        )
    charged = lease.budget // price * price
    if outcome.why != "spent":
        charged = min(charged, max(price if lease.fresh else 0, int(outcome.part * charged)))
    minimum = Converged(point, loss, "flat") if outcome.why == "converged" and loss is not None else None
    why = "exhausted" if outcome.why == "converged" and minimum is None else outcome.why
    return Collected(Finding(lease.id, lease.agent, charged, charged, why, best, minimum))


def play(
    policy: Policy, setting: Setting, scale: Callable[[float], float] = float
) -> Iterator[tuple[Run, tuple[Lease, ...]]]:
    """Drive a run to its end, and yield the run and each decision before the decision is granted."""
    run = setting.begin()
    outcomes = cycle(setting.outcomes)
    while run.stopped is None:
        leases = policy.decide(run, stream(1, run.id, run.decisions, run.collected)) if run.free else ()
        audit_decision(run, leases, policy.kind)
        yield run, leases
        if leases:
            advance(run, Granted(run.decisions, leases))
        if not run.out:
            return
        _, lease = run.out[run.next_end[1]]
        advance(run, event_of(next(outcomes), lease, run.members[lease.agent].row_price, scale))


def plain(lease: Lease) -> tuple[object, ...]:
    """Return everything that a lease holds, except its reason."""
    found = None if lease.incumbent is None else (lease.incumbent.lease, lease.incumbent.row)
    region = (lease.region.center.tolist(), lease.region.radius)
    return lease.id, lease.agent, lease.budget, region, lease.fresh, lease.settings, lease.archive, found


def combined(combination: tuple[str, str, str], lease: int | None) -> Composed:
    budget, radius, sharing = combination
    return Composed.model_validate({"budget": budget, "radius": radius, "sharing": sharing, "lease": lease})


def partying(_lease: int | None, **names: str) -> Policy:
    return Party.model_validate({"opener": "m0", "lease": 3, "restart": 2, **names})


MAKERS: dict[str, Callable[[int | None], Policy]] = {
    **{"-".join(combination): partial(combined, combination) for combination in COMBINATIONS},
    "party": partying,
    "exploit-and-explore": lambda lease: ExploitAndExplore(lease=lease or 5, patience=2),
    "party with a prober": partial(partying, prober="m1"),
    "party with sharing off": partial(partying, prober="m1", sharing=False),
}


def with_defaults(cls: type[Policy], _lease: int | None) -> Policy:
    return cls.model_validate({})


MAKERS |= {
    kind: partial(with_defaults, cls)
    for kind, cls in (policy_classes() | own_classes(Policy)).items()
    if kind not in ("composed", "party", "exploit-and-explore") and needs_no_settings(cls)
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
class TestEveryPolicy:
    @quick
    @given(setting=settings_of_runs())
    def test_a_run_ends_with_its_budget_used(self, make: Callable[[int | None], Policy], setting: Setting) -> None:
        for count, (run, leases) in enumerate(play(make(setting.lease), setting)):
            assert len(run.out) + len(leases) <= run.concurrency
            # Each collected lease follows at most one decision, and at least one of two leases of a member costs
            # something.
            assert count <= 2 * setting.budget + len(setting.prices) + 1
            assert all(lease.archive in (run.collected, 0) for lease in leases)
        assert not run.out
        assert 0 <= run.remaining < min(setting.prices)

    @quick
    @given(setting=settings_of_runs())
    def test_decide_is_pure(self, make: Callable[[int | None], Policy], setting: Setting) -> None:
        policy = make(setting.lease)
        for run, leases in play(policy, setting):
            if not run.free or run.decisions % 5:
                continue
            with np.printoptions(precision=17, threshold=10_000):
                before = repr(run)
                again = policy.decide(run, stream(1, run.id, run.decisions, run.collected))
                assert repr(run) == before
                assert repr(again) == repr(leases)

    @quick
    @given(setting=settings_of_runs())
    def test_every_lease_has_a_reason(self, make: Callable[[int | None], Policy], setting: Setting) -> None:
        for _, leases in play(make(setting.lease), setting):
            assert all(len(lease.reason) > 12 for lease in leases)


@pytest.mark.parametrize("combination", COMBINATIONS, ids="-".join)
@quick
@given(setting=settings_of_runs())
def test_only_the_order_of_losses_matters(combination: tuple[str, str, str], setting: Setting) -> None:
    policy = combined(combination, setting.lease)
    once = [plain(lease) for _, leases in play(policy, setting) for lease in leases]
    scaled = play(policy, setting, scale=lambda loss: 1e-6 * math.exp(3 * loss) - 7)
    assert [plain(lease) for _, leases in scaled for lease in leases] == once


@quick
@given(setting=settings_of_runs())
def test_a_party_does_not_mind_an_affine_change_of_the_loss(setting: Setting) -> None:
    policy = partying(None, prober="m1")
    once = [plain(lease) for _, leases in play(policy, setting) for lease in leases]
    changed = play(policy, setting, scale=lambda loss: 0.25 * loss - 4)
    assert [plain(lease) for _, leases in changed for lease in leases] == once


@pytest.mark.parametrize("combination", [c for c in COMBINATIONS if c[0] == "equal"], ids="-".join)
@quick
@given(setting=settings_of_runs())
def test_equal_never_leaves_an_agent_waiting(combination: tuple[str, str, str], setting: Setting) -> None:
    for run, leases in play(combined(combination, setting.lease), setting):
        named = {lease.agent for lease in leases}
        left = run.remaining - sum(lease.budget for lease in leases)
        waiting = [m for m in run.idle if m.name not in named and m.row_price <= left]
        assert len(leases) == run.free or not waiting


@quick
@given(setting=settings_of_runs(), combination=st.sampled_from(COMBINATIONS))
def test_every_reason_names_its_choices(setting: Setting, combination: tuple[str, str, str]) -> None:
    budget, radius, sharing = combination
    for _, leases in play(combined(combination, setting.lease), setting):
        for lease in leases:
            assert f"{budget}: " in lease.reason
            if not lease.fresh:
                assert f"; {radius}: " in lease.reason
                assert f"; {sharing}" in lease.reason
