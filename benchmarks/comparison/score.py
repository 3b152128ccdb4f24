"""Computes scores from runtimes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .study import FUNCTIONS, Outcome, StudyCell

FUNCTION_GROUPS = {
    "separable": range(1, 6), "moderate": range(6, 10), "ill-conditioned": range(10, 15),
    "multimodal": range(15, 20), "weak structure": range(20, 25),
}  # fmt: skip


def area(runtimes: np.ndarray, dimension: int, multiple: int) -> float:
    """Return the area under the ECDF of runtimes (targets,) over log10(evaluations / D), from 0 to log10(multiple).

    It is a fraction of the whole: 1 if every target is reached within D evaluations, 0 if none is ever reached.
    """
    with np.errstate(divide="ignore"):
        early = 1 - np.log10(runtimes / dimension) / np.log10(multiple)
    return float(np.clip(early, 0, 1).mean())


class Scores:
    """Areas, and fractions of the targets reached, of several solvers on the same problems."""

    def __init__(
        self, found: Mapping[StudyCell, Outcome], solvers: Sequence[str], multiple: int, dimensions: Sequence[int],
        instances: Sequence[int],
    ) -> None:  # fmt: skip
        self.multiple, self.dimensions, self.instances = multiple, list(dimensions), list(instances)
        self.runtimes: dict[str, np.ndarray] = {}
        """Runtimes (dimensions, functions, instances, targets) of the solvers that have worked every problem."""
        self.missing: dict[str, int] = {}
        self.micros: dict[str, float] = {}
        """Microseconds of one core per evaluation, by solver."""
        for solver in solvers:
            grid = [
                [[StudyCell(solver, multiple, d, i, f) for i in instances] for f in FUNCTIONS] for d in dimensions
            ]  # fmt: skip
            wanted = [cell for of_d in grid for of_f in of_d for cell in of_f]
            absent = sum(cell not in found for cell in wanted)
            if absent:
                self.missing[solver] = absent
                continue
            self.runtimes[solver] = np.array([[[found[c].runtimes for c in of_f] for of_f in of_d] for of_d in grid])
            spent = sum(found[c].evaluations for c in wanted)
            self.micros[solver] = 1e6 * sum(found[c].seconds for c in wanted) / spent

    def areas(self, solver: str) -> np.ndarray:
        """Return the areas of a solver (dimensions, functions): means over instances."""
        times = self.runtimes[solver]
        return np.array(
            [
                [np.mean([area(run, d, self.multiple) for run in of_f]) for of_f in of_d]
                for d, of_d in zip(self.dimensions, times, strict=True)
            ]
        )

    def best_of(self, solvers: Sequence[str]) -> np.ndarray:
        """Return the virtual best: areas (dimensions, functions) of the best of these solvers on each."""
        return np.max([self.areas(solver) for solver in solvers], axis=0)

    def reached_share(self, solver: str) -> float:
        """Return the fraction of the targets that a solver has reached at the end."""
        return float(np.isfinite(self.runtimes[solver]).mean())

    def ecdf(self, solver: str, at: np.ndarray, dimensions: Sequence[int]) -> np.ndarray:
        """Return the fractions (n,) of (problem, target) pairs reached within ``at`` (n,) times D evaluations."""
        rows = [self.dimensions.index(d) for d in dimensions]
        scaled = self.runtimes[solver][rows] / np.array(dimensions)[:, None, None, None]
        ordered = np.sort(scaled.ravel())
        return np.searchsorted(ordered, at, side="right") / len(ordered)


def by_group(areas: np.ndarray) -> dict[str, float]:
    """Return the means of areas (dimensions, functions) over the suite's five groups of functions."""
    return {name: float(areas[:, [f - 1 for f in group]].mean()) for name, group in FUNCTION_GROUPS.items()}
