"""Whether a log holds together: every decision and every proposed point follows from what stands before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from ..agents.agent import Rows
from ..agents.evaluation.evaluator import Evaluated
from ..agents.leases.ledger import ReplayError
from ..landscapes.landscape import Array, Space
from .executors.in_process import Simulated
from .log.reader import LogReader
from .loop.drive import begin, drive
from .run_spec import PlannedRun
from .state.events import Collected, Event, findings
from .state.run import Run


class NotRecorded(ReplayError):
    """The agent proposed a point where the log has none."""


class EndOfLog(Exception):
    """The log has no further event."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found to follow. ``granted`` = ``spent`` + ``returned`` + ``out``, in evaluations."""

    decisions: int
    points: int
    granted: int
    spent: int
    returned: int
    out: int
    finished: bool


class Unevaluated:
    """An evaluator that evaluates nothing."""

    rowwise = False

    def __init__(self, space: Space) -> None:
        self.space = space

    def evaluate(self, cube: Array, with_gradient: bool) -> Evaluated:
        raise NotRecorded(f"the next point that is proposed, {cube[0].tolist()}, is not in the log")

    def pieces(self, cube: Array, with_gradient: bool) -> NoReturn:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


class ReadOnly:
    """One run's log as it is read."""

    def __init__(self, reader: LogReader, run: str) -> None:
        self._reader, self._run = reader, run
        self.elapsed = 0.0

    def events(self) -> list[Event]:
        return self._reader.events(self._run)

    def append(self, event: Event) -> None:
        raise EndOfLog

    def rows(self, lease: int) -> Rows | None:
        return self._reader.rows(self._run, lease)

    def add_rows(self, lease: int, rows: Rows) -> None:
        raise ReplayError(f"lease {lease}: row {rows.first} is not in the log")


class Replayed(Simulated):
    """Works every lease again, with the recorded points as answers."""

    def __init__(self, planned: PlannedRun, log: ReadOnly, evaluator: Unevaluated) -> None:
        super().__init__(planned, log, evaluator)
        self.tried: set[int] = set()

    def collect(self, lease: int) -> Collected:
        self.tried.add(lease)
        event = self._work(self._book.leases[lease])
        self._book.settle(lease)
        return event


def verify(planned: PlannedRun, reader: LogReader) -> Verified:
    """Replay a run's log without evaluating anything. Raises ReplayError, with both values, at the first decision or
    point that does not follow from what stands before it."""
    log = ReadOnly(reader, planned.id)
    events = log.events()
    run, executor = begin(planned), Replayed(planned, log, Unevaluated(planned.facts.space))
    try:
        for _ in drive(run, planned, planned.policy, executor, log):
            pass
    except EndOfLog:
        pass
    except NotRecorded:
        if run.collected < sum(isinstance(event, Collected) for event in events):
            raise
    try:
        _replay_what_is_out(run, executor)
    finally:
        executor.close()
    return _accounted(run, reader, planned.id, events)


def _replay_what_is_out(run: Run, executor: Replayed) -> None:
    """Leases of an unfinished run that have points but no outcome, less the one at which the loop ended."""
    for lease in sorted(run.out.keys() - executor.tried):
        try:
            executor.collect(lease)
        except NotRecorded:
            # This is how far it had come.
            continue


def _accounted(run: Run, reader: LogReader, id: str, events: list[Event]) -> Verified:
    """The budget's account, which must be even; and no point may stand where no lease was."""
    rows = {finding.lease: finding.rows for finding in findings(events)}
    counts = reader.counts(id)
    for lease, count in counts.items():
        if lease >= run.leases:
            raise ReplayError(f"lease {lease} has {count} points in the log, and was never granted")
        if rows.get(lease, count) != count:
            raise ReplayError(f"lease {lease} has {count} points in the log, and its finding says {rows[lease]}")
    returned = run.ever_granted - run.spent - run.granted
    return Verified(
        run.decisions, sum(counts.values()), run.ever_granted, run.spent, returned, run.granted,
        run.stopped is not None,
    )  # fmt: skip
