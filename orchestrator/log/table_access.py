"""Reads and writes the rows of a log's tables. Every row is checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...agents.agent import LeaseTiming, Rows
from ...landscapes.landscape import Array
from ..state.events import Event
from .codec import load_event
from .event_order import EventOrder
from .log import LogDamaged
from .row_checks import (
    COLUMNS,
    UNREADABLE,
    Value,
    check_environment,
    check_settings,
    compute_checksum,
    decode_measures,
    decode_points,
    decode_timing,
    describe_row,
    encode_points,
    find_wrong_type,
    join_points,
)
from .tables import FIRST_WITH_CHECKSUMS, OPTIONAL_TABLES, Execute, RunRecord, Session, to_damage
from .vectors import ReferenceReader, VectorCache, decode_vector


class RowAccess:
    """The rows of a log's tables, in the version of its schema.

    Args:
        execute: Executes a statement.
        version: The version of the schema.
        path: The log file, for messages.

    Attributes:
        has_checksums: Whether the rows of this version have checksums.
    """

    def __init__(self, execute: Execute, version: int, path: Path) -> None:
        self.execute, self._path, self._cache = execute, path, VectorCache()
        self.has_checksums = version >= FIRST_WITH_CHECKSUMS
        self._present: set[str] = set()
        """Tables that are known to be there. No table of a log is ever removed."""
        self._columns = dict(COLUMNS)
        if self.has_checksums:
            self._columns["runs"] += ", about"
        marks = {table: listed.count(",") + 1 + self.has_checksums for table, listed in self._columns.items()}
        self._insertions = {
            table: f"INSERT INTO {table} VALUES ({', '.join('?' * count)})" for table, count in marks.items()
        }
        # A lease whose event was lost is collected again.
        self._insertions["timings"] = self._insertions["timings"].replace("INSERT", "INSERT OR REPLACE", 1)

    def insert(self, table: str, *values: Value) -> None:
        """Add a row, with its checksum if this version has checksums."""
        row = (*values, compute_checksum(table, values)) if self.has_checksums else values
        self.execute(self._insertions[table], row)

    def select(
        self, table: str, rest: str = "", values: tuple[Any, ...] = (), extra: str = ""
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a table that a condition selects, after checking each.

        Args:
            table: The table.
            rest: The end of the statement, from WHERE on.
            values: The values of the statement.
            extra: A further column, which is put in front of each row and not checked.

        Raises:
            LogDamaged: At the first row that does not match its checksum.
        """
        listed = ", ".join(filter(None, [extra, self._columns[table], "checksum" if self.has_checksums else ""]))
        found = self.execute(f"SELECT {listed} FROM {table} {rest}", values)
        return [self._check_row(table, row, 1 if extra else 0) for row in found]

    def _check_row(self, table: str, row: tuple[Any, ...], first: int) -> tuple[Any, ...]:
        """Check the values of a row from column ``first`` on, and return the row without its checksum."""
        values = row[first:]
        if self.has_checksums:
            values, checksum = values[:-1], values[-1]
            if compute_checksum(table, values) != checksum:
                raise self.damage(f"{describe_row(table, values)} does not match its checksum")
            row = row[:-1]
        wrong = find_wrong_type(table, values)
        if wrong is not None:
            raise self.damage(wrong)
        return row

    def damage(self, what: str) -> LogDamaged:
        """Return the error for what was found in this log."""
        return to_damage(self._path, what)

    def has_table(self, table: str) -> bool:
        """Return whether the log has a table: logs of version 1 have no sessions, and most logs no vectors."""
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)))

    def need_table(self, table: str) -> None:
        """Create a table that a log gets when it needs it, unless it is there."""
        if table not in self._present:
            if not self.has_table(table):
                self.execute(OPTIONAL_TABLES[table], ())
            self._present.add(table)

    def add_rows(self, run: str, lease: int, rows: Rows) -> None:
        """Add points of a lease."""
        table = "points" if rows.digests is None else "reduced_points"
        if rows.digests is not None:
            self.need_table(table)
        self.insert(table, run, lease, *encode_points(rows))

    def select_points(self, rest: str, values: tuple[Any, ...] = (), extra: str = "") -> list[tuple[Any, ...]]:
        """Return rows of the tables of points, as ``select`` does. The points of a run are in one of the tables."""
        found = self.select("points", rest, values, extra)
        return found + (self.select("reduced_points", rest, values, extra) if self.has_table("reduced_points") else [])


