"""The results of a lease so far: rows answered, evaluations charged, and the best row."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np

from ...landscapes.causes import is_free_cause, is_mini_batch
from ...landscapes.landscape import Array, Space
from ..agent import Converged, Finding, Incumbent, Lease, LeaseTiming, RowFailure, Rows
from ..evaluation.evaluator import EvaluationResult
from .held_points import HeldPoints
from .recorded_rows import EvaluateAgain, RecordedRows
from .repeated_points import RepeatedPoints


class Ledger:
    """The rows of one lease, of which ``recorded`` ones are known from a log.

    The rows of a batch may be entered in any order (``place``) before they are counted (``count_rows``). Each row is
    passed on once (``flush``); recorded rows never are. Charges are counted in units of the space until the lease ends.

    Args:
        lease: The lease.
        dimension: The number of axes.
        recorded: Its recorded rows.
        units: How many units one evaluation has.
    """

    __slots__ = (
        "asked",
        "begun",
        "best",
        "charged",
        "dimension",
        "failures",
        "filled",
        "free_in_a_row",
        "held",
        "lease",
        "losses",
        "mini_batches",
        "noisy",
        "recorded",
        "repeated",
        "spans",
        "units",
    )  # fmt: skip

    def __init__(self, lease: Lease, dimension: int, recorded: Rows | None, units: int = 1) -> None:
        self.lease, self.dimension, self.units = lease, dimension, units
        self.recorded = None if recorded is None else RecordedRows(lease, recorded)
        self.held = HeldPoints(lease.budget, dimension)
        self.losses = np.empty(min(lease.budget, 1024))
        self.failures: list[RowFailure] = []
        self.filled = self.charged = self.free_in_a_row = self.mini_batches = 0
        self.spans: list[list[int]] = []
        """Ranges [first, last) of rows that have been entered and not yet passed on."""
        self.best: tuple[float, int] | None = None
        self.begun, self.asked = time.monotonic(), 0.0
        """When the lease began, and for how many seconds its agent was asked."""
        self.noisy = False
        """Whether a repeated row had another loss than the same point before."""
        self.repeated = RepeatedPoints()
        """The points that a lease repeats which asks for repeats."""

    def note_asked(self, seconds: float) -> None:
        """Add for how many seconds the agent was asked for a proposal."""
        self.asked += seconds

    def recall_rows(self, points: Array, with_gradient: bool, again: EvaluateAgain) -> EvaluationResult | None:
        """Return the recorded answer to the next points (n, D); None if the next row is not recorded.

        ``RecordedRows.recall`` describes the arguments and errors.
        """
        return None if self.recorded is None else self.recorded.recall(self.filled, points, with_gradient, again)

    @property
    def has_more_recorded(self) -> bool:
        """Whether rows after those that have been counted are recorded."""
        return self.recorded is not None and self.filled < self.recorded.end

    def count_unrecorded(self, most: int) -> int:
        """Return how many of the next ``most`` rows come before a recorded one."""
        return most if self.recorded is None else self.recorded.count_unrecorded(self.filled, most)

    def enter(self, points: Array, outcome: EvaluationResult, price: int, news: bool = True) -> None:
        """Enter and count the next rows, which are ``news`` unless they come from the record."""
        self.place(0, points, outcome, news)
        self.count_rows(outcome, price)

    def count_rows(self, outcome: EvaluationResult, price: int) -> None:
        """Count the next rows, all of which have been placed, and charge ``price`` for each that was evaluated.

        The price is in units.
        """
        n = len(outcome.losses)
        self.filled += n
        if not outcome.causes:
            self.charged += n * price
            self.free_in_a_row = 0
            return
        free = [row for row, cause in outcome.causes.items() if is_free_cause(cause)]
        self.charged += (n - len(free)) * price
        last = max(set(range(n)).difference(free), default=-1)
        self.free_in_a_row = n - 1 - last if last >= 0 else self.free_in_a_row + n

    def compare_repeats(self, n: int) -> None:
        """Compare the losses of the last n counted rows, which are repeats, with those of the same points before."""
        first = self.filled - n
        for row in range(first, self.filled):
            same = self.held.find_same(row, first)
            if same is not None and np.isfinite(losses := self.losses[[same, row]]).all() and losses[0] != losses[1]:
                self.noisy = True
            if self.lease.repeats:
                self.repeated.add(self.held.point(row), row, float(self.losses[row]))

    def place(self, offset: int, points: Array, outcome: EvaluationResult, news: bool = True) -> None:
        """Enter rows (n, D) that begin ``offset`` rows after the next one; ``count_rows`` counts them.

        Only ``news`` is passed on: rows that do not come from the record.
        """
        first, n = self.filled + offset, len(outcome.losses)
        if first + n > len(self.losses):
            self.losses = np.concatenate([self.losses, np.empty(max(first + n, len(self.losses)))])
        self.held.place(first, points, outcome.gradients)
        self.losses[first : first + n] = outcome.losses
        row = 0 if n == 1 else int(outcome.losses.argmin())
        loss = outcome.losses.item(row)
        # Of rows with equal losses the first is the best, in whatever order they were entered.
        if loss < np.inf and (self.best is None or (loss, first + row) < self.best):
            self.best = (loss, first + row)
        if outcome.causes:
            self.failures += [RowFailure(first + row, cause) for row, cause in outcome.causes.items()]
            self.mini_batches += sum(map(is_mini_batch, outcome.causes.values()))
        if not news:
            return
        if (spans := self.spans) and spans[-1][1] == first:
            spans[-1][1] = first + n
        else:
            self.spans.append([first, first + n])

    def read_placed_rows(self, n: int, with_gradient: bool) -> EvaluationResult:
        """Return the next n rows, all of which have been placed, without counting them."""
        first, last = self.filled, self.filled + n
        causes = {f.row - first: f.cause for f in self.failures if first <= f.row < last}
        gradients = self.held.read(first, last)[1] if with_gradient else None
        return EvaluationResult(self.losses[first:last].copy(), None if gradients is None else gradients.copy(), causes)

    def flush(self) -> list[Rows]:
        """Return the rows not yet passed on, one ``Rows`` for each range without gaps."""
        spans, self.spans = self.spans, []
        if len(spans) > 1:
            spans = merge_spans(spans)
        rows = [self._copy_rows(first, last) for first, last in spans]
        if self.filled > self.held.most_filled:
            # What may still be told of rows: the best one, and the first that failed for each cause.
            causes = {f.cause: f.row for f in reversed(self.failures) if not f.of_mini_batch}
            bests = [] if self.best is None else [self.best[1]]
            self.held.let_go(self.filled, [*causes.values(), *bests, *self.repeated.rows])
        return rows

    def _copy_rows(self, first: int, last: int) -> Rows:
        failures = sort_failures(f for f in self.failures if first <= f.row < last) if self.failures else ()
        points, gradients = self.held.read(first, last)
        # Rows that fill the arrays are passed on as they are: rows that have been entered never change.
        if last - first < len(self.held.points):
            points, gradients = points.copy(), None if gradients is None else gradients.copy()
        return Rows(first, points, self.losses[first:last].copy(), gradients, failures)

    def describe_failure(self, cause: str, space: Space) -> str:
        """Return a cause of failure with the first row that failed for it, and its point."""
        row = min(failure.row for failure in self.failures if failure.cause == cause)
        numbers = space.to_box(self.held.point(row))[:8].tolist()
        shown = [f"{x:.6g}" for x in numbers]
        if space.axes:
            named = [(axis.name, axis.name_number(x)) for axis, x in zip(space.axes, numbers, strict=False)]
            shown = [f"{name}={f'{x:.6g}' if isinstance(x, float) else x}" for name, x in named]
        return f"row {row}, at ({', '.join(shown)}{', ...' if self.dimension > 8 else ''}), {cause}"

    def close(self, why: str, converged: Converged | None = None, cause: str = "", place: str = "") -> Finding:
        """Return the finding of the lease, which ended for the reason ``why``."""
        best, confirmed = None, self.repeated.choose()
        if (chosen := confirmed or self.best) is not None:
            loss, row = chosen
            best = Incumbent(self.lease.agent, self.lease.id, row, self.held.point(row).copy(), loss)
        # Marks of mini-batches stand beside the rows alone: they would make up most of the finding.
        failures = sort_failures(f for f in self.failures if not f.of_mini_batch) if self.failures else ()
        now = time.monotonic()
        return Finding(
            self.lease.id, self.lease.agent, self.filled, -(-self.charged // self.units), why, best, converged,
            failures, cause, place, self.noisy, self.mini_batches, confirmed is not None,
            timing=LeaseTiming(self.asked, now - self.begun, self.begun, now),
        )  # fmt: skip


def close_recorded(lease: Lease, recorded: Rows | None, dimension: int, cause: str) -> Finding:
    """Return the finding of a lease whose agent failed for this cause after its recorded rows, which have no gaps."""
    ledger = Ledger(lease, dimension, None)
    if recorded is not None:
        causes = {failure.row: failure.cause for failure in recorded.failures}
        ledger.enter(recorded.points, EvaluationResult(recorded.losses, recorded.gradients, causes), 0, news=False)
    return ledger.close("failed", cause=cause)


def sort_failures(failures: Iterable[RowFailure]) -> tuple[RowFailure, ...]:
    """Return failures in the order of their rows."""
    return tuple(sorted(failures, key=lambda f: f.row))


def merge_spans(spans: list[list[int]]) -> list[list[int]]:
    """Return ranges [first, last) in order, with adjacent ones merged."""
    found: list[list[int]] = []
    for first, last in sorted(spans):
        if found and found[-1][1] == first:
            found[-1][1] = last
        else:
            found.append([first, last])
    return found
