"""The loss and its gradient for solvers that follow slopes, and a check that differences tell the slopes."""

from __future__ import annotations

import numpy as np

from ...landscapes.landscape import Array
from .callback import Objective
from .rounding import describe_rounding, has_many_places

MOST_MEASURED = 4
"""How many gradients are remembered: those of a start and of the first points along its slope."""


class CoarseLosses(Exception):
    """Raised where differences tell no slopes; the message says why."""


class CachedObjective:
    """Loss and gradient of an objective, with a memory of the last point so that it is not evaluated again.

    Args:
        objective: The objective.
        difference: Step of finite differences, in cube units.
        exact: Whether to use the landscape's gradients instead of finite differences.
        lanes: How many evaluations are made side by side before the first lease has answered.
    """

    def __init__(self, objective: Objective, difference: float, exact: bool, lanes: int = 1) -> None:
        self._objective, self._difference, self._exact, self._lanes = objective, difference, exact, lanes
        self._measured: list[tuple[Array, Array]] = []
        """The last few points at which a gradient was measured together with the loss, and these gradients."""
        self._last_point: Array | None = None
        self._value = np.inf
        self._last_gradient: Array | None = None
        self._near_losses: tuple[float, ...] = ()

    def remember(self, x: Array, loss: float, gradient: Array | None = None) -> None:
        """Store a loss that is known, with its gradient if that is known too."""
        self._last_point, self._value, self._last_gradient = x.copy(), loss, gradient

    def check_rounding(self, start: Array) -> None:
        """Measure the gradient at a start (D,), and raise CoarseLosses if the losses that it takes are rounded.

        Where losses are rounded to many places, two of them are proof enough.
        """
        if self._looks_ahead(len(start)):
            self._near_losses = tuple(self._measure_ahead(start))
            self._demand_digits(list(self._near_losses))
            return
        here = self.loss(start)
        points = self._near_points(start)
        losses = np.empty(0)
        if has_many_places(here):
            losses = self._objective.evaluate_batch(points[:1])
            self._demand_digits([here, *losses])
        if len(losses) < len(points):
            losses = np.append(losses, self._objective.evaluate_batch(points[len(losses) :]))
            self._demand_digits([here, *losses])
        self._near_losses = (here, *losses.tolist())
        self._last_gradient = (losses - here) / (points.diagonal() - start)

    def check_noise(self, start: Array, here: float, there: float) -> None:
        """Evaluate the start (D,) again, and raise CoarseLosses if its loss is no longer ``here``.

        Nothing is evaluated if the loss ``there``, which belies the slope, is one that was known before: a point that
        failed has the worst of those, and tells nothing.
        """
        if there not in self._near_losses and self._objective.repeat(start) != here:
            raise CoarseLosses("losses are noisy")

    def _demand_digits(self, losses: list[float]) -> None:
        if words := describe_rounding(losses):
            raise CoarseLosses(f"losses have {words}")

    def loss(self, x: Array) -> float:
        """Return the loss at a point (D,), clipped to the cube."""
        x = np.clip(x, 0.0, 1.0)
        if self._last_point is None or not np.array_equal(self._last_point, x):
            if self._looks_ahead(len(x)):
                self._measure_ahead(x)
            else:
                self.remember(x, self._objective(x))
        return self._value

    def _looks_ahead(self, dimension: int) -> bool:
        """Return whether a loss with its differences takes fewer rounds than one after the other."""
        lease = self._objective.lease
        lanes = self._lanes if lease is None else lease.lanes
        return not self._exact and lanes > 1 and -(-(dimension + 1) // lanes) < 1 + -(-dimension // lanes)

    def _measure_ahead(self, x: Array) -> list[float]:
        """Measure the loss and the gradient at a point (D,) at once, and return the losses (1 + D,)."""
        points = self._near_points(x)
        losses = self._objective.evaluate_batch(np.concatenate([x[None], points]))
        gradient: Array = (losses[1:] - losses[0]) / (points.diagonal() - x)
        self.remember(x, float(losses[0]), gradient)
        self._measured = [*self._measured[1 - MOST_MEASURED :], (x.copy(), gradient)]
        found: list[float] = losses.tolist()
        return found

    def recall_gradient(self, x: Array) -> Array | None:
        """Return the gradient (D,) at a point (D,) if it is one of the last few that were measured, else None."""
        return next((gradient for point, gradient in self._measured if np.array_equal(point, x)), None)

    def gradient(self, x: Array) -> Array:
        """Return the gradient (D,) per cube unit at a point (D,), clipped to the cube."""
        x = np.clip(x, 0.0, 1.0)
        if self._exact:
            if self._last_point is None or not np.array_equal(self._last_point, x) or self._last_gradient is None:
                loss, steepness = self._objective.evaluate_with_gradient(x)
                self.remember(x, loss, steepness)
                return steepness
            return self._last_gradient
        here = self.loss(x)
        if self._last_gradient is None:
            points = self._near_points(x)
            self._last_gradient = (self._objective.evaluate_batch(points) - here) / (points.diagonal() - x)
        return self._last_gradient

    def known_gradient(self, x: Array) -> Array | None:
        """Return the gradient (D,) at a point (D,) if it has just been measured there, else None."""
        known = self._last_point is not None and np.array_equal(self._last_point, x)
        return self._last_gradient if known else None

    def _near_points(self, x: Array) -> Array:
        """Return the points (D, D) of finite differences: backward ones where forward ones would leave the cube."""
        points: Array = x + np.diag(np.where(x + self._difference <= 1.0, self._difference, -self._difference))
        return points
