"""Every solver of the study by name: ``solver(function, dimension, instance, multiple)`` works one problem."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from . import parties, peers
from .problem import Batches, Recorder

Outcome = tuple[np.ndarray, int]
"""Runtimes (51,) in evaluations, or in evaluations in sequence where several run at once; evaluations in all."""
Solver = Callable[[int, int, int, int], Outcome]
AT_ONCE = 8


def stream(function: int, dimension: int, instance: int, lane: int = 0) -> np.random.Generator:
    return np.random.default_rng([function, dimension, instance, lane])


def peer(name: str, function: int, dimension: int, instance: int, multiple: int) -> Outcome:
    loss = Recorder(function, dimension, instance, multiple)
    peers.solve(peers.PEERS[name], loss, stream(function, dimension, instance))
    return loss.runtimes, loss.evaluations


def team(settings: parties.Settings, function: int, dimension: int, instance: int, multiple: int) -> Outcome:
    loss = Recorder(function, dimension, instance, multiple)
    parties.run(settings, loss, seed=instance)
    return loss.runtimes, loss.evaluations


def team_at_once(settings: parties.Settings, function: int, dimension: int, instance: int, multiple: int) -> Outcome:
    """A team with ``AT_ONCE`` leases out at once, for ``multiple`` D evaluations in sequence."""
    # A lease that is worked later here may have come first in logical time: none is cut short.
    loss = Recorder(function, dimension, instance, AT_ONCE * multiple, on=True)
    log = parties.run(settings, loss, seed=instance, concurrency=AT_ONCE)
    blank = Recorder(function, dimension, instance, AT_ONCE * multiple)
    runtimes = parties.logical(log, blank)
    return np.where(runtimes <= multiple * dimension, runtimes, np.inf), loss.evaluations


def restarts_at_once(name: str, function: int, dimension: int, instance: int, multiple: int) -> Outcome:
    """``AT_ONCE`` copies of a peer with streams of their own, which know nothing of each other."""
    outcomes = []
    for lane in range(AT_ONCE):
        loss = Recorder(function, dimension, instance, multiple)
        # The first starts in the middle, the others anywhere.
        copy = partial(peers.PEERS[name], middle=False) if lane and name in peers.LOCAL else peers.PEERS[name]
        peers.solve(copy, loss, stream(function, dimension, instance, lane))
        outcomes.append((loss.runtimes, loss.evaluations))
    return np.min([times for times, _ in outcomes], axis=0), sum(spent for _, spent in outcomes)


def bipop_at_once(function: int, dimension: int, instance: int, multiple: int) -> Outcome:
    """BIPOP-CMA-ES whose populations are evaluated ``AT_ONCE`` points a round."""
    loss = Batches(function, dimension, instance, multiple, AT_ONCE)
    peers.solve(peers.bipop_in_rounds, loss, stream(function, dimension, instance))
    return loss.runtimes, loss.evaluations


def islands_at_once(function: int, dimension: int, instance: int, multiple: int) -> Outcome:
    """A pygmo ring of ``AT_ONCE`` islands."""
    losses = [Recorder(function, dimension, instance, multiple) for _ in range(AT_ONCE)]
    peers.turn(losses, stream(function, dimension, instance))
    return np.min([loss.runtimes for loss in losses], axis=0), sum(loss.evaluations for loss in losses)


PEERS: dict[str, Solver] = {name: partial(peer, name) for name in peers.PEERS}
TEAMS: dict[str, Solver] = {
    name: partial(team, settings) for name, settings in (parties.PARTY | parties.ALONE | parties.ABLATIONS).items()
}
AT_ONCE_PEERS: dict[str, Solver] = {
    **{f"8 x {name}": partial(restarts_at_once, name) for name in ("SLSQP", "L-BFGS-B", "BOBYQA", "BIPOP-CMA-ES")},
    "BIPOP-CMA-ES 8 a round": bipop_at_once,
    "pygmo archipelago of 8": islands_at_once,
}
AT_ONCE_TEAMS: dict[str, Solver] = {"party of 8": partial(team_at_once, parties.EIGHT)}
SOLVERS = PEERS | TEAMS | AT_ONCE_PEERS | AT_ONCE_TEAMS
