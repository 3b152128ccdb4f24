"""The settings of a stepped space that have been collected, by their values."""

from __future__ import annotations

import math

from ...landscapes.landscape import Array, Space
from ..agent import Archive


class CollectedSettings:
    """The settings of all collected points that a process has seen, each with its first point and the loss there.

    Args:
        space: The space.
    """

    def __init__(self, space: Space) -> None:
        self._space, self._seen = space, 0
        self._first: dict[bytes, tuple[int, float]] = {}

    def extend(self, archive: Archive) -> None:
        """Add the points of an archive that are new."""
        points, losses = archive.points[self._seen :], archive.losses[self._seen :].tolist()
        for number, (key, loss) in enumerate(zip(keys_of(self._space, points), losses, strict=True), self._seen):
            if math.isfinite(loss):
                self._first.setdefault(key, (number, loss))
        self._seen = max(self._seen, len(archive.points))

    def find(self, key: bytes, limit: int) -> tuple[int, float] | None:
        """Return the number and the loss of the first point with a setting, if it is one of the first ``limit``."""
        found = self._first.get(key)
        return found if found is not None and found[0] < limit else None


def keys_of(space: Space, points: Array) -> list[bytes]:
    """Return a key for the setting of each point (n, D): equal for points with equal settings."""
    return keys_of_numbers(space.to_box(points))


def keys_of_numbers(box: Array) -> list[bytes]:
    """Return a key for each setting, given as a point (n, D) in the landscape's units."""
    data, size = box.tobytes(), box.itemsize * box.shape[1]
    return [data[first : first + size] for first in range(0, len(data), size)]
