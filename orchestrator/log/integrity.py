"""Checks a whole log: the structures of SQLite, every row, and that nothing is missing in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...agents.agent import Finding, Rows
from ..state.events import findings
from .event_order import check_rows
from .table_access import LogTables


def check_log(tables: LogTables) -> None:
    """Check everything that a log holds.

    Raises:
        LogDamaged: At the first place that is damaged.
    """
    check_structure(tables)
    for record in tables.read_runs():
        events, rows = tables.read_events(record.id), tables.read_all_rows(record.id)
        check_collected(tables, record.id, findings(events), rows)


def check_collected(tables: LogTables, run: str, brought: Iterable[Finding], recorded: Mapping[int, Rows]) -> None:
    """Check that the points of collected leases are there.

    Args:
        tables: The tables of the log.
        run: Id of the run.
        brought: The findings of the leases.
        recorded: The recorded points, by lease.

    Raises:
        LogDamaged: For the first lease that is not whole.
    """
    for finding in brought:
        try:
            check_rows(finding, recorded.get(finding.lease))
        except ValueError as error:
            raise tables.damage(f"lease {finding.lease} of run {run} is not whole: {error}") from None


def check_structure(tables: LogTables) -> None:
    """Check what reading the runs one by one would not notice: pages, indexes, gaps, and rows of no run.

    Raises:
        LogDamaged: At the first place that is damaged.
    """
    for (found,) in tables.execute("PRAGMA integrity_check(1)", ()):
        if found != "ok":
            raise tables.damage(str(found))
    tables.read_meta()
    numbers = {
        "sessions": [row[0] - 1 for row in tables.select_sessions()],
        "runs": [row[1] for row in tables.select("runs", "ORDER BY position")],
    }
    for table, listed in numbers.items():
        for expected, number in enumerate(listed):
            if number != expected:
                raise tables.damage(f"row {expected} of the table {table} is missing")
    found = [
        (run, table)
        for table in ("events", "points")
        for (run,) in tables.execute(f"SELECT DISTINCT run FROM {table}", ())
    ]
    # Read after them: the log may be growing, and a run comes before its events.
    known = {record.id for record in tables.read_runs()}
    for run, table in found:
        if run not in known:
            raise tables.damage(f"it has {table} of the run {run!r:.80}, which the table runs does not have")
    if found and tables.has_checksums and not tables.read_sessions():
        raise tables.damage("session 1 is missing")
