"""What the tests of agents share: a driver that answers a search by hand."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from searchparty.agents.agent import Lease, Region, Told, WithGradient
from searchparty.landscapes.landscape import Space


@dataclass
class Driven:
    """What a search proposed (n, D), was told (n,), and returned."""

    points: Any
    losses: Any
    ended: Any
    batches: list


@pytest.fixture(scope="session")
def lease_of():
    """Make a lease: its id, its region (the whole cube), and what else it says."""

    def make(dimension, id=0, region=None, **more):
        return Lease(id, "it", 1, region or Region.whole(dimension), "test", **more)

    return make


@pytest.fixture(scope="session")
def drive(lease_of):
    """Run a search on a loss of points (n, D), for so many evaluations or to its end. ``changes`` maps a number of
    evaluations to the lease in force from then on."""

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
                np.testing.assert_array_equal(points, batches[-1], "a proposal was changed after it was made")
        except StopIteration as stop:
            ended = stop.value
        search.close()
        points = np.concatenate(batches) if batches else np.empty((0, dimension))
        return Driven(points, np.concatenate(losses), ended, batches)

    return run
