"""The one place where JAX is imported, and where its backend gets the settings on which the bits of losses depend."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, cast

import numpy as np

from ..extras import advise_install
from ..landscape import LandscapeError
from .data import EXTRA

THREADS = ("PJRT_NPROC", "NPROC")
"""Environment variables that limit the threads of JAX's backend on the CPU; the first that is set counts."""


def import_jax() -> Any:
    """Import JAX without starting its backend, and see to it that the backend will start with one thread.

    With more threads, how sums are divided among them, and thus the last bits of gradients, depends on how many CPUs
    the process sees. A process must not be forked once the backend has started; until then it may.

    Returns:
        The module jax.

    Raises:
        LandscapeError: JAX is not installed, or its backend has been started with other settings in this process.
    """
    try:
        jax = _import_jax()
    except ImportError as error:
        raise LandscapeError(
            f"kind must be one whose packages are installed, got a network without JAX ({error}). "
            f"{advise_install(EXTRA)}"
        ) from None
    if not has_one_thread():
        if has_started():
            given = next((f"{name}={os.environ[name]}" for name in THREADS if name in os.environ), "neither of them")
            raise LandscapeError(
                "JAX's backend must be started with one thread, got a backend that this process had started before "
                f"with {given}. Set NPROC=1 in the environment before the process starts, or open the landscape "
                "before anything else uses JAX."
            )
        os.environ["PJRT_NPROC"] = os.environ["NPROC"] = "1"
    return jax


@cache
def _import_jax() -> Any:
    # Several processes share a GPU: none takes most of its memory when it starts.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax

    return jax


def use_precision(dtype: Any) -> AbstractContextManager[Any]:
    """Return a context in which JAX's programs of this thread may have numbers of a type, float32 or float64.

    What other threads compute, and the precision after it, stay as they are.
    """
    if dtype != np.float64:
        return nullcontext()
    jax = import_jax()
    # It had another name before JAX 0.8.
    enable: Any = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    return cast("AbstractContextManager[Any]", enable(True))


def has_one_thread() -> bool:
    """Return whether the environment limits JAX's backend to one thread."""
    return next((os.environ[name] for name in THREADS if name in os.environ), "") == "1"


def has_started() -> bool:
    """Return whether JAX's backend has started in this process, without starting it."""
    # JAX has no public name for it.
    from jax._src import xla_bridge

    return bool(xla_bridge.backends_are_initialized())


def promises_equal_bits() -> bool:
    """Return whether losses have equal bits in every process: on CPUs they do, on GPUs nothing is promised.

    It starts the backend.
    """
    return bool(import_jax().default_backend() == "cpu")
