"""Rows of a lease that need no evaluation: their settings are known, or break a condition. They cost nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...landscapes.causes import KNOWN_CAUSE
from ...landscapes.landscape import Array, Space
from ..agent import Archive
from ..evaluation.evaluator import EvaluationResult
from .collected_settings import CollectedSettings, keys_of_numbers
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
        convert: What converts points (n, D) to the landscape's units. Default: the space does.
    """

    def __init__(
        self,
        space: Space,
        collected: CollectedSettings,
        archive: Archive | None,
        convert: Callable[[Array], Array] | None = None,
    ) -> None:
        self._convert, self._collected = convert or space.to_box, collected
        self._limit = 0 if archive is None else len(archive.points)
        self._own: dict[bytes, tuple[int, float]] = {}
        # Asked for at every row.
        self._remembers, self._conditions = collected.remembers, space.conditions
        self._points = self._box = np.empty((0, space.dimension))
        self._keys = list[bytes]()
        if archive is not None and self._remembers:
            collected.extend(archive)

    def look_at(self, points: Array) -> None:
        """Take the next points of the lease, shape (n, D): whatever is asked next is about the first of them."""
        self._points, self._box = points, self._convert(points)
        self._keys = [self._box.tobytes()] if len(points) == 1 else keys_of_numbers(self._box)

    def recall(self, hand: PendingProposal) -> EvaluationResult | None:
        """Answer the first of the points, as many as need no evaluation; None if the first needs one."""
        recalls = self._remembers and not _asks_for_evaluation(hand)
        answer = self._find(0, recalls)
        if answer is None:
            return None
        answers = [answer]
        for row in range(1, len(self._keys)):
            if (answer := self._find(row, recalls)) is None:
                break
            answers.append(answer)
        losses, causes = zip(*answers, strict=True)
        gradients = np.full((len(losses), self._box.shape[1]), np.nan) if hand.with_gradient else None
        return EvaluationResult(np.array(losses), gradients, dict(enumerate(causes)))

    def count_new(self, n: int, hand: PendingProposal) -> int:
        """Return how many of the first n points need an evaluation, none twice, where the first does."""
        seen: set[bytes] = set()
        recalls = self._remembers and not _asks_for_evaluation(hand)
        for row, key in enumerate(self._keys[:n]):
            if row and ((recalls and key in seen) or self._find(row, recalls) is not None):
                return row
            seen.add(key)
        return n

    def note(self, first: int, losses: Array) -> None:
        """Add what is known now: the losses (n,) of the first points, which are the rows of the lease from one on."""
        if not self._remembers:
            return
        points = self._points
        if len(points) == 1:
            # Most rows come alone.
            loss, key = losses.item(), self._keys[0]
            if math.isfinite(loss):
                self._own.setdefault(key, (first, loss))
                self._collected.keep_key(points.tobytes(), key)
            return
        named = keys_of_numbers(points[: len(losses)])
        for row, (point, key, loss) in enumerate(zip(named, self._keys, losses.tolist(), strict=False), first):
            if math.isfinite(loss):
                self._own.setdefault(key, (row, loss))
                self._collected.keep_key(point, key)

    def _find(self, row: int, recalls: bool) -> FreeAnswer | None:
        """Return the answer for one of the points, or None if it must be evaluated."""
        if self._conditions is not None and (broken := self._conditions.broken_by(self._box[row])):
            return np.inf, broken
        if not recalls:
            return None
        key = self._keys[row]
        if (found := self._collected.find(key, self._limit)) is not None:
            return found[1], f"{KNOWN_CAUSE}point {found[0]} of the run"
        if (found := self._own.get(key)) is not None:
            return found[1], f"{KNOWN_CAUSE}row {found[0]} of this lease"
        return None


def _asks_for_evaluation(hand: PendingProposal) -> bool:
    """Return whether known settings are to be evaluated: for another loss, or for a gradient."""
    return hand.repeats or hand.with_gradient or bool(hand.retry_rows)
