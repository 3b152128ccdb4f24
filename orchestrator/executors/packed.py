"""A run worked whole in one process, away from its log: what is to be written there is handed on in chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...agents.agent import Incumbent, Rows
from ...agents.toolbox.callback import yield_sent_items
from ..log.codec import dump_event, event_kind, load_event
from ..log.log import join_rows
from ..loop.drive import begin_run
from ..loop.work_run import work_run
from ..run_spec import RunSpec
from ..state.events import Collected, Event
from ..state.run import Run
from .in_process import InProcessExecutor

LogEntry = tuple[int, Rows] | tuple[str, str]
"""Rows of a lease, or an event: its kind and its text."""


@dataclass(frozen=True, slots=True)
class RecordedLog:
    """What the log of a run holds already: events as text, rows by lease, seconds of work."""

    events: list[tuple[str, str]] = field(default_factory=list)
    rows: dict[int, Rows] = field(default_factory=dict)
    elapsed_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Notes in the order in which they are to be written, and how the run stands after them."""

    notes: list[LogEntry]
    spent: int
    budget: int
    incumbent: Incumbent | None
    last: bool = False
    stopped: str | None = None
    halted: str | None = None


class RelayLog:
    """A run's log that keeps what may be asked of it again, and hands on the rest."""

    def __init__(self, recorded: RecordedLog, send: Callable[[list[LogEntry]], None], flush_seconds: float) -> None:
        self._recorded, self._send, self._every = recorded, send, flush_seconds
        self.elapsed_seconds = recorded.elapsed_seconds
        self._rows = dict(recorded.rows)
        self._log_entries: list[LogEntry] = []
        self._last_sent = time.monotonic()

    def events(self) -> list[Event]:
        return [load_event(kind, body) for kind, body in self._recorded.events]

    def append(self, event: Event) -> None:
        self._log_entries.append((event_kind(event), dump_event(event)))
        if isinstance(event, Collected):
            # Settled: nobody asks for its rows again.
            self._rows.pop(event.finding.lease, None)
        self._flush_if_due()

    def rows(self, lease: int) -> Rows | None:
        return self._rows.get(lease)

    def add_rows(self, lease: int, rows: Rows) -> None:
        known = self._rows.get(lease)
        self._rows[lease] = rows if known is None else join_rows([known, rows]) or rows
        self._log_entries.append((lease, rows))
        self._flush_if_due()

    def flush_entries(self) -> None:
        """Hand on what has gathered."""
        self._send(self.take_entries())

    def take_entries(self) -> list[LogEntry]:
        """What has gathered; it is the caller's to hand on."""
        notes, self._log_entries = self._log_entries, []
        self._last_sent = time.monotonic()
        return notes

    def _flush_if_due(self) -> None:
        if time.monotonic() - self._last_sent > self._every:
            self.flush_entries()


def work_in_chunks(
    planned: RunSpec, recorded: RecordedLog, budget: int | None, flush_seconds: float
) -> Iterator[Chunk]:
    """Work a run to its end; chunks as they come, at the latest every ``flush_seconds`` while rows are found, also in
    the middle of a lease. Raises what ends the run."""

    def work(send: Callable[[Chunk], None]) -> None:
        run = begin_run(planned)
        log = RelayLog(recorded, lambda notes: send(_make_chunk(run, notes)), flush_seconds)
        try:
            for _ in work_run(planned, log, InProcessExecutor(planned, log), budget, run):
                pass
        except Exception:
            # What ends the run takes nothing with it.
            log.flush_entries()
            raise
        send(_make_chunk(run, log.take_entries(), last=True))

    return yield_sent_items(work)


def _make_chunk(run: Run, notes: list[LogEntry], last: bool = False) -> Chunk:
    return Chunk(notes, run.spent, run.budget, run.incumbent, last, run.stopped, run.halted)
