"""Checksums of the rows of a log: a CRC-32 of the name of the table and of all values, keys included."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

Value = str | int | float | bytes | None
"""A value of a row, as SQLite returns it."""


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
    parts = [table.encode()]
    for value in values:
        if isinstance(value, str):
            # Text that a damaged file holds need not be valid.
            text = value.encode(errors="surrogatepass")
            parts += (b"s%d:" % len(text), text)
        elif isinstance(value, int):
            parts.append(b"i%d;" % value)
        elif isinstance(value, bytes):
            parts += (b"b%d:" % len(value), value)
        elif isinstance(value, float):
            parts.append(b"f" + struct.pack("<d", value))
        else:
            parts.append(b"n")
    return zlib.crc32(b"".join(parts))
