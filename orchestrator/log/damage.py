"""Finds damage in a log (in the structures of SQLite, in every row, or between rows), and saves what is intact."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...agents.agent import Finding, Rows
from ...landscapes.landscape import Array
from ..state.events import Collected, Event, findings
from .codec import load_event
from .event_order import EventOrder, check_rows
from .journal_mode import sync_path
from .log import LogError
from .regular_files import check_log_files
from .row_checks import (
    COLUMNS,
    TYPES,
    UNREADABLE,
    check_environment,
    check_settings,
    compute_checksum,
    decode_measures,
    decode_points,
    decode_timing,
    find_wrong_type,
    join_points,
)
from .table_access import LogTables, read_measures, read_timings
from .tables import (
    FIRST_WITH_CHECKSUMS,
    NOT_A_LOG_ADVICE,
    OPTIONAL_TABLES,
    ReadingConnection,
    create_tables,
    to_uri,
)
from .vectors import ReferenceReader, decode_vector, digest_vector

Row = tuple[Any, ...]
KEYS = {
    "meta": "key",
    "runs": "id",
    "events": "run, seq",
    "points": "rowid",
    "reduced_points": "rowid",
    "vectors": "hash",
    "measures": "run, lease",
    "timings": "run, lease",
    "sessions": "number",
}
"""What the rows of each table are ordered by."""


def check_log(tables: LogTables) -> None:
    """Check everything that a log holds.

    Raises:
        LogDamaged: At the first place that is damaged.
    """
    check_structure(tables)
    _check_vectors(tables)
    for record in tables.read_runs():
        events, rows = tables.read_events(record.id), tables.read_all_rows(record.id)
        check_collected(tables, record.id, findings(events), rows)
        read_measures(tables, record.id)
        read_timings(tables, record.id)


def _check_vectors(tables: LogTables) -> None:
    """Raise LogDamaged if a vector is not the one of its hash."""
    # One at a time: together they may take more memory than there is.
    for (place,) in tables.execute("SELECT rowid FROM vectors", ()) if tables.has_table("vectors") else ():
        for name, raw in tables.select("vectors", "WHERE rowid = ?", (place,)):
            try:
                decode_vector(name, raw)
            except ValueError as error:
                raise tables.damage(str(error)) from None


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
        for table in ("events", "points", "reduced_points", "measures", "timings")
        if table not in OPTIONAL_TABLES or tables.has_table(table)
        for (run,) in tables.execute(f"SELECT DISTINCT run FROM {table}", ())
    ]
    # Read after them: the log may be growing, and a run comes before its events.
    known = {record.id for record in tables.read_runs()}
    for run, table in found:
        if run not in known:
            raise tables.damage(f"it has {table} of the run {run!r:.80}, which the table runs does not have")
    if found and tables.has_checksums and not tables.read_sessions():
        raise tables.damage("session 1 is missing")


def salvage_log(source: Path, target: Path) -> dict[str, str]:
    """Write what is intact of a log into a new file, in the schema of the old one.

    Of each run, the new log has the events before the first one that is damaged, missing, or lacks points, and all
    intact points: it is the log of an interrupted run. A run whose settings are lost is left out.

    Args:
        source: The log. It is not changed.
        target: The new file.

    Returns:
        For each table, how many of its rows the new log has, in words.

    Raises:
        LogError: If nothing can be read.
    """
    check_log_files(source)
    if not source.exists():
        raise LogError(f"{source} does not exist. {NOT_A_LOG_ADVICE}")
    with contextlib.closing(sqlite3.connect(to_uri(source, "ro"), uri=True, factory=ReadingConnection)) as db:
        # Text that is none is found by its checksum, and must not end the reading.
        db.text_factory = lambda raw: raw.decode(errors="surrogateescape")
        tables = {table: _read_intact_rows(db, table) for table in COLUMNS}
    found = {table: rows for table, (rows, _, _) in tables.items()}
    totals = {table: total for table, (_, total, _) in tables.items()}
    has_checksums = tables["runs"][2]
    runs = [row for row in sorted(found["runs"], key=lambda row: row[1]) if _settings_of(row) is not None]
    if not runs:
        raise LogError(f"{source} is damaged, and nothing in it is intact: no run can be read. Run it again.")
    kept: dict[str, list[Row]] = {"runs": [(row[0], at, *row[2:]) for at, row in enumerate(runs)]}
    kept["vectors"] = [row for row in found["vectors"] if digest_vector(row[1]) == row[0]]
    vectors: dict[str, bytes] = {row[0]: row[1] for row in kept["vectors"]}
    kept["events"], kept["points"], kept["reduced_points"] = [], [], []
    collected: set[tuple[str, int] | None] = set()
    for row in runs:
        events, points = _choose_rows(row, found["events"], found["points"] + found["reduced_points"], vectors)
        kept["events"] += [each for each, _ in events]
        collected |= {(row[0], finding.lease) for finding in findings(event for _, event in events)}
        for each in points:
            kept["points" if len(each) == len(TYPES["points"]) else "reduced_points"].append(each)
    for table, decode in (("measures", decode_measures), ("timings", decode_timing)):
        kept[table] = [row for row in found[table] if _parse_note(row, decode) in collected]
    sessions = [row for row in found["sessions"] if _parse_environment(row[-1]) is not None]
    kept["sessions"] = [(number, *row[1:]) for number, row in enumerate(sessions, 1)]
    counts = {
        table: f"{len(rows):,} of {max(totals[table], len(rows)):,}"
        for table, rows in kept.items()
        if totals[table] or table not in OPTIONAL_TABLES
    }
    _write_log(target, kept, _describe_file(found["meta"], source, counts), has_checksums)
    return counts


def _read_intact_rows(db: sqlite3.Connection, table: str) -> tuple[list[Row], int, bool]:
    """Read a table from both ends, up to where its pages are damaged.

    Returns:
        The rows that are intact, without checksums; how many rows were read; whether rows have checksums.
    """
    read: dict[Row, None] = {}
    checked = False
    for direction in ("", " DESC"):
        order = ", ".join(f"{key}{direction}" for key in KEYS[table].split(", "))
        try:
            cursor = db.execute(f"SELECT * FROM {table} ORDER BY {order}")
            checked = cursor.description[-1][0] == "checksum"
            for row in cursor:
                read[row] = None
            break
        except (sqlite3.Error, MemoryError, OverflowError):
            continue
    width = COLUMNS[table].count(",") + 1 + (checked and table == "runs") + checked
    intact = [row for row in read if len(row) == width and (not checked or _matches(table, row))]
    values = [row[:-1] if checked else row for row in intact]
    return [row for row in values if _has_valid_text(row) and not find_wrong_type(table, row)], len(read), checked


def _has_valid_text(row: Row) -> bool:
    """Return whether all text of a row is text: what is not was read as lone surrogates, and cannot be written."""
    try:
        "".join(value for value in row if isinstance(value, str)).encode()
    except UnicodeEncodeError:
        return False
    return True


def _matches(table: str, row: Row) -> bool:
    return compute_checksum(table, row[:-1]) == row[-1]


def _parse_note(row: Row, decode: Callable[[str], object]) -> tuple[str, int] | None:
    """Return the run and the lease to which a row of measures or of timings belongs; None if it cannot be read."""
    try:
        decode(row[2])
    except UNREADABLE:
        return None
    return row[0], row[1]


def _settings_of(row: Row) -> dict[str, Any] | None:
    """Return the settings in a row of the table of runs; None if they are not those of its id."""
    try:
        settings: dict[str, Any] = json.loads(row[5])
        check_settings(row[0], settings)
    except UNREADABLE:
        return None
    return settings


def _parse_environment(text: str) -> dict[str, Any] | None:
    try:
        environment: dict[str, Any] = json.loads(text)
        check_environment(environment)
    except UNREADABLE:
        return None
    return environment


def _choose_rows(
    run: Row, all_events: list[Row], all_points: list[Row], vectors: Mapping[str, bytes]
) -> tuple[list[tuple[Row, Event]], list[Row]]:
    """Return the rows of the events, with these, and of the points of a run that the new log gets."""
    leases: dict[int, list[tuple[Rows, Row]]] = {}
    for row in all_points:
        if row[0] == run[0]:
            with contextlib.suppress(*UNREADABLE):
                leases.setdefault(row[1], []).append((decode_points(*row[2:]), row))
    whole = {lease: kept for lease, parts in leases.items() if (kept := _choose_parts(parts))}
    order = EventOrder(run[0], _settings_of(run) or {})
    events: list[tuple[Row, Event]] = []

    def find_row(lease: int, row: int) -> Array:
        for part, _ in whole.get(lease, []):
            if (point := part.find_point(row)) is not None:
                return point
        raise ValueError(f"row {row} of lease {lease} is lost")

    references = ReferenceReader(find_row, lambda name: decode_vector(name, vectors[name]))
    numbered = {row[1]: row for row in all_events if row[0] == run[0]}
    while len(events) in numbered:
        row = numbered[len(events)]
        try:
            event = load_event(row[2], row[3], references.decode)
            if isinstance(event, Collected):
                parts = whole.get(event.finding.lease, [])
                check_rows(event.finding, join_points([part for part, _ in parts]))
            order.add(event)
        except UNREADABLE:
            break
        events.append((row, event))
    return events, [row for parts in whole.values() for _, row in parts]


def _choose_parts(parts: list[tuple[Rows, Row]]) -> list[tuple[Rows, Row]]:
    """Return the parts of a lease that can be joined, in order."""
    chosen: list[tuple[Rows, Row]] = []
    for part, row in sorted(parts, key=lambda each: each[0].first):
        try:
            join_points([*(known for known, _ in chosen), part])
        except UNREADABLE:
            continue
        chosen.append((part, row))
    return chosen


def _describe_file(meta: list[Row], source: Path, counts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the keys and values of the new log's meta, but for its version."""
    known: dict[str, str] = {row[0]: row[1] for row in meta}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    yield "created", known.get("created", json.dumps(now))
    environment = known.get("environment", "{}")
    yield "environment", environment if _parse_environment(environment) is not None else "{}"
    yield "salvaged", json.dumps({"from": str(source.parent), "at": now, "rows": counts})


def _write_log(path: Path, rows: dict[str, list[Row]], meta: Iterator[tuple[str, str]], has_checksums: bool) -> None:
    version = FIRST_WITH_CHECKSUMS if has_checksums else FIRST_WITH_CHECKSUMS - 1
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, version)
        db.execute("BEGIN IMMEDIATE")
        tables = LogTables(lambda sql, values: db.execute(sql, values).fetchall(), version, path)
        tables.insert("meta", "schema_version", json.dumps(version))
        for key, value in meta:
            tables.insert("meta", key, value)
        for table, listed in rows.items():
            if listed and table in OPTIONAL_TABLES:
                tables.need_table(table)
            for row in listed:
                tables.insert(table, *row)
        db.execute("COMMIT")
    sync_path(path)
