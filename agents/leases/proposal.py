"""The points that an agent has proposed: the check that they are valid, what they cost, and the answers to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...landscapes.landscape import Array, Space
from ..agent import AgentError, MiniBatch, Repeat, WithGradient, in_cube
from ..evaluation.evaluator import FLOAT64, EvaluationResult
from .mini_batches import check_batch


class WorstLoss:
    """The worst finite loss of a search, which stands for the losses of rows that are skipped."""

    __slots__ = ("loss",)

    def __init__(self) -> None:
        self.loss = -np.inf

    def replace_skipped(self, losses: Array, skipped: list[int] | None) -> Array:
        """Return the losses (n,) of a proposal, with the worst loss so far in place of +inf for skipped rows.

        The agent is not attracted to such points, and sees no cliff there. Only whole proposals are treated, so that it
        does not matter in what parts they were answered.
        """
        self.loss = max(self.loss, float(losses[np.isfinite(losses)].max(initial=-np.inf)))
        if not skipped or self.loss == -np.inf:
            return losses
        losses = losses.copy()
        losses[skipped] = self.loss
        return losses


class PendingProposal:
    """The points that an agent has proposed, and the answers to them so far.

    Args:
        points: The points, shape (n, D), in the unit cube.
        with_gradient: Whether gradients are requested.
        price: Price of a row, in units of the space.
        repeats: Whether settings that are known are evaluated again.
        batch: How many rows of data each point is evaluated over; 0: over all.
        reserve: How many units must remain after the last row.
    """

    __slots__ = (
        "answered_rows",
        "batch",
        "gradients",
        "losses",
        "points",
        "price",
        "repeats",
        "reserve",
        "retry_rows",
        "skipped_rows",
        "tries",
        "with_gradient",
    )

    def __init__(
        self,
        points: Array,
        with_gradient: bool,
        price: int,
        repeats: bool = False,
        batch: int = 0,
        reserve: int = 0,
    ) -> None:
        self.points, self.with_gradient, self.price, self.repeats = points, with_gradient, price, repeats
        self.batch, self.reserve = batch, reserve
        self.losses: Array | None = None
        self.gradients: Array | None = None
        self.answered_rows = 0
        """How many rows, from the first on, have been answered once."""
        self.retry_rows: list[int] | None = None
        """Rows that are still to be evaluated again, or None if no row has had to be."""
        self.tries: dict[int, int] | None = None
        """How often rows have been scheduled for another evaluation, by row."""
        self.skipped_rows: list[int] | None = None
        """Rows without a loss that are skipped, or None."""

    def next(self, room: int) -> Array:
        """Return the points (n, D) to evaluate next, as many as ``room`` units pay for."""
        room -= self.reserve
        if not self.answered_rows and len(self.points) * self.price <= room:
            return self.points
        most = max(0, room) // self.price
        if self.retry_rows and self.answered_rows == len(self.points):
            return self.points[self.retry_rows[:most]]
        return self.points[self.answered_rows : self.answered_rows + most]

    def record_answer(self, outcome: EvaluationResult) -> Array | None:
        """Record the answer to the points that ``next`` returned.

        Returns:
            The numbers of the rows if they were evaluated again, else None.
        """
        n = len(outcome.losses)
        if n == len(self.points) and not self.answered_rows:
            self.losses, self.gradients, self.answered_rows = outcome.losses, outcome.gradients, n
            return None
        if self.losses is None:
            self.losses = np.empty(len(self.points))
            self.gradients = np.empty(self.points.shape) if self.with_gradient else None
        rows: Any = slice(self.answered_rows, self.answered_rows + n)
        again = self.answered_rows == len(self.points)
        if again:
            assert self.retry_rows is not None
            rows, self.retry_rows = self.retry_rows[:n], self.retry_rows[n:]
            # The earlier answer may be the recorded array itself.
            self.losses = self.losses.copy()
            self.gradients = None if self.gradients is None else self.gradients.copy()
        else:
            self.answered_rows += n
        self.losses[rows] = outcome.losses
        if self.gradients is not None and outcome.gradients is not None:
            self.gradients[rows] = outcome.gradients
        return np.array(rows) if again else None

    def retry_row(self, row: int, most: int) -> None:
        """Schedule another evaluation of a row, unless it has had ``most`` of them."""
        self.retry_rows, self.tries = self.retry_rows or [], self.tries or {}
        if self.tries.get(row, 0) < most:
            self.tries[row] = self.tries.get(row, 0) + 1
            self.retry_rows.append(row)


def check_proposal(points: Any, dimension: int) -> Array:
    """Return a proposal if it is valid: float64, of shape (n, D) with n >= 1, within the unit cube.

    Raises AgentError if it is not.
    """
    if type(points) is not np.ndarray or points.dtype != FLOAT64:
        kind = type(points).__name__
        dtype = getattr(points, "dtype", None)
        raise AgentError(f"proposed a {kind}{f' of {dtype}' if dtype else ''}; it must be a float64 array (n, D)")
    shape = points.shape
    if len(shape) != 2 or shape[1] != dimension or not shape[0]:
        raise AgentError(f"proposed shape {points.shape}; it must be (n, {dimension}) with n >= 1")
    if not in_cube(points):
        row = int(np.flatnonzero(~((points >= 0) & (points <= 1)).all(axis=1))[0])
        raise AgentError(f"proposed {points[row].tolist()}, outside the unit cube (row {row} of its batch)")
    return points


def price_proposal(proposal: Any, space: Space, declared: int, batches: bool) -> PendingProposal:
    """Check what an agent proposed, and say what a row of it costs.

    Args:
        proposal: What it yielded.
        space: The space.
        declared: The price of its most expensive row as it declared it, in units.
        batches: Whether mini-batches can be evaluated.

    Raises:
        AgentError: It is no valid proposal, or costs more.
    """
    kind, units, batch, reserve = type(proposal), space.units, 0, 0
    if kind is np.ndarray and units <= declared:
        # Nearly every proposal.
        return PendingProposal(check_proposal(proposal, space.dimension), False, units)
    with_gradient = kind is WithGradient or kind is MiniBatch
    price = units * price_with_gradient(space) if with_gradient else units
    if kind is MiniBatch:
        batch = check_batch(proposal.rows, units if batches else 0)
        price, reserve = price // units * batch, units
    if price + reserve > declared:
        raise AgentError(
            f"proposed a row that costs {describe_price(price + reserve, units)}, and its row_price says "
            f"{describe_price(declared, units)}"
        )
    points = check_proposal(proposal.points if with_gradient or kind is Repeat else proposal, space.dimension)
    return PendingProposal(points, with_gradient, price, kind is Repeat, batch, reserve)


def describe_price(price: int, units: int) -> str:
    """Return a price, in units, as evaluations."""
    return f"{price / units:.6g}"


def price_with_gradient(space: Space) -> int:
    """Return the price of a row with its gradient. Raises AgentError if the landscape has no gradients."""
    if not space.has_gradient:
        raise AgentError("asked for gradients, and this landscape has none")
    return 1 + space.gradient_price
