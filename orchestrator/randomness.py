"""Randomness is an argument: every stream is a Philox generator keyed by what it is for."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray


def stream(*key: object) -> np.random.Generator:
    """The generator that belongs to a key such as ``(seed, run, decision)``; equal keys, equal streams."""
    text = "\x1f".join(str(part) for part in key)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype=np.uint64)
    # numpy takes any ISeedSequence; its stubs name one of them.
    return np.random.Generator(np.random.Philox(_Key(words)))  # type: ignore[arg-type]


class _Key(ISeedSequence):
    """Hands Philox its key. ``Philox(key=...)`` does the same, after it has asked the system for entropy that it
    does not use, which costs three times as much."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> NDArray[Any]:
        return self._words
