"""The propose/evaluate/tell loop: budgets, cuts, contracts, replay."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.agents.agent import Agent, Converged, Lease, Region, Rows, WithGradient
from searchparty.agents.evaluation.in_process import InProcessEvaluator
from searchparty.agents.leases.recorded_rows import ReplayError
from searchparty.agents.leases.searcher import Searcher
from searchparty.agents.leases.work import work_lease
from searchparty.landscapes.landscape import EvaluationError, Space


class Bowl:
    """x'x on [-1, 1]^2 with its gradient; replace ``answer`` for a variant that misbehaves."""

    minimum, minimizers = 0.0, None

    def __init__(self, price=1, answer=None):
        self.space = Space(np.full(2, -1.0), np.full(2, 1.0), True, price)
        self.calls = 0
        self.answer = answer or (lambda x: np.sum(x * x, axis=1))

    def evaluate(self, points):
        self.calls += len(points)
        return self.answer(points)

    def gradient(self, points):
        return 2 * points


class Scripted(Agent):
    """Proposes batches of the given sizes, drawn from its stream, and keeps the answers."""

    kind: Literal["scripted"] = "scripted"
    sizes: tuple[int, ...] = (1,)
    gradients: bool = False
    script: object = None
    price: int = 1
    heard: list = []  # noqa: RUF012

    def row_price(self, space):
        return 1 + space.gradient_price if self.gradients else self.price

    def search(self, space, lease, rng):
        if self.script is not None:
            return (yield from self.script(space, lease, rng))
        for size in self.sizes:
            points = rng.random((size, space.dimension))
            told = yield WithGradient(points) if self.gradients else points
            self.heard.append((points, told))
        return Converged(np.full(2, 0.5), 0.0, "script is over")


def searcher(agent, problem=None):
    return Searcher(
        "scout", agent, InProcessEvaluator(problem or Bowl()), lambda episode: np.random.default_rng(episode)
    )


def lease(budget, id=0, fresh=None):
    return Lease(id, "scout", budget, Region.whole(2), "test", fresh=id == 0 if fresh is None else fresh)


def spend(searcher, lease, episode=0, recorded=None, **options):
    parts = []
    steps = work_lease(searcher, lease, episode, recorded, **options)
    while True:
        try:
            parts.append(next(steps))
        except StopIteration as stop:
            rows, finding = stop.value
            return parts + ([] if rows is None else [rows]), finding


