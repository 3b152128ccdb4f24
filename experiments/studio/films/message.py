"""The binary message that carries a run's data to the page: a JSON header and arrays of numbers.

    uint32 L (little-endian) | L bytes of JSON, padded with spaces | arrays one after the other, each padded to 8 bytes

The header's ``arrays`` lists their names, types and shapes. ``docs/studio.md`` describes the header.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 8
"""Arrays begin at multiples of this number of bytes, so that the page can use them without copying."""


def encode_film(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Encode a header and arrays (little-endian) as a message."""
    listed = [{"name": name, "dtype": str(a.dtype), "shape": list(a.shape)} for name, a in arrays.items()]
    text = json.dumps(to_json_data({**header, "arrays": listed}), separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-(4 + len(text)) % ALIGNMENT)
    parts = [len(text).to_bytes(4, "little"), text]
    for array in arrays.values():
        data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
        parts += [data, b"\0" * (-len(data) % ALIGNMENT)]
    return b"".join(parts)


def decode_film(message: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Decode a message; return its header and its arrays."""
    length = int.from_bytes(message[:4], "little")
    header: dict[str, Any] = json.loads(message[4 : 4 + length])
    at, arrays = 4 + length, {}
    for entry in header["arrays"]:
        dtype, count = np.dtype(entry["dtype"]).newbyteorder("<"), math.prod(entry["shape"])
        arrays[entry["name"]] = np.frombuffer(message, dtype, count, at).reshape(entry["shape"])
        at += count * dtype.itemsize
        at += -at % ALIGNMENT
    return header, arrays


def to_json_data(value: Any) -> Any:
    """Convert plain data for JSON: arrays become lists, and numbers that are not finite, which JSON lacks, None."""
    if isinstance(value, Mapping):
        return {str(key): to_json_data(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.isfinite(value).all():
        return value.tolist()
    if isinstance(value, np.ndarray | np.generic):
        return to_json_data(value.tolist())
    if isinstance(value, list | tuple):
        return [to_json_data(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
