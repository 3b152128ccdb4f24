"""The only propose/evaluate/tell loop: one agent works one lease."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from typing import Any

import numpy as np

from ...landscapes.landscape import Array, describe_exception
from ..agent import AgentError, Converged, Finding, Lease, Rows
from ..evaluation.evaluator import CannotEvaluate, EvaluationResult
from .ledger import Ledger, ReplayError
from .proposal import PendingProposal
from .searcher import Searcher

FLUSH_SECONDS = 0.25
"""Rows are handed on after so long, where nobody says otherwise."""
Parts = Generator[Rows, None, tuple[Rows | None, Finding]]


class FlushTimer:
    """When rows are to be handed on."""

    __slots__ = ("next_flush", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.next_flush = time.monotonic() + seconds

    def flush_rows(self, ledger: Ledger) -> list[Rows]:
        """Rows to hand on; the next time is so many seconds from now."""
        self.next_flush = time.monotonic() + self.seconds
        return ledger.flush()


def work_lease(
    searcher: Searcher,
    lease: Lease,
    episode: int,
    recorded: Rows | None = None,
    flush_seconds: float = FLUSH_SECONDS,
    lost_rows: dict[int, str] | None = None,
    largest: int | None = None,
) -> Parts:
    """Work one lease to its end: yields rows as they come (those not in ``recorded``), and returns the last of
    them with the finding.

    Answers from ``recorded`` first, then from the evaluator; cuts batches to the budget and keeps the rest for
    the next lease; charges n points n evaluations, with gradients n (1 + price). A told due when the lease is
    spent is delivered with the next. Rows without a loss are treated as the searcher's ``evaluation`` says; one
    that is tried again is a row more, and charged. ``lost_rows`` fail unevaluated, with the cause given;
    ``largest`` cuts batches further (both only after processes were lost). With infinite ``flush_seconds`` no rows are
    handed on at all. An agent that raises or breaks its
    contract ends the finding with ``why="failed"``; a row that stops the run, with ``why="stopped"``.
    """
    space = searcher.evaluator.space
    ledger = Ledger(lease, space.dimension, recorded)
    pace = FlushTimer(flush_seconds)
    stop = ""
    try:
        if lease.fresh:
            searcher.restart(lease, episode)
        while ledger.charged < lease.budget:
            hand = searcher.pending_proposal
            if hand is None or (hand.answered_rows == len(hand.points) and not hand.retry_rows):
                if stop:
                    # Not before, or it would matter in what parts a batch was answered.
                    break
                hand = searcher.propose(lease)
            points = hand.next(lease.budget - ledger.charged)
            if not len(points):
                break
            outcome = ledger.recall_rows(points, hand.with_gradient)
            if outcome is not None:
                ledger.enter(points[: len(outcome.losses)], outcome, hand.price, news=False)
            elif len(points) == 1 and not lost_rows:
                outcome = searcher.evaluator.evaluate(points, hand.with_gradient)
                ledger.enter(points, outcome, hand.price)
            else:
                points = points[: ledger.count_unrecorded(len(points))][:largest]
                outcome = yield from _answer_batch(searcher, ledger, hand, points, pace, lost_rows)
            wrong = searcher.record_outcome(outcome)
            stop = stop or wrong
            if time.monotonic() >= pace.next_flush:
                yield from pace.flush_rows(ledger)
        finding = ledger.close("stopped", cause=ledger.describe_failure(stop, space)) if stop else ledger.close("spent")
    except StopIteration as end:
        finding = _finish_search(searcher, ledger, end.value)
    except (ReplayError, CannotEvaluate, ModuleNotFoundError):
        # No fault of the agent's, nor of a point's.
        raise
    except Exception as error:
        finding = _fail_lease(searcher, ledger, error)
    except BaseException as error:
        # Ctrl-C: hand on what was found before going. (A closed generator may yield nothing more.)
        if not isinstance(error, GeneratorExit):
            yield from ledger.flush()
        raise
    if flush_seconds == math.inf:
        return None, finding
    parts = ledger.flush()
    yield from parts[:-1]
    return (parts[-1] if parts else None), finding


def _answer_batch(
    searcher: Searcher,
    ledger: Ledger,
    hand: PendingProposal,
    points: Array,
    pace: FlushTimer,
    lost_rows: dict[int, str] | None,
) -> Generator[Rows, None, EvaluationResult]:
    """Evaluate a batch, handing on what is found of it as it comes, and enter it."""
    if lost_rows and ledger.filled in lost_rows:
        points = points[:1]
        gradients = np.full(points.shape, np.nan) if hand.with_gradient else None
        outcome = EvaluationResult(np.array([np.inf]), gradients, {0: lost_rows[ledger.filled]})
    elif searcher.evaluator.rowwise and len(points) > 1:
        for first, piece in searcher.evaluator.evaluate_in_pieces(points, hand.with_gradient):
            ledger.place(first, points[first : first + len(piece.losses)], piece)
            if time.monotonic() >= pace.next_flush:
                yield from pace.flush_rows(ledger)
        outcome = ledger.read_placed_rows(len(points), hand.with_gradient)
        ledger.count_rows(len(points), hand.price)
        return outcome
    else:
        outcome = searcher.evaluator.evaluate(points, hand.with_gradient)
    ledger.enter(points, outcome, hand.price)
    return outcome


def _finish_search(searcher: Searcher, ledger: Ledger, result: Any) -> Finding:
    """The generator returned."""
    searcher.close()
    if ledger.lease.fresh and ledger.filled == 0:
        return ledger.close("failed", cause="proposed nothing on a fresh lease")
    if result is None:
        return ledger.close("exhausted")
    if not isinstance(result, Converged):
        return ledger.close("failed", cause=f"returned {type(result).__name__}; it must return Converged or None")
    if np.shape(result.point) != (ledger.dimension,):
        return ledger.close(
            "failed", cause=f"converged at shape {np.shape(result.point)}; it must be ({ledger.dimension},)"
        )
    return ledger.close("converged", converged=result)


def _fail_lease(searcher: Searcher, ledger: Ledger, error: Exception) -> Finding:
    cause = str(error) if isinstance(error, AgentError) else describe_exception(error)
    try:
        searcher.close()
    except Exception as second:  # a generator that raises again while it is closed
        cause += f" (and on closing, {describe_exception(second)})"
    return ledger.close("failed", cause=cause)
