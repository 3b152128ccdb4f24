"""Measure reports of small and large experiments: what they cost to write, how large they are, how fast they open.

    python benchmarks/reports.py [--only quickstart,many] [--keep FOLDER]

It prints a table: user CPU seconds of ``searchparty report``, the same divided by those of ``import matplotlib`` in the
same Python, peak memory, MB of report.html, height of the page at 1280 x 900, and the median of five load events. The
last two need Chromium and playwright. Python's bytecode is there, as after a first use; of commands that take less than
ten seconds the least of three counts, because other programs that run at the same time take from the caches.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

TEAM = {"agents": ["random-restart", "nelder-mead", "random"], "policy": {"radius": "shrink", "lease": 10}}
STRATEGIES = {
    "random": {"agents": ["random"]},
    "nelder-mead": {"agents": ["nelder-mead"]},
    "slsqp": {"agents": ["slsqp"]},
    "team": TEAM,
    "axes": {"agents": ["axes"]},
}
FUNCTIONS = list(range(1, 25))
LONG_SECONDS = 10.0


def describe_inputs() -> dict[str, Any]:
    """Return the experiments: the name of a bundled one, or the data of a YAML."""
    four = {name: STRATEGIES[name] for name in ("random", "nelder-mead", "slsqp", "team")}
    return {
        "quickstart": "quickstart",
        "landscapes": {
            "name": "landscapes", "budget": 200, "repeats": 5, "executor": "simulated", "strategies": four,
            "landscapes": [{"kind": "bbob", "function": FUNCTIONS, "dimension": 2}],
            "stop": {"precision": 1e-8},
        },
        "runs": {
            "name": "runs", "budget": 30, "repeats": 100, "executor": "simulated",
            "strategies": {name: STRATEGIES[name] for name in ("random", "nelder-mead", "team")},
            "landscapes": [{"kind": kind, "dimension": 2} for kind in ("sphere", "rastrigin", "rosenbrock", "ackley")],
        },
        "bbob": {
            "name": "bbob", "budget": 30, "repeats": 1, "executor": "simulated", "strategies": STRATEGIES,
            "landscapes": [
                {"kind": "bbob", "function": FUNCTIONS, "dimension": [2, 3, 5, 10], "instance": list(range(1, 16))}
            ],
            "stop": {"precision": 1e-8},
        },
    }  # fmt: skip


def make_results(name: str, experiment: Any, home: Path) -> Path:
    """Run an experiment, unless its results are there."""
    import searchparty
    from searchparty import Experiment

    directory = home / name
    if not directory.exists():
        given = experiment if isinstance(experiment, str) else Experiment.from_data(experiment)
        searchparty.run(given, out=directory, executor="simulated", report=False)
    return directory


def measure_least(arguments: list[str], bytecode: str) -> tuple[float, float]:
    """Return the least of three measurements of a command, or its only one if it takes ten seconds or more."""
    found = [measure_command(arguments, bytecode)]
    while found[0][0] < LONG_SECONDS and len(found) < 3:
        found.append(measure_command(arguments, bytecode))
    return min(found)


def measure_command(arguments: list[str], bytecode: str) -> tuple[float, float]:
    """Return the user CPU seconds of a command of Python, and its peak memory in MiB.

    Args:
        arguments: The arguments of Python.
        bytecode: The folder in which Python keeps its bytecode.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = bytecode
    pid = os.posix_spawn(sys.executable, [sys.executable, *arguments], environment)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime, usage.ru_maxrss / 1024


def open_page(path: Path) -> tuple[int, float]:
    """Return the height in pixels of a page that is 1280 wide, and the median milliseconds until its load event."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        loads, height = [], 0
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.as_uri(), wait_until="load", timeout=300_000)
            page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
            loads.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
            page.wait_for_timeout(500)
            height = page.evaluate("document.documentElement.scrollHeight")
            page.close()
        browser.close()
    return height, statistics.median(loads)


def main() -> None:
    """Measure the reports, and print the table."""
    inputs = describe_inputs()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(inputs), help="experiments to measure, by name")
    parser.add_argument("--keep", type=Path, help="folder in which results are kept, and found again")
    parser.add_argument("--make", action="store_true", help="only run the experiments")
    given = parser.parse_args()
    home = given.keep or Path(tempfile.mkdtemp(prefix="searchparty-reports-"))
    names = given.only.split(",")
    directories = {name: make_results(name, inputs[name], home) for name in names}
    if given.make:
        return
    bytecode = tempfile.mkdtemp(prefix="searchparty-bytecode-")
    command = ["-m", "searchparty.experiments.cli.main", "report"]
    measure_command([*command, str(next(iter(directories.values())))], bytecode)
    unit = measure_least(["-c", "import matplotlib"], bytecode)[0]
    print(f"import matplotlib: {unit:.2f} s of user CPU")
    print(f"{'experiment':12} {'CPU s':>7} {'ratio':>6} {'MiB':>6} {'MB':>6} {'px':>7} {'load ms':>8}")
    for name, directory in directories.items():
        seconds, memory = measure_least([*command, str(directory)], bytecode)
        path = directory / "report.html"
        try:
            height, load = open_page(path)
            seen = f"{height:7,} {load:8.0f}"
        except ImportError:
            seen = f"{'-':>7} {'-':>8}"
        size = path.stat().st_size / 1e6
        print(f"{name:12} {seconds:7.2f} {seconds / unit:6.1f} {memory:6.0f} {size:6.2f} {seen}", flush=True)


if __name__ == "__main__":
    main()
