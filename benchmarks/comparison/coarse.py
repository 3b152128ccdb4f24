"""Functions of BBOB whose losses are rounded or noisy, and how solvers run on noisy ones."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from cocoex import BareProblem

from searchparty import minimize

from .peers import Peer, run_peer
from .problem import HIGH, LOW, BudgetSpent, RuntimeRecorder

LEAST_GAP = 1e-12
"""Gaps below this fraction of the spread count as this."""


class RoundedRecorder(RuntimeRecorder):
    """A recorder that returns rounded losses, and records runtimes by the true ones.

    Args:
        function, dimension, instance, multiple: As in ``RuntimeRecorder``.
        kind: "float32" for numbers of single precision, "six" for six digits, as programs print them.
    """

    def __init__(self, function: int, dimension: int, instance: int, multiple: int, kind: str) -> None:
        super().__init__(function, dimension, instance, multiple)
        self.kind = kind

    def __call__(self, x: np.ndarray) -> float:
        loss = super().__call__(x)
        return float(np.float32(loss)) if self.kind == "float32" else float(f"{loss:g}")


class NoisyLoss:
    """A function of BBOB with noise, which keeps the point with the best observed loss.

    Multiplicative noise is minimum + (loss - minimum) (1 + level N), additive noise loss + level spread N, where N is
    normal and the spread is the interquartile range of 2,000 random points. It raises ``BudgetSpent`` at the end.
    """

    def __init__(
        self, function: int, dimension: int, instance: int, multiple: int, kind: Literal["multiplicative", "additive"],
        level: float,
    ) -> None:  # fmt: skip
        self._problem = BareProblem("bbob", function, dimension, instance)
        self.minimum = float(self._problem.best_value())
        self.dimension, self.budget, self.evaluations = dimension, multiple * dimension, 0
        self._kind, self._level = kind, level
        self._noise = np.random.default_rng([function, instance, 77])
        points = np.random.default_rng([function, instance, 5]).uniform(LOW, HIGH, (2000, dimension))
        self.spread = float(np.subtract(*np.percentile(np.asarray(self._problem(points)).ravel(), [75, 25])))
        self._best_loss, self.best = np.inf, np.zeros(dimension)

    @property
    def over(self) -> bool:
        return self.evaluations >= self.budget

    def _true_loss(self, x: np.ndarray) -> float:
        return float(self._problem(np.clip(np.array(x, dtype=float, ndmin=2), LOW, HIGH))[0])

    def gap(self, x: np.ndarray) -> float:
        """Return log10 of the true gap at a point, in units of the spread."""
        return float(np.log10(max((self._true_loss(x) - self.minimum) / self.spread, LEAST_GAP)))

    def __call__(self, x: np.ndarray) -> float:
        """Return a noisy loss at a point (D,)."""
        if self.over:
            raise BudgetSpent
        self.evaluations += 1
        loss, luck = self._true_loss(x), self._level * self._noise.standard_normal()
        if self._kind == "multiplicative":
            loss = self.minimum + (loss - self.minimum) * (1 + luck)
        else:
            loss += luck * self.spread
        if loss < self._best_loss:
            self._best_loss, self.best = loss, np.clip(np.array(x, dtype=float).ravel(), LOW, HIGH)
        return loss


def party_in_noise(loss: NoisyLoss, seed: int) -> np.ndarray:
    """Return the point that ``searchparty.minimize`` returns."""
    found: np.ndarray = minimize(loss, [(LOW, HIGH)] * loss.dimension, budget=loss.budget, seed=seed).x
    return found


def peer_in_noise(loss: NoisyLoss, peer: Peer, seed: int) -> np.ndarray:
    """Return the point with the best loss that a peer has observed."""
    run_peer(peer, loss, np.random.default_rng([seed, 3]))  # type: ignore[arg-type]
    return loss.best


def cma_in_noise(loss: NoisyLoss, seed: int) -> np.ndarray:
    """Return the point with the best loss that pycma has observed, in restarts of its default population."""
    import cma

    rng = np.random.default_rng([seed, 9])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while not loss.over:
            settings = {"verbose": -9, "bounds": [LOW, HIGH], "seed": int(rng.integers(1, 2**31))}
            search = cma.CMAEvolutionStrategy(rng.uniform(-4, 4, loss.dimension), 2.0, settings)
            while not search.stop() and not loss.over:
                points = search.ask()[: loss.budget - loss.evaluations]
                losses = [loss(x) for x in points]
                if len(losses) < search.popsize:
                    break
                search.tell(points, losses)
    return loss.best
