"""Checks and decodes the rows of a log's tables: checksums, types and ranges.

The checksum of a row is the CRC-32 of the name of its table and of all its values, keys included.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from types import NoneType
from typing import Any

import numpy as np

from ...agents.agent import LeaseTiming, RowDigests, RowFailure, Rows
from ...agents.leases.row_digests import DIGEST_BYTES
from ...landscapes.landscape import Array
from ..run_spec import digest
from .log import join_rows

Value = str | int | float | bytes | memoryview | None
"""A value of a row, as SQLite returns or takes it. It takes bytes as a memoryview too, and returns none."""

MOST_ROWS = 2**40
MOST_MISSING_ROWS = 1_000_000
"""Rows that may be missing between those of a lease: more is damage, and would take all memory."""
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)
"""What decoding raises where a row is not what was written."""

SHORTEST_ID = 12
"""Characters of a run's id."""

COLUMNS = {
    "meta": "key, value",
    "runs": "id, position, strategy, landscape, repeat, settings",
    "events": "run, seq, kind, body, wall",
    "points": "run, lease, first, n, cube, losses, gradients, failures",
    "reduced_points": "run, lease, first, n, cube, losses, gradients, failures, dimension, whole, digests, "
    "gradient_digests, projections",
    "vectors": "hash, vector",
    "measures": "run, lease, body",
    "timings": "run, lease, body",
    "sessions": "number, started, host, pid, elapsed, environment",
}
"""The columns of each table that all versions have, in order; of ``OPTIONAL_TABLES``, those of logs that have them."""
POINTS_TYPES: tuple[tuple[type, ...], ...] = (
    *((str,), (int,), (int,), (int,), (bytes,), (bytes,), (bytes, NoneType), (str, NoneType)),
)
TYPES: dict[str, tuple[tuple[type, ...], ...]] = {
    "meta": ((str,), (str,)),
    "runs": ((str,), (int,), (str,), (str,), (int,), (str,), (str,)),
    "events": ((str,), (int,), (str,), (str,), (float,)),
    "points": POINTS_TYPES,
    "reduced_points": (*POINTS_TYPES, (int,), (bytes,), (bytes,), (bytes, NoneType), (bytes,)),
    "vectors": ((str,), (bytes,)),
    "measures": ((str,), (int,), (str,)),
    "timings": ((str,), (int,), (str,)),
    "sessions": ((int,), (str,), (str,), (int,), (float,), (str,)),
}
"""The types of these columns, and of ``about``."""
TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", bytes: "bytes"}
SETTINGS: dict[str, tuple[type, ...]] = {
    "landscape": (dict,),
    "team": (list,),
    "policy": (dict,),
    "seed": (int,),
    "repeat": (int,),
    "budget": (int,),
    "concurrency": (int,),
    "center": (float, int, list),
    "radius": (float, int),
    "target": (float, int, NoneType),
    "seconds": (float, int, NoneType),
}
"""What every run's settings hold, and the types of it."""


_PACK_FLOAT = struct.Struct("<d").pack
LARGE_VALUE = 4096
"""Bytes from which on a value is large."""


def compute_checksum(table: str, values: Iterable[Value]) -> int:
    """Return the checksum of a row.

    Each value is preceded by its type and its length, so that no two rows have the same encoding.

    Args:
        table: The name of the table.
        values: The values of the row, in the order of the columns, without the checksum itself.

    Example:
        >>> compute_checksum("points", ["a", 1]) == compute_checksum("points", ["a1", None])
        False
    """
    found = 0
    parts: list[bytes | memoryview] = [table.encode()]
    for value in values:
        if isinstance(value, str):
            # Text that a damaged file holds need not be valid.
            text = value.encode("utf-8", "surrogatepass")
            parts += (b"s%d:" % len(text), text)
        elif isinstance(value, int):
            parts.append(b"i%d;" % value)
        elif value is None:
            parts.append(b"n")
        elif isinstance(value, float):
            parts.append(b"f" + _PACK_FLOAT(value))
        else:
            size = memoryview(value).nbytes
            parts.append(b"b%d:" % size)
            if size < LARGE_VALUE:
                parts.append(value)
            else:
                # Points may take megabytes: they are not copied.
                found, parts = zlib.crc32(value, zlib.crc32(b"".join(parts), found)), []
    return zlib.crc32(b"".join(parts), found)


def find_wrong_type(table: str, values: Sequence[Any]) -> str | None:
    """Return what is wrong with the type of a value of a row; None if every value has its column's."""
    for column, (value, types) in enumerate(zip(values, TYPES[table], strict=False)):
        if type(value) not in types:
            name = (*COLUMNS[table].split(", "), "about")[column]
            return f"{name} of {describe_row(table, values)} must be {TYPE_NAMES[types[0]]}, got {value!r:.80}"
    return None


def encode_points(rows: Rows) -> tuple[Value, ...]:
    """Encode rows as the values that ``decode_points`` takes, those of ``digests`` included if there are any."""
    failures = [[f.row, f.cause] for f in rows.failures]
    values = (
        rows.first,
        len(rows.losses),
        _to_bytes(rows.points),
        _to_bytes(rows.losses),
        None if rows.gradients is None else _to_bytes(rows.gradients),
        json.dumps(failures) if failures else None,
    )
    if (digests := rows.digests) is None:
        return values
    return (
        *values,
        rows.points.shape[1],
        digests.whole.tobytes(),
        digests.points.tobytes(),
        None if digests.gradients is None else digests.gradients.tobytes(),
        digests.projections.tobytes(),
    )


