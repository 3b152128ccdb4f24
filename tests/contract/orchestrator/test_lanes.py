"""Leases whose evaluations are made side by side: the same trace on every executor, in a sandbox, and when resumed."""

import time

import numpy as np
import pytest

import searchparty
from searchparty.orchestrator.log.codec import format_event
from searchparty.orchestrator.state.events import Granted


def valley(x):
    return float((100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum())


def slow_valley(x):
    # More than children cost, so that Ray's actors have some.
    time.sleep(0.003)
    return valley(x)


def search(function, executor="simulated", **changes):
    found = searchparty.minimize(
        function, [(-2.0, 2.0)] * 3, budget=300, seed=4, concurrency=5, executor=executor, **changes
    )
    return found, [format_event(event) for event in found.log.events()][1:]


def list_lanes(found):
    granted = [event for event in found.log.events() if isinstance(event, Granted)]
    return [lease.lanes for event in granted for lease in event.leases]


def test_no_more_lanes_are_out_than_the_concurrency_allows():
    found, _ = search(valley)
    assert max(list_lanes(found)) == 4
    assert found.charged == 300


@pytest.mark.ray
def test_ray_and_simulated_give_the_same_trace_where_children_evaluate(local_ray):
    simulated, here = search(valley)
    spread, there = search(slow_valley, "ray")
    assert max(list_lanes(spread)) > 1
    assert there == here
    assert spread.fun == simulated.fun
    assert np.array_equal(spread.x, simulated.x)
