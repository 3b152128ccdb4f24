"""What a Python child and its parent write to each other, as lines."""

from __future__ import annotations

import base64
import binascii
import pickle
from typing import Any, NamedTuple

from ....landscapes.landscape import Array, Landscape
from ....landscapes.user_code import LOADED
from ..evaluator import Evaluated

WITH_GRADIENT, AHEAD = 1, 2
"""What a question's first byte says: gradients are wanted; it was asked while another row was at work."""


def packed(message: Any) -> bytes:
    """A message as a line."""
    return base64.b64encode(pickle.dumps(message, protocol=5)) + b"\n"


def unpacked(line: bytes) -> Any:
    """The message of a line."""
    return pickle.loads(base64.b64decode(line))


def greeting(landscape: Landscape) -> bytes:
    """What a child is told first: the user's files that were run, and the landscape."""
    return packed((LOADED, pickle.dumps(landscape)))


def asked(rows: Array, with_gradient: bool, ahead: bool) -> bytes:
    """The line that asks for rows (n, D) of the cube."""
    flags = WITH_GRADIENT * with_gradient + AHEAD * ahead
    return binascii.b2a_base64(bytes((flags,)) + rows.tobytes())


class Lacking(NamedTuple):
    """An answer: no row can be evaluated here, as a package is missing."""

    words: str


def told(line: bytes) -> float | Evaluated | Lacking | str:
    """What an answer says: a loss that is all there is to say, or more than that, or why there is none."""
    # A number as it is: most answers are one.
    return float.fromhex(line[1:].decode()) if line.startswith(b"=") else unpacked(line)
