"""The only loop in which agents propose, points are evaluated and losses are reported: one agent works one lease."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import replace
from enum import Enum
from typing import Any

from ...landscapes.causes import is_free_cause
from ..agent import AgentError, Finding, Lease, Rows
from ..evaluation.evaluator import CannotEvaluate
from ..evaluation.first_rows import FirstRows
from .answers import Answers
from .failure import AgentTimeout, describe_failure_of, place_of_error, place_of_search
from .flush_timer import FlushTimer
from .ledger import Ledger
from .recorded_rows import ReplayError
from .search_rules import check_ending, protect_region
from .searcher import AgentLeft, Searcher

FLUSH_SECONDS = 0.25
"""Default interval at which rows are passed on, in seconds."""


class Phase(Enum):
    """What happens next in a lease that announces it."""

    THINKING = "the agent is asked"
    EVALUATING = "its points are evaluated"


Parts = Generator[Rows | Phase, None, tuple[Rows | None, Finding]]
"""What ``work_lease`` returns: a generator of rows whose result is the last rows and the finding."""


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
    lease. Whoever works a lease holds interrupts until its rows are kept.

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
    protect_region(lease.region)
    ledger = Ledger(lease, space.dimension, recorded, space.units)
    watch = FirstRows() if first_rows is None else first_rows.copy()
    answers = Answers(searcher, ledger, FlushTimer(flush_seconds), watch, lost_rows, largest)
    try:
        finding = yield from _work_until_end(searcher, ledger, answers, episode, verdict, announces)
    except BaseException as error:
        # Ctrl-C: what was found is passed on first. (A generator that is being closed must not yield.)
        if not isinstance(error, GeneratorExit | ReplayError):
            yield from ledger.flush()
        raise
    if flush_seconds == math.inf:
        return None, finding
    parts = ledger.flush()
    yield from parts[:-1]
    return (parts[-1] if parts else None), finding


def _work_until_end(
    searcher: Searcher, ledger: Ledger, answers: Answers, episode: int, verdict: Finding | None, announces: bool
) -> Generator[Rows | Phase, None, Finding]:
    """Work a lease until it ends, for whatever reason, and return its finding, with the measures of its best point.

    ``work_lease`` describes the arguments, what is yielded, and errors.
    """
    try:
        finding = yield from _work_rows(searcher, ledger, answers, episode, verdict, announces)
    except (ReplayError, CannotEvaluate, ModuleNotFoundError):
        # Neither the agent nor a point is at fault.
        raise
    except (Exception, AgentTimeout) as error:
        finding = _fail_lease(searcher, ledger, error)
    if finding.best is not None and (found := searcher.evaluator.measure(finding.best.point)):
        finding = replace(finding, measures=tuple(found.items()))
    return finding


def _work_rows(
    searcher: Searcher, ledger: Ledger, answers: Answers, episode: int, verdict: Finding | None, announces: bool
) -> Generator[Rows | Phase, None, Finding]:
    """Have the agent propose and answer it, until the lease is spent or its search ends; return the finding.

    ``work_lease`` describes the arguments, and what is yielded.
    """
    lease, evaluator, pace, monotonic = ledger.lease, searcher.evaluator, answers.pace, time.monotonic
    budget, passes_on = lease.budget * ledger.units, pace.seconds < math.inf
    watch, watching = answers.watch, answers.watch.room is not None
    starts = episode if lease.fresh else None
    stop, now = "", monotonic()
    while ledger.charged < budget and ledger.free_in_a_row < lease.budget:
        hand = searcher.pending_proposal if starts is None else None
        if hand is None or (hand.answered_rows == len(hand.points) and not hand.retry_rows):
            if stop:
                # Not earlier, or the result would depend on the parts in which a batch was answered.
                break
            if verdict is not None and ledger.filled >= verdict.rows:
                searcher.end()
                return ledger.close("failed", cause=verdict.cause, place=verdict.place)
            if announces:
                yield Phase.THINKING
                now = monotonic()
            try:
                hand, starts = searcher.propose(lease, starts), None
            except StopIteration as end:
                return _finish_search(searcher, ledger, end.value)
            ledger.note_asked(monotonic() - now)
            if announces:
                yield Phase.EVALUATING
        points = hand.next(budget - ledger.charged)
        if ledger.free_in_a_row:
            points = points[: lease.budget - ledger.free_in_a_row]
        if not len(points):
            if hand.batch and ledger.mini_batches:
                stop = stop or answers.evaluate_last_point(hand)
            break
        if answers.are_plain and not hand.batch:
            # Nearly every batch of nearly every landscape.
            outcome = evaluator.evaluate(points, hand.with_gradient)
            ledger.enter(points, outcome, hand.price)
        else:
            outcome = yield from answers.answer(hand, points)
        if hand.repeats:
            ledger.compare_repeats(len(outcome.losses))
        wrong = searcher.record_outcome(outcome)
        stop = stop or wrong
        if watching:
            watch.add(len(outcome.losses), outcome.causes)
            watching = watch.room is not None
            if watch.stopped_by is not None and not stop and not ledger.has_more_recorded:
                break
        now = monotonic()
        if now >= pace.next_flush or (ledger.filled > ledger.held.most_filled and passes_on):
            yield from pace.flush_rows(ledger)
    if stop:
        words = ledger.describe_failure(stop, evaluator.space)
        if is_free_cause(stop):
            words = f"start must meet the constraints: {words}. Change one of them"
        return ledger.close("stopped", cause=words)
    if ledger.free_in_a_row >= lease.budget:
        # Without this, an agent that proposes nothing new would never come to an end.
        searcher.close()
        return ledger.close("exhausted")
    return ledger.close("spent")


def _finish_search(searcher: Searcher, ledger: Ledger, result: Any) -> Finding:
    """Return the finding of a lease in which the agent's generator returned ``result``."""
    searcher.close()
    place = place_of_search(searcher.agent, None)
    try:
        ended = check_ending(result, ledger.dimension)
    except AgentError as error:
        return ledger.close("failed", cause=describe_failure_of(error), place=place)
    if ledger.lease.fresh and ledger.filled == 0:
        return ledger.close("failed", cause="proposed nothing on a fresh lease", place=place)
    return ledger.close("exhausted") if ended is None else ledger.close("converged", converged=ended)


def _fail_lease(searcher: Searcher, ledger: Ledger, error: Exception | AgentTimeout) -> Finding:
    """Return the finding of a lease in which the agent raised, took too long, or broke its contract."""
    raised = error.error if isinstance(error, AgentLeft) else error
    place = place_of_error(searcher.agent, raised) or place_of_search(searcher.agent, searcher.generator)
    if isinstance(raised, AgentTimeout):
        searcher.end()
        return ledger.close("failed", cause=searcher.clock.describe(), place=place)
    cause = describe_failure_of(raised)
    second = searcher.end()
    if second is not None:
        cause += f" (and on closing, {describe_failure_of(second)})"
    return ledger.close("failed", cause=cause, place=place)
