"""The key of a stream of random numbers, as numpy's generators take it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray


class KeySequence(ISeedSequence):
    """A seed sequence that gives Philox its key. It has no entropy, and none is spawned from it.

    ``Philox(key=...)`` has the same effect, but first asks the system for entropy that it does not use, which costs
    three times as much.

    Args:
        words: The key, two words.

    Example:
        >>> words = np.array([1, 2], dtype=np.uint64)
        >>> np.random.Philox(KeySequence(words)).state["state"]["key"].tolist()
        [1, 2]
    """

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> NDArray[Any]:
        """Return the key."""
        return self._words
