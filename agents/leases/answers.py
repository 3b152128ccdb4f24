"""How the points of a lease are answered: from its record, without an evaluation, or by the evaluator."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array
from ..agent import Rows
from ..evaluation.evaluator import EvaluationResult
from ..evaluation.first_rows import FirstRows
from ..evaluation.in_process import InProcessEvaluator
from .flush_timer import FlushTimer
from .free_rows import FreeRows
from .ledger import Ledger
from .proposal import PendingProposal
from .searcher import Searcher


class Answers:
    """Answers what an agent proposes in one lease, and enters the answers in its ledger.

    Args:
        searcher: The agent with its current search.
        ledger: The ledger of the lease, with its recorded rows.
        pace: When rows are passed on.
        watch: The first rows of the run.
        lost_rows: Rows that fail without being evaluated, with the cause.
        largest: Most rows of a batch; None if there is no limit.

    Attributes:
        pace: The same.
        watch: The same.
        are_plain: Whether the evaluator answers every batch, whole and at once, unless it is a mini-batch.
    """

    __slots__ = ("_evaluator", "_free", "_largest", "_ledger", "_lost_rows", "_searcher", "are_plain", "pace", "watch")

    def __init__(
        self,
        searcher: Searcher,
        ledger: Ledger,
        pace: FlushTimer,
        watch: FirstRows,
        lost_rows: Mapping[int, str] | None = None,
        largest: int | None = None,
    ) -> None:
        self._searcher, self._ledger, self._evaluator = searcher, ledger, searcher.evaluator
        self.pace, self.watch, self._lost_rows, self._largest = pace, watch, lost_rows or {}, largest
        self._free = _find_free_rows(searcher, ledger)
        others = ledger.recorded is not None or self._free is not None or bool(lost_rows)
        self.are_plain = not others and largest is None and not self._evaluator.rowwise

    def answer(self, hand: PendingProposal, points: Array) -> Generator[Rows, None, EvaluationResult]:
        """Answer the first of the next points (n, D) of a proposal: as many as are answered in the same way.

        Yields:
            Rows to pass on, as they are evaluated.

        Returns:
            The answer, which has been entered.
        """
        ledger, free = self._ledger, self._free
        if free is not None:
            free.look_at(points)
        outcome = ledger.recall_rows(points, hand.with_gradient, partial(self._evaluate_again, hand))
        news = outcome is None
        if outcome is None and free is not None:
            outcome = free.recall(hand)
        if outcome is not None:
            ledger.enter(points[: len(outcome.losses)], outcome, hand.price, news)
        elif hand.batch:
            outcome = self._find_lost_row(hand, points[:1]) or self._evaluate_mini_batch(hand, points[:1])
            ledger.enter(points[:1], outcome, hand.price)
        else:
            outcome = yield from self._evaluate(hand, self._cut_batch(hand, points))
        if free is not None:
            free.note(ledger.filled - len(outcome.losses), outcome.losses)
        return outcome

    def evaluate_last_point(self, hand: PendingProposal) -> str:
        """Answer the next point of mini-batches that the budget does not pay for, over all rows of data.

        It is the point to which the mini-batches of the lease have led, and the only one that may become its best.

        Returns:
            Why the run must stop, or "" if it continues.
        """
        ledger, units = self._ledger, self._ledger.units
        row = min(hand.answered_rows, len(hand.points) - 1)
        points = hand.points[row : row + 1]
        if ledger.lease.budget * units - ledger.charged < units:
            return ""
        outcome = ledger.recall_rows(points, False, partial(self._evaluate_again, hand))
        news = outcome is None
        if outcome is None:
            outcome = self._find_lost_row(hand, points) or self._evaluator.evaluate(points, False)
        ledger.enter(points, outcome, units, news)
        wrong = next(iter(outcome.causes.values()), "")
        return wrong if wrong and self._searcher.evaluation.verdict(wrong) == "stop" else ""

    def _cut_batch(self, hand: PendingProposal, points: Array) -> Array:
        """Return the first of the next points (n, D): as many as may be evaluated at once."""
        if len(points) == 1:
            return points
        points = points[: self._ledger.count_unrecorded(len(points))][: self._largest]
        # A row's loss does not depend on where a batch is cut if it is evaluated row by row.
        points = points[: self.watch.room] if self._evaluator.rowwise else points
        return points if self._free is None else points[: self._free.count_new(len(points), hand)]

    def _evaluate(self, hand: PendingProposal, points: Array) -> Generator[Rows, None, EvaluationResult]:
        """Evaluate a batch and enter it in the ledger, and pass on its rows as they are evaluated."""
        ledger, lost = self._ledger, self._find_lost_row(hand, points[:1])
        if lost is None and self._evaluator.rowwise and len(points) > 1:
            for first, piece in self._evaluator.evaluate_in_pieces(points, hand.with_gradient):
                ledger.place(first, points[first : first + len(piece.losses)], piece)
                if time.monotonic() >= self.pace.next_flush:
                    yield from self.pace.flush_rows(ledger)
            outcome = ledger.read_placed_rows(len(points), hand.with_gradient)
            ledger.count_rows(outcome, hand.price)
            return outcome
        outcome = lost or self._evaluator.evaluate(points, hand.with_gradient)
        ledger.enter(points[: len(outcome.losses)], outcome, hand.price)
        return outcome

    def _find_lost_row(self, hand: PendingProposal, point: Array) -> EvaluationResult | None:
        """Return the outcome of the next row, at a point (1, D), if it fails without being evaluated; else None."""
        cause = self._lost_rows.get(self._ledger.filled)
        if cause is None:
            return None
        gradients = np.full(point.shape, np.nan) if hand.with_gradient else None
        return EvaluationResult(np.array([np.inf]), gradients, {0: cause})

    def _evaluate_mini_batch(self, hand: PendingProposal, points: Array) -> EvaluationResult:
        """Evaluate the next points (n, D) over the rows of data that are drawn for them."""
        ledger, batches = self._ledger, self._searcher.mini_batches
        assert batches is not None
        rows = range(ledger.filled, ledger.filled + len(points))
        return batches.evaluate(self._evaluator, ledger.lease.id, rows, points, hand.batch)

    def _evaluate_again(self, hand: PendingProposal, rows: NDArray[np.int64], points: Array) -> EvaluationResult:
        """Evaluate recorded rows again, by their numbers (n,) and points (n, D), with their gradients."""
        replayer, batches = self._searcher.replayer, self._searcher.mini_batches
        if not hand.batch:
            return replayer.evaluate(points)
        assert batches is not None
        return batches.evaluate(replayer, self._ledger.lease.id, rows.tolist(), points, hand.batch)


def _find_free_rows(searcher: Searcher, ledger: Ledger) -> FreeRows | None:
    """Return what answers rows of a lease without an evaluation; None if the space has no such rows."""
    evaluator, space = searcher.evaluator, searcher.evaluator.space
    if not searcher.collected_settings.remembers and space.conditions is None:
        return None
    # An evaluator in this process does not convert again what is to be evaluated.
    convert = evaluator.convert_next if isinstance(evaluator, InProcessEvaluator) else space.to_box
    return FreeRows(space, searcher.collected_settings, ledger.lease.seen, convert)
