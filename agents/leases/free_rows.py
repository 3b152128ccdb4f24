"""Rows of a lease that need no evaluation: their settings are known, or break a condition. They cost nothing."""

from __future__ import annotations

import math

import numpy as np

from ...landscapes.causes import KNOWN_CAUSE
from ...landscapes.landscape import Array, Space
from ..agent import Archive
from ..evaluation.evaluator import EvaluationResult
from .collected_settings import CollectedSettings
from .ledger import Ledger
from .proposal import PendingProposal

FreeAnswer = tuple[float, str]
"""The loss of a row that is not evaluated, and why it is not."""


class FreeRows:
    """Answers rows of one lease without an evaluation.

    Known are the settings of the findings collected before the lease was granted, and the lease's own so far. That
    depends on these alone, and not on the process that works the lease: a replay answers the same rows. Settings
    without a finite loss are not known, and are evaluated again.

    Args:
        space: The space.
        collected: The settings that the process has seen; those that are new in the archive are added.
        archive: The points that were collected before the lease was granted; None if there are none.
    """

    def __init__(self, space: Space, collected: CollectedSettings, archive: Archive | None) -> None:
        self._space, self._collected = space, collected
        self._limit = 0 if archive is None else len(archive.points)
        self._own: dict[bytes, tuple[int, float]] = {}
        # Asked for at every row.
        self._remembers = space.remembers
        self._converted: Array | None = None
        self._converted_settings: list[tuple[Array, bytes]] = []
        if archive is not None and space.remembers:
            collected.extend(archive)

    def recall(self, points: Array, hand: PendingProposal) -> EvaluationResult | None:
        """Answer the first rows of points (n, D), as many as need no evaluation; None if the first needs one."""
        losses, causes = [], {}
        recalls = self._remembers and not _asks_for_evaluation(hand)
        for row, (point, key) in enumerate(self._settings(points)):
            answer = self._find(point, key, recalls)
            if answer is None:
                break
            losses.append(answer[0])
            causes[row] = answer[1]
        if not losses:
            return None
        gradients = np.full((len(losses), points.shape[1]), np.nan) if hand.with_gradient else None
        return EvaluationResult(np.array(losses), gradients, causes)

    def count_new(self, points: Array, hand: PendingProposal) -> int:
        """Return how many of the first rows of points (n, D) need an evaluation, none twice; at least 1."""
        seen: set[bytes] = set()
        recalls = self._remembers and not _asks_for_evaluation(hand)
        for row, (point, key) in enumerate(self._settings(points)):
            if row and ((recalls and key in seen) or self._find(point, key, recalls) is not None):
                return row
            seen.add(key)
        return len(points)

    def note(self, ledger: Ledger, n: int) -> None:
        """Add the last n rows of a ledger to what is known."""
        if not self._remembers:
            return
        first, last = ledger.filled - n, ledger.filled
        settings = self._settings(ledger.held.read(first, last)[0])
        for row, ((_, key), loss) in enumerate(zip(settings, ledger.losses[first:last].tolist(), strict=True), first):
            if math.isfinite(loss):
                self._own.setdefault(key, (row, loss))

    def _settings(self, points: Array) -> list[tuple[Array, bytes]]:
        """Return each point (n, D) in the landscape's units, and the key of its setting."""
        # The same rows are asked for again and again: to recall them, to count those that are new, and to note them.
        if self._converted is None or not np.array_equal(self._converted[: len(points)], points):
            self._converted = points.copy()
            self._converted_settings = [(row, row.tobytes()) for row in self._space.to_box(points)]
        return self._converted_settings[: len(points)]

    def _find(self, point: Array, key: bytes, recalls: bool) -> FreeAnswer | None:
        """Return the answer for a point (D,) in the landscape's units, or None if it must be evaluated."""
        conditions = self._space.conditions
        if conditions is not None and (broken := conditions.broken_by(point)):
            return np.inf, broken
        if not recalls:
            return None
        if (found := self._collected.find(key, self._limit)) is not None:
            return found[1], f"{KNOWN_CAUSE}point {found[0]} of the run"
        if (found := self._own.get(key)) is not None:
            return found[1], f"{KNOWN_CAUSE}row {found[0]} of this lease"
        return None


def _asks_for_evaluation(hand: PendingProposal) -> bool:
    """Return whether known settings are to be evaluated: for another loss, or for a gradient."""
    return hand.repeats or hand.with_gradient or bool(hand.retry_rows)
