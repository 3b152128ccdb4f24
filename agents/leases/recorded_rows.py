"""The rows of a lease that a log holds, as answers to the agent that proposes them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...landscapes.causes import is_mini_batch
from ...landscapes.landscape import Array
from ..agent import Lease, RowDigests, Rows
from ..evaluation.evaluator import EvaluationResult, Evaluator
from .row_digests import digest_rows


class ReplayError(Exception):
    """Raised where a replayed point differs from the recorded one."""


class GradientReplayer:
    """Evaluates recorded rows again whose gradients the log does not keep, and counts them. They are not charged.

    Args:
        evaluator: Evaluates them.

    Attributes:
        count: How many rows were evaluated again.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator, self.count = evaluator, 0

    def evaluate(self, points: Array) -> EvaluationResult:
        """Evaluate points (n, D) with their gradients."""
        self.count += len(points)
        return self._evaluator.evaluate(points, True)

    def evaluate_share(self, points: Array, rows: NDArray[np.int64]) -> EvaluationResult:
        """Evaluate points (n, D) with their gradients, each over some rows of data (n, b)."""
        self.count += len(points)
        return self._evaluator.evaluate_share(points, rows)


EvaluateAgain = Callable[[NDArray[np.int64], Array], EvaluationResult]
"""Evaluates rows of a lease again with their gradients, by their numbers (n,) and their points (n, D)."""


class RecordedRows:
    """The recorded rows of one lease.

    Args:
        lease: The lease.
        rows: Its rows, from the first on. Some may be missing.

    Attributes:
        end: The number after that of the last row.
    """

    __slots__ = ("_gaps", "_lease", "_rows", "end")

    def __init__(self, lease: Lease, rows: Rows) -> None:
        self._lease, self._rows, self._gaps = lease, rows, frozenset(rows.gaps)
        self.end = len(rows.losses)

    def recall(self, first: int, points: Array, with_gradient: bool, again: EvaluateAgain) -> EvaluationResult | None:
        """Return the recorded answer to points, as many of them as are recorded.

        Args:
            first: The number of the first of these rows.
            points: What is proposed, shape (n, D).
            with_gradient: Whether gradients are asked for.
            again: Evaluates rows of whose gradients the log keeps only digests.

        Returns:
            The answer; None if the first row is not recorded.

        Raises:
            ReplayError: If a point, or what is evaluated again, differs from what is recorded.
        """
        if first >= self.end or first in self._gaps:
            return None
        known = self._rows
        stop = min(first + len(points), self.end, *(row for row in self._gaps if row > first))
        span, points = slice(first, stop), points[: stop - first]
        self._compare_points(span, points)
        causes = {f.row - first: f.cause for f in known.failures if first <= f.row < stop}
        gradients = None
        if with_gradient and known.digests is not None:
            gradients = self._recall_gradients(span, points, causes, known.digests, again)
        elif with_gradient and known.gradients is not None:
            gradients = known.gradients[span]
        return EvaluationResult(known.losses[span], gradients, causes)

    def count_unrecorded(self, first: int, most: int) -> int:
        """Return how many of ``most`` rows from ``first`` on come before a recorded one."""
        if not self._gaps:
            return most
        last = first
        while last < first + most and (last in self._gaps or last >= self.end):
            last += 1
        return last - first

    def _compare_points(self, span: slice, points: Array) -> None:
        """Raise ReplayError if points (n, D) are not the recorded ones, by their digests where the log has those."""
        digests = self._rows.digests
        recorded: NDArray[Any] = self._rows.points[span] if digests is None else digests.points[span]
        proposed: NDArray[Any] = points if digests is None else digest_rows(points)
        if np.array_equal(recorded, proposed):
            return
        place = int(np.flatnonzero((recorded != proposed).any(axis=1))[0])
        before, now = (
            str(each.tolist()) if digests is None else f"a point with the digest {each.tobytes().hex()}"
            for each in (recorded[place], proposed[place])
        )
        raise ReplayError(
            f"lease {self._lease.id} of {self._lease.agent}, row {span.start + place}: recorded {before}, "
            f"now proposed {now}. The code, the settings or a library changed "
            "since the log was written; run the experiment again into a new directory."
        )

    def _recall_gradients(
        self,
        span: slice,
        points: Array,
        causes: dict[int, str],
        digests: RowDigests,
        again: EvaluateAgain,
    ) -> Array:
        """Return the gradients (n, D) of points, some of which are kept, and others are evaluated again."""
        gradients = np.full(points.shape, np.nan)
        kept = slice(*np.searchsorted(digests.whole, (span.start, span.stop)))
        places = digests.whole[kept] - span.start
        if self._rows.gradients is not None:
            gradients[places] = self._rows.gradients[kept]
        # What failed has no gradient, and may fail in another way now.
        failed = [row for row, cause in causes.items() if not is_mini_batch(cause)]
        absent = np.setdiff1d(np.arange(len(points)), [*places.tolist(), *failed])
        if not len(absent):
            return gradients
        found = again(span.start + absent, points[absent])
        why = next((cause for cause in found.causes.values() if not is_mini_batch(cause)), "")
        if found.gradients is None or digests.gradients is None:
            why = why or "there is none"
        elif not (
            np.array_equal(found.losses, self._rows.losses[span][absent])
            and np.array_equal(digest_rows(found.gradients), digests.gradients[span][absent])
        ):
            why = why or "the bits are others than the recorded ones, as they may be on a GPU"
        if why or found.gradients is None:
            raise ReplayError(
                f"lease {self._lease.id} of {self._lease.agent}, row {span.start + int(absent[0])} and later: the log "
                f"has no gradients of these rows, and evaluating them again failed: {why}. Such a run can be neither "
                "resumed nor verified; run the experiment again into a new directory, without log.keep."
            )
        gradients[absent] = found.gradients
        return gradients
