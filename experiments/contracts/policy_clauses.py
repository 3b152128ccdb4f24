"""The contract of policies and of the choices of ``composed``, as clauses: each plays runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from ...agents.agent import Lease
from ...orchestrator.loop.randomness import stream
from ...orchestrator.policies.composed import Composed
from ...orchestrator.policies.policy import Policy
from .clause import Clause, ClauseBroken, require
from .played_run import PlayedRun, draw_played_run, play_run

SHORTEST_REASON = 12
"""The characters that a reason has at least: more than a kind."""
EXAMPLES, THOROUGH_EXAMPLES = 12, 60


def _list_runs(_: Policy, thorough: bool) -> Iterator[PlayedRun]:
    return (draw_played_run(number) for number in range(THOROUGH_EXAMPLES if thorough else EXAMPLES))


def check_decisions(policy: Policy, example: PlayedRun) -> None:
    """Check that every decision can be granted. Playing does; what is left is the number of leases."""
    for run, leases, _ in play_run(policy, example):
        require(len(run.out) + len(leases) <= run.concurrency, "more leases are out than the run allows at a time")
        for lease in leases:
            require(
                lease.archive in (run.collected, 0),
                f"a lease reads {lease.archive} findings; it may read 0 or those collected, {run.collected}",
            )


def check_budget_used(policy: Policy, example: PlayedRun) -> None:
    """Check that a run ends with its budget used."""
    *_, (run, _, _) = play_run(policy, example)
    require(not run.out, "the run ended with leases out")
    least = min(example.prices)
    require(
        0 <= run.remaining < least,
        f"the run ended with {run.remaining} of {example.budget} evaluations left; a row costs {least}",
    )


def check_pure(policy: Policy, example: PlayedRun) -> None:
    """Check that deciding again gives the same, and changes nothing."""
    for run, leases, decider in play_run(policy, example):
        if not run.free or run.decisions % 5:
            continue
        with np.printoptions(precision=17, threshold=10_000):
            before = repr(run)
            again = decider.decide(run, stream(1, run.id, run.decisions, run.collected))
            require(repr(run) == before, f"decide changed the run at decision {run.decisions}")
            require(
                repr(again) == repr(leases),
                f"decision {run.decisions}, taken again, was another: {_differ(leases, again)}",
            )


def _differ(leases: tuple[Lease, ...], again: tuple[Lease, ...]) -> str:
    shown = [
        f"{[(each.agent, each.budget, each.fresh, round(each.region.radius, 6), each.reason) for each in found]}"
        for found in (leases, again)
    ]
    return f"{shown[0]}, then {shown[1]}"


def check_reasons(policy: Policy, example: PlayedRun) -> None:
    """Check that every lease has a reason in words."""
    for _, leases, _ in play_run(policy, example):
        for lease in leases:
            require(
                isinstance(lease.reason, str) and len(lease.reason) > SHORTEST_REASON,
                f"lease {lease.id} has the reason {lease.reason!r}; write more than {SHORTEST_REASON} characters",
            )


def _list_composed(policy: Policy, thorough: bool) -> Iterator[PlayedRun]:
    if isinstance(policy, Composed):
        yield from _list_runs(policy, thorough)


def check_order_only(policy: Policy, example: PlayedRun) -> None:
    """Check that a monotone change of all losses changes no decision."""
    once = list_decisions(policy, example)
    changed = list_decisions(policy, example, scale=lambda loss: 1e-6 * math.exp(3 * loss) - 7)
    if changed != once:
        raise ClauseBroken(_name_first_difference(once, changed))


def _name_first_difference(once: list[tuple[object, ...]], changed: list[tuple[object, ...]]) -> str:
    pairs = zip([*once, None], [*changed, None], strict=False)
    number, (one, other) = next((n, pair) for n, pair in enumerate(pairs) if pair[0] != pair[1])
    return f"lease {number} was {one}, and {other} after a monotone change of all losses"


def list_decisions(
    policy: Policy, example: PlayedRun, scale: Callable[[float], float] = float
) -> list[tuple[object, ...]]:
    """Return what every lease of a run holds, except its reason.

    Args:
        policy: The policy.
        example: The run.
        scale: Changes each loss.
    """
    return [_strip(lease) for _, leases, _ in play_run(policy, example, scale) for lease in leases]


def _strip(lease: Lease) -> tuple[object, ...]:
    found = None if lease.incumbent is None else (lease.incumbent.lease, lease.incumbent.row)
    region = (lease.region.center.tolist(), lease.region.radius)
    return lease.id, lease.agent, lease.budget, region, lease.fresh, tuple(lease.settings.items()), lease.archive, found


POLICY_CLAUSES: tuple[Clause[Policy], ...] = (
    Clause("valid-decisions", "Every decision can be granted: idle members, budgets that remain, fresh where needed.",
           _list_runs, check_decisions),
    Clause("budget-used", "A run ends, and with its budget used.", _list_runs, check_budget_used),
    Clause("pure", "decide is a pure function: taken again, a decision is the same, and the run is not changed.",
           _list_runs, check_pure),
    Clause("reasons", "Every lease has a reason in words.", _list_runs, check_reasons),
    Clause("order-only", "Choices of composed depend on the order of losses alone.", _list_composed, check_order_only),
)  # fmt: skip