def all_points(parts):
    return np.concatenate([part.points for part in parts]) if parts else np.empty((0, 2))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_the_length_of_leases_does_not_change_what_an_agent_does(sizes, budgets):
    whole = Scripted(sizes=tuple(sizes), heard=[])
    parts, _ = spend(searcher(whole), lease(10_000))
    cut = Scripted(sizes=tuple(sizes), heard=[])
    worker, pieces = searcher(cut), []
    for id, budget in enumerate([*budgets, 10_000]):
        more, finding = spend(worker, lease(budget, id))
        pieces += more
        assert finding.charged == sum(len(part.losses) for part in more) <= budget
        if finding.why != "spent":
            break
    np.testing.assert_array_equal(all_points(parts), all_points(pieces))
    for (a, told_a), (b, told_b) in zip(whole.heard, cut.heard, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(told_a.losses, told_b.losses)


def test_an_answer_due_when_the_lease_is_spent_comes_with_the_next():
    agent = Scripted(sizes=(2, 2), heard=[])
    worker = searcher(agent)
    spend(worker, lease(2))
    assert agent.heard == []
    _, finding = spend(worker, lease(1, id=1))
    assert [told.lease.id for _, told in agent.heard] == [1]
    assert finding.why == "spent"


@pytest.mark.parametrize(("price", "budget", "rows", "charged"), [(1, 10, 5, 10), (2, 10, 3, 9), (0, 10, 10, 10)])
def test_gradients_are_charged_at_their_price(price, budget, rows, charged):
    agent = Scripted(sizes=(20,), gradients=True, heard=[])
    worker = searcher(agent, Bowl(price=price))
    parts, finding = spend(worker, lease(budget))
    assert (finding.rows, finding.charged, finding.why) == (rows, charged, "spent")
    # Per cube unit: the box is two units wide, so it is twice the gradient in the box.
    box = -1 + 2 * all_points(parts)
    np.testing.assert_allclose(parts[0].gradients, 4 * box)


def test_convergence_hands_in_the_minimum_and_ends_the_lease():
    _, finding = spend(searcher(Scripted(sizes=(3,), heard=[])), lease(10))
    assert (finding.why, finding.charged, finding.converged.why) == ("converged", 3, "script is over")


def test_an_agent_that_returns_nothing_is_exhausted():
    def script(space, lease, rng):
        yield rng.random((1, 2))

    _, finding = spend(searcher(Scripted(script=script)), lease(10))
    assert finding.why == "exhausted"


def outside(space, lease, rng):
    yield np.array([[0.5, 1.5]])


def undefined(space, lease, rng):
    yield np.array([[0.5, np.nan]])


def flat(space, lease, rng):
    yield np.array([0.5, 0.5])


def empty(space, lease, rng):
    yield np.empty((0, 2))


def listed(space, lease, rng):
    yield [[0.5, 0.5]]


def raising(space, lease, rng):
    yield rng.random((3, 2))
    raise ZeroDivisionError("oh")


def silent(space, lease, rng):
    return
    yield


def misreturning(space, lease, rng):
    yield rng.random((1, 2))
    return 7


def misplaced(space, lease, rng):
    yield rng.random((1, 2))
    return Converged(np.zeros(3), 0.0, "there")


def dear(space, lease, rng):
    yield WithGradient(rng.random((1, 2)))


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (outside, r"proposed \[0.5, 1.5\], outside the unit cube"),
        (undefined, r"proposed \[0.5, nan\], outside the unit cube"),
        (flat, r"proposed shape \(2,\); it must be \(n, 2\)"),
        (empty, r"proposed shape \(0, 2\)"),
        (listed, "proposed a list; it must be a float64 array"),
        (raising, "raised ZeroDivisionError: oh"),
        (silent, "proposed nothing on a fresh lease"),
        (misreturning, "returned int; it must return Converged or None"),
        (misplaced, r"converged at shape \(3,\)"),
        (dear, "proposed a row that costs 2, and its row_price says 1"),
    ],
)
def test_a_broken_contract_ends_the_lease_with_its_cause(script, cause):
    import re

    parts, finding = spend(searcher(Scripted(script=script)), lease(10))
    assert finding.why == "failed"
    assert re.search(cause, finding.cause)
    # What it had found before is kept.
    assert finding.rows == len(all_points(parts))


def test_a_lease_that_is_not_fresh_needs_a_search_under_way():
    _, finding = spend(searcher(Scripted()), lease(10, fresh=False))
    assert (finding.why, finding.cause) == (
        "failed",
        "was given a lease that is not fresh, with no search under way",
    )


def test_a_fresh_lease_starts_another_search_with_its_settings():
    worker = searcher(Scripted(sizes=(5, 5), heard=[]))
    spend(worker, lease(3))
    fresh = Lease(1, "scout", 10, Region.whole(2), "test", fresh=True, settings={"sizes": (2,)})
    parts, finding = spend(worker, fresh, episode=1)
    assert (finding.rows, finding.why) == (2, "converged")
    np.testing.assert_array_equal(all_points(parts), np.random.default_rng(1).random((2, 2)))


def half_raises(points):
    losses = np.where(points[:, 0] < 0, np.nan, 1.0)
    raise EvaluationError(losses, {int(i): "raised ValueError: no" for i in np.flatnonzero(points[:, 0] < 0)})


