"""Reads a log file, whether it is finished or still being written."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...agents.agent import Finding, LeaseTiming, RowFailure, Rows
from ...landscapes.landscape import Array
from ..state.events import Event, findings
from .codec import STOPPED_KIND
from .damage import check_collected, check_log, check_structure
from .event_order import EventOrder
from .log import LogError, LogLost
from .table_access import LogTables, read_measures, read_timings
from .tables import NOT_A_LOG_ADVICE, RunRecord, Session, check_version, open_read_only, to_log_error

LEAST_BESTS_BYTES = 64_000_000
"""The bests of leases whose rows are not kept may take as much memory as the points that are kept; at least this."""


@dataclass(frozen=True, slots=True)
class LogUpdate:
    """What was added to the log of a run since it was last read.

    Attributes:
        new_events: The new events, in order.
        new_rows: (lease, rows) of the new points, in the order in which they were written.
        events: Number of the last event that has been read; -1 if there is none.
        rows: Position in the table of points up to which it has been read; 0 at the beginning.
    """

    new_events: list[Event]
    new_rows: list[tuple[int, Rows]]
    events: int
    rows: int


@dataclass(frozen=True, slots=True)
class Points:
    """The points of a run, in the order in which their leases were collected.

    The running sum of ``cost`` is "evaluations".

    Attributes:
        lease: Lease of each point, shape (n,).
        agent: Agent of each point, as an index into the team, shape (n,).
        row: Row of each point within its lease, shape (n,).
        cost: Evaluations charged for each point, shape (n,).
        cube: The points in the unit cube, shape (n, D); of the whole points only, if there are others.
        losses: The losses, shape (n,); +inf for failed rows.
        whole: The places of the whole points, in order, shape (k,); None if all points are whole. Whole are those that
            the log keeps (``log: {keep}``), and the best of each lease; if these would take more memory than what is
            kept, evenly chosen ones of them, and the best of the run.
        projections: All points, projected onto a few random directions, shape (n, directions); None if all are whole.
    """

    lease: NDArray[np.int64]
    agent: NDArray[np.int64]
    row: NDArray[np.int64]
    cost: NDArray[np.int64]
    cube: Array
    losses: Array
    whole: NDArray[np.int64] | None = None
    projections: Array | None = None

    def find(self, place: int) -> Array | None:
        """Return the coordinates (D,) of a point; None if the log does not have them."""
        if self.whole is None:
            return self.cube[place]
        at = int(np.searchsorted(self.whole, place))
        return self.cube[at] if at < len(self.whole) and self.whole[at] == place else None

    def select_whole(self) -> Points:
        """Return the whole points alone, all of which have coordinates. Costs of other points are left out."""
        if self.whole is None:
            return self
        lease, agent, row, cost = (each[self.whole] for each in (self.lease, self.agent, self.row, self.cost))
        return Points(lease, agent, row, cost, self.cube, self.losses[self.whole])


class LogReader:
    """Read-only access to a log file. Several readers may be open while one process writes it.

    Args:
        path: The log file, or the results directory that contains it.

    Raises:
        LogError: Also from later calls, if the file cannot be read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            self.path = self.path / "log.sqlite"
        if not self.path.exists():
            raise LogError(f"{self.path} does not exist. Give the results directory of a run, as `run` printed it.")
        try:
            self._db = open_read_only(self.path)
            version = check_version(self._db, self.path)
        except sqlite3.Error as error:
            raise self._read_error(error) from None
        self._closed, self._thread = False, threading.get_ident()
        self.tables = LogTables(self._execute, version, self.path)

    def check(self) -> None:
        """Check everything that the log holds. Raises LogDamaged at the first place that is damaged."""
        check_log(self.tables)

    def check_structure(self) -> None:
        """Check what reading every run would not notice. Raises LogDamaged at the first place that is damaged."""
        check_structure(self.tables)

    def _read_error(self, error: sqlite3.Error) -> LogError:
        found = to_log_error(error, self.path)
        # A reader writes nothing, so any other error means that it could not read.
        return (
            LogError(f"{self.path} cannot be read ({error}). {NOT_A_LOG_ADVICE}")
            if isinstance(found, LogLost)
            else found
        )

    def _execute(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            if self._closed or threading.get_ident() != self._thread:
                # Long vectors of events are read when they are looked at, which may be later, or in another thread.
                with contextlib.closing(open_read_only(self.path)) as db:
                    return db.execute(sql, values).fetchall()
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._read_error(error) from None

    def close(self) -> None:
        """Close the file. Long vectors of events that were read can still be looked at, as long as the file exists."""
        self._closed = True
        self._db.close()

    def __enter__(self) -> LogReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def meta(self) -> dict[str, Any]:
        """Data about the file: ``schema_version``, ``created`` and ``environment``."""
        return self.tables.read_meta()

    @property
    def sessions(self) -> list[Session]:
        """The processes that wrote the log, in order."""
        return self.tables.read_sessions()

    def runs(self) -> list[RunRecord]:
        """Return the runs, in the order of the plan."""
        return self.tables.read_runs()

    def runs_on(self, landscape: str) -> list[RunRecord]:
        """Return the runs on a landscape, by its name in reports, in the order of the plan."""
        return self.tables.read_runs(landscape)

    def record(self, run: str) -> RunRecord:
        """Return the record of a run by its id. Raises KeyError for a run that is not in the log."""
        found = self.tables.read_run(run)
        if found is None:
            raise KeyError(run)
        return found

    def begun_run_ids(self) -> set[str]:
        """Return the ids of the runs that have at least one event."""
        return {run for (run,) in self._execute("SELECT DISTINCT run FROM events")}

    def stopped_run_ids(self) -> set[str]:
        """Return the ids of the runs whose last event is ``Stopped``."""
        return {run for run, _, kind in self.tables.read_last_events() if kind == STOPPED_KIND}

    def events(self, run: str) -> list[Event]:
        """Return the events of a run, in order."""
        return self.tables.read_events(run)

    def events_of(self, record: RunRecord) -> list[Event]:
        """Return the events of a run whose record is known, in order."""
        return self.tables.read_events(record.id, order=EventOrder(record.id, record.settings))

    def rows(self, run: str, lease: int) -> Rows | None:
        """Return all recorded points of a lease, whether it has been collected or not; None if there are none."""
        return self.tables.read_rows(run, lease)

    def read_update(self, run: str, events: int = -1, rows: int = 0, order: EventOrder | None = None) -> LogUpdate:
        """Read what was added to the log of a run since an earlier update.

        Everything is read in one transaction, so the rows of a lease never come without its grant.

        Args:
            run: Id of the run.
            events: ``events`` of the last update. Default: from the first event on.
            rows: ``rows`` of the last update. Default: from the first point on.
            order: The rules for the events of the run, which took those of the earlier updates. Default: if there was
                none, new ones; else only each event by itself is checked.
        """
        try:
            self._db.execute("BEGIN")
            try:
                return self._read_update(run, events, rows, order)
            finally:
                # The writer can truncate its write-ahead log only when no read transaction is open.
                self._db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise self._read_error(error) from None

    def _read_update(self, run: str, events: int, rows: int, order: EventOrder | None) -> LogUpdate:
        happened = self.tables.read_events(run, events, order)
        new_rows, position = self.tables.read_new_rows(run, rows)
        return LogUpdate(happened, new_rows, events + len(happened), position)

    def measures(self, run: str, first: int = 0) -> dict[int, dict[str, float]]:
        """Return what the landscape tells of the best point of each lease besides its loss: named values by lease.

        Leases before ``first`` are left out.
        """
        return read_measures(self.tables, run, first)

    def timings(self, run: str) -> dict[int, LeaseTiming]:
        """Return where the time of each collected lease of a run went, by lease; empty if the log does not have it.

        Their times are seconds of work on the log, as those of its events.
        """
        return read_timings(self.tables, run)

    def session_starts(self) -> tuple[float, ...]:
        """Return when each session began, in order, in seconds of work on the log; none for a log of version 1."""
        return tuple(float(row[4]) for row in self.tables.select_sessions())

    def walls(self, run: str) -> NDArray[np.float64]:
        """Return when each event of a run was recorded, in seconds of work on the log, shape (events,)."""
        found = self._execute("SELECT wall FROM events WHERE run = ? ORDER BY seq", (run,))
        return np.array([seconds for (seconds,) in found], dtype=np.float64)

    def counts(self, run: str) -> dict[int, int]:
        """Return how many recorded points each lease of a run has."""
        sql = "SELECT lease, SUM(n) FROM {} WHERE run = ? GROUP BY lease"
        found = self._execute(sql.format("points"), (run,))
        if self.tables.has_table("reduced_points"):
            found += self._execute(sql.format("reduced_points"), (run,))
        return dict(found)

    def points(self, run: str) -> Points:
        """Return all collected points of a run. Raises KeyError for a run that is not in the log."""
        return self.points_of(self.record(run), self.events(run))

    def points_of(self, record: RunRecord, events: list[Event]) -> Points:
        """Return the points of a run that were collected by the given events of it."""
        recorded = self.tables.read_all_rows(record.id)
        self.check_rows(record.id, findings(events), recorded)
        return collect_points(record, events, recorded)

    def check_rows(self, run: str, brought: Iterable[Finding], recorded: Mapping[int, Rows]) -> None:
        """Check that the points of collected leases are there. Raises LogDamaged for a lease that is not whole."""
        check_collected(self.tables, run, brought, recorded)

    def wall_seconds(self, run: str) -> float:
        """Return the seconds of work from the first event of a run to its last, without pauses between sessions."""
        sql = "SELECT MAX(wall) - MIN(wall) FROM events WHERE run = ?"
        ((seconds,),) = self._execute(sql, (run,))
        return float(seconds or 0.0)


def collect_points(record: RunRecord, events: list[Event], recorded: Mapping[int, Rows]) -> Points:
    """Return the points of a run, in the order in which the given events collected them.

    Args:
        record: The run.
        events: Events of the run, in order.
        recorded: Its rows, by lease.
    """
    team = {name: index for index, (name, _) in enumerate(record.settings["team"])}
    brought = [f for f in findings(events) if f.rows and f.lease in recorded]
    if not brought:
        nothing = np.empty(0, dtype=np.int64)
        return Points(nothing, nothing, nothing, nothing, np.empty((0, 1)), np.empty(0))
    counts = [f.rows for f in brought]
    rows = [recorded[f.lease] for f in brought]
    lease, agent = np.repeat([f.lease for f in brought], counts), np.repeat([team[f.agent] for f in brought], counts)
    row = np.concatenate([np.arange(count) for count in counts])
    cost = np.concatenate([share_charge(f, each.failures) for f, each in zip(brought, rows, strict=True)])
    losses = np.concatenate([each.losses[: f.rows] for f, each in zip(brought, rows, strict=True)])
    digests = [each.digests for each in rows if each.digests is not None]
    if not digests:
        cube = np.concatenate([each.points[: f.rows] for f, each in zip(brought, rows, strict=True)])
        return Points(lease, agent, row, cost, cube, losses)
    cube, whole = _collect_whole(brought, rows)
    unknown = np.full((1, digests[0].projections.shape[1]), np.nan)
    projections = np.concatenate(
        [
            np.repeat(unknown, count, axis=0) if each.digests is None else each.digests.projections[:count]
            for each, count in zip(rows, counts, strict=True)
        ]
    )
    return Points(lease, agent, row, cost, cube, losses, whole, projections)


def _collect_whole(brought: list[Finding], recorded: list[Rows]) -> tuple[Array, NDArray[np.int64]]:
    """Return the points of leases that are known (those that are kept, and bests), and their places among all rows."""
    dimension, kept = recorded[0].points.shape[1], sum(len(rows.points) for rows in recorded)
    shown = _choose_bests(brought, recorded, max(kept, LEAST_BESTS_BYTES // (8 * dimension)))
    cube, whole = np.empty((kept + len(shown), dimension)), np.empty(kept + len(shown), dtype=np.int64)
    start = end = 0
    for finding, rows in zip(brought, recorded, strict=True):
        places = rows.whole
        if finding.lease in shown and finding.best is not None:
            at = int(np.searchsorted(places, finding.best.row))
            places = np.insert(places, at, finding.best.row)
            cube[end + at] = finding.best.point
            cube[end : end + at], cube[end + at + 1 : end + len(places)] = rows.points[:at], rows.points[at:]
        else:
            cube[end : end + len(places)] = rows.points
        whole[end : end + len(places)] = places + start
        start, end = start + finding.rows, end + len(places)
    return cube, whole


def _choose_bests(brought: list[Finding], recorded: list[Rows], most: int) -> set[int]:
    """Return the leases whose bests are to be shown though their rows are not kept.

    These are all, or about as many as ``most``, evenly, and that of the run's best point: the log of a run with very
    many short leases has more of them than fit in memory.
    """
    found = [
        finding
        for finding, rows in zip(brought, recorded, strict=True)
        if finding.best is not None and rows.find_point(finding.best.row) is None
    ]
    step = -(-len(found) // most) or 1
    top = min(brought, key=lambda finding: finding.best_loss)
    return {finding.lease for at, finding in enumerate(found) if at % step == 0 or finding is top}


def share_charge(finding: Finding, failures: tuple[RowFailure, ...]) -> NDArray[np.int64]:
    """Return what each row of a lease was charged, in whole evaluations that sum to its charge, shape (rows,).

    Args:
        finding: What the lease brought.
        failures: What its log says of its rows: it marks those of mini-batches, of which many share an evaluation.
    """
    if finding.mini_batches and not finding.failed:
        parts = np.zeros(finding.rows, dtype=bool)
        parts[[failure.row for failure in failures if failure.of_mini_batch]] = True
        whole = finding.rows - int(parts.sum())
        spent = np.cumsum(np.where(parts, (finding.charged - whole) / max(1, parts.sum()), 1.0))
        return np.diff(np.rint(spent).astype(np.int64), prepend=0)
    costs = np.zeros(finding.rows, dtype=np.int64)
    paid = np.ones(finding.rows, dtype=bool)
    paid[[failure.row for failure in finding.failures if failure.is_free]] = False
    # A failed agent is charged in full, even if it proposed nothing that was evaluated.
    rows = np.flatnonzero(paid) if paid.any() else np.arange(finding.rows)
    base, more = divmod(finding.charged, len(rows))
    costs[rows] = base
    # Rows differ only where rows with and without gradients mix, or where a failed agent was charged in full.
    costs[rows[len(rows) - more :]] += 1
    return costs
