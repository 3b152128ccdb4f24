"""Rows that have been passed on are let go where they are many, and nothing that is told of a lease changes."""

import tracemalloc

import numpy as np
import pytest

from searchparty.agents.agent import Lease, Region
from searchparty.agents.evaluation.evaluator import EvaluationResult
from searchparty.agents.leases import held_points
from searchparty.agents.leases.held_points import HeldPoints
from searchparty.agents.leases.ledger import Ledger
from searchparty.landscapes.landscape import Space


def work(seed, flushes):
    """Enter rows of which some fail or repeat earlier ones; return all that is told of them."""
    rng = np.random.default_rng(seed)
    ledger = Ledger(Lease(7, "it", 300, Region.whole(3), "test", fresh=True), 3, None)
    passed, points = [], np.empty((0, 3))
    while ledger.filled < 300:
        n = int(rng.integers(1, 6))
        new = rng.random((n, 3))
        repeats = bool(len(points)) and rng.random() < 0.2
        if repeats:
            new = points[rng.integers(0, len(points), n)]
        losses = np.round(new.sum(axis=1), 3) + (rng.random() < 0.01)
        causes = {0: f"raised ValueError: {rng.integers(5)}"} if rng.random() < 0.1 else {}
        losses[list(causes)] = np.inf
        gradients = new * 2 if rng.random() < 0.7 else None
        ledger.enter(new, EvaluationResult(losses, gradients, causes), 1)
        points = np.vstack([points, new])
        if repeats:
            ledger.compare_repeats(n)
        if flushes and rng.integers(4) == 0:
            passed += ledger.flush()
        elif not flushes:
            rng.integers(4)
    passed += ledger.flush()
    told = {f.cause: ledger.describe_failure(f.cause, Space(np.zeros(3), np.ones(3))) for f in ledger.failures}
    return ledger, passed, ledger.close("spent"), told


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("most", [0, 30, 200])
def test_what_is_told_does_not_depend_on_what_is_held(monkeypatch, seed, most):
    whole, (rows,), finding, told = work(seed, flushes=False)
    assert whole.held.first == 0
    monkeypatch.setattr(held_points, "MOST_HELD", most)
    ledger, passed, other, other_told = work(seed, flushes=True)
    assert ledger.held.first > 0
    assert len(ledger.held.points) < 300
    assert (other.best.row, other.best.loss, other.noisy, other.failures) == (
        finding.best.row, finding.best.loss, finding.noisy, finding.failures
    )  # fmt: skip
    np.testing.assert_array_equal(other.best.point, finding.best.point)
    assert other_told == told
    np.testing.assert_array_equal(np.concatenate([part.points for part in passed]), rows.points)
    np.testing.assert_array_equal(np.concatenate([part.losses for part in passed]), rows.losses)
    nothing = [np.full(part.points.shape, np.nan) for part in passed]
    parts = [empty if part.gradients is None else part.gradients for part, empty in zip(passed, nothing, strict=True)]
    np.testing.assert_array_equal(np.concatenate(parts), rows.gradients)


def test_rows_that_were_passed_on_do_not_change(monkeypatch):
    monkeypatch.setattr(held_points, "MOST_HELD", 0)
    ledger = Ledger(Lease(7, "it", 2, Region.whole(3), "test", fresh=True), 3, None)
    for number in range(4):
        ledger.enter(np.full((2, 3), number / 4), EvaluationResult(np.ones(2), np.zeros((2, 3)), {}), 1)
        (rows,) = ledger.flush()
        before = rows.points.copy()
        ledger.enter(np.ones((1, 3)), EvaluationResult(np.ones(1), np.ones((1, 3)), {}), 1)
        np.testing.assert_array_equal(rows.points, before)


def test_equal_points_are_found_after_they_were_let_go():
    held = HeldPoints(4, 2)
    held.place(0, np.array([[0.0, 0.5], [0.25, 0.5], [0.0, 0.5]]), None)
    assert held.find_same(2, 2) == 0
    held.let_go(3, [1])
    held.place(3, np.array([[-0.0, 0.5], [0.75, 0.5]]), None)
    assert held.find_same(3, 3) == 0
    assert held.find_same(4, 4) is None
    assert held.point(1).tolist() == [0.25, 0.5]


def test_memory_does_not_grow_with_a_lease_of_many_axes():
    dimension = 100_000
    tracemalloc.start()
    ledger = Ledger(Lease(7, "it", 500, Region.whole(dimension), "test", fresh=True), dimension, None)
    point = np.random.default_rng(0).random((1, dimension))
    for _ in range(150):
        ledger.enter(point, EvaluationResult(np.ones(1), point, {}), 1)
        if ledger.filled % 10 == 0:
            ledger.flush()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # All points and gradients would be 240 MB.
    assert most < 120e6
