"""Digests of rows, by which points and gradients that a log does not keep are compared with those of a replay."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array

DIGEST_BYTES = 16


def digest_rows(vectors: Array) -> NDArray[np.uint8]:
    """Return the first 16 bytes of the SHA-256 of each vector (float64), shape (n, 16).

    Args:
        vectors: The vectors, shape (n, D).

    Example:
        >>> digest_rows(np.zeros((2, 3))).shape
        (2, 16)
    """
    digests = b"".join(hashlib.sha256(vector.tobytes()).digest()[:DIGEST_BYTES] for vector in vectors)
    return np.frombuffer(digests, dtype=np.uint8).reshape(len(vectors), DIGEST_BYTES)
