"""Versions and the linear algebra kernel of this machine: the promise of equal bits is for equal fingerprints."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from threadpoolctl import threadpool_info

PACKAGES = ("searchparty", "numpy", "scipy", "ray", "pydantic", "coco-experiment", "cma", "nlopt")


def environment() -> dict[str, Any]:
    """What the log records of where it was written."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    kernels = {
        f"{i.get('internal_api')} {i.get('version')} {i.get('architecture', '')}".strip() for i in threadpool_info()
    }
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "packages": found,
        "blas": sorted(kernels),
    }
