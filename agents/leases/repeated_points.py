"""Points that are evaluated again and again under noise, and which of them is best on the mean."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ...landscapes.landscape import Array
from ..agent import Rows


class RepeatedPoints:
    """The losses of the points that a lease repeats.

    Example:
        >>> repeated = RepeatedPoints()
        >>> for row, (x, loss) in enumerate([(0.1, 3.0), (0.2, 1.0), (0.1, 1.0), (0.2, 2.0), (0.3, 0.0), (0.1, 1.0)]):
        ...     repeated.add(np.array([x]), row, loss)
        >>> repeated.choose()
        (1.5, 1)
    """

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[bytes, tuple[int, list[float]]] = {}
        """By the point: its first row, and the losses of all."""

    def __len__(self) -> int:
        return len(self._told)

    def add(self, point: Array, row: int, loss: float) -> None:
        """Add the loss of a row at a point (D,); failed rows are +inf."""
        self._told.setdefault(point.tobytes(), (row, []))[1].append(loss)

    @property
    def rows(self) -> list[int]:
        """The first row of each point."""
        return [row for row, _ in self._told.values()]

    def choose(self) -> tuple[float, int] | None:
        """Return the mean loss and the first row of the best of the points that were repeated often.

        These are all that were repeated at least half as often as the one that was most often: the mean of a few
        losses may be lucky. It is None if fewer than two points were repeated: there was no choice.
        """
        most = max((len(told) for _, told in self._told.values()), default=0)
        means = [(sum(told) / len(told), row) for row, told in self._told.values() if 2 * len(told) >= most]
        return min(means) if len(self) > 1 and np.isfinite(min(means)[0]) else None


def find_repeated(rows: Rows) -> RepeatedPoints:
    """Return the points that occur more than once among the rows of a lease, all of which have their points."""
    repeated = RepeatedPoints()
    # Rows that have not arrived are NaN.
    arrived = np.flatnonzero(~np.isnan(rows.losses)).tolist()
    counts = Counter(rows.points[place].tobytes() for place in arrived)
    for place in arrived:
        if counts[rows.points[place].tobytes()] > 1:
            repeated.add(rows.points[place], rows.first + place, float(rows.losses[place]))
    return repeated
