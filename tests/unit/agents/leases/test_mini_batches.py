"""Mini-batches: what they cost, what is recorded of them, the evaluation that ends a lease, and their replay."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.agents.agent import Agent, Lease, MiniBatch, Region, RowDigests, Rows, WithGradient
from searchparty.agents.evaluation.in_process import InProcessEvaluator
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.agents.leases.mini_batches import draw_rows
from searchparty.agents.leases.recorded_rows import ReplayError
from searchparty.agents.leases.row_digests import digest_rows
from searchparty.agents.leases.searcher import Searcher
from searchparty.agents.leases.work import work_lease
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.log.codec import dump_event
from searchparty.orchestrator.loop.randomness import stream
from searchparty.orchestrator.state.events import Collected

UNITS = 12
SLOPES = np.random.default_rng(0).standard_normal((UNITS, 2))
TARGETS = np.random.default_rng(1).standard_normal(UNITS)


class Regression:
    """The mean over twelve rows of data of the squared error of a line, on [-1, 1]^2."""

    def __init__(self, price=2, units=UNITS):
        self.space = Space(np.full(2, -1.0), np.full(2, 1.0), True, price, units=units)
        self.asked = []

    def evaluate(self, points):
        return self.evaluate_share(points, np.tile(np.arange(UNITS), (len(points), 1)))[0]

    def gradient(self, points):
        return self.evaluate_share(points, np.tile(np.arange(UNITS), (len(points), 1)))[1]

    def evaluate_share(self, points, rows):
        self.asked.append(rows)
        errors = np.einsum("nbd,nd->nb", SLOPES[rows], points) - TARGETS[rows]
        return (errors**2).mean(axis=1), 2 * np.einsum("nb,nbd->nd", errors, SLOPES[rows]) / rows.shape[1]

    def measure(self, point):
        return {"length": float(np.linalg.norm(point))}


class Stochastic(Agent):
    """Descends on mini-batches, and keeps what it is told."""

    kind: Literal["stochastic"] = "stochastic"
    batch: int = 3
    steps: int = 10_000
    heard: list = []  # noqa: RUF012

    def row_price(self, space):
        return 1 + -(-self.batch * (1 + space.gradient_price) // space.units)

    def search(self, space, lease, rng):
        point = rng.random((1, space.dimension))
        for _ in range(self.steps):
            told = yield MiniBatch(point, self.batch)
            self.heard.append((point, told))
            point = np.clip(point - 0.01 * told.gradients, 0.0, 1.0)


def make_searcher(agent, problem=None, **options):
    return Searcher(
        "it", agent, InProcessEvaluator(problem or Regression()), np.random.default_rng,
        row_stream=lambda lease, row: stream("rows", lease, row), **options,
    )  # fmt: skip


def make_lease(budget, id=0):
    return Lease(id, "it", budget, Region.whole(2), "test", fresh=id == 0)


def spend(searcher, lease, recorded=None, **options):
    parts = []
    steps = work_lease(searcher, lease, 0, recorded, **options)
    while True:
        try:
            parts.append(next(steps))
        except StopIteration as stop:
            rows, finding = stop.value
            return rows, finding


def test_a_lease_counts_shares_and_ends_with_a_full_evaluation():
    agent, problem = Stochastic(heard=[]), Regression()
    rows, finding = spend(make_searcher(agent, problem), make_lease(10))
    # Ten evaluations are 120 units: 12 for the last evaluation, and 12 mini-batches of 3 rows x (1 + 2).
    assert finding.mini_batches == 12
    assert finding.rows == 13
    assert (finding.charged, finding.why) == (10, "spent")
    assert np.isinf(rows.losses[:12]).all()
    assert [failure.row for failure in rows.failures] == list(range(12))
    assert finding.failures == ()
    assert finding.best.row == 12
    assert finding.best.loss == rows.losses[12] == Regression().evaluate(2 * rows.points[12:] - 1)[0]
    assert dict(finding.measures) == {"length": pytest.approx(np.linalg.norm(2 * rows.points[12] - 1))}


def test_the_agent_is_told_losses_and_gradients_over_the_rows_that_were_drawn():
    agent, problem = Stochastic(heard=[]), Regression()
    spend(make_searcher(agent, problem), make_lease(4))
    for row, (point, told) in enumerate(agent.heard):
        drawn = draw_rows(stream("rows", 0, row), UNITS, 3)
        losses, gradients = Regression().evaluate_share(2 * point - 1, drawn[None])
        assert len(set(drawn.tolist())) == 3
        np.testing.assert_array_equal(told.losses, losses)
        np.testing.assert_array_equal(told.gradients, 2 * gradients)


def test_rows_of_data_are_drawn_evenly():
    counts = sum(np.bincount(draw_rows(stream("even", k), UNITS, 3), minlength=UNITS) for k in range(4000))
    # Each row is expected 1,000 times; the standard deviation is 27.
    assert abs(counts - 1000).max() < 130


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(2, 9), min_size=1, max_size=6), st.integers(1, UNITS), st.integers(0, 3))
def test_no_lease_is_charged_more_than_its_budget(budgets, batch, price):
    agent, problem = Stochastic(batch=batch, heard=[]), Regression(price)
    worker = make_searcher(agent, problem)
    for id, budget in enumerate(budgets):
        budget = max(budget, agent.row_price(problem.space))
        rows, finding = spend(worker, make_lease(budget, id))
        units = finding.mini_batches * batch * (1 + price) + UNITS
        assert units <= budget * UNITS < units + batch * (1 + price)
        assert finding.charged == -(-units // UNITS)
        assert finding.best.row == len(rows.losses) - 1


def test_the_next_lease_goes_on_at_the_point_that_was_evaluated_last():
    agent = Stochastic(heard=[])
    worker = make_searcher(agent)
    first, _ = spend(worker, make_lease(3))
    second, _ = spend(worker, make_lease(3, 1))
    np.testing.assert_array_equal(first.points[-1], second.points[0])


def test_a_search_that_ends_keeps_what_it_was_told():
    _, finding = spend(make_searcher(Stochastic(steps=2, heard=[])), make_lease(10))
    assert (finding.why, finding.rows, finding.mini_batches, finding.best) == ("exhausted", 2, 2, None)
    # 18 of 120 units: two evaluations, rounded up.
    assert finding.charged == 2


def recorded_rows(rows, upto, reduced):
    """Return the first rows of a lease as a log has them, with digests in place of points and gradients."""
    failures = tuple(f for f in rows.failures if f.row < upto)
    part = Rows(0, rows.points[:upto], rows.losses[:upto], rows.gradients[:upto], failures)
    if not reduced:
        return part
    none = np.empty(0, dtype=np.int64)
    digests = RowDigests(none, digest_rows(part.points), digest_rows(part.gradients), np.zeros((upto, 1)))
    return Rows(0, part.points[:0], part.losses, part.gradients[:0], failures, digests=digests)


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("upto", [1, 5, 12, 13])
def test_a_lease_that_was_interrupted_goes_on_as_it_would_have(upto, reduced):
    whole, expected = spend(make_searcher(Stochastic(heard=[])), make_lease(10))
    agent, problem = Stochastic(heard=[]), Regression()
    more, finding = spend(make_searcher(agent, problem), make_lease(10), recorded_rows(whole, upto, reduced))
    assert dump_event(Collected(finding)) == dump_event(Collected(expected))
    assert finding.measures == expected.measures
    if more is not None:
        np.testing.assert_array_equal(more.points, whole.points[upto:])
    # What the log has is not evaluated again, but for gradients of which it has digests alone.
    assert len(problem.asked) == (13 if reduced else 13 - upto) - (reduced and upto == 13)


def test_other_bits_of_a_gradient_are_refused():
    class Changed(Regression):
        def evaluate_share(self, points, rows):
            losses, gradients = super().evaluate_share(points, rows)
            return losses, np.nextafter(gradients, np.inf)

    whole, _ = spend(make_searcher(Stochastic(heard=[])), make_lease(10))
    with pytest.raises(ReplayError, match="the bits are others than the recorded ones"):
        spend(make_searcher(Stochastic(heard=[]), Changed()), make_lease(10), recorded_rows(whole, 5, True))


@pytest.mark.parametrize(("rows", "units"), [(0, UNITS), (UNITS + 1, UNITS), (2.5, UNITS), (True, UNITS), (1, 1)])
def test_a_mini_batch_that_cannot_be_is_refused(rows, units):
    class Wrong(Stochastic):
        def search(self, space, lease, rng):
            yield MiniBatch(rng.random((1, 2)), rows)

    match = "no mean over rows of data" if units == 1 else "must be a whole number from 1 to 12"
    _, finding = spend(make_searcher(Wrong(heard=[]), Regression(units=units)), make_lease(5))
    assert finding.why == "failed"
    assert match in finding.cause


def test_a_price_that_leaves_out_the_last_evaluation_is_refused():
    class Cheap(Stochastic):
        def row_price(self, space):
            return 1

    _, finding = spend(make_searcher(Cheap(heard=[])), make_lease(5))
    assert finding.cause == "proposed a row that costs 1.75, and its row_price says 1"


def test_a_failed_mini_batch_is_a_failed_row():
    class Failing(Regression):
        def evaluate_share(self, points, rows):
            losses, gradients = super().evaluate_share(points, rows)
            return np.full_like(losses, np.nan), gradients

    agent = Stochastic(heard=[])
    _, finding = spend(make_searcher(agent, Failing()), make_lease(2))
    assert finding.mini_batches == 0
    assert {failure.cause for failure in finding.failures} == {"returned nan"}
    assert agent.heard[0][1].losses.tolist() == [np.inf]


def test_a_failed_mini_batch_may_be_tried_again():
    class Fragile(Regression):
        def evaluate_share(self, points, rows):
            losses, gradients = super().evaluate_share(points, rows)
            return np.where(len(self.asked) == 1, np.nan, losses), gradients

    agent = Stochastic(heard=[])
    rows, finding = spend(make_searcher(agent, Fragile(), evaluation=Evaluation(on_nan="retry")), make_lease(4))
    assert finding.failed_rows == 1
    np.testing.assert_array_equal(rows.points[0], rows.points[1])
    assert np.isfinite(agent.heard[0][1].losses).all()


def test_full_evaluations_and_mini_batches_mix():
    class Mixed(Stochastic):
        def row_price(self, space):
            return 1 + space.gradient_price

        def search(self, space, lease, rng):
            point = rng.random((1, 2))
            while True:
                told = yield WithGradient(point)
                self.heard.append(told)
                for _ in range(4):
                    told = yield MiniBatch(point, 3)
                point = np.clip(point - 0.01 * told.gradients, 0.0, 1.0)

    agent = Mixed(heard=[])
    rows, finding = spend(make_searcher(agent), make_lease(20))
    assert finding.charged <= 20
    assert (np.isfinite(rows.losses) == ~np.isin(np.arange(len(rows.losses)), [f.row for f in rows.failures])).all()
    assert finding.best.loss == rows.losses.min()