class LogTables(RowAccess):
    """The tables of a log file, as what they record. ``RowAccess`` describes the arguments."""

    def add_vectors(self, vectors: Mapping[str, bytes]) -> None:
        """Add vectors to which events refer by their hashes, unless they are there."""
        if vectors:
            self.need_table("vectors")
        for name, raw in vectors.items():
            if not self.execute("SELECT 1 FROM vectors WHERE hash = ?", (name,)):
                self.insert("vectors", name, raw)

    def read_meta(self) -> dict[str, Any]:
        """Return the data about the file, by key."""
        meta = {key: self._parse("meta", (key,), value) for key, value in self.select("meta")}
        self._check_environment("meta", ("environment",), meta["environment"])
        return meta

    def read_runs(self, landscape: str | None = None) -> list[RunRecord]:
        """Return the runs, or those on a landscape by its name in reports, in the order of the plan."""
        where, values = ("", ()) if landscape is None else ("WHERE landscape = ? ", (landscape,))
        return [self._to_record(row) for row in self.select("runs", f"{where}ORDER BY position", values)]

    def read_run(self, run: str) -> RunRecord | None:
        """Return the record of a run by its id; None if it is not in the log."""
        found = self.select("runs", "WHERE id = ?", (run,))
        return self._to_record(found[0]) if found else None

    def update_about(self, run: str, about: Mapping[str, Any]) -> None:
        """Record what is known of the landscape of a run. Older versions have no place for it: nothing is done."""
        if self.has_checksums:
            ((*values, _),) = self.select("runs", "WHERE id = ?", (run,))
            text = json.dumps(about)
            changed = (text, compute_checksum("runs", (*values, text)), run)
            self.execute("UPDATE runs SET about = ?, checksum = ? WHERE id = ?", changed)

    def begin_order(self, run: str) -> EventOrder | None:
        """Return the rules for the events of a run from the first on; None for a run that is not in the log."""
        record = self.read_run(run)
        return None if record is None else EventOrder(record.id, record.settings)

    def read_events(
        self, run: str, after: int = -1, order: EventOrder | None = None, references: ReferenceReader | None = None
    ) -> list[Event]:
        """Return the events of a run, in order.

        Args:
            run: Id of the run.
            after: The number of the last event that is not wanted. Default: all are.
            order: The rules, which took the events up to ``after``. Default, if all events are wanted: new ones.
            references: Finds the vectors to which the events refer. Default: a new one.

        Raises:
            LogDamaged: If an event is damaged or missing, or cannot follow those before it.
        """
        rows = list(self._select_events(run, after))
        order = self.begin_order(run) if order is None and after < 0 and rows else order
        if order is None and rows and after < 0:
            raise self.damage(f"it has events of the run {run!r:.80}, which the table runs does not have")
        events = []
        references = references or self.open_references(run)
        for row in rows:
            try:
                event = load_event(row[2], row[3], references.decode)
                if order is not None:
                    order.add(event)
            except UNREADABLE as error:
                raise self.damage(f"{describe_row('events', row)} cannot be read ({error})") from None
            events.append(event)
        return events

    def open_references(self, run: str) -> ReferenceReader:
        """Return what finds the vectors to which the events of a run refer."""
        return ReferenceReader(lambda lease, row: self._read_row(run, lease, row), self._read_vector, run, self._cache)

    def _read_row(self, run: str, lease: int, row: int) -> Array:
        where = "WHERE run = ? AND lease = ? AND first <= ? ORDER BY first DESC LIMIT 1"
        for part in map(self._to_rows, self.select_points(where, (run, lease, row))):
            if (point := part.find_point(row)) is not None:
                return point
        raise ValueError(f"row {row} of lease {lease}, to which it refers, is missing")

    def _read_vector(self, name: str) -> Array:
        if self.has_table("vectors"):
            for _, raw in self.select("vectors", "WHERE hash = ?", (name,)):
                return decode_vector(name, raw)
        raise ValueError(f"vector {name}, to which it refers, is missing")

    def read_last_events(self) -> list[tuple[str, int, str]]:
        """Return the last event of each run that has any: the run, the event's number and its kind."""
        last = "WHERE seq = (SELECT MAX(seq) FROM events AS others WHERE others.run = events.run)"
        return [(run, seq, kind) for run, seq, kind, _, _ in self.select("events", last)]

    def _select_events(self, run: str, after: int = -1) -> Iterator[tuple[Any, ...]]:
        for number, row in enumerate(
            self.select("events", "WHERE run = ? AND seq > ? ORDER BY seq", (run, after)), after + 1
        ):
            if row[1] != number:
                raise self.damage(f"event {number} of run {run} is missing; the next is {row[1]!r}")
            yield row

    def read_rows(self, run: str, lease: int) -> Rows | None:
        """Return the recorded points of a lease, from its first row on; None if there are none."""
        found = self.select_points("WHERE run = ? AND lease = ? ORDER BY first", (run, lease))
        return self._join([self._to_rows(row) for row in found], run, lease)

    def read_all_rows(self, run: str) -> dict[int, Rows]:
        """Return all recorded points of a run, by lease, with a single query."""
        parts: dict[int, list[Rows]] = {}
        listed = self.select_points("WHERE run = ? ORDER BY lease, first", (run,))
        # What was read is let go of as soon as it is joined: a run's points may take most of the memory.
        listed.reverse()
        while listed:
            row = listed.pop()
            parts.setdefault(row[1], []).append(self._to_rows(row))
        found = {lease: self._join(parts.pop(lease), run, lease) for lease in list(parts)}
        return {lease: rows for lease, rows in found.items() if rows is not None}

    def read_new_rows(self, run: str, after: int) -> tuple[list[tuple[int, Rows]], int]:
        """Return the points of a run that were written since an earlier call.

        Args:
            run: Id of the run.
            after: The position that the earlier call returned; 0: from the beginning.

        Returns:
            (lease, rows) in the order in which they were written, and the position up to which was read.
        """
        found = self.select_points("WHERE run = ? AND rowid > ? ORDER BY rowid", (run, after), extra="rowid")
        return [(row[2], self._to_rows(row[1:])) for row in found], found[-1][0] if found else after

    def select_sessions(self) -> list[tuple[Any, ...]]:
        """Return the rows of the sessions, in order; none for a log of version 1."""
        return self.select("sessions", "ORDER BY number") if self.has_table("sessions") else []

    def read_sessions(self) -> list[Session]:
        """Return the sessions, in order; none for a log of version 1."""
        sessions = []
        for number, at, host, pid, elapsed, text in self.select_sessions():
            known = self._parse("sessions", (number,), text)
            self._check_environment("sessions", (number,), known)
            sessions.append(Session(at, host, pid, elapsed, known))
        return sessions

    def _check_environment(self, table: str, row: tuple[Any, ...], known: dict[str, Any]) -> None:
        try:
            check_environment(known)
        except UNREADABLE as error:
            raise self.damage(f"the environment in {describe_row(table, row)} cannot be read ({error})") from None

    def _to_record(self, row: tuple[Any, ...]) -> RunRecord:
        id, _, strategy, landscape, repeat, settings, *about = row
        known = self._parse("runs", row, settings)
        try:
            check_settings(id, known)
        except UNREADABLE as error:
            raise self.damage(f"the settings of {describe_row('runs', row)} cannot be read ({error})") from None
        return RunRecord(id, strategy, landscape, repeat, known, *(self._parse("runs", row, text) for text in about))

    def _parse(self, table: str, row: tuple[Any, ...], text: str) -> Any:
        """Return the value of a text that holds a JSON object (in ``meta``: any JSON)."""
        try:
            value = json.loads(text)
        except UNREADABLE as error:
            raise self.damage(f"{describe_row(table, row)} is not JSON ({error})") from None
        if not isinstance(value, dict) and (table != "meta" or row[0] in ("environment", "salvaged")):
            raise self.damage(f"{describe_row(table, row)} must hold a JSON object, got {value!r:.80}")
        return value

    def _to_rows(self, row: tuple[Any, ...]) -> Rows:
        try:
            return decode_points(*row[2:])
        except UNREADABLE as error:
            raise self.damage(f"{describe_row('points', row)} cannot be read ({error})") from None

    def _join(self, parts: list[Rows], run: str, lease: int) -> Rows | None:
        try:
            return join_points(parts)
        except UNREADABLE as error:
            raise self.damage(f"the points of lease {lease} of run {run} do not belong together ({error})") from None


