"""The trace: the log as canonical text, and the hash of that text. Equal traces mean equal findings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from ...agents.agent import Rows
from ..state.events import Collected
from .codec import format_event
from .reader import LogReader


def trace(reader: LogReader) -> Iterator[str]:
    """Yield the lines of the log as canonical text, independent of the host's clock, the executor and versions.

    Runs are ordered by their ids. The points of a lease come before the event that collects it.

    Raises:
        LogDamaged: If the log is damaged. Lines before the damage may have been yielded.
    """
    reader.check_structure()
    for record in sorted(reader.runs(), key=lambda r: r.id):
        yield f"run {record.id} {json.dumps(record.settings, sort_keys=True, separators=(',', ':'))}"
        for event in reader.events(record.id):
            if isinstance(event, Collected):
                lease = event.finding.lease
                rows = reader.rows(record.id, lease)
                reader.check_rows(record.id, [event.finding], {} if rows is None else {lease: rows})
                yield from _format_points(lease, rows)
            kind, _, body = format_event(event).partition(" ")
            yield f"{kind.lower()} {body}"


def _format_points(lease: int, rows: Rows | None) -> Iterator[str]:
    if rows is None:
        return
    for row, loss in enumerate(rows.losses.tolist()):
        point = rows.find_point(row)
        if point is not None:
            yield f"point {lease} {row} {loss!r} {' '.join(map(repr, point.tolist()))}"
        elif rows.digests is not None:
            yield f"point {lease} {row} {loss!r} sha {rows.digests.points[row].tobytes().hex()}"


def trace_hash(reader: LogReader) -> str:
    """Return the SHA-256 of the trace, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for line in trace(reader):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
