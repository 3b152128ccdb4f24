"""Whether a log holds together: every decision and every proposed point follows from what stands before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from ..agents.agent import Rows
from ..agents.evaluation.evaluator import EvaluationResult
from ..agents.leases.ledger import ReplayError
from ..landscapes.landscape import Array, Space
from .executors.in_process import InProcessExecutor
from .log.reader import LogReader
from .loop.drive import begin_run, drive_run
from .run_spec import RunSpec
from .state.events import Collected, Event, findings
from .state.run import Run


class PointNotRecorded(ReplayError):
    """The agent proposed a point where the log has none."""


class EndOfLog(Exception):
    """The log has no further event."""


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """What was found to follow. ``granted`` = ``spent`` + ``returned`` + ``out``, in evaluations."""

    decisions: int
    points: int
    granted: int
    spent: int
    returned: int
    out: int
    finished: bool


class RefusingEvaluator:
    """An evaluator that evaluates nothing."""

    rowwise = False

    def __init__(self, space: Space) -> None:
        self.space = space

    def evaluate(self, cube: Array, with_gradient: bool) -> EvaluationResult:
        raise PointNotRecorded(f"the next point that is proposed, {cube[0].tolist()}, is not in the log")

    def evaluate_in_pieces(self, cube: Array, with_gradient: bool) -> NoReturn:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


class ReadOnlyLog:
    """One run's log as it is read."""

    def __init__(self, reader: LogReader, run: str) -> None:
        self._reader, self._run = reader, run
        self.elapsed_seconds = 0.0

    def events(self) -> list[Event]:
        return self._reader.events(self._run)

    def append(self, event: Event) -> None:
        raise EndOfLog

    def rows(self, lease: int) -> Rows | None:
        return self._reader.rows(self._run, lease)

    def add_rows(self, lease: int, rows: Rows) -> None:
        raise ReplayError(f"lease {lease}: row {rows.first} is not in the log")


class ReplayExecutor(InProcessExecutor):
    """Works every lease again, with the recorded points as answers."""

    def __init__(self, planned: RunSpec, log: ReadOnlyLog, evaluator: RefusingEvaluator) -> None:
        super().__init__(planned, log, evaluator)
        self.tried: set[int] = set()

    def collect(self, lease: int) -> Collected:
        self.tried.add(lease)
        event = self._work_lease(self._book.leases[lease])
        self._book.settle_lease(lease)
        return event


def verify_run(planned: RunSpec, reader: LogReader) -> VerificationResult:
    """Replay a run's log without evaluating anything. Raises ReplayError, with both values, at the first decision or
    point that does not follow from what stands before it."""
    log = ReadOnlyLog(reader, planned.id)
    events = log.events()
    run, executor = begin_run(planned), ReplayExecutor(planned, log, RefusingEvaluator(planned.facts.space))
    try:
        for _ in drive_run(run, planned, planned.policy, executor, log):
            pass
    except EndOfLog:
        pass
    except PointNotRecorded:
        if run.collected < sum(isinstance(event, Collected) for event in events):
            raise
    try:
        _replay_outstanding(run, executor)
    finally:
        executor.close()
    return _check_account(run, reader, planned.id, events)


def _replay_outstanding(run: Run, executor: ReplayExecutor) -> None:
    """Leases of an unfinished run that have points but no outcome, less the one at which the loop ended."""
    for lease in sorted(run.out.keys() - executor.tried):
        try:
            executor.collect(lease)
        except PointNotRecorded:
            # This is how far it had come.
            continue


def _check_account(run: Run, reader: LogReader, id: str, events: list[Event]) -> VerificationResult:
    """The budget's account, which must be even; and no point may stand where no lease was."""
    rows = {finding.lease: finding.rows for finding in findings(events)}
    counts = reader.counts(id)
    for lease, count in counts.items():
        if lease >= run.leases:
            raise ReplayError(f"lease {lease} has {count} points in the log, and was never granted")
        if rows.get(lease, count) != count:
            raise ReplayError(f"lease {lease} has {count} points in the log, and its finding says {rows[lease]}")
    returned = run.ever_granted - run.spent - run.granted
    return VerificationResult(
        run.decisions, sum(counts.values()), run.ever_granted, run.spent, returned, run.granted,
        run.stopped is not None,
    )  # fmt: skip