def add_measures(tables: RowAccess, run: str, lease: int, measures: Mapping[str, float]) -> None:
    """Add what the landscape tells of the best point of a lease besides its loss."""
    tables.need_table("measures")
    tables.insert("measures", run, lease, json.dumps(dict(measures)))


def read_measures(tables: RowAccess, run: str, first: int = 0) -> dict[int, dict[str, float]]:
    """Return what the landscape tells of the best points of a run besides their losses: named values by lease.

    Leases before ``first`` are left out.
    """
    if not tables.has_table("measures"):
        return {}
    found: dict[int, dict[str, float]] = {}
    for row in tables.select("measures", "WHERE run = ? AND lease >= ? ORDER BY lease", (run, first)):
        try:
            found[row[1]] = decode_measures(row[2])
        except UNREADABLE as error:
            raise tables.damage(f"{describe_row('measures', row)} cannot be read ({error})") from None
    return found


def add_timing(tables: RowAccess, run: str, lease: int, timing: LeaseTiming) -> None:
    """Add where the time of a lease went, rounded to microseconds."""
    tables.need_table("timings")
    body = f"[{timing.asked:.6f}, {timing.worked:.6f}, {timing.begun:.6f}, {timing.arrived:.6f}, {timing.actor}]"
    tables.insert("timings", run, lease, body)


def read_timings(tables: RowAccess, run: str) -> dict[int, LeaseTiming]:
    """Return where the time of the leases of a run went, by lease; of those for which that is known."""
    if not tables.has_table("timings"):
        return {}
    found: dict[int, LeaseTiming] = {}
    for row in tables.select("timings", "WHERE run = ? ORDER BY lease", (run,)):
        try:
            found[row[1]] = decode_timing(row[2])
        except UNREADABLE as error:
            raise tables.damage(f"{describe_row('timings', row)} cannot be read ({error})") from None
    return found
