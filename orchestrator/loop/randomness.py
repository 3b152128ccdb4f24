"""Random streams. Randomness is always an argument: every stream is a Philox generator keyed by what it is for."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray


def stream(*key: object) -> np.random.Generator:
    """Return the random generator that belongs to a key such as ``(seed, run, decision)``.

    Args:
        *key: The parts of the key, which are converted to text. Equal keys give equal streams.

    Example:
        >>> stream("seed", 1).random() == stream("seed", 1).random()
        True
    """
    # numpy takes any ISeedSequence; its stubs name one of them.
    return np.random.Generator(np.random.Philox(_KeySequence(_key_words(key))))  # type: ignore[arg-type]


class RekeyedGenerator(np.random.Generator):
    """One generator that gives the streams of several keys, one after the other.

    A stream is valid until the next one is asked for. The generator is set to the beginning of a key's stream when it
    is first used after ``stream``. Most decisions draw no numbers, and creating a generator for each would cost more
    than the decision.
    """

    def __init__(self) -> None:
        self._philox = np.random.Philox(_KeySequence(_key_words(())))  # type: ignore[arg-type]
        super().__init__(self._philox)
        self._state: Any = self._philox.state
        self._key: tuple[object, ...] | None = None

    def stream(self, *key: object) -> np.random.Generator:
        """Return this generator, set to give the same numbers as the module's ``stream`` of the key."""
        self._key = key
        return self

    def __getattribute__(self, name: str) -> Any:
        own = super().__getattribute__
        if name[0] != "_" and name != "stream" and (key := own("_key")) is not None:
            self._key = None
            own("_state")["state"]["key"] = _key_words(key)
            own("_philox").state = own("_state")
        return own(name)


def _key_words(key: tuple[object, ...]) -> NDArray[np.uint64]:
    text = "\x1f".join(map(str, key))
    return np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype=np.uint64)


class _KeySequence(ISeedSequence):
    """A seed sequence that gives Philox its key.

    ``Philox(key=...)`` has the same effect, but first asks the system for entropy that it does not use, which costs
    three times as much.
    """

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> NDArray[Any]:
        return self._words
