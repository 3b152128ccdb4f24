"""The only loop in which agents propose, points are evaluated and losses are reported: one agent works one lease."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, describe_exception
from ..agent import AgentError, Converged, Finding, Lease, Rows
from ..evaluation.evaluator import CannotEvaluate, EvaluationResult
from ..evaluation.first_rows import FirstRows
from ..evaluation.in_process import InProcessEvaluator
from .failure import AgentCalledExit, AgentTimeout, place_of_error, place_of_search
from .free_rows import FreeRows
from .ledger import Ledger
from .proposal import PendingProposal
from .recorded_rows import ReplayError
from .searcher import AgentLeft, Searcher

FLUSH_SECONDS = 0.25
"""Default interval at which rows are passed on, in seconds."""


class Phase(Enum):
    """What happens next in a lease that announces it."""

    THINKING = "the agent is asked"
    EVALUATING = "its points are evaluated"


Parts = Generator[Rows | Phase, None, tuple[Rows | None, Finding]]
"""What ``work_lease`` returns: a generator of rows whose result is the last rows and the finding."""


class _Recorded(Exception):
    """Raised where the recorded end of a lease is due."""


class FlushTimer:
    """Decides when rows are passed on: at a fixed interval.

    Args:
        seconds: The interval, in seconds; infinite if rows are never passed on.
    """

    __slots__ = ("next_flush", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.next_flush = time.monotonic() + seconds

    def flush_rows(self, ledger: Ledger) -> list[Rows]:
        """Return the rows to pass on now, and start the next interval."""
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
    first_rows: FirstRows | None = None,
    verdict: Finding | None = None,
    announces: bool = False,
) -> Parts:
    """Work one lease to its end.

    Points are answered from ``recorded`` first, then by the evaluator. Batches are cut to the budget, and the rest is
    kept for the next lease. n points are charged as n evaluations, or n (1 + price) with gradients. If an answer is due
    when the lease is spent, it is delivered with the next lease. Rows without a loss are treated as the searcher's
    ``evaluation`` says; another try of a row counts as one more row, and is charged. Rows that are not evaluated,
    because their settings are known or infeasible, cost nothing; as many of them in succession as the budget end the
    lease.

    Args:
        searcher: The agent with its current search.
        lease: The lease.
        episode: Number of the search that a fresh lease starts.
        recorded: Rows of this lease that are known from a log.
        flush_seconds: Interval at which rows are passed on, in seconds; if it is infinite, none are.
        lost_rows: Rows that fail without being evaluated, with the cause; given only after processes were lost.
        largest: Most rows of a batch; given only after processes were lost.
        first_rows: The rows of the run that were collected before the lease was granted. The lease ends early where
            they and its own stop the run.
        verdict: The recorded finding of this lease if the agent was ended from outside, by a clock or with its process:
            the agent is not asked again for what it never proposed.
        announces: Whether to announce when the agent is asked and when it has proposed; set after processes were lost.

    Yields:
        Rows that were not recorded, as they are evaluated, and announcements.

    Returns:
        The last of these rows, or None, and the finding. An agent that raises or breaks its contract ends the finding
        with ``why="failed"``; a row that stops the run, with ``why="stopped"``.

    Raises:
        ReplayError: A proposed point differs from the recorded one.
        CannotEvaluate: No point can be evaluated here.
        ModuleNotFoundError: A package is missing that the landscape needs.
    """
    space = searcher.evaluator.space
    ledger = Ledger(lease, space.dimension, recorded, space.units)
    pace, passes_on = FlushTimer(flush_seconds), flush_seconds < math.inf
    watch = FirstRows() if first_rows is None else first_rows.copy()
    evaluator, monotonic, budget = searcher.evaluator, time.monotonic, lease.budget * space.units
    watching = watch.room is not None
    # An evaluator in this process does not convert again what is to be evaluated.
    convert = evaluator.convert_next if isinstance(evaluator, InProcessEvaluator) else space.to_box
    free = FreeRows(space, searcher.collected_settings, lease.seen, convert) if space.has_free_rows else None
    stop = ""
    starts = episode if lease.fresh else None
    try:
        while ledger.charged < budget and ledger.free_in_a_row < lease.budget:
            hand = searcher.pending_proposal if starts is None else None
            if hand is None or (hand.answered_rows == len(hand.points) and not hand.retry_rows):
                if stop:
                    # Not earlier, or the result would depend on the parts in which a batch was answered.
                    break
                if verdict is not None and ledger.filled >= verdict.rows:
                    raise _Recorded
                if announces:
                    yield Phase.THINKING
                asked = monotonic()
                hand, starts = searcher.propose(lease, starts), None
                ledger.note_asked(monotonic() - asked)
                if announces:
                    yield Phase.EVALUATING
            points = hand.next(budget - ledger.charged)
            if ledger.free_in_a_row:
                points = points[: lease.budget - ledger.free_in_a_row]
            if not len(points):
                if hand.batch and ledger.mini_batches:
                    stop = stop or _evaluate_last_point(searcher, ledger, hand, lost_rows)
                break
            outcome = None
            if free is not None:
                free.look_at(points)
            if recorded is not None:
                again = partial(_evaluate_again, searcher, lease, hand)
                outcome = ledger.recall_rows(points, hand.with_gradient, again)
            if outcome is not None:
                ledger.enter(points[: len(outcome.losses)], outcome, hand.price, news=False)
            elif free is not None and (outcome := free.recall(hand)) is not None:
                ledger.enter(points[: len(outcome.losses)], outcome, hand.price)
            elif hand.batch:
                points = points[:1]
                outcome = _find_lost_row(ledger, hand, points, lost_rows)
                outcome = outcome or _evaluate_mini_batch(searcher, ledger, hand, points)
                ledger.enter(points, outcome, hand.price)
            else:
                if len(points) > 1:
                    points = points[: ledger.count_unrecorded(len(points))][:largest]
                    # A row's loss does not depend on where a batch is cut if it is evaluated row by row.
                    points = points[: watch.room] if evaluator.rowwise else points
                    points = points if free is None else points[: free.count_new(len(points), hand)]
                if lost_rows or (evaluator.rowwise and len(points) > 1):
                    outcome = yield from _answer_batch(searcher, ledger, hand, points, pace, lost_rows)
                else:
                    outcome = evaluator.evaluate(points, hand.with_gradient)
                    ledger.enter(points, outcome, hand.price)
            if free is not None:
                free.note(ledger.filled - len(outcome.losses), outcome.losses)
            if hand.repeats:
                ledger.compare_repeats(len(outcome.losses))
            wrong = searcher.record_outcome(outcome)
            stop = stop or wrong
            if watching:
                watch.add(len(outcome.losses), outcome.causes)
                watching = watch.room is not None
                if watch.stopped_by is not None and not stop and not ledger.has_more_recorded:
                    break
            if monotonic() >= pace.next_flush or (passes_on and ledger.held.has_many(ledger.filled)):
                yield from pace.flush_rows(ledger)
        if stop:
            finding = ledger.close("stopped", cause=ledger.describe_failure(stop, space))
        elif ledger.free_in_a_row >= lease.budget:
            # Without this, an agent that proposes nothing new would never come to an end.
            searcher.close()
            finding = ledger.close("exhausted")
        else:
            finding = ledger.close("spent")
    except StopIteration as end:
        finding = _finish_search(searcher, ledger, end.value)
    except (ReplayError, CannotEvaluate, ModuleNotFoundError):
        # Neither the agent nor a point is at fault.
        raise
    except _Recorded:
        assert verdict is not None
        searcher.end()
        finding = ledger.close("failed", cause=verdict.cause, place=verdict.place)
    except (Exception, AgentTimeout) as error:
        finding = _fail_lease(searcher, ledger, error)
    except BaseException as error:
        # Ctrl-C: pass on what was found before ending. (A generator that is being closed must not yield.)
        if not isinstance(error, GeneratorExit):
            yield from ledger.flush()
        raise
    if finding.best is not None and (found := searcher.evaluator.measure(finding.best.point)):
        finding = replace(finding, measures=tuple(found.items()))
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
    """Evaluate a batch and enter it in the ledger, and pass on its rows as they are evaluated."""
    lost = _find_lost_row(ledger, hand, points[:1], lost_rows)
    if lost is not None:
        points, outcome = points[:1], lost
    elif searcher.evaluator.rowwise and len(points) > 1:
        for first, piece in searcher.evaluator.evaluate_in_pieces(points, hand.with_gradient):
            ledger.place(first, points[first : first + len(piece.losses)], piece)
            if time.monotonic() >= pace.next_flush:
                yield from pace.flush_rows(ledger)
        outcome = ledger.read_placed_rows(len(points), hand.with_gradient)
        ledger.count_rows(outcome, hand.price)
        return outcome
    else:
        outcome = searcher.evaluator.evaluate(points, hand.with_gradient)
    ledger.enter(points, outcome, hand.price)
    return outcome


def _find_lost_row(
    ledger: Ledger, hand: PendingProposal, point: Array, lost_rows: dict[int, str] | None
) -> EvaluationResult | None:
    """Return the outcome of the next row, at a point (1, D), if it fails without being evaluated; else None."""
    if not lost_rows or ledger.filled not in lost_rows:
        return None
    gradients = np.full(point.shape, np.nan) if hand.with_gradient else None
    return EvaluationResult(np.array([np.inf]), gradients, {0: lost_rows[ledger.filled]})


def _evaluate_mini_batch(searcher: Searcher, ledger: Ledger, hand: PendingProposal, points: Array) -> EvaluationResult:
    """Evaluate the next points (n, D) over the rows of data that are drawn for them."""
    assert searcher.mini_batches is not None
    rows = range(ledger.filled, ledger.filled + len(points))
    return searcher.mini_batches.evaluate(searcher.evaluator, ledger.lease.id, rows, points, hand.batch)


def _evaluate_again(
    searcher: Searcher, lease: Lease, hand: PendingProposal, rows: NDArray[np.int64], points: Array
) -> EvaluationResult:
    """Evaluate recorded rows of a lease again, by their numbers (n,) and points (n, D), with their gradients."""
    if not hand.batch:
        return searcher.replayer.evaluate(points)
    assert searcher.mini_batches is not None
    return searcher.mini_batches.evaluate(searcher.replayer, lease.id, rows.tolist(), points, hand.batch)


def _evaluate_last_point(
    searcher: Searcher, ledger: Ledger, hand: PendingProposal, lost_rows: dict[int, str] | None
) -> str:
    """Evaluate the next point of mini-batches that the budget does not pay for, over all rows of data.

    It is the point to which the mini-batches of the lease have led, and the only one that may become its best.

    Returns:
        Why the run must stop, or "" if it continues.
    """
    space = searcher.evaluator.space
    row = min(hand.answered_rows, len(hand.points) - 1)
    points = hand.points[row : row + 1]
    if ledger.lease.budget * space.units - ledger.charged < space.units:
        return ""
    outcome = ledger.recall_rows(points, False, partial(_evaluate_again, searcher, ledger.lease, hand))
    news = outcome is None
    if outcome is None:
        outcome = _find_lost_row(ledger, hand, points, lost_rows) or searcher.evaluator.evaluate(points, False)
    ledger.enter(points, outcome, space.units, news)
    wrong = next(iter(outcome.causes.values()), "")
    return wrong if wrong and searcher.evaluation.verdict(wrong) == "stop" else ""


def _finish_search(searcher: Searcher, ledger: Ledger, result: Any) -> Finding:
    """Return the finding of a lease in which the agent's generator returned ``result``."""
    searcher.close()
    place = place_of_search(searcher.agent, None)
    if ledger.lease.fresh and ledger.filled == 0:
        return ledger.close("failed", cause="proposed nothing on a fresh lease", place=place)
    if result is None:
        return ledger.close("exhausted")
    if not isinstance(result, Converged):
        cause = f"returned {type(result).__name__}; it must return Converged or None"
        return ledger.close("failed", cause=cause, place=place)
    if np.shape(result.point) != (ledger.dimension,):
        cause = f"converged at shape {np.shape(result.point)}; it must be ({ledger.dimension},)"
        return ledger.close("failed", cause=cause, place=place)
    if result.escape is not None and np.shape(result.escape) != (ledger.dimension,):
        cause = f"converged with an escape of shape {np.shape(result.escape)}; it must be ({ledger.dimension},)"
        return ledger.close("failed", cause=cause, place=place)
    return ledger.close("converged", converged=result)


def _fail_lease(searcher: Searcher, ledger: Ledger, error: Exception | AgentTimeout) -> Finding:
    """Return the finding of a lease in which the agent raised, took too long, or broke its contract."""
    raised = error.error if isinstance(error, AgentLeft) else error
    place = place_of_error(searcher.agent, raised) or place_of_search(searcher.agent, searcher.generator)
    if isinstance(raised, AgentTimeout):
        searcher.end()
        return ledger.close("failed", cause=searcher.clock.describe(), place=place)
    cause = str(raised) if isinstance(raised, AgentError | AgentCalledExit) else describe_exception(raised)
    second = searcher.end()
    if second is not None:
        cause += f" (and on closing, {describe_exception(second)})"
    return ledger.close("failed", cause=cause, place=place)
