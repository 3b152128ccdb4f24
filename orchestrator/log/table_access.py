"""Reads and writes the rows of a log's tables. Every row is checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...agents.agent import RowFailure, Rows
from ..state.events import Event
from .checksums import Value, compute_checksum
from .codec import load_event
from .log import LogDamaged, join_rows
from .tables import FIRST_WITH_CHECKSUMS, Execute, RunRecord, Session, to_damage

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)
"""What decoding raises where a row is not what was written."""

COLUMNS = {
    "meta": "key, value",
    "runs": "id, position, strategy, landscape, repeat, settings",
    "events": "run, seq, kind, body, wall",
    "points": "run, lease, first, n, cube, losses, gradients, failures",
    "sessions": "number, started, host, pid, elapsed, environment",
}
"""The columns of each table that all versions have, in order."""


class LogTables:
    """The tables of a log file, in the version of its schema.

    Args:
        execute: Executes a statement.
        version: The version of the schema.
        path: The log file, for messages.
    """

    def __init__(self, execute: Execute, version: int, path: Path) -> None:
        self._execute, self._path = execute, path
        self.has_checksums = version >= FIRST_WITH_CHECKSUMS
        self._columns = dict(COLUMNS)
        if self.has_checksums:
            self._columns["runs"] += ", about"
        marks = {table: listed.count(",") + 1 + self.has_checksums for table, listed in self._columns.items()}
        self._insertions = {
            table: f"INSERT INTO {table} VALUES ({', '.join('?' * count)})" for table, count in marks.items()
        }

    def insert(self, table: str, *values: Value) -> None:
        """Add a row, with its checksum if this version has checksums."""
        row = (*values, compute_checksum(table, values)) if self.has_checksums else values
        self._execute(self._insertions[table], row)

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
        found: list[tuple[Any, ...]] = self._execute(f"SELECT {listed} FROM {table} {rest}", values)
        if not self.has_checksums:
            return found
        first = 1 if extra else 0
        for row in found:
            if compute_checksum(table, row[first:-1]) != row[-1]:
                raise self.damage(f"{describe_row(table, row[first:-1])} does not match its checksum")
        return [row[:-1] for row in found]

    def damage(self, what: str) -> LogDamaged:
        """Return the error for what was found in this log."""
        return to_damage(self._path, what)

    def read_meta(self) -> dict[str, Any]:
        """Return the data about the file, by key."""
        return {key: self._parse("meta", (key,), value) for key, value in self.select("meta")}

    def read_runs(self) -> list[RunRecord]:
        """Return the runs, in the order of the plan."""
        return [self._to_record(row) for row in self.select("runs", "ORDER BY position")]

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
            self._execute("UPDATE runs SET about = ?, checksum = ? WHERE id = ?", changed)

    def read_events(self, run: str, after: int = -1) -> list[Event]:
        """Return the events of a run, in order, from number ``after`` + 1 on."""
        return [self._to_event(row) for row in self._select_events(run, after)]

    def read_event_texts(self, run: str) -> list[tuple[str, str]]:
        """Return the events of a run, in order, each as its kind and its text."""
        return [(kind, body) for _, _, kind, body, _ in self._select_events(run)]

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

    def _to_event(self, row: tuple[Any, ...]) -> Event:
        _, _, kind, body, _ = row
        try:
            return load_event(kind, body)
        except UNREADABLE as error:
            raise self.damage(f"{describe_row('events', row)} cannot be read ({error})") from None

    def read_rows(self, run: str, lease: int) -> Rows | None:
        """Return the recorded points of a lease, from its first row on; None if there are none."""
        found = self.select("points", "WHERE run = ? AND lease = ? ORDER BY first", (run, lease))
        return self._join([self._to_rows(row) for row in found], run, lease)

    def read_all_rows(self, run: str) -> dict[int, Rows]:
        """Return all recorded points of a run, by lease, with a single query."""
        parts: dict[int, list[Rows]] = {}
        for row in self.select("points", "WHERE run = ? ORDER BY lease, first", (run,)):
            parts.setdefault(row[1], []).append(self._to_rows(row))
        found = {lease: self._join(listed, run, lease) for lease, listed in parts.items()}
        return {lease: rows for lease, rows in found.items() if rows is not None}

    def read_new_rows(self, run: str, after: int) -> tuple[list[tuple[int, Rows]], int]:
        """Return the points of a run that were written since an earlier call.

        Args:
            run: Id of the run.
            after: The position that the earlier call returned; 0: from the beginning.

        Returns:
            (lease, rows) in the order in which they were written, and the position up to which was read.
        """
        found = self.select("points", "WHERE run = ? AND rowid > ? ORDER BY rowid", (run, after), extra="rowid")
        return [(row[2], self._to_rows(row[1:])) for row in found], found[-1][0] if found else after

    def read_sessions(self) -> list[Session]:
        """Return the sessions, in order; none for a log of version 1."""
        (tables,) = self._execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'sessions'", ())
        if not tables[0]:
            return []
        found = self.select("sessions", "ORDER BY number")
        return [
            Session(at, host, pid, elapsed, self._parse("sessions", (number,), known))
            for number, at, host, pid, elapsed, known in found
        ]

    def _to_record(self, row: tuple[Any, ...]) -> RunRecord:
        id, _, strategy, landscape, repeat, settings, *about = row
        texts = [self._parse("runs", row, text) for text in (settings, *about)]
        return RunRecord(id, strategy, landscape, repeat, *texts)

    def _parse(self, table: str, row: tuple[Any, ...], text: Any) -> Any:
        try:
            return json.loads(text)
        except UNREADABLE as error:
            raise self.damage(f"{describe_row(table, row)} is not JSON ({error})") from None

    def _to_rows(self, row: tuple[Any, ...]) -> Rows:
        _, _, first, n, cube, losses, gradients, failures = row
        try:
            return Rows(
                first,
                np.frombuffer(cube).reshape(n, -1),
                np.frombuffer(losses).reshape(n),
                None if gradients is None else np.frombuffer(gradients).reshape(n, -1),
                tuple(RowFailure(row, cause) for row, cause in json.loads(failures or "[]")),
            )
        except UNREADABLE as error:
            raise self.damage(f"{describe_row('points', row)} cannot be read ({error})") from None

    def _join(self, parts: list[Rows], run: str, lease: int) -> Rows | None:
        try:
            return join_rows(parts)
        except UNREADABLE as error:
            raise self.damage(f"the points of lease {lease} of run {run} do not belong together ({error})") from None


def describe_row(table: str, row: tuple[Any, ...]) -> str:
    """Name a row of a table, by its first columns."""
    match table:
        case "events":
            return f"event {row[1]} of run {row[0]}"
        case "points":
            return f"row {row[2]} of lease {row[1]} of run {row[0]}"
        case "runs":
            return f"run {row[0]} in the table runs"
        case "sessions":
            return f"session {row[0]}"
    return f"{row[0]} in the table {table}"
