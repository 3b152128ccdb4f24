"""Reads a log file, whether it is finished or still being written."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...agents.agent import Rows
from ...landscapes.landscape import Array
from ..state.events import Event, findings
from .codec import STOPPED_KIND
from .log import LogError, LogLost
from .table_access import LogTables
from .tables import NOT_A_LOG_ADVICE, RunRecord, Session, check_version, open_read_only, to_log_error


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
        cube: The points in the unit cube, shape (n, D).
        losses: The losses, shape (n,); +inf for failed rows.
    """

    lease: NDArray[np.int64]
    agent: NDArray[np.int64]
    row: NDArray[np.int64]
    cost: NDArray[np.int64]
    cube: Array
    losses: Array


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
        self.tables = LogTables(self._execute, version, self.path)

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
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._read_error(error) from None

    def close(self) -> None:
        """Close the file."""
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

    def rows(self, run: str, lease: int) -> Rows | None:
        """Return all recorded points of a lease, whether it has been collected or not; None if there are none."""
        return self.tables.read_rows(run, lease)

    def read_update(self, run: str, events: int = -1, rows: int = 0) -> LogUpdate:
        """Read what was added to the log of a run since an earlier update.

        Everything is read in one transaction, so the rows of a lease never come without its grant.

        Args:
            run: Id of the run.
            events: ``events`` of the last update. Default: from the first event on.
            rows: ``rows`` of the last update. Default: from the first point on.
        """
        try:
            self._db.execute("BEGIN")
            try:
                return self._read_update(run, events, rows)
            finally:
                # The writer can truncate its write-ahead log only when no read transaction is open.
                self._db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise self._read_error(error) from None

    def _read_update(self, run: str, events: int, rows: int) -> LogUpdate:
        happened = self.tables.read_events(run, events)
        new_rows, position = self.tables.read_new_rows(run, rows)
        return LogUpdate(happened, new_rows, events + len(happened), position)

    def counts(self, run: str) -> dict[int, int]:
        """Return how many recorded points each lease of a run has."""
        return dict(self._execute("SELECT lease, SUM(n) FROM points WHERE run = ? GROUP BY lease", (run,)))

    def points(self, run: str) -> Points:
        """Return all collected points of a run. Raises KeyError for a run that is not in the log."""
        return self.points_of(self.record(run), self.events(run))

    def points_of(self, record: RunRecord, events: list[Event]) -> Points:
        """Return the points of a run that were collected by the given events of it."""
        return collect_points(record, events, self.tables.read_all_rows(record.id))

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
    return Points(
        np.repeat([f.lease for f in brought], counts),
        np.repeat([team[f.agent] for f in brought], counts),
        np.concatenate([np.arange(count) for count in counts]),
        np.concatenate([row_costs(f.rows, f.charged) for f in brought]),
        np.concatenate([recorded[f.lease].points[: f.rows] for f in brought]),
        np.concatenate([recorded[f.lease].losses[: f.rows] for f in brought]),
    )


def row_costs(rows: int, charged: int) -> NDArray[np.int64]:
    """Return what each row of a lease was charged, in whole evaluations that sum to ``charged``, shape (rows,)."""
    base, more = divmod(charged, rows)
    costs = np.full(rows, base, dtype=np.int64)
    # Rows differ only where rows with and without gradients mix, or where a failed agent was charged in full.
    costs[rows - more :] += 1
    return costs
