"""All solvers of the study by name; ``solver(function, dimension, instance, multiple)`` works one problem."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from . import parties, peers
from .problem import BatchRuntimeRecorder, BatchSizes, RuntimeRecorder

SolverResult = tuple[np.ndarray, int]
"""Runtimes (51,) in evaluations, or in evaluations in sequence if several are made at a time; total evaluations."""
Solver = Callable[[int, int, int, int], SolverResult]
AT_ONCE = 8


def random_stream(function: int, dimension: int, instance: int, lane: int = 0) -> np.random.Generator:
    return np.random.default_rng([function, dimension, instance, lane])


def solve_with_peer(name: str, function: int, dimension: int, instance: int, multiple: int) -> SolverResult:
    loss = RuntimeRecorder(function, dimension, instance, multiple)
    peers.run_peer(peers.PEERS[name], loss, random_stream(function, dimension, instance))
    return loss.runtimes, loss.evaluations


def solve_with_team(
    settings: parties.Settings, function: int, dimension: int, instance: int, multiple: int
) -> SolverResult:
    loss = RuntimeRecorder(function, dimension, instance, multiple)
    parties.run_team(settings, loss, seed=instance)
    return loss.runtimes, loss.evaluations


def solve_with_team_at_once(
    settings: parties.Settings, function: int, dimension: int, instance: int, multiple: int
) -> SolverResult:
    """Work a problem with a team with ``AT_ONCE`` leases out at a time, for ``multiple`` D evaluations in sequence."""
    # A lease that is worked later here may be earlier in logical time, so no lease is cut short.
    loss = RuntimeRecorder(function, dimension, instance, AT_ONCE * multiple, on=True)
    batches = BatchSizes(loss)
    log = parties.run_team(settings, batches, seed=instance, concurrency=AT_ONCE)
    blank = RuntimeRecorder(function, dimension, instance, AT_ONCE * multiple)
    runtimes = parties.logical_runtimes(log, batches.sizes, blank)
    return np.where(runtimes <= multiple * dimension, runtimes, np.inf), loss.evaluations


def solve_with_restarts_at_once(name: str, function: int, dimension: int, instance: int, multiple: int) -> SolverResult:
    """Work a problem with ``AT_ONCE`` independent copies of a peer, each with its own random stream."""
    outcomes = []
    for lane in range(AT_ONCE):
        loss = RuntimeRecorder(function, dimension, instance, multiple)
        # The first copy starts in the middle of the box, the others at random points.
        copy = partial(peers.PEERS[name], middle=False) if lane and name in peers.LOCAL_PEERS else peers.PEERS[name]
        peers.run_peer(copy, loss, random_stream(function, dimension, instance, lane))
        outcomes.append((loss.runtimes, loss.evaluations))
    return np.min([times for times, _ in outcomes], axis=0), sum(spent for _, spent in outcomes)


def solve_with_bipop_at_once(function: int, dimension: int, instance: int, multiple: int) -> SolverResult:
    """Work a problem with BIPOP-CMA-ES whose populations are evaluated ``AT_ONCE`` points per round."""
    loss = BatchRuntimeRecorder(function, dimension, instance, multiple, AT_ONCE)
    peers.run_peer(peers.bipop_in_rounds, loss, random_stream(function, dimension, instance))
    return loss.runtimes, loss.evaluations


def solve_with_slsqp_at_once(function: int, dimension: int, instance: int, multiple: int) -> SolverResult:
    """Work a problem with SLSQP whose differences are evaluated ``AT_ONCE`` points per round."""
    loss = BatchRuntimeRecorder(function, dimension, instance, multiple, AT_ONCE)
    peers.run_peer(peers.slsqp_in_rounds, loss, random_stream(function, dimension, instance))
    return loss.runtimes, loss.evaluations


def solve_with_islands_at_once(function: int, dimension: int, instance: int, multiple: int) -> SolverResult:
    """Work a problem with a pygmo ring of ``AT_ONCE`` islands."""
    losses = [RuntimeRecorder(function, dimension, instance, multiple) for _ in range(AT_ONCE)]
    peers.evolve_in_turn(losses, random_stream(function, dimension, instance))
    return np.min([loss.runtimes for loss in losses], axis=0), sum(loss.evaluations for loss in losses)


PEER_SOLVERS: dict[str, Solver] = {name: partial(solve_with_peer, name) for name in peers.PEERS}
TEAM_SOLVERS: dict[str, Solver] = {
    name: partial(solve_with_team, settings)
    for name, settings in (parties.PARTY | parties.ALONE | parties.ABLATIONS).items()
}
AT_ONCE_PEER_SOLVERS: dict[str, Solver] = {
    **{
        f"8 x {name}": partial(solve_with_restarts_at_once, name)
        for name in ("SLSQP", "L-BFGS-B", "BOBYQA", "BIPOP-CMA-ES")
    },
    "BIPOP-CMA-ES 8 a round": solve_with_bipop_at_once,
    "SLSQP 8 a round": solve_with_slsqp_at_once,
    "pygmo archipelago of 8": solve_with_islands_at_once,
}
AT_ONCE_TEAM_SOLVERS: dict[str, Solver] = {"party of 8": partial(solve_with_team_at_once, parties.EIGHT_AT_ONCE)}
SOLVERS = PEER_SOLVERS | TEAM_SOLVERS | AT_ONCE_PEER_SOLVERS | AT_ONCE_TEAM_SOLVERS
