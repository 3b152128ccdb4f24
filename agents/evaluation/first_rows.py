"""The first rows of a run: whether they all fail for the same error of a program, so that no later row can succeed.

Rows that are answered without an evaluation (infeasible or known) tell nothing of the program, and are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...landscapes.causes import is_free_cause, programming_error


class FirstRows:
    """Counts evaluated rows of a run, in logical order, as long as all of them fail for the same error of a program.

    Args:
        most: How many such rows are enough to stop the run; None if no number is.

    Attributes:
        most: The number that is enough; 0 if none is.
        cause: The cause of the first evaluated row.
        stopped_by: That cause, once ``most`` rows have failed like it; else None.

    Example:
        >>> rows = FirstRows(3)
        >>> rows.add(2, dict.fromkeys((0, 1), "raised NameError: name 'x' is not defined"))
        >>> rows.room, rows.stopped_by
        (1, None)
        >>> rows.add(1, {})
        >>> rows.room is None
        True
    """

    __slots__ = ("_kind", "_left", "cause", "most", "stopped_by")

    def __init__(self, most: int | None = None) -> None:
        self.most = self._left = most or 0
        self._kind: str | None = None
        self.cause = ""
        self.stopped_by: str | None = None

    @property
    def room(self) -> int | None:
        """How many further evaluated rows decide, or None once it is decided."""
        return self._left or None

    def add(self, rows: int, causes: Mapping[int, str]) -> None:
        """Count the next rows, and the causes of those that failed or were not evaluated, by number from 0."""
        for row in range(rows):
            if not self._left:
                return
            cause = causes.get(row, "")
            if is_free_cause(cause):
                continue
            kind = programming_error(cause)
            if kind is None or kind != (self._kind or kind):
                self._left = 0
                return
            self._kind, self.cause = kind, self.cause or cause
            self._left -= 1
            if not self._left:
                self.stopped_by = self.cause

    def copy(self) -> FirstRows:
        """Return a copy, which counts on its own."""
        twin = FirstRows(self.most)
        twin._left, twin._kind, twin.cause, twin.stopped_by = self._left, self._kind, self.cause, self.stopped_by
        return twin
