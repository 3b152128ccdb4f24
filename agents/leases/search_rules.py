"""The rules for an agent's search: it writes to nothing that it shares, is a generator, and ends in one form."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...landscapes.landscape import Array, Space
from ..agent import AgentError, Converged, Region, Search
from .failure import limit_words

NUMBERS = "biuf"
"""The kinds of numpy's types that are real numbers."""


def protect_space(space: Space) -> Space:
    """Return a space after making sure that an agent cannot write to it: it is the landscape's, too."""
    for array in (space.lower, space.upper, space.start):
        if array is not None:
            array.flags.writeable = False
    return space


def protect_region(region: Region) -> Region:
    """Return a region after making sure that an agent cannot write to it: it stands in the log."""
    region.center.flags.writeable = False
    return region


def check_search(search: Any) -> Search:
    """Return what a method ``search`` returned, if it is a generator. Raises AgentError if it is not."""
    if not (hasattr(search, "send") and hasattr(search, "close")):
        raise AgentError(f"must yield what it proposes: its search has no yield, it returned {type(search).__name__}")
    found: Search = search
    return found


def check_ending(result: Any, dimension: int) -> Converged | None:
    """Return what a search returned, if it may: None, or a local minimum with plain numbers and words.

    Args:
        result: What it returned.
        dimension: Number of axes, D.

    Raises:
        AgentError: It is something else.

    Example:
        >>> check_ending(Converged([0.5, 1], np.float64(2), "short steps"), 2)
        Converged(point=array([0.5, 1. ]), loss=2.0, why='short steps', escape=None)
    """
    if result is None:
        return None
    if not isinstance(result, Converged):
        raise AgentError(f"returned {type(result).__name__}; it must return Converged or None")
    point = _read_vector(result.point, dimension, "converged at")
    escape = None if result.escape is None else _read_vector(result.escape, dimension, "converged with an escape of")
    loss = _read_numbers(result.loss)
    if loss is None or loss.shape:
        raise AgentError(f"converged to a loss that is {type(result.loss).__name__}; it must be a number")
    if not isinstance(result.why, str):
        raise AgentError(f"converged with a why that is {type(result.why).__name__}; it must be text")
    return Converged(point, float(loss), limit_words(result.why), escape)


def _read_vector(value: Any, dimension: int, subject: str) -> Array:
    found = _read_numbers(value)
    if found is None:
        raise AgentError(f"{subject} {type(value).__name__}; it must be numbers of shape ({dimension},)")
    if found.shape != (dimension,):
        raise AgentError(f"{subject} shape {found.shape}; it must be ({dimension},)")
    if not np.isfinite(found).all():
        raise AgentError(f"{subject} numbers that are not finite")
    return found.astype(float, copy=False)


def _read_numbers(value: Any) -> Array | None:
    """Return what is real numbers as an array; None if it is something else."""
    try:
        found = np.asarray(value)
    except Exception:
        # Lists of different lengths, or an object that will not be read.
        return None
    return found if found.dtype.kind in NUMBERS else None
