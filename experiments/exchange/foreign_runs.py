"""Runs as other tools recorded them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array
from ..results.run_summary import RunSummary

BEYOND_WHOLE = 2.0**53
"""From here on, floats do not tell whole numbers apart."""


@dataclass(frozen=True)
class ForeignRun:
    """One run as another tool recorded it.

    Attributes:
        strategy: The name of its algorithm.
        landscape: The label of its landscape, as these results call it; what it is called elsewhere if they have none.
        like: A run of these results on the same landscape; None if there is none.
        evaluations: The evaluations at which its best loss improved, shape (n,), increasing.
        losses: The losses there, shape (n,), decreasing.
        spent: All evaluations of the run.
    """

    strategy: str
    landscape: str
    like: RunSummary | None
    evaluations: NDArray[np.int64]
    losses: Array
    spent: int


def find_info_files(folder: Path) -> list[Path]:
    """Return the .info files of COCO in a folder, or in the folders in it."""
    return sorted([*folder.glob("*.info"), *folder.glob("*/*.info")])


def find_records(evaluations: NDArray[np.int64], losses: Array) -> tuple[NDArray[np.int64], Array]:
    """Return where the best loss improved, and the losses there; of points at the same evaluation, the best.

    Args:
        evaluations: The evaluations up to and including each point, shape (n,), not decreasing.
        losses: The losses, shape (n,); infinite or NaN for failed evaluations.

    Example:
        >>> at, best = find_records(np.array([1, 2, 2, 3]), np.array([np.nan, 3.0, 2.0, 2.5]))
        >>> at.tolist(), best.tolist()
        ([2], [2.0])
    """
    best = np.minimum.accumulate(np.where(np.isfinite(losses), losses, np.inf))
    rows = np.flatnonzero(best < np.concatenate([[np.inf], best[:-1]]))
    at = evaluations[rows]
    kept = np.append(np.diff(at) > 0, True) if len(at) else np.zeros(0, dtype=bool)
    return at[kept].astype(np.int64), best[rows][kept]
