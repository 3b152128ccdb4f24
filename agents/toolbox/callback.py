"""Optimizers that take a callback, turned inside out: each call of the callback becomes a proposal.

The solver runs in a greenlet, a second stack in the same thread. Where it calls the objective, the greenlet hands the
point to the generator, which yields it, and sleeps until it is told. No thread, no lock, no pickle; about a
microsecond a call. A generator lives and is closed in one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import numpy as np
from greenlet import GreenletExit, getcurrent, greenlet

from ...landscapes.landscape import Array
from ..agent import AgentError, Lease, Proposal, Told, WithGradient

Result = TypeVar("Result")
SentItem = TypeVar("SentItem")
FAILED_LOSS = 1e300
"""What a solver is told of a failed point before there is any loss."""


class Objective:
    """What a solver calls. A failed point is given the worst loss so far, and a gradient of zero, as most solvers
    cannot cope with infinities. ``lease`` is the lease in force."""

    __slots__ = ("_closed", "_greenlet", "_worst", "lease")

    def __init__(self) -> None:
        self._greenlet: Any = None
        self._closed = False
        self._worst = -np.inf
        self.lease: Lease | None = None

    def __call__(self, x: Array) -> float:
        """The loss at a point (D,) of the cube; what lies outside is brought to its face."""
        return self._record_loss(self._propose(to_cube_row(x)))

    def evaluate_with_gradient(self, x: Array) -> tuple[float, Array]:
        """Loss and gradient (D,) at a point (D,) of the cube."""
        told = self._propose(WithGradient(to_cube_row(x)))
        assert told.gradients is not None
        gradient = told.gradients[0]
        return self._record_loss(told), np.array(gradient) if np.isfinite(gradient).all() else np.zeros(len(gradient))

    def evaluate_batch(self, points: Array) -> Array:
        """Losses (n,) of points (n, D), evaluated as one batch."""
        told = self._propose(np.clip(points, 0.0, 1.0))
        good = told.losses < np.inf
        if good.any():
            self._worst = max(self._worst, float(told.losses[good].max()))
        return np.where(good, told.losses, self._failure_loss)

    @property
    def _failure_loss(self) -> float:
        return self._worst if self._worst > -np.inf else FAILED_LOSS

    def _record_loss(self, told: Told) -> float:
        loss = float(told.losses[0])
        if loss == np.inf:
            return self._failure_loss
        if loss > self._worst:
            self._worst = loss
        return loss

    def _propose(self, proposal: Proposal) -> Told:
        # A library may swallow the exception that ends it and call again.
        if self._closed:
            raise GreenletExit
        told: Told = self._greenlet.parent.switch(proposal)
        self.lease = told.lease
        return told


def invert_solver(solve: Callable[[Objective], Result]) -> Generator[Proposal, Told, Result]:
    """Run ``solve(objective)`` and yield the points at which it calls the objective, (1, D) each; return its result.

    What the solver raises comes out of the generator. Closing the generator ends the solver by raising
    ``GreenletExit`` in the call it waits in.
    """
    objective = Objective()
    inner: Any = greenlet(solve)
    objective._greenlet = inner
    try:
        # A greenlet's switch returns what its objective switches out, or at its end what the solver returned.
        out = inner.switch(objective)
        while not inner.dead:
            told = yield out
            inner.parent = getcurrent()
            out = inner.switch(told)
        result: Result = out
        return result
    finally:
        objective._closed = True
        if not inner.dead:
            inner.parent = getcurrent()
            inner.throw(GreenletExit)
        objective._greenlet = None


def yield_sent_items(work: Callable[[Callable[[SentItem], None]], None]) -> Generator[SentItem, None, None]:
    """Run ``work(send)`` and yield what it sends, while it waits; in the thread of whoever asks for the next."""
    inner: Any = greenlet(work)
    try:
        out = inner.switch(lambda item: inner.parent.switch(item))
        while not inner.dead:
            yield out
            inner.parent = getcurrent()
            out = inner.switch()
    finally:
        if not inner.dead:
            inner.parent = getcurrent()
            inner.throw(GreenletExit)


def to_cube_row(x: Array) -> Array:
    """A solver's point (D,) as a proposal (1, D): a copy, as solvers reuse their arrays, within the cube."""
    row = np.array(x, dtype=np.float64, ndmin=2)
    if not (np.minimum.reduce(row, axis=None) >= 0.0 and np.maximum.reduce(row, axis=None) <= 1.0):
        if np.isnan(row).any():
            raise AgentError(f"the solver asked for the loss at {row[0].tolist()}")
        np.clip(row, 0.0, 1.0, out=row)
    return row
