"""Fixtures for the tests of agents: a driver that answers a search by hand."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from searchparty.agents.agent import Lease, Region, Told, WithGradient
from searchparty.landscapes.landscape import Space


@dataclass
class Driven:
    """What a search proposed (n, D), the losses (n,) that it received, what it returned, and its batches."""

    points: Any
    losses: Any
    ended: Any
    batches: list


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Numerical libraries have one thread, as in every run."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def lease_of():
    """Return a function that makes leases: by default in the whole cube; keywords set the other fields."""

    def make(dimension, id=0, region=None, **more):
        return Lease(id, "it", 1, region or Region.whole(dimension), "test", **more)

    return make


@pytest.fixture(scope="session")
def drive(lease_of):
    """Return a function that runs a search on a loss of points (n, D), for some evaluations or to its end.

    ``changes`` maps a number of evaluations to the lease that is in force from then on.
    """

    def run(agent, loss, dimension, evaluations, gradient=None, lease=None, changes=None, seed=0):
        space = Space(np.zeros(dimension), np.ones(dimension), gradient is not None)
        lease = lease or lease_of(dimension, fresh=True)
        changes = dict(changes or {})
        search = agent.search(space, lease, np.random.Generator(np.random.Philox(key=seed)))
        batches, losses, ended = [], [np.empty(0)], None
        spent = 0
        try:
            proposal = next(search)
            while spent < evaluations:
                wants = isinstance(proposal, WithGradient)
                points = proposal.points if wants else proposal
                batches.append(points.copy())
                losses.append(np.asarray(loss(points), dtype=float))
                spent += len(points)
                for at in [at for at in sorted(changes) if at <= spent]:
                    lease = changes.pop(at)
                told = Told(losses[-1].copy(), gradient(points) if wants else None, lease)
                for array in told[:2]:
                    if array is not None:
                        array.flags.writeable = False
                proposal = search.send(told)
                assert np.array_equal(points, batches[-1]), "a proposal was changed after it was made"
        except StopIteration as stop:
            ended = stop.value
        search.close()
        points = np.concatenate(batches) if batches else np.empty((0, dimension))
        return Driven(points, np.concatenate(losses), ended, batches)

    return run
