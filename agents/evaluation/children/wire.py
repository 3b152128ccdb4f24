"""The messages between a Python child and its parent, encoded as lines."""

from __future__ import annotations

import base64
import binascii
import pickle
from typing import Any, NamedTuple

from ....landscapes.landscape import Array, Landscape
from ....landscapes.user_code import list_loaded_files
from ..evaluator import EvaluationResult
from ..leaving import ExitRequest

WITH_GRADIENT, ASKED_AHEAD = 1, 2
"""Flags in a request's first byte: gradients are requested; it was sent while the child was busy with another row."""


def encode_message(message: Any) -> bytes:
    """Encode a message as a line."""
    return base64.b64encode(pickle.dumps(message, protocol=5)) + b"\n"


def decode_message(line: bytes) -> Any:
    """Decode the message of a line."""
    return pickle.loads(base64.b64decode(line))


def encode_greeting(landscape: Landscape) -> bytes:
    """Encode the first line that a child receives: the user's files that were run, and the landscape."""
    return encode_message((list_loaded_files(), pickle.dumps(landscape)))


def encode_request(rows: Array, with_gradient: bool, ahead: bool) -> bytes:
    """Encode a request for rows (n, D) of the cube."""
    flags = WITH_GRADIENT * with_gradient + ASKED_AHEAD * ahead
    return binascii.b2a_base64(bytes((flags,)) + rows.tobytes())


class MissingPackage(NamedTuple):
    """The answer that no row can be evaluated here because a package is missing; ``words`` name it."""

    words: str


def decode_answer(line: bytes) -> float | EvaluationResult | MissingPackage | ExitRequest | str:
    """Decode an answer: a loss, a loss with its gradient or cause of failure, or why there is none."""
    # Most answers are a bare number.
    return float.fromhex(line[1:].decode()) if line.startswith(b"=") else decode_message(line)
