"""Random streams. Randomness is always an argument: every stream is a Philox generator keyed by what it is for."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...agents.toolbox.key_sequence import KeySequence


def stream(*key: object) -> np.random.Generator:
    """Return the random generator that belongs to a key such as ``(seed, run, decision)``.

    Args:
        *key: The parts of the key, which are converted to text. Equal keys give equal streams.

    Example:
        >>> stream("seed", 1).random() == stream("seed", 1).random()
        True
    """
    # numpy takes any ISeedSequence; its stubs name one of them.
    return np.random.Generator(np.random.Philox(KeySequence(_key_words(key))))  # type: ignore[arg-type]


class RekeyedGenerator(np.random.Generator):
    """One generator that gives the streams of several keys, one after the other.

    A stream is valid until the next one is asked for. The generator is set to the beginning of a key's stream when it
    is first used after ``stream``. Most decisions draw no numbers, and creating a generator for each would cost more
    than the decision.
    """

    def __init__(self) -> None:
        self._philox = np.random.Philox(KeySequence(_key_words(())))  # type: ignore[arg-type]
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