def _to_bytes(array: Array) -> bytes | memoryview:
    """Return the bytes of an array. Those of a large one are its own, and must be used before it changes."""
    return array.tobytes() if array.nbytes < LARGE_VALUE else np.ascontiguousarray(array).data


def decode_points(
    first: int, n: int, cube: bytes, losses: bytes, gradients: bytes | None, failures: str | None, *reduced: Any
) -> Rows:
    """Decode a row of the table ``points``, or of ``reduced_points``, which has further columns.

    Raises:
        ValueError: If they cannot be those of ``n`` rows; TypeError if ``failures`` is not a list of pairs.
    """
    if first < 0 or n < 1 or not (cube or reduced) or first + n > MOST_ROWS:
        raise ValueError(f"rows {first} to {first + n - 1} cannot be")
    digests = _decode_digests(n, *reduced[1:]) if reduced else None
    shape = (n, -1) if digests is None else (len(digests.whole), reduced[0])
    return Rows(
        first,
        np.frombuffer(cube).reshape(shape),
        np.frombuffer(losses).reshape(n),
        None if gradients is None else np.frombuffer(gradients).reshape(shape),
        tuple(RowFailure(int(row), str(cause)) for row, cause in json.loads(failures or "[]")),
        digests=digests,
    )


def _decode_digests(n: int, whole: bytes, points: bytes, gradients: bytes | None, projections: bytes) -> RowDigests:
    places = np.frombuffer(whole, dtype=np.int64)
    if len(places) and (places[0] < 0 or places[-1] >= n or (np.diff(places) <= 0).any()):
        raise ValueError(f"the whole rows must be among {n}, in order")
    return RowDigests(
        places,
        np.frombuffer(points, dtype=np.uint8).reshape(n, DIGEST_BYTES),
        None if gradients is None else np.frombuffer(gradients, dtype=np.uint8).reshape(n, DIGEST_BYTES),
        np.frombuffer(projections).reshape(n, -1),
    )


def decode_measures(body: str) -> dict[str, float]:
    """Decode the text of a row of the table ``measures``. Raises ValueError if it is no object of numbers."""
    found = json.loads(body)
    if type(found) is not dict or not all(type(value) in (float, int) for value in found.values()):
        raise ValueError(f"it must be an object of numbers, got {body:.80}")
    return {name: float(value) for name, value in found.items()}


def decode_timing(body: str) -> LeaseTiming:
    """Decode the text of a row of the table ``timings``. Raises ValueError if it is no list of such numbers."""
    found = json.loads(body)
    if type(found) is not list or not all(type(value) in (float, int) for value in found) or type(found[-1]) is not int:
        raise ValueError(f"it must be a list of numbers, got {body:.80}")
    timing = LeaseTiming(*found)
    if not all(math.isfinite(value) for value in timing) or timing.actor < 0:
        raise ValueError(f"its numbers must be finite, got {body:.80}")
    return timing


def join_points(parts: list[Rows]) -> Rows | None:
    """Join the parts of one lease, in order (``join_rows``). Raises ValueError if they do not belong together."""
    missing = parts[-1].first - sum(len(part.losses) for part in parts[:-1]) if parts else 0
    if missing > MOST_MISSING_ROWS:
        raise ValueError(f"{missing:,} rows are missing")
    if missing < 0:
        raise ValueError(f"{-missing:,} rows are there twice")
    return join_rows(parts)


def check_environment(environment: dict[str, Any]) -> None:
    """Raise an error if versions and digests of code are not what a session records."""
    types = {"code": dict, "files": dict, "neighbours": dict, "packages": dict, "python": str, "code_rule": int}
    for name, value in environment.items():
        if not isinstance(value, types.get(name, object)):
            raise ValueError(f"{name} must not be {value!r:.80}")


def check_settings(run: str, settings: dict[str, Any]) -> None:
    """Raise an error if settings are not those of a run with this id, or lack what every run has."""
    if digest(settings)[: len(run)] != run or len(run) < SHORTEST_ID:
        raise ValueError("the id is not that of these settings")
    for name, types in SETTINGS.items():
        if type(settings[name]) not in types:
            raise ValueError(f"{name} must not be {settings[name]!r:.80}")
    names = [name for name, agent in settings["team"] if isinstance(name, str) and isinstance(agent["kind"], str)]
    if not names or len(set(names)) != len(settings["team"]):
        raise ValueError("team must be a list of different names, each with its agent")
    kinds = (settings["landscape"]["kind"], settings["policy"]["kind"])
    if type(settings["landscape"]["seconds"]) not in (float, int) or not all(isinstance(kind, str) for kind in kinds):
        raise ValueError("landscape and policy must have a kind, and landscape its seconds")


def describe_row(table: str, row: Sequence[Any]) -> str:
    """Name a row of a table, by its first columns."""
    match table:
        case "measures" | "timings":
            return f"the {table} of lease {row[1]} of run {row[0]}"
        case "events":
            return f"event {row[1]} of run {row[0]}"
        case "points" | "reduced_points":
            return f"row {row[2]} of lease {row[1]} of run {row[0]}"
        case "runs":
            return f"run {row[0]} in the table runs"
        case "sessions":
            return f"session {row[0]}"
        case "vectors":
            return f"vector {row[0]}"
    return f"{row[0]} in the table {table}"
