"""Verifies a log: every decision and every proposed point must follow from what is recorded before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from ..agents.agent import Rows
from ..agents.evaluation.evaluator import EvaluationResult, Evaluator
from ..agents.evaluation.open import open_evaluator
from ..agents.leases.recorded_rows import GradientReplayer, ReplayError
from ..landscapes.landscape import Array, Space
from .executors.in_process import InProcessExecutor
from .log.reader import LogReader
from .loop.drive import begin_run, drive_run
from .policies.policy import Decider
from .run_spec import RunSpec
from .state.events import Collected, Event, findings
from .state.run import Run


class PointNotRecorded(ReplayError):
    """An agent proposed a point, and the log has none in its place."""


class EndOfLog(Exception):
    """The log has no further events."""


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """What was verified. ``granted`` = ``spent`` + ``returned`` + ``out``.

    Attributes:
        decisions: Number of decisions.
        points: Number of points.
        granted: Evaluations in all leases.
        spent: Evaluations charged for collected leases.
        returned: Evaluations of collected leases that were not spent.
        out: Evaluations in leases that have not been collected.
        evaluated_again: Number of gradients that were evaluated again because the log does not keep them.
        finished: Whether the run has stopped.
    """

    decisions: int
    points: int
    granted: int
    spent: int
    returned: int
    out: int
    evaluated_again: int
    finished: bool


class RefusingEvaluator:
    """An evaluator that evaluates nothing: it raises ``PointNotRecorded``."""

    rowwise = False

    def __init__(self, space: Space) -> None:
        self.space = space

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        raise PointNotRecorded(f"the next proposed point, {cube[0].tolist()}, is not in the log")

    def evaluate_share(self, cube: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        return self.evaluate(cube, True)

    def measure(self, point: Array) -> dict[str, float]:
        # What is replayed was measured when it was found.
        return {}

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> NoReturn:
        raise NotImplementedError

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class ReadOnlyLog:
    """The log of one run, to which nothing can be added."""

    def __init__(self, reader: LogReader, run: str) -> None:
        self._reader, self._run = reader, run
        self.elapsed_seconds = 0.0

    def events(self) -> list[Event]:
        """Return the recorded events, in order."""
        return self._reader.events(self._run)

    def append(self, event: Event) -> NoReturn:
        """Raise EndOfLog: the event is not recorded."""
        raise EndOfLog

    def rows(self, lease: int) -> Rows | None:
        """Return all recorded points of a lease, or None."""
        return self._reader.rows(self._run, lease)

    def add_rows(self, lease: int, rows: Rows) -> None:
        """Raise ReplayError: the rows are not recorded."""
        raise ReplayError(f"lease {lease}: row {rows.first} is not in the log")


class ReplayExecutor(InProcessExecutor):
    """An executor that works every lease again, with the recorded points as answers.

    Attributes:
        tried: Ids of the leases that were worked.
    """

    def __init__(self, planned: RunSpec, log: ReadOnlyLog, replayer: GradientReplayer | None) -> None:
        super().__init__(planned, log, RefusingEvaluator(planned.facts.space), replayer=replayer)
        self.tried: set[int] = set()

    def collect(self, lease: int) -> Collected:
        """Work a lease again, even if its outcome is recorded, and return the outcome."""
        self.tried.add(lease)
        event = self._work_lease(self._book.leases[lease])
        self._book.settle_lease(event.finding)
        return event


def verify_run(planned: RunSpec, reader: LogReader) -> VerificationResult:
    """Replay the log of a run without evaluating anything but gradients that the log does not keep.

    Args:
        planned: The run's specification.
        reader: The log.

    Returns:
        What was verified.

    Raises:
        ReplayError: At the first decision or point that does not follow from what is recorded before it. The message
            shows both values.
    """
    log = ReadOnlyLog(reader, planned.id)
    events = log.events()
    evaluator: Evaluator | None = None
    if reader.record(planned.id).interval > 1:
        evaluator = open_evaluator(planned.landscape, planned.evaluation, planned.facts)
    executor = ReplayExecutor(planned, log, None if evaluator is None else GradientReplayer(evaluator))
    run = begin_run(planned)
    policy = planned.policy.begin(run)
    try:
        _replay_events(run, planned, policy, executor, log, sum(isinstance(event, Collected) for event in events))
        _replay_outstanding(run, executor)
    finally:
        policy.end()
        executor.close()
        if evaluator is not None:
            evaluator.close()
    return _check_account(run, reader, events, executor.replayer.count)


def _replay_events(
    run: Run, planned: RunSpec, policy: Decider, executor: ReplayExecutor, log: ReadOnlyLog, collected: int
) -> None:
    """Replay the recorded events of a run, of which ``collected`` leases were collected."""
    try:
        for _ in drive_run(run, planned, policy, executor, log):
            pass
    except EndOfLog:
        pass
    except PointNotRecorded:
        if run.collected < collected:
            raise


def _replay_outstanding(run: Run, executor: ReplayExecutor) -> None:
    """Replay the leases of an unfinished run that have no outcome yet, except the one at which the loop ended."""
    for lease in sorted(run.out.keys() - executor.tried):
        try:
            executor.collect(lease)
        except PointNotRecorded:
            # All recorded points of this lease were replayed.
            continue


def _check_account(run: Run, reader: LogReader, events: list[Event], evaluated_again: int) -> VerificationResult:
    """Return the account of the budget, and raise ReplayError if the log has points that belong to no lease."""
    rows = {finding.lease: finding.rows for finding in findings(events)}
    counts = reader.counts(run.id)
    for lease, count in counts.items():
        # A log that was salvaged may have points of leases whose grant is lost. They are used when it is resumed.
        if lease >= run.leases and "salvaged" not in reader.meta:
            raise ReplayError(f"lease {lease} has {count} points in the log, but was never granted")
        if rows.get(lease, count) != count:
            raise ReplayError(f"lease {lease} has {count} points in the log, but its finding says {rows[lease]}")
    returned = run.ever_granted - run.spent - run.granted
    return VerificationResult(
        run.decisions, sum(counts.values()), run.ever_granted, run.spent, returned, run.granted,
        evaluated_again, run.stopped is not None,
    )  # fmt: skip
