"""The messages between a Python child and its parent, encoded as lines."""

from __future__ import annotations

import base64
import binascii
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....landscapes.landscape import Array
from ....landscapes.user_code import list_loaded_files
from ..evaluator import CannotEvaluate, EvaluationResult
from ..leaving import ExitRequest
from ..measures import Measures

WITH_GRADIENT, ASKED_AHEAD, OF_SHARE, MEASURED = 1, 2, 4, 8
"""Flags in a request's first byte: gradients are requested; it was sent while the child was busy with another row; each
row is followed by the numbers of the rows of data over which it is evaluated; it is not evaluated but measured."""


Share = NDArray[np.int64]
"""For each point the numbers of the rows of data over which it is evaluated, shape (n, b)."""


def encode_message(message: Any) -> bytes:
    """Encode a message as a line."""
    return base64.b64encode(pickle.dumps(message, protocol=5)) + b"\n"


def decode_message(line: bytes) -> Any:
    """Decode the message of a line."""
    return pickle.loads(base64.b64decode(line))


def encode_greeting(landscape: bytes) -> bytes:
    """Encode the first line that a child receives: the user's files that were run, and the pickled landscape."""
    return encode_message((list_loaded_files(), landscape))


def encode_request(
    rows: Array, with_gradient: bool, ahead: bool, share: Share | None = None, measured: bool = False
) -> bytes:
    """Encode a request for rows (n, D) of the cube, each over rows of data (n, b) or over all."""
    flags = WITH_GRADIENT * with_gradient + ASKED_AHEAD * ahead + OF_SHARE * (share is not None) + MEASURED * measured
    return binascii.b2a_base64(bytes((flags,)) + rows.tobytes() + (b"" if share is None else share.tobytes()))


def decode_request(line: bytes, dimension: int) -> tuple[int, Array, Share | None]:
    """Return the flags, the rows (n, D) and the rows of data (1, b) of a request. Only one row has rows of data."""
    message = binascii.a2b_base64(line)
    flags = message[0]
    if not flags & OF_SHARE:
        return flags, np.frombuffer(message, dtype=np.float64, offset=1).reshape(-1, dimension), None
    rows = np.frombuffer(message, dtype=np.float64, count=dimension, offset=1).reshape(1, dimension)
    share = np.frombuffer(message, dtype=np.int64, offset=1 + rows.nbytes)
    return flags, rows, share.reshape(1, -1)


def decode_answer(line: bytes) -> float | EvaluationResult | Measures | CannotEvaluate | ExitRequest | str:
    """Decode an answer: a loss, a loss with its gradient or cause of failure, measures, or why there is none."""
    # Most answers are a bare number.
    return float.fromhex(line[1:].decode()) if line.startswith(b"=") else decode_message(line)
