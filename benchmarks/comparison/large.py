"""A function of COCO's large-scale suite as a solver sees it."""

from __future__ import annotations

import tempfile
from contextlib import chdir
from pathlib import Path

import numpy as np
from cocoex import Suite

from .problem import TARGETS, RuntimeRecorder


class LargeRecorder(RuntimeRecorder):
    """A function of the suite "bbob-largescale", which is rotated in blocks, so that it is cheap in many dimensions.

    Attributes:
        best: The least loss so far, as a difference above the known minimum.
    """

    def __init__(self, function: int, dimension: int, instance: int, multiple: int) -> None:
        chosen = f"dimensions:{dimension} function_indices:{function}"
        self._suite = Suite("bbob-largescale", f"instances:{instance}", chosen)
        problem = self._suite[0]
        self._problem = lambda rows: [problem(row) for row in rows]
        self.minimum = _find_minimum(problem)
        self.dimension, self.budget = dimension, multiple * dimension
        self.runtimes = np.full(len(TARGETS), np.inf)
        self.evaluations = self.targets_reached = 0
        self._targets_wanted = len(TARGETS)
        self.best = np.inf

    def record_loss(self, loss: float, time: float) -> None:
        """Record this time for every target that this loss is the first to reach, and the loss."""
        self.best = min(self.best, loss - self.minimum)
        super().record_loss(loss, time)


def _find_minimum(problem: object) -> float:
    """Return the minimum of a problem of a suite, whose minimizer COCO writes to a file."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        problem._best_parameter("print")  # type: ignore[attr-defined]
        minimizer = np.loadtxt(Path(folder) / "._bbob_problem_best_parameter.txt")
    return float(problem(minimizer))  # type: ignore[operator]
