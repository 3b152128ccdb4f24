"""searchparty's own strategies: the party, its members alone, and the party with one part taken away."""

from __future__ import annotations

from typing import Any

import numpy as np

from searchparty import minimize
from searchparty.orchestrator.log.log import MemoryLog
from searchparty.orchestrator.state.events import findings
from searchparty.orchestrator.state.lease_table import fold_leases

from .problem import HIGH, LOW, TARGETS, Recorder

Settings = dict[str, Any]
TEAM = ("slsqp", "axes", "cma-es")


def party(team: tuple[Any, ...] = TEAM, **changed: Any) -> Settings:
    """``minimize``'s own default strategy, with settings of the policy changed."""
    return {"team": team, "policy": {"kind": "party", **changed}}


def composed(budget: str) -> dict[str, str]:
    """Another policy for the same members, without an opening."""
    return {"kind": "composed", "budget": budget.removesuffix(" budget"), "sharing": "broadcast"}


PARTY = {"party": party()}
ALONE = {f"{kind} alone": party((kind,)) for kind in TEAM if kind != "axes"}
ABLATIONS: dict[str, Settings] = {
    "without slsqp": party(("cma-es", "axes")),
    "without axes": party(("slsqp", "cma-es")),
    "without cma-es": party(("slsqp", "axes")),
    "sharing off": party(sharing=False),
    "radius fixed": party(near=0.5),
    "equal budget": party(bonus=0.0),
    "no restart given up": party(patience=0.0),
    **{
        f"{budget} from the start": {"team": TEAM, "policy": composed(budget)}
        for budget in ("equal budget", "bandit", "auc-bandit", "exponential-weights", "winner-takes-all")
    },
    "exploit-and-explore": {"team": TEAM, "policy": "exploit-and-explore"},
}
EIGHT: Settings = {}
"""`minimize`'s own team for eight leases at once."""


def run(settings: Settings, loss: Recorder, seed: int, concurrency: int = 1) -> MemoryLog:
    """One run by ``searchparty.minimize``, stopped when every target is reached; its log."""
    box = [(LOW, HIGH)] * loss.dimension
    target = loss.minimum + 0.99 * TARGETS[-1]
    result = minimize(
        loss, box, budget=loss.budget, seed=seed, target=target, concurrency=concurrency, **settings
    )  # fmt: skip
    failed = [finding for finding in findings(result.log.events()) if finding.failed]
    if failed:
        raise RuntimeError(f"{failed[0].agent} failed: {failed[0].cause}")
    return result.log


def logical(log: MemoryLog, loss: Recorder) -> np.ndarray:
    """Runtimes (51,) in logical time, where leases that are out at once are worked side by side: a lease's k-th
    row comes k evaluations after its grant, and a grant as soon as the leases collected before have ended."""
    times, losses = [], []
    for entry in fold_leases(log.events()):
        rows = log.rows(entry.lease.id)
        if rows is not None:
            times.append(entry.starts + 1 + np.arange(len(rows.losses)))
            losses.append(rows.losses)
    order = np.argsort(np.concatenate(times), kind="stable")
    for time, value in zip(np.concatenate(times)[order], np.concatenate(losses)[order], strict=True):
        loss.note(float(value), float(time))
    return loss.runtimes
