"""Open landscapes, once for all runs of this process that may share one, and read what is then known of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from .landscape import (
    Array,
    Landscape,
    LandscapeError,
    MeasuredProblem,
    ProbedProblem,
    Problem,
    Space,
    known_minimizers,
    known_minimum,
)
from .neighbours import with_local_imports
from .user_code import find_code_files

MOST_SHARED = 64
"""The most shared problems that are kept open: the most recently used ones."""

_shared: OrderedDict[tuple[Any, ...], Problem] = OrderedDict()


@dataclass(frozen=True, slots=True)
class LandscapeFacts:
    """What is known of a landscape once it has been opened, so that it need not be opened again to find out.

    Attributes:
        space: Its space.
        minimum: Its known minimum loss, or None.
        rowwise: Whether its problem evaluates a batch row by row.
        minimizers: Its known minimizers, shape (k, D), for reports; None if they are unknown.
        measured: Whether its problem tells more of a point than its loss (``MeasuredProblem``).
        surface: Its losses on a grid over the box, shape (n, n), for pictures of two dimensions; None if they are
            unknown. The problem may state them as an attribute of this name.
    """

    space: Space
    minimum: float | None
    rowwise: bool = False
    minimizers: Array | None = None
    measured: bool = False
    surface: Array | None = None


def open_problem(landscape: Landscape) -> Problem:
    """Open a landscape, or return the problem that is open already if its class lets runs share one."""
    if not landscape.shareable:
        return landscape.open()
    key = (type(landscape), landscape.model_dump_json(), *_list_file_states(landscape))
    if key not in _shared:
        _shared[key] = landscape.open()
        if len(_shared) > MOST_SHARED:
            _shared.popitem(last=False)
    _shared.move_to_end(key)
    return _shared[key]


def _list_file_states(landscape: Landscape) -> Iterator[tuple[str, int, int]]:
    """Yield path, time and size of the user's files that a landscape needs: another state makes another problem."""
    code = find_code_files(landscape.code_references, getattr(landscape, "base", None))
    for path in [*(each for file in code for each in with_local_imports(file.absolute())), *landscape.data_files]:
        # What cannot be read is told when the landscape is opened.
        with suppress(OSError):
            status = path.stat()
            yield str(path.absolute()), status.st_mtime_ns, status.st_size


def read_facts(landscape: Landscape) -> LandscapeFacts:
    """Open a landscape and return what is known of it. Raises LandscapeError if its bounds cannot be searched."""
    problem = open_problem(landscape)
    check_space(problem.space)
    rowwise = bool(getattr(problem, "rowwise", False))
    surface = getattr(problem, "surface", None) if problem.space.dimension == 2 else None
    measured = isinstance(problem, MeasuredProblem)
    known = known_minimum(problem)
    return LandscapeFacts(problem.space, known, rowwise, _read_minimizers(problem), measured, surface)


def _read_minimizers(problem: Problem) -> Array | None:
    try:
        return known_minimizers(problem)
    except Exception:
        # They are for pictures only, and a landscape of a user may raise anything.
        return None


def probe_problem(problem: Problem) -> Array | None:
    """Return losses and gradients at fixed points, by which processes are compared; None if nothing depends on them."""
    return problem.probe() if isinstance(problem, ProbedProblem) and problem.promises_bits else None


def check_probe(problem: Problem, expected: Array | None) -> None:
    """Check that this process finds the same losses and gradients at fixed points as another.

    Args:
        problem: The problem, opened in this process.
        expected: What the other process found; None if nothing is to be compared.

    Raises:
        LandscapeError: It finds others.
    """
    if expected is None or not isinstance(problem, ProbedProblem):
        return
    found = problem.probe()
    if not np.array_equal(found, expected):
        differ = int((found != expected).sum()) if found.shape == expected.shape else len(expected)
        raise LandscapeError(
            f"losses must have the same bits in every process, got others than the driver's at {differ} of "
            f"{len(expected)} fixed points. Use nodes with the same processor and the same versions of numerical "
            "libraries, or leave those that differ out of the cluster."
        )


def check_space(space: Space) -> None:
    """Check that points between the bounds of a space can be computed.

    Raises:
        LandscapeError: A bound or a width is not finite, or a lower bound is not below the upper one.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        widths = space.upper - space.lower
    for axis in np.flatnonzero(~(np.isfinite(widths) & (widths > 0))).tolist():
        raise LandscapeError(
            f"bounds must be finite, with low < high and a finite width, got ({space.lower[axis]}, "
            f"{space.upper[axis]}) for axis {axis}. Change its bounds."
        )
