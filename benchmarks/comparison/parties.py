"""The strategies of searchparty in the study: the party, its members alone, and the party without one of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import searchparty.orchestrator.policies.learned  # noqa: F401  the budget choices of some strategies
from searchparty import minimize
from searchparty.orchestrator.log.log import MemoryLog
from searchparty.orchestrator.state.events import Collected, Granted, findings

from .problem import HIGH, LOW, TARGETS, BatchSizes, RuntimeRecorder

Settings = dict[str, Any]
TEAM = ("slsqp", "axes", "cma-es")


def party_settings(team: tuple[Any, ...] = TEAM, **changed: Any) -> Settings:
    """Return the default strategy of ``minimize``, with changed settings of the policy."""
    return {"team": team, "policy": {"kind": "party", **changed}}


def composed_policy(budget: str) -> dict[str, str]:
    """Return another policy for the same members, without an opening."""
    return {"kind": "composed", "budget": budget.removesuffix(" budget"), "sharing": "broadcast"}


PARTY = {"party": party_settings()}
ALONE = {f"{kind} alone": party_settings((kind,)) for kind in TEAM if kind != "axes"}
ABLATIONS: dict[str, Settings] = {
    "without slsqp": party_settings(("cma-es", "axes")),
    "without axes": party_settings(("slsqp", "cma-es")),
    "without cma-es": party_settings(("slsqp", "axes")),
    "sharing off": party_settings(sharing=False),
    "radius fixed": party_settings(near=0.5),
    "equal budget": party_settings(bonus=0.0),
    "no restart given up": party_settings(patience=0.0),
    **{
        f"{budget} from the start": {"team": TEAM, "policy": composed_policy(budget)}
        for budget in ("equal budget", "bandit", "auc-bandit", "exponential-weights", "winner-takes-all")
    },
    "exploit-and-explore": {"team": TEAM, "policy": "exploit-and-explore"},
}
EIGHT_AT_ONCE: Settings = {}
"""The team that `minimize` makes for eight leases at a time: no settings are changed."""


def run_team(settings: Settings, loss: RuntimeRecorder | BatchSizes, seed: int, concurrency: int = 1) -> MemoryLog:
    """Run ``searchparty.minimize`` until every target is reached or the budget is spent, and return its log."""
    box = [(LOW, HIGH)] * loss.dimension
    target = loss.minimum + 0.99 * TARGETS[-1]
    result = minimize(
        loss, box, budget=loss.budget, seed=seed, target=target, concurrency=concurrency,
        vectorized=isinstance(loss, BatchSizes), **settings,
    )  # fmt: skip
    failed = [finding for finding in findings(result.log.events()) if finding.failed]
    if failed:
        raise RuntimeError(f"{failed[0].agent} failed: {failed[0].cause}")
    return result.log


def logical_runtimes(log: MemoryLog, sizes: Sequence[int], loss: RuntimeRecorder) -> np.ndarray:
    """Return runtimes (51,) in logical time, where leases that are out at the same time are worked side by side.

    A lease is granted as soon as the leases collected before it have ended, and evaluates its batches one after
    another, each in rounds of as many rows as the lease has lanes. When it ends follows from these rounds: a batch that
    does not fill its lanes takes as long as one that does, which the logical time of the log does not know.

    Args:
        log: The log of the run.
        sizes: The sizes of all batches, in the order in which leases were worked, which is that of their collection.
        loss: Records the runtimes.
    """
    lanes, starts, now = dict[int, int](), dict[int, int](), 0
    times, losses, batches = [np.empty(0)], [np.empty(0)], iter(sizes)
    for event in log.events():
        if isinstance(event, Granted):
            lanes.update((lease.id, lease.lanes) for lease in event.leases)
            starts.update((lease.id, now) for lease in event.leases)
        elif isinstance(event, Collected):
            number = event.finding.lease
            rows, at = log.rows(number), starts[number]
            left = 0 if rows is None else len(rows.losses)
            losses.append(np.empty(0) if rows is None else rows.losses)
            while left:
                size = next(batches)
                times.append(at + 1 + np.arange(size) // lanes[number])
                at, left = at - (-size // lanes[number]), left - size
            now = max(now, at)
    order = np.argsort(np.concatenate(times), kind="stable")
    for time, value in zip(np.concatenate(times)[order], np.concatenate(losses)[order], strict=True):
        loss.record_loss(float(value), float(time))
    return loss.runtimes
