"""The log as canonical text, and its hash: equal traces, equal findings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from ...agents.agent import Rows
from .codec import dumps
from .outcomes import Outcome, collected
from .reader import LogReader


def trace(reader: LogReader) -> Iterator[str]:
    """The log as canonical text, without anything of the host's clock, executor or versions.

    Runs stand in the order of their ids; a lease's points are printed at its Found or Failed.
    """
    for record in sorted(reader.runs(), key=lambda r: r.id):
        yield f"run {record.id} {json.dumps(record.settings, sort_keys=True, separators=(',', ':'))}"
        for event in reader.events(record.id):
            for outcome in collected([event]):
                yield from _points(outcome, reader.rows(record.id, outcome.lease))
            yield f"{type(event).__name__.lower()} {dumps(event)}"


def _points(outcome: Outcome, rows: Rows | None) -> Iterator[str]:
    if rows is None:
        return
    for row, (point, loss) in enumerate(zip(rows.points.tolist(), rows.losses.tolist(), strict=True)):
        yield f"point {outcome.lease} {row} {loss!r} {' '.join(map(repr, point))}"


def trace_hash(reader: LogReader) -> str:
    """SHA-256 of the trace."""
    digest = hashlib.sha256()
    for line in trace(reader):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
