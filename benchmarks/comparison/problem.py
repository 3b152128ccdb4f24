"""A BBOB function as a solver sees it, which records the evaluations at which its targets were reached."""

from __future__ import annotations

import numpy as np
from cocoex import BareProblem

TARGETS = np.logspace(2, -8, 51)
"""Target losses, as differences above the known minimum, easiest first."""
LOW, HIGH = -5.0, 5.0


class BudgetSpent(Exception):
    """Raised to end a solver: the budget is spent, or every target is reached."""


class RuntimeRecorder:
    """An objective that counts evaluations and records when each target is first reached.

    It raises ``BudgetSpent`` when the budget is spent or, unless ``on`` is set, when every target is reached.
    """

    def __init__(self, function: int, dimension: int, instance: int, multiple: int, on: bool = False) -> None:
        self._problem = BareProblem("bbob", function, dimension, instance)
        self.minimum = float(self._problem.best_value())
        self.dimension, self.budget = dimension, multiple * dimension
        self.runtimes = np.full(len(TARGETS), np.inf)
        self.evaluations = self.targets_reached = 0
        self._targets_wanted = np.inf if on else len(TARGETS)

    @property
    def over(self) -> bool:
        return self.evaluations >= self.budget or self.targets_reached >= self._targets_wanted

    def __call__(self, x: np.ndarray) -> float:
        """Return the loss at a point (D,); a point outside the box is moved to its face."""
        if self.over:
            raise BudgetSpent
        self.evaluations += 1
        row = np.array(x, dtype=float, ndmin=2)
        np.clip(row, LOW, HIGH, out=row)
        loss = float(self._problem(row)[0])
        self.record_loss(loss, self.evaluations)
        return loss

    def record_loss(self, loss: float, time: float) -> None:
        """Record this time for every target that this loss is the first to reach."""
        excess = loss - self.minimum
        while self.targets_reached < len(TARGETS) and excess <= TARGETS[self.targets_reached]:
            self.runtimes[self.targets_reached] = time
            self.targets_reached += 1


class BatchSizes:
    """An objective that takes points (n, D), passes them on, and notes the sizes of the batches."""

    def __init__(self, loss: RuntimeRecorder) -> None:
        self.loss, self.dimension, self.budget, self.minimum = loss, loss.dimension, loss.budget, loss.minimum
        self.sizes: list[int] = []

    def __call__(self, points: np.ndarray) -> np.ndarray:
        self.sizes.append(len(points))
        return np.array([self.loss(point) for point in points])


class BatchRuntimeRecorder(RuntimeRecorder):
    """A recorder whose time and budget are in rounds of ``at_once`` evaluations side by side."""

    def __init__(self, function: int, dimension: int, instance: int, multiple: int, at_once: int) -> None:
        super().__init__(function, dimension, instance, multiple)
        self.at_once, self.rounds = at_once, 0

    @property
    def over(self) -> bool:
        return self.rounds >= self.budget or self.targets_reached == len(TARGETS)

    def evaluate_in_rounds(self, points: np.ndarray) -> list[float]:
        """Return the losses of a batch, evaluated in rounds of ``at_once`` points."""
        losses: list[float] = []
        for first in range(0, len(points), self.at_once):
            if self.over:
                raise BudgetSpent
            self.rounds += 1
            rows = np.clip(np.array(points[first : first + self.at_once], dtype=float), LOW, HIGH)
            part = np.asarray(self._problem(rows), dtype=float).reshape(-1)
            self.evaluations += len(part)
            self.record_loss(float(part.min()), self.rounds)
            losses += part.tolist()
        return losses
