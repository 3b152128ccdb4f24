"""Drives a search by hand: an agent is asked for points and told their losses, without a run around it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...agents.agent import Agent, Converged, Lease, Region, Told
from ...agents.leases.agent_clock import AgentClock
from ...agents.leases.failure import AgentTimeout
from ...agents.leases.proposal import price_proposal
from ...landscapes.landscape import Array, Space
from .clause import ClauseBroken, require

LossOfPoints = Callable[[Array], Any]
"""From points (n, D) in the unit cube to losses (n,), or to gradients (n, D)."""


@dataclass
class DrivenSearch:
    """What a search did.

    Attributes:
        points: The points that it proposed, shape (n, D).
        losses: The losses that it was told, shape (n,).
        ended: What it returned; None if it returned nothing, or was not driven to its end.
        batches: The points of each proposal.
        seconds: How long the agent took for each proposal, and for its end.
    """

    points: Array
    losses: Array
    ended: Any
    batches: list[Array]
    seconds: list[float]


def make_lease(dimension: int, id: int = 0, region: Region | None = None, budget: int = 1, **more: Any) -> Lease:
    """Return a lease: by default in the whole cube. Keywords set its other fields."""
    return Lease(id, "it", budget, region or Region.whole(dimension), "test", **more)


def drive_search(
    agent: Agent,
    loss: LossOfPoints,
    dimension: int,
    evaluations: int,
    gradient: LossOfPoints | None = None,
    lease: Lease | None = None,
    changes: Mapping[int, Lease] | None = None,
    seed: int = 0,
    seconds: float | None = None,
) -> DrivenSearch:
    """Drive a search on a loss for some evaluations, or to its end.

    Args:
        agent: The agent.
        loss: From points (n, D) in the unit cube to losses (n,).
        dimension: The number of axes, D.
        evaluations: No more proposals are made once so many points have been told.
        gradient: From points (n, D) to gradients (n, D) per cube unit; None: the landscape has none.
        lease: The first lease. Default: the whole cube.
        changes: The lease that is in force from a number of evaluations on.
        seed: The seed of the agent's random numbers.
        seconds: How long the agent may take for a proposal; None: any time.

    Raises:
        ClauseBroken: The agent changed a proposal after it was made, or returned what it must not.
        AgentError: A proposal is not valid, or costs more than the agent's ``row_price``; or the agent says so itself.
        AgentTimeout: It proposed nothing for too long.
    """
    space = Space(np.zeros(dimension), np.ones(dimension), gradient is not None)
    lease = lease or make_lease(dimension, fresh=True)
    pending = dict(changes or {})
    clock = AgentClock(seconds)
    batches: list[Array] = []
    losses: list[Array] = [np.empty(0)]
    taken: list[float] = []
    ended, spent = None, 0
    search = None
    try:
        price = agent.row_price(space)
        search = agent.search(space, lease, np.random.Generator(np.random.Philox(key=seed)))
        proposal = _ask(clock, agent, partial(next, search), taken)
        while spent < evaluations:
            priced = price_proposal(proposal, space, price, False)
            points = priced.points
            batches.append(points.copy())
            losses.append(np.asarray(loss(points), dtype=float))
            spent += len(points)
            for at in [at for at in sorted(pending) if at <= spent]:
                lease = pending.pop(at)
            slopes = _freeze(gradient(points)) if priced.with_gradient and gradient is not None else None
            proposal = _ask(clock, agent, partial(search.send, Told(_freeze(losses[-1].copy()), slopes, lease)), taken)
            require(np.array_equal(points, batches[-1]), "a proposal was changed after it was made: yield a copy")
    except StopIteration as stop:
        ended = stop.value
        _check_end(ended, dimension, bool(batches))
    finally:
        clock.close()
        if search is not None:
            with suppress(Exception):
                search.close()
    points = np.concatenate(batches) if batches else np.empty((0, dimension))
    return DrivenSearch(points, np.concatenate(losses), ended, batches, taken)


def _ask(clock: AgentClock, agent: Agent, call: Callable[[], Any], taken: list[float]) -> Any:
    """Return what an agent proposes, unless it takes too long, and note how long it took."""
    began = time.perf_counter()
    clock.start(agent.kind)
    try:
        return call()
    except AgentTimeout:
        raise AgentTimeout(clock.describe().removesuffix(", its agent_timeout")) from None
    finally:
        clock.stop()
        taken.append(time.perf_counter() - began)


def _freeze(array: Array) -> Array:
    """Return an array that cannot be written to: agents share what they are told."""
    array.flags.writeable = False
    return array


def _check_end(ended: Any, dimension: int, proposed: bool) -> None:
    """Raise ClauseBroken if a search ended as it must not."""
    if not proposed:
        raise ClauseBroken("its search ended without a proposal; a fresh lease must propose at least one point")
    if ended is None:
        return
    require(type(ended) is Converged, f"its search returned a {type(ended).__name__}; it must be Converged or None")
    shape = np.shape(ended.point)
    require(shape == (dimension,), f"it converged to a point of shape {shape}; it must be ({dimension},)")
