"""An agent that ends its process is rebuilt from digests, and its lease fails after its recorded rows."""

import numpy as np

from searchparty.agents.agent import Finding, Lease, Rows
from searchparty.agents.evaluation.open import open_evaluator
from searchparty.agents.gradient_descent import GradientDescent
from searchparty.agents.leases.ledger import close_recorded
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.classics import Sphere
from searchparty.orchestrator.executors.actor_host import RunHost
from searchparty.orchestrator.executors.messages import WorkOrder
from searchparty.orchestrator.kept_rows import RowReducer
from searchparty.orchestrator.log.log import join_rows
from searchparty.orchestrator.policies.composed import Composed
from searchparty.orchestrator.run_spec import RunSpec
from searchparty.orchestrator.state.events import Granted, charge_finding


def work(planned, order):
    """Work a lease as an actor does; return its rows, its finding, and how many gradients were evaluated again."""
    host = RunHost(planned, open_evaluator(planned.landscape, planned.evaluation, planned.facts))
    updates = list(host.work(order))
    host.close()
    rows = [update.rows for update in updates if update.rows is not None]
    return join_rows(rows), updates[-1].finding, updates[-1].evaluated_again


def test_the_best_of_rows_that_are_not_whole_is_found_again():
    for agent in (RandomSearch(batch=1), GradientDescent()):
        planned = RunSpec(Sphere(dimension=40), (("it", agent),), Composed(), 0, 0, 100, 1)
        lease = Lease(0, "it", 60, planned.region, "test", fresh=True)
        rows, _, again = work(planned, WorkOrder(lease, 0, None, []))
        assert again == 0
        # The process was lost after 17 rows, none of which but the first is whole.
        known = Rows(0, rows.points[:17], rows.losses[:17], None if rows.gradients is None else rows.gradients[:17])
        reducer = RowReducer("run", 1000)
        reducer.add_event(Granted(0, (lease,)))
        cause = "took its process down"
        verdict = Finding(0, "it", 17, 60, "failed", cause=cause)
        more, found, again = work(planned, WorkOrder(lease, 0, reducer.reduce(0, known), [], verdict=verdict))
        assert more is None
        assert again == (16 if known.gradients is not None else 0)
        expected = close_recorded(lease, known, 40, cause)
        assert charge_finding(found, lease).finding.charged == 60
        assert (found.rows, found.why, found.cause) == (17, "failed", cause)
        assert (found.best.row, found.best.loss) == (expected.best.row, expected.best.loss)
        np.testing.assert_array_equal(found.best.point, expected.best.point)
