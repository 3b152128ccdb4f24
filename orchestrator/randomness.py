"""Randomness is an argument: every stream is a Philox generator keyed by what it is for."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(*key: object) -> np.random.Generator:
    """The generator that belongs to a key such as ``(seed, run, decision)``; equal keys, equal streams."""
    text = "\x1f".join(str(part) for part in key)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=words))
