"""The thread pools of numerical libraries that this process has loaded, looked for again only where more are loaded."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, ClassVar

from threadpoolctl import ThreadpoolController

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Environment variables that give numerical libraries one thread each in a process that is started with them."""


class _Loaded(ctypes.Structure):
    """The beginning of glibc's and musl's ``struct dl_phdr_info``."""

    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("address", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("headers", ctypes.c_void_p),
        ("header_count", ctypes.c_uint16),
        ("loaded", ctypes.c_ulonglong),
        ("unloaded", ctypes.c_ulonglong),
    ]


_VISIT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Loaded), ctypes.c_size_t, ctypes.c_void_p)
_known: tuple[tuple[int, int] | None, ThreadpoolController | None] = (None, None)


def find_thread_pools() -> ThreadpoolController:
    """Return the thread pools of all libraries that are loaded now.

    To look for them takes milliseconds in a process with many libraries, as long as a small run. They are looked for
    again only if a library has been loaded or unloaded since.
    """
    global _known
    counts = count_loads()
    known, pools = _known
    if pools is None or counts is None or counts != known:
        pools = ThreadpoolController()
        _known = counts, pools
    return pools


def count_loads() -> tuple[int, int] | None:
    """Count the libraries that this process has ever loaded and unloaded; None where the system does not say."""
    if not sys.platform.startswith("linux"):
        return None
    found: list[tuple[int, int]] = []

    def visit(library: Any, size: int, _: Any) -> int:
        # Every library is told with the same counts: the first is enough.
        if size >= ctypes.sizeof(_Loaded):
            found.append((library.contents.loaded, library.contents.unloaded))
        return 1

    try:
        ctypes.CDLL(None).dl_iterate_phdr(_VISIT(visit), None)
    except (OSError, AttributeError):
        return None
    return found[0] if found else None
