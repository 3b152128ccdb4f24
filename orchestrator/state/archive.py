"""The points of a run in the order in which they were collected, and the view of them that a lease gets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...agents.agent import Archive, Rows


class ArchiveStore:
    """An append-only store of all collected points of a run.

    It grows by one finding at a time. ``view(cutoff)`` returns what a lease with that cutoff may see.

    Args:
        dimension: Number of axes of the space, D.
    """

    def __init__(self, dimension: int) -> None:
        self._points = np.empty((256, dimension))
        self._losses = np.empty(256)
        self._agents = np.empty(256, dtype=np.int32)
        self._ends = [0]

    @property
    def cutoff(self) -> int:
        """Number of findings that the store holds."""
        return len(self._ends) - 1

    def extend(self, agent: int, rows: Rows | None) -> None:
        """Add the points of the next collected finding.

        Args:
            agent: Index into the team of the agent that found them.
            rows: The points with their losses; None if the finding brought none.
        """
        n = 0 if rows is None else len(rows.losses)
        start, end = self._ends[-1], self._ends[-1] + n
        if end > len(self._losses):
            size = max(end, 2 * len(self._losses))
            self._points = _grow_array(self._points, size, start)
            self._losses = _grow_array(self._losses, size, start)
            self._agents = _grow_array(self._agents, size, start)
        if rows is not None:
            self._points[start:end], self._losses[start:end] = rows.points, rows.losses
            self._agents[start:end] = agent
        self._ends.append(end)

    def view(self, cutoff: int) -> Archive:
        """Return read-only arrays of the points of the first ``cutoff`` findings, without copying them."""
        end = self._ends[cutoff]
        arrays = self._points[:end], self._losses[:end], self._agents[:end]
        for array in arrays:
            array.flags.writeable = False
        return Archive(cutoff, *arrays)

    def findings_between(self, first: int, last: int) -> list[tuple[int, Rows | None]]:
        """Return the findings from number ``first`` up to, but without, ``last``, for a store that still lacks them.

        Returns:
            (agent, rows) of each finding, as ``extend`` takes them; (0, None) for one that brought no points.
        """
        found: list[tuple[int, Rows | None]] = []
        for start, end in zip(self._ends[first:last], self._ends[first + 1 : last + 1], strict=True):
            rows = None if start == end else Rows(0, self._points[start:end], self._losses[start:end])
            found.append((0 if rows is None else int(self._agents[start]), rows))
        return found


def _grow_array(array: NDArray[Any], size: int, used: int) -> NDArray[Any]:
    wider = np.empty((size, *array.shape[1:]), dtype=array.dtype)
    wider[:used] = array[:used]
    return wider