def crash(points):
    raise RuntimeError("boom")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda x: np.full(len(x), np.nan), "returned nan"),
        (lambda x: np.full(len(x), np.inf), "returned inf"),
        (lambda x: np.full(len(x), -np.inf), "returned -inf"),
        (lambda x: np.zeros(len(x) + 1), "shape"),
        (lambda x: np.zeros(len(x), dtype=complex), "complex128"),
        (lambda x: None, "returned None for 4 points"),
        (crash, "raised RuntimeError: boom"),
    ],
)
def test_failed_rows_are_infinite_charged_and_never_the_best(answer, cause):
    agent = Scripted(sizes=(4, 4), heard=[])
    _, finding = spend(searcher(agent, Bowl(answer=answer)), lease(8))
    assert (finding.charged, finding.best, len(finding.failures)) == (8, None, 8)
    assert cause in finding.failures[0].cause
    assert np.all(agent.heard[0][1].losses == np.inf)


def test_rows_beside_a_failed_one_keep_their_losses():
    agent = Scripted(sizes=(50,), heard=[])
    parts, finding = spend(searcher(agent, Bowl(answer=half_raises)), lease(50))
    left = all_points(parts)[:, 0] < 0.5
    np.testing.assert_array_equal(np.isinf(parts[0].losses), left)
    assert {f.row for f in finding.failures} == set(np.flatnonzero(left))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20), st.booleans())
def test_recorded_rows_are_answered_without_evaluating(known, gradients):
    parts, finding = spend(searcher(Scripted(sizes=(7, 7, 7), gradients=gradients, heard=[])), lease(30))
    rows = parts[0]
    known = min(known, len(rows.losses))
    some = Rows(0, rows.points[:known], rows.losses[:known], None if not gradients else rows.gradients[:known])
    problem = Bowl()
    agent = Scripted(sizes=(7, 7, 7), gradients=gradients, heard=[])
    more, again = spend(searcher(agent, problem), lease(30), recorded=some)
    assert problem.calls == len(rows.losses) - known
    assert (again.rows, again.charged, again.best.row) == (finding.rows, finding.charged, finding.best.row)
    np.testing.assert_array_equal(all_points(more), rows.points[known:])


def test_a_replayed_point_that_differs_stops_with_both_values():
    record = Rows(0, np.full((3, 2), 0.25), np.ones(3))
    with pytest.raises(ReplayError, match=r"recorded \[0.25, 0.25\], now proposed \[0.63"):
        spend(searcher(Scripted(sizes=(3,), heard=[])), lease(3), recorded=record)


def test_lost_rows_fail_unevaluated_and_the_rest_goes_on():
    problem = Bowl()
    _, finding = spend(
        searcher(Scripted(sizes=(5,), heard=[]), problem), lease(5), lost_rows={2: "took its process down"}, largest=1
    )
    assert [(f.row, f.cause) for f in finding.failures] == [(2, "took its process down")]
    assert problem.calls == 4


def test_rows_are_handed_on_while_the_lease_lasts():
    parts, _ = spend(searcher(Scripted(sizes=(1,) * 10, heard=[])), lease(10), flush_seconds=0.0)
    assert [len(part.losses) for part in parts] == [1] * 10
    assert [part.first for part in parts] == list(range(10))


def test_an_interrupt_hands_on_what_was_found():
    def answer(points):
        if problem.calls > 3:
            raise KeyboardInterrupt("by hand")
        return np.zeros(len(points))

    problem = Bowl(answer=answer)
    steps = work_lease(searcher(Scripted(sizes=(1,) * 10, heard=[]), problem), lease(10), 0)
    assert len(next(steps).losses) == 3
    with pytest.raises(KeyboardInterrupt, match="by hand"):
        next(steps)


def test_closing_closes_the_generator():
    closed = []

    def script(space, lease, rng):
        try:
            while True:
                yield rng.random((1, 2))
        finally:
            closed.append(True)

    worker = searcher(Scripted(script=script))
    spend(worker, lease(3))
    worker.close()
    assert closed == [True]
