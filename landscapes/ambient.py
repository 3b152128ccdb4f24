"""The state of the process that would change findings or print warnings: it is set aside while runs are worked."""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.machinery import PathFinder
from typing import Any

import numpy as np

from .thread_pools import find_thread_pools

USUAL_ERRORS: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
"""numpy's own handling of floating-point errors, under which users' functions run: what the program that called us has
set decides no loss."""


@contextmanager
def set_ambient_state_aside() -> Iterator[None]:
    """Work runs under the same conditions in every process.

    Numerical libraries have one thread, because more of them would change the last bits of results and would compete
    with the actors for the cores. numpy's warnings about our own arithmetic, for instance on losses of 1e308, are not
    shown. Warnings are no exceptions, so that ``python -W error`` finds the same.
    """
    # Only libraries that are loaded are limited.
    load_blas_of_scipy()
    with find_thread_pools().limit(limits=1), np.errstate(all="ignore"), warnings.catch_warnings():
        keep_warnings_from_raising()
        yield


@cache
def load_blas_of_scipy() -> None:
    """Load the BLAS that scipy brings besides numpy's, as an agent does which needs scipy.

    The library alone is loaded: to import scipy.linalg takes a third of a second, which most processes can save.
    """
    import scipy

    found = PathFinder.find_spec("_fblas", [os.path.join(place, "linalg") for place in scipy.__path__])
    with suppress(OSError):
        if found is not None and found.origin is not None:
            ctypes.CDLL(found.origin)
            return
    import scipy.linalg.blas


def keep_warnings_from_raising() -> None:
    """Show the warnings that the filters of this process would make exceptions."""
    filters = list(warnings.filters)
    if not any(action == "error" for action, *_ in filters):
        return
    warnings.resetwarnings()
    category: Any
    shown: Any
    for action, message, category, module, line in filters:
        shown = "default" if action == "error" else action
        patterns: list[Any] = [getattr(each, "pattern", each) or "" for each in (message, module)]
        # Some programs give several categories at once, which Python takes in one place and refuses in the other.
        for each in category if isinstance(category, tuple) else (category,):
            warnings.filterwarnings(shown, patterns[0], each, patterns[1], line, append=True)
