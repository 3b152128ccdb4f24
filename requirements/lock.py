"""Write the hashed requirements files of this folder, one a job: ``make lock``.

Versions come from constraints.txt. Hashes cover the files of every platform, so one file serves all of them. No file
names an index: pip takes packages from the index that it is configured for, and checks them by their hashes. Needs uv.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent / "pyproject.toml"
CONSTRAINTS = HERE.parent / "constraints.txt"
JOBS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "run": ((), ()),
    "cluster": (("cluster",), ()),
    "test": ((), ("test",)),
    "check": ((), ("test", "check")),
    "extras": (("pandas", "sklearn", "optuna", "gest", "networks", "exchange"), ("test", "extras")),
    "docs": ((), ("docs",)),
    "bench": (("bench",), ()),
    "readers": ((), ("readers",)),
}
"""For each file the extras of pyproject.toml and the lists of this folder that it covers."""
APART = {"readers"}
"""Files of packages that are installed in a folder of their own, as one of them would hide others (``tests``). All that
they need besides is in ``extras``."""
OLDEST_PYTHON = "3.11.5"
"""The documentation's tools need this patch release."""


def lock_job(job: str) -> None:
    """Resolve the requirements of a job and write them with their hashes."""
    extras, lists = JOBS[job]
    words = [*([] if job in APART else [str(PROJECT)]), *(str(HERE / f"{name}.in") for name in lists)]
    words += ["--no-deps"] if job in APART else [f"--extra={extra}" for extra in extras]
    options = ["--constraint", str(CONSTRAINTS), "--generate-hashes", "--universal", "--python-version", OLDEST_PYTHON]
    plain = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
    target = HERE / f"{job}.txt"
    target.unlink(missing_ok=True)
    subprocess.run(["uv", "pip", "compile", *words, *options, *plain, "--output-file", str(target)], check=True)


if __name__ == "__main__":
    for job in sys.argv[1:] or JOBS:
        lock_job(job)
