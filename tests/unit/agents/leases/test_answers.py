"""What answers the points of a lease does not decide what the answers are."""

import math

import numpy as np
import pytest

from searchparty.agents.agent import Lease, Region, Rows
from searchparty.agents.evaluation.first_rows import FirstRows
from searchparty.agents.evaluation.in_process import InProcessEvaluator
from searchparty.agents.leases.answers import Answers
from searchparty.agents.leases.flush_timer import FlushTimer
from searchparty.agents.leases.ledger import Ledger
from searchparty.agents.leases.proposal import PendingProposal
from searchparty.agents.leases.searcher import Searcher
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.landscape import Space

POINTS = np.random.default_rng(3).random((6, 2))


class Bowl:
    space = Space(np.full(2, -1.0), np.full(2, 1.0))
    minimum = minimizers = None

    def __init__(self, rowwise=False):
        self.rowwise = rowwise

    def evaluate(self, points):
        return (points * points).sum(axis=1)


def answer_all(rowwise=False, recorded=None, **options):
    """Answer all points; return whether only the evaluator answers, the ledger, and the numbers of rows answered."""
    searcher = Searcher("it", RandomSearch(), InProcessEvaluator(Bowl(rowwise)), np.random.default_rng)
    ledger = Ledger(Lease(0, "it", 6, Region.whole(2), "test", fresh=True), 2, recorded)
    answers = Answers(searcher, ledger, FlushTimer(math.inf), FirstRows(), **options)
    hand, sizes = PendingProposal(POINTS, False, 1), []
    while ledger.filled < len(POINTS):
        outcome = finish(answers.answer(hand, hand.next(6 - ledger.charged)))
        hand.record_answer(outcome)
        sizes.append(len(outcome.losses))
    return answers.are_plain, ledger, sizes


def finish(steps):
    """Return the result of a generator that yields nothing."""
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    raise AssertionError("rows were passed on")


LOSSES = Bowl().evaluate(POINTS * 2 - 1)
RECORDED = Rows(0, POINTS[:4], LOSSES[:4])


@pytest.mark.parametrize(
    ("how", "plain", "sizes"),
    [
        ({}, True, [6]),
        ({"rowwise": True}, False, [6]),
        ({"largest": 2}, False, [2, 2, 2]),
        ({"recorded": RECORDED}, False, [4, 2]),
        ({"recorded": RECORDED, "largest": 1}, False, [4, 1, 1]),
        ({"lost_rows": {9: "was lost"}}, False, [6]),
    ],
)
def test_the_parts_in_which_a_batch_is_answered_change_nothing(how, plain, sizes):
    found, ledger, parts = answer_all(**how)
    assert (found, parts) == (plain, sizes)
    np.testing.assert_array_equal(ledger.losses[:6], LOSSES)
    assert (ledger.charged, ledger.best[1]) == (6, int(LOSSES.argmin()))
    passed = sum(len(rows.losses) for rows in ledger.flush())
    assert passed == (2 if "recorded" in how else 6)


def test_a_lost_row_fails_without_being_evaluated():
    plain, ledger, parts = answer_all(lost_rows={2: "was lost"}, largest=2)
    assert (plain, parts) == (False, [2, 1, 2, 1])
    assert ledger.losses[2] == np.inf
    assert [(failure.row, failure.cause) for failure in ledger.failures] == [(2, "was lost")]
