"""An actor finds the same bits as the driver at fixed points, or the run stops in words."""

from typing import ClassVar, Literal

import numpy as np
import pytest

from searchparty.agents.agent import Lease, Region
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.landscape import Landscape, LandscapeError, Space
from searchparty.landscapes.opening import check_probe, probe_problem
from searchparty.orchestrator.executors.actor_host import ActorHost
from searchparty.orchestrator.executors.messages import PickledRun, WorkOrder
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec

FOUND = np.arange(68.0)


class ProbedBowl:
    """A bowl whose probe is given."""

    minimum = minimizers = None
    space = Space(np.full(2, -1.0), np.full(2, 1.0))

    def __init__(self, found, promises=True):
        self.found, self.promises_bits, self.probes = found, promises, 0

    def evaluate(self, points):
        return (points**2).sum(axis=1)

    def probe(self):
        self.probes += 1
        return self.found


class Probed(Landscape):
    """Opens a bowl whose probe is ``found``."""

    catalogued: ClassVar[bool] = False
    kind: Literal["probed"] = "probed"
    found: ClassVar[np.ndarray] = FOUND

    def open(self):
        return ProbedBowl(self.found)


def make_run():
    return RunSpec(Probed(), (("it", RandomSearch()),), Composed(), 0, 0, 10, 1)


class Opening(PickledRun):
    """A run that needs no pickling."""

    def unpickle_run(self):
        return make_run()


def test_what_promises_no_bits_is_not_probed():
    assert probe_problem(ProbedBowl(FOUND, promises=False)) is None
    assert probe_problem(ProbedBowl(FOUND)) is FOUND
    check_probe(ProbedBowl(FOUND + 1), None)


@pytest.mark.parametrize("other", [np.nextafter(FOUND, np.inf), FOUND[:5]], ids=["last bits", "fewer"])
def test_an_actor_with_other_bits_stops_the_run(other):
    host = ActorHost(None, lambda planned: None)
    order = WorkOrder(Lease(0, "it", 3, Region.whole(2), "test", fresh=True), 0, None, [])
    with pytest.raises(LandscapeError, match="same bits in every process, got others than the driver's"):
        list(host.work("run", Opening({}, b"", None, other), [], order))
    with pytest.raises(LandscapeError, match="same bits in every process"):
        list(host.drive(Opening({}, b"", None, other), None, None))
    (*_, last) = host.work("run", Opening({}, b"", None, FOUND), [], order)
    assert last.finding.rows == 3
