"""The settings of a stepped space that have been collected, by their values."""

from __future__ import annotations

import math

from ...landscapes.landscape import Array, Space
from ..agent import Archive

KEPT_NUMBERS = 2**16
"""So many coordinates, about, of points that were converted, and are not collected yet, are kept."""


class CollectedSettings:
    """The settings of all collected points that a process has seen, each with its first point and the loss there.

    Args:
        space: The space.

    Attributes:
        remembers: Whether a setting of the space that is known is not evaluated again.
    """

    def __init__(self, space: Space) -> None:
        self._space, self._seen, self.remembers = space, 0, space.remembers
        self._first: dict[bytes, tuple[int, float]] = {}
        self._ahead: dict[bytes, bytes] = {}
        """By point that this process has evaluated, and that is not collected yet: the key of its setting."""
        self._most_ahead = max(1, KEPT_NUMBERS // space.dimension)

    def extend(self, archive: Archive) -> None:
        """Add the points of an archive that are new."""
        points, losses = archive.points[self._seen :], archive.losses[self._seen :].tolist()
        known, ahead, others = self._first, self._ahead, []
        for row, (point, loss) in enumerate(zip(keys_of_numbers(points), losses, strict=True)):
            if math.isfinite(loss):
                key = ahead.pop(point, None)
                if key is None:
                    others.append(row)
                else:
                    known.setdefault(key, (self._seen + row, loss))
        if others:
            for row, key in zip(others, keys_of(self._space, points[others]), strict=True):
                found = known.get(key)
                if found is None or found[0] > self._seen + row:
                    known[key] = self._seen + row, losses[row]
        self._seen = max(self._seen, len(archive.points))

    def keep_key(self, point: bytes, key: bytes) -> None:
        """Keep the key of a point, given by its numbers, until it is collected: it need not be converted again."""
        if len(self._ahead) < self._most_ahead:
            self._ahead[point] = key

    def find(self, key: bytes, limit: int) -> tuple[int, float] | None:
        """Return the number and the loss of the first point with a setting, if it is one of the first ``limit``."""
        found = self._first.get(key)
        return found if found is not None and found[0] < limit else None


def keys_of(space: Space, points: Array) -> list[bytes]:
    """Return a key for the setting of each point (n, D): equal for points with equal settings."""
    return keys_of_numbers(space.to_box(points))


def keys_of_numbers(box: Array) -> list[bytes]:
    """Return a key for each point (n, D): its numbers. In the landscape's units, that is the key of its setting."""
    data, size = box.tobytes(), box.itemsize * box.shape[1]
    return [data[first : first + size] for first in range(0, len(data), size)]
