"""The contract of every policy and choice, of the package and of plugins: the clauses of the kit, on runs that are
drawn, and what only ours must do. Choices are tried in combination."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from usable_kinds import needs_no_settings

from searchparty import PolicyContract
from searchparty.experiments.contracts.clause import Clause
from searchparty.experiments.contracts.played_run import WHYS, LeaseOutcome, PlayedRun, play_run
from searchparty.experiments.contracts.policy_clauses import POLICY_CLAUSES, list_decisions
from searchparty.experiments.spec.catalogue import family_classes, policy_classes
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.policies.exploit import ExploitAndExplore
from searchparty.orchestrator.policies.party import Party
from searchparty.orchestrator.policies.policy import Policy

CHOICES = [cls() for family in ("budget", "radius", "sharing") for cls in family_classes(family).values()]
BUDGETS, RADII, SHARINGS = (list(family_classes(family)) for family in ("budget", "radius", "sharing"))
# Budget choices do not depend on radius and sharing, so not every combination is needed.
COMBINATIONS = [*product(["equal"], RADII, SHARINGS), *((budget, "shrink", "broadcast") for budget in BUDGETS)]
COMBINATIONS = list(dict.fromkeys(COMBINATIONS))
quick = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
OUTCOMES = st.builds(LeaseOutcome, st.sampled_from(WHYS), st.floats(0, 1), st.none() | st.integers(-8, 8))
LEASES = st.none() | st.integers(1, 20)


@st.composite
def draw_runs(draw: st.DrawFn) -> PlayedRun:
    prices = draw(st.lists(st.sampled_from([1, 1, 3]), min_size=1, max_size=5).map(tuple))
    outcomes = draw(st.lists(OUTCOMES, min_size=1, max_size=12).map(tuple))
    return PlayedRun(prices, draw(st.integers(1, 150)), draw(st.integers(1, len(prices))), outcomes)


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
    for kind, cls in policy_classes().items()
    if kind not in ("composed", "party", "exploit-and-explore") and needs_no_settings(cls)
}


class TestEveryChoice(PolicyContract):
    """Every choice keeps the contract of policies, beside the defaults of ``composed``."""

    subjects = tuple(CHOICES)


@pytest.mark.parametrize("clause", POLICY_CLAUSES, ids=lambda clause: clause.name)
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@quick
@given(example=draw_runs(), lease=LEASES)
def test_every_policy_keeps_its_contract(
    make: Callable[[int | None], Policy], clause: Clause[Policy], example: PlayedRun, lease: int | None
) -> None:
    policy = make(lease)
    if clause.name != "order-only" or isinstance(policy, Composed):
        clause.check_example(policy, example)


@quick
@given(example=draw_runs())
def test_a_party_does_not_mind_an_affine_change_of_the_loss(example: PlayedRun) -> None:
    policy = partying(None, prober="m1")
    once = list_decisions(policy, example)
    assert list_decisions(policy, example, scale=lambda loss: 0.25 * loss - 4) == once


@pytest.mark.parametrize("combination", [c for c in COMBINATIONS if c[0] == "equal"], ids="-".join)
@quick
@given(example=draw_runs(), lease=LEASES)
def test_equal_never_leaves_an_agent_waiting(
    combination: tuple[str, str, str], example: PlayedRun, lease: int | None
) -> None:
    for run, leases, _ in play_run(combined(combination, lease), example):
        named = {each.agent for each in leases}
        left = run.remaining - sum(each.budget for each in leases)
        waiting = [m for m in run.idle if m.name not in named and m.row_price <= left]
        assert len(leases) == run.free or not waiting


@quick
@given(example=draw_runs(), combination=st.sampled_from(COMBINATIONS), lease=LEASES)
def test_every_reason_names_its_choices(
    example: PlayedRun, combination: tuple[str, str, str], lease: int | None
) -> None:
    budget, radius, sharing = combination
    for _, leases, _ in play_run(combined(combination, lease), example):
        for each in leases:
            assert f"{budget}: " in each.reason
            if not each.fresh:
                assert f"; {radius}: " in each.reason
                assert f"; {sharing}" in each.reason
