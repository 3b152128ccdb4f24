"""Works a whole run in one process that has no access to its log: what is to be written there is sent in chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from ...agents.agent import Incumbent, LeaseTiming, Rows
from ...agents.toolbox.callback import yield_sent_items
from ..log.codec import dump_event, event_kind
from ..log.log import join_rows
from ..log.vectors import has_long_vectors
from ..loop.drive import begin_run
from ..loop.work_run import work_run
from ..run_spec import RunSpec
from ..state.events import Collected, Event, has_measures
from ..state.run import Run
from .in_process import InProcessExecutor

LogEntry = tuple[int, Rows] | tuple[int, LeaseTiming] | tuple[str, str] | Event
"""An entry of the log: (lease, rows), (lease, where its time went), (kind, text) of an event, or an event with long
vectors."""


@dataclass(frozen=True, slots=True)
class RecordedLog:
    """What the log of a run holds already.

    Attributes:
        events: The events, in order.
        rows: Points, by lease.
        elapsed_seconds: Seconds of work in earlier sessions.
    """

    events: list[Event] = field(default_factory=list)
    rows: dict[int, Rows] = field(default_factory=dict)
    elapsed_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the log of a run, and the state of the run after it.

    Attributes:
        notes: The entries, in the order in which they are to be written. Times are by the clock of this process.
        spent: Evaluations charged so far.
        budget: The run's budget, in evaluations.
        incumbent: The best point found so far.
        last: Whether this is the last chunk of the run.
        stopped: Why the run ended; None while it runs.
        halted: Why no more leases are granted, if a row without a loss is to stop the run; else None.
        evaluated_again: How many gradients were evaluated again because the log does not keep them.
        begun: When this process began with the run, in seconds by its clock.
        sent: When the chunk was sent, likewise.
    """

    notes: list[LogEntry]
    spent: int
    budget: int
    incumbent: Incumbent | None
    last: bool = False
    stopped: str | None = None
    halted: str | None = None
    evaluated_again: int = 0
    begun: float = 0.0
    sent: float = 0.0


class RelayLog:
    """The log of a run that sends its entries to another process. It keeps only the points of leases that are out.

    Args:
        recorded: What the log holds already.
        send: Sends entries.
        flush_seconds: Entries are sent when one is added and the last sending is longer ago than this.

    Attributes:
        elapsed_seconds: Seconds of work in earlier sessions.
    """

    def __init__(self, recorded: RecordedLog, send: Callable[[list[LogEntry]], None], flush_seconds: float) -> None:
        self._recorded, self._send, self._every = recorded, send, flush_seconds
        self.elapsed_seconds = recorded.elapsed_seconds
        self._rows = {lease: [rows] for lease, rows in recorded.rows.items()}
        self._log_entries: list[LogEntry] = []
        self._last_sent = time.monotonic()

    def events(self) -> list[Event]:
        """Return the events of earlier sessions, in order."""
        return list(self._recorded.events)

    def append(self, event: Event) -> Event:
        """Add the next event, and return it."""
        # The text is made here, as the driver has many runs to write. Long vectors are not made into text.
        whole = has_long_vectors(event) or has_measures(event)
        self._log_entries.append(_without_timing(event) if whole else (event_kind(event), dump_event(event)))
        if isinstance(event, Collected):
            # The lease is settled: its rows are not needed again.
            self._rows.pop(event.finding.lease, None)
            if event.finding.timing is not None:
                self._log_entries.append((event.finding.lease, event.finding.timing))
        self._flush_if_due()
        return event

    def rows(self, lease: int) -> Rows | None:
        """Return the points of a lease that has not been collected; None if there are none."""
        return join_rows(self._rows.get(lease, []))

    def add_rows(self, lease: int, rows: Rows) -> None:
        """Add points of a lease as they are evaluated."""
        # Joined only when they are asked for: the log may have kept digests of the first rows, but never of these.
        self._rows.setdefault(lease, []).append(rows)
        self._log_entries.append((lease, rows))
        self._flush_if_due()

    def flush_entries(self) -> None:
        """Send all entries that have not been sent yet."""
        self._send(self.take_entries())

    def take_entries(self) -> list[LogEntry]:
        """Return all entries that have not been sent yet; the caller must send them."""
        notes, self._log_entries = self._log_entries, []
        self._last_sent = time.monotonic()
        return notes

    def _flush_if_due(self) -> None:
        if time.monotonic() - self._last_sent > self._every:
            self.flush_entries()


def _without_timing(event: Event) -> Event:
    """Return an event without the time of its lease, which is by the clock of this process, and is sent beside it."""
    return replace(event, finding=replace(event.finding, timing=None)) if isinstance(event, Collected) else event


def work_in_chunks(
    planned: RunSpec, recorded: RecordedLog, budget: int | None, flush_seconds: float, begun: float | None = None
) -> Iterator[Chunk]:
    """Work a run to its end in this process.

    Args:
        planned: The run's specification.
        recorded: What its log holds already.
        budget: New budget of the run in evaluations, if that is more than it has; None: no change.
        flush_seconds: Greatest number of seconds between two chunks while rows are found.
        begun: When this process began with the run, by ``time.monotonic``. Default: now.

    Yields:
        What is to be written to the log, also in the middle of a lease.

    Raises:
        Exception: Whatever ends the run.
    """

    since = time.monotonic() if begun is None else begun

    def work(send: Callable[[Chunk], None]) -> None:
        run = begin_run(planned)
        log = RelayLog(recorded, lambda notes: send(_make_chunk(run, notes, since)), flush_seconds)
        executor = InProcessExecutor(planned, log, disposable=True)
        try:
            for _ in work_run(planned, log, executor, budget, run):
                pass
        except (Exception, SystemExit, KeyboardInterrupt):
            # Nothing that was found before the error is lost.
            log.flush_entries()
            raise
        send(_make_chunk(run, log.take_entries(), since, last=True, again=executor.replayer.count))

    return yield_sent_items(work)


def _make_chunk(run: Run, notes: list[LogEntry], begun: float, last: bool = False, again: int = 0) -> Chunk:
    standing = run.spent, run.budget, run.incumbent
    return Chunk(notes, *standing, last, run.stopped, run.halted, again, begun, time.monotonic())
