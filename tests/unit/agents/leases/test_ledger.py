"""The rows of one lease: when they count, what is charged for them, and who may charge."""

import ast
from pathlib import Path

import numpy as np
import pytest

from searchparty.agents.agent import Lease, Region
from searchparty.agents.evaluation.evaluator import EvaluationResult
from searchparty.agents.leases.ledger import Ledger

LEASES = Path(__file__).parents[4] / "agents" / "leases"


def ledger_of(budget=100):
    return Ledger(Lease(7, "it", budget, Region.whole(2), "test", fresh=True), 2, None)


def outcome_of(*losses, causes=None):
    return EvaluationResult(np.array(losses, dtype=float), None, causes or {})


def test_rows_count_when_they_are_entered():
    ledger = ledger_of()
    ledger.enter(np.zeros((3, 2)), outcome_of(3, 1, 2), price=2)
    assert (ledger.filled, ledger.charged) == (3, 6)
    ledger.enter(np.ones((1, 2)), outcome_of(5), price=1)
    assert (ledger.filled, ledger.charged) == (4, 7)


def test_placed_rows_do_not_count_until_they_are_counted():
    ledger = ledger_of()
    ledger.enter(np.zeros((1, 2)), outcome_of(9), price=1)
    ledger.place(2, np.full((1, 2), 0.2), outcome_of(4))
    ledger.place(0, np.full((2, 2), 0.1), outcome_of(6, np.inf, causes={1: "returned nan"}))
    assert (ledger.filled, ledger.charged) == (1, 1)
    placed = ledger.read_placed_rows(3, False)
    np.testing.assert_array_equal(placed.losses, [6, np.inf, 4])
    assert placed.causes == {1: "returned nan"}
    assert (ledger.filled, ledger.charged) == (1, 1)
    ledger.count_rows(placed, 3)
    assert (ledger.filled, ledger.charged) == (4, 10)
    finding = ledger.close("spent")
    assert (finding.rows, finding.charged, finding.best.row) == (4, 10, 3)
    assert [(failure.row, failure.cause) for failure in finding.failures] == [(2, "returned nan")]


def test_rows_that_are_placed_after_others_were_counted_stand_behind_them():
    ledger = ledger_of()
    for batch in range(3):
        for offset in (1, 0):
            ledger.place(offset, np.full((1, 2), batch / 10), outcome_of(10 * batch + offset))
        ledger.count_rows(ledger.read_placed_rows(2, False), 1)
    assert (ledger.filled, ledger.charged) == (6, 6)
    (rows,) = ledger.flush()
    np.testing.assert_array_equal(rows.losses, [0, 1, 10, 11, 20, 21])


def work_repeats(*rounds, repeats=True):
    """Return the finding of a lease in which points, by their first coordinate, got these losses again and again."""
    ledger = Ledger(Lease(7, "it", 100, Region.whole(1), "test", repeats=repeats), 1, None)
    ledger.enter(np.array([[0.1], [0.9]]), outcome_of(-5, 4), price=1)
    for told in rounds:
        ledger.enter(np.array(list(told))[:, None], outcome_of(*told.values()), price=1)
        ledger.compare_repeats(len(told))
    return ledger.close("spent")


def test_where_repeats_are_asked_for_the_best_is_the_least_mean_of_what_was_repeated_most():
    finding = work_repeats({0.1: 3, 0.2: 1, 0.3: 0}, {0.1: 1, 0.2: 2}, {0.1: 2, 0.2: 0})
    assert (finding.confirmed, finding.noisy) == (True, True)
    assert (finding.best.point.tolist(), finding.best.loss, finding.best.row) == ([0.2], 1.0, 3)


@pytest.mark.parametrize(
    ("rounds", "repeats"),
    [([{0.1: 3}, {0.1: 1}], True), ([{0.1: 3, 0.2: 1}], False), ([{0.1: np.inf, 0.2: np.inf}], True)],
)
def test_without_a_choice_it_is_the_least_loss(rounds, repeats):
    finding = work_repeats(*rounds, repeats=repeats)
    assert not finding.confirmed
    assert (finding.best.point.tolist(), finding.best.loss) == ([0.1], -5.0)


@pytest.mark.parametrize("path", sorted(LEASES.glob("*.py")), ids=lambda path: path.stem)
def test_nobody_else_sets_an_attribute_of_a_ledger(path):
    assigned = [
        f"{path.name}:{node.lineno} sets {node.attr}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if isinstance(node.value, ast.Name) and node.value.id == "ledger"
    ]
    assert assigned == []


@pytest.mark.parametrize("budget", [3, 5, 1024])
def test_rows_that_were_passed_on_never_change(budget):
    ledger = Ledger(Lease(0, "scout", budget, Region.whole(1), "first"), 1, None)
    passed, before = [], []
    for row in range(3 * budget):
        point = np.full((1, 1), row / (3 * budget))
        ledger.enter(point, EvaluationResult(np.array([float(row)]), np.full((1, 1), float(row)), {}), 1)
        if row % 3 == 2:
            passed += ledger.flush()
            before += [
                (rows.points.copy(), rows.losses.copy(), rows.gradients.copy()) for rows in passed[len(before) :]
            ]
    assert [rows.first for rows in passed] == list(range(0, 3 * budget, 3))
    for rows, kept in zip(passed, before, strict=True):
        for now, then in zip((rows.points, rows.losses, rows.gradients), kept, strict=True):
            assert now.tobytes() == then.tobytes()
