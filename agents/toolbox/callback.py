"""Run solvers that take a callback as generators: each call of the callback becomes a proposal.

The solver runs in a greenlet, a second stack in the same thread. When it calls the objective, the greenlet passes the
point to the generator, which yields it, and waits for the loss. This needs no thread, no lock and no pickle, and takes
about a microsecond per call. A generator must be used and closed in the same thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

import numpy as np
from greenlet import GreenletExit, getcurrent, greenlet

from ...landscapes.landscape import Array
from ..agent import AgentError, Lease, Proposal, Repeat, Told, WithGradient

Result = TypeVar("Result")
SentItem = TypeVar("SentItem")
Reply = TypeVar("Reply")
FAILED_LOSS = 1e300
"""The loss that a solver receives for a failed point as long as no point has had a loss."""


class Objective:
    """The function that a solver calls; ``invert_solver`` creates it.

    A failed point gets the worst loss so far (1e300 if there is none), and a gradient of zero, because most solvers
    cannot cope with infinities.

    Attributes:
        lease: The lease in force, or None before the first call.

    Example:
        >>> def solve(objective):
        ...     return objective(np.array([0.5, 0.5])) + objective(np.array([0.5, 2.0]))
        >>> from searchparty import Region
        >>> lease = Lease(0, "scout", 2, Region.whole(2), "first lease")
        >>> search = invert_solver(solve)
        >>> next(search).tolist()
        [[0.5, 0.5]]
        >>> search.send(Told(np.array([3.0]), None, lease)).tolist()
        [[0.5, 1.0]]
    """

    __slots__ = ("_closed", "_greenlet", "_worst", "lease")

    def __init__(self) -> None:
        self._greenlet: Any = None
        self._closed = False
        self._worst = -np.inf
        self.lease: Lease | None = None

    def __call__(self, x: Array) -> float:
        """Return the loss at a point.

        Args:
            x: The point, shape (D,), in the unit cube; a point outside is moved to the nearest point of the cube.

        Returns:
            The loss, or for a failed point the worst loss so far.

        Raises:
            AgentError: A coordinate is NaN.
        """
        return self._record_loss(self._propose(to_cube_row(x)))

    def evaluate_with_gradient(self, x: Array) -> tuple[float, Array]:
        """Return the loss and the gradient at a point; the landscape must have gradients.

        Args:
            x: The point, shape (D,), in the unit cube; a point outside is moved to the nearest point of the cube.

        Returns:
            The loss, or for a failed point the worst loss so far; and the gradient per cube unit, shape (D,), which is
            zero if it is not finite.

        Raises:
            AgentError: A coordinate is NaN.
        """
        told = self._propose(WithGradient(to_cube_row(x)))
        assert told.gradients is not None
        gradient = told.gradients[0]
        return self._record_loss(told), np.array(gradient) if np.isfinite(gradient).all() else np.zeros(len(gradient))

    def evaluate_batch(self, points: Array) -> Array:
        """Return the losses of points that are evaluated as one batch.

        Args:
            points: The points, shape (n, D); they are clipped to the unit cube.

        Returns:
            Losses, shape (n,), with the worst loss so far for failed points.
        """
        told = self._propose(np.clip(points, 0.0, 1.0))
        good = told.losses < np.inf
        if good.any():
            self._worst = max(self._worst, float(told.losses[good].max()))
        return np.where(good, told.losses, self._failure_loss)

    def repeat(self, x: Array) -> float:
        """Return the loss at a point that is evaluated again, even if its loss is known; a random loss differs.

        Args:
            x: The point, shape (D,), in the unit cube.
        """
        return self._record_loss(self._propose(Repeat(to_cube_row(x))))

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
        # A library may catch the exception that ends it, and call again.
        if self._closed:
            raise GreenletExit
        told: Told = self._greenlet.parent.switch(proposal)
        self.lease = told.lease
        return told


def invert_solver(solve: Callable[[Objective], Result]) -> Generator[Proposal, Told, Result]:
    """Run a solver that takes a callback, and yield the points at which it calls it.

    Closing the generator ends the solver, by raising ``GreenletExit`` in the call in which it waits.

    Args:
        solve: Called once, as ``solve(objective)``.

    Yields:
        A proposal for each call of the objective: shape (1, D), or (n, D) for ``evaluate_batch``.

    Returns:
        What the solver returned.

    Raises:
        Exception: Whatever the solver raises.

    Example:
        >>> from searchparty import Region
        >>> lease = Lease(0, "scout", 1, Region.whole(1), "first lease")
        >>> search = invert_solver(lambda objective: objective(np.array([0.25])))
        >>> next(search).tolist()
        [[0.25]]
        >>> try:
        ...     search.send(Told(np.array([3.0]), None, lease))
        ... except StopIteration as end:
        ...     end.value
        3.0
    """
    objective = Objective()
    inner = _make_greenlet(solve)
    objective._greenlet = inner
    try:
        # A switch to the greenlet returns what its objective switches out, or at the end the solver's result.
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
    """Run a function that reports items by a callback, and yield these items.

    The function runs in the thread that iterates over the generator, and waits while an item is used.

    Args:
        work: Called once, as ``work(send)``; it calls ``send(item)`` for each item.

    Yields:
        The items, in order.

    Example:
        >>> list(yield_sent_items(lambda send: [send(1), send(2)]))
        [1, 2]
    """
    inner = _make_greenlet(work)
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


def yield_questions(
    work: Callable[[Callable[[SentItem], Reply]], Result],
) -> Generator[SentItem, Reply, Result]:
    """Run a function that asks questions by a callback, and yield them; what is sent back are the answers.

    The function runs in the thread that iterates over the generator, and waits for each answer. A generator that is
    dropped in another thread is not closed there: its function ends when its own thread next switches.

    Args:
        work: Called once, as ``work(ask)``; ``ask(question)`` returns the answer.

    Yields:
        The questions, in order.

    Returns:
        What the function returned.

    Example:
        >>> questions = yield_questions(lambda ask: ask(1) + ask(2))
        >>> next(questions), questions.send(10)
        (1, 2)
        >>> try:
        ...     questions.send(20)
        ... except StopIteration as end:
        ...     end.value
        30
    """
    inner, thread = _make_greenlet(work), threading.current_thread()
    try:
        out = inner.switch(lambda question: inner.parent.switch(question))
        while not inner.dead:
            reply = yield out
            inner.parent = getcurrent()
            out = inner.switch(reply)
        result: Result = out
        return result
    finally:
        if not inner.dead and threading.current_thread() is thread:
            # Where both are garbage at once, the greenlet may be ending already.
            with suppress(RuntimeError):
                inner.parent = getcurrent()
                inner.throw(GreenletExit)


def _make_greenlet(work: Callable[..., Any]) -> Any:
    """Create a greenlet that handles floating-point errors as its creator does; by itself it would warn of them."""
    inner: Any = greenlet(work)
    inner.gr_context = copy_context()
    return inner


def to_cube_row(x: Array) -> Array:
    """Turn a solver's point into a proposal.

    Args:
        x: The point, shape (D,).

    Returns:
        The nearest point of the unit cube, shape (1, D), float64; always a copy, because solvers reuse their arrays.

    Raises:
        AgentError: A coordinate is NaN.

    Example:
        >>> to_cube_row(np.array([0.5, 1.5])).tolist()
        [[0.5, 1.0]]
    """
    row = np.array(x, dtype=np.float64, ndmin=2)
    if not (np.minimum.reduce(row, axis=None) >= 0.0 and np.maximum.reduce(row, axis=None) <= 1.0):
        if np.isnan(row).any():
            raise AgentError(f"the solver asked for the loss at {row[0].tolist()}")
        np.clip(row, 0.0, 1.0, out=row)
    return row
