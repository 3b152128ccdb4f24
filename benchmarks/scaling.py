"""Measure how well batches fan out: the share of the ideal that workers reach with objectives that sleep.

    python benchmarks/scaling.py [--workers 1,2,4,8,16,32,64] [--sleeps 0.001,0.01,0.1,1]
        [--peers ours,joblib,optuna,ray-tune] [--seconds 3] [--repeats 3] [--write]

Efficiency = evaluations x sleep / workers / seconds. Each cell is measured in a separate process, and the libraries
take turns. The clock starts when all workers are up and have warmed up. A cell is as many evaluations as fill
``--seconds`` at the pace of its warm-up (Ray Tune: at most 60 trials for each of these seconds, measured once). Cells
are kept in ``--results``, and are not measured again.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fanout import ours, peers
from fanout.cell import Cell
from fanout.table import render_page

SCALING_PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
CELLS_FILE = Path(__file__).parent / "results" / "scaling.jsonl"
BEGIN, END = "<!-- scaling: begin -->", "<!-- scaling: end -->"
Measure = Callable[[int, float, float], Cell]
MEASURES: dict[str, Measure] = {
    "ours": ours.measure_searchparty,
    "ours-small": lambda workers, sleep, seconds: ours.measure_searchparty(workers, sleep, seconds, small=True),
    "joblib-threading": lambda workers, sleep, seconds: peers.measure_joblib(workers, sleep, seconds, "threading"),
    "joblib-loky": lambda workers, sleep, seconds: peers.measure_joblib(workers, sleep, seconds, "loky"),
    "optuna": peers.measure_optuna,
    "ray-tune": peers.measure_ray_tune,
}
PEER_GROUPS = {"ours": ("ours", "ours-small"), "joblib": ("joblib-threading", "joblib-loky")}
LIMIT_SECONDS = 2 * peers.TUNE_SECONDS
"""Time limit of a cell."""
LOOK_SECONDS = 0.3


def parse_positive_numbers(text: str) -> list[float]:
    """Parse a list of numbers above 0, such as 0.001,0.01."""
    try:
        found = [float(each) for each in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(0.0 < each < float("inf") for each in found):
        raise argparse.ArgumentTypeError(f"must be numbers above 0, got {text!r}. Write them with commas: 1,2,4.")
    return found


def parse_peers(text: str) -> list[str]:
    """Parse a list of libraries, and return the names of their measures."""
    found: list[str] = []
    for each in text.split(","):
        if each not in PEER_GROUPS and each not in MEASURES:
            known = ", ".join([*PEER_GROUPS, *(name for name in MEASURES if name.partition("-")[0] not in PEER_GROUPS)])
            raise argparse.ArgumentTypeError(f"must be among {known}, got {each!r}. Write them with commas.")
        found += PEER_GROUPS.get(each, (each,))
    return found


def busy_cpus() -> float:
    """Return how many CPUs are busy now, while this benchmark itself is idle."""

    def spent() -> float:
        fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")

    if not Path("/proc/stat").exists():
        return 0.0
    before = spent()
    time.sleep(LOOK_SECONDS)
    return (spent() - before) / LOOK_SECONDS


def measure_cell(name: str, workers: int, sleep: float, seconds: float) -> Cell | None:
    """Measure one cell in a separate process; None, after a message on standard error, if it fails."""
    load = busy_cpus()
    argv = [sys.executable, __file__, "--cell", name, str(workers), str(sleep), str(seconds)]
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )  # fmt: skip
    try:
        out, errors = process.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        out, errors = "", f"took over {LIMIT_SECONDS:g} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    lines = out.splitlines()
    if process.returncode or not lines:
        print(f"{name}, {workers} workers: {(errors.strip().splitlines() or ['no message'])[-1]}", file=sys.stderr)
        return None
    cell = Cell.from_line(lines[-1])
    return Cell(cell.peer, cell.workers, cell.sleep, cell.evaluations, cell.seconds, cell.startup, load)


def measure_cells(options: argparse.Namespace) -> list[Cell]:
    """Measure all cells that are missing, and return all, including those measured before."""
    known = options.results.read_text().splitlines() if options.results.exists() else []
    cells = [cell for cell in map(Cell.from_line, known) if cell.busy <= options.quiet]
    options.results.parent.mkdir(parents=True, exist_ok=True)
    for sleep in options.sleeps:
        for workers in map(int, options.workers):
            # The libraries take turns, so that other work on the machine does not affect one of them alone.
            for repeat in range(options.repeats):
                for name in options.peers:
                    count = sum((c.peer, c.workers, c.sleep) == (name, workers, sleep) for c in cells)
                    if count > (repeat if name != "ray-tune" else 0):
                        continue
                    cell = measure_cell(name, workers, sleep, options.seconds)
                    if cell is None:
                        continue
                    if cell.busy <= options.quiet:
                        cells.append(cell)
                    with options.results.open("a") as file:
                        file.write(cell.line() + "\n")
                    print(
                        f"{name:16} {workers:3} workers {sleep:6g} s: {100 * cell.efficiency:5.1f} % of the ideal,"
                        f" {cell.evaluations} evaluations in {cell.seconds:.1f} s, started in {cell.startup:.1f} s"
                        f" ({cell.busy:.1f} CPUs busy before)",
                        flush=True,
                    )
    return cells


def write_tables(page: str) -> None:
    """Write the tables between their marks in the page."""
    text = SCALING_PAGE.read_text(encoding="utf-8")
    SCALING_PAGE.write_text(
        re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{page}\n{END}", text, flags=re.S), encoding="utf-8"
    )


def main() -> None:
    if sys.argv[1:2] == ["--cell"]:
        name, workers, sleep, seconds = sys.argv[2:]
        try:
            print(MEASURES[name](int(workers), float(sleep), float(seconds)).line(), flush=True)
        except peers.PeerMissing as missing:
            sys.exit(str(missing))
        return
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workers", type=parse_positive_numbers, default="1,2,4,8,16,32,64")
    options.add_argument("--sleeps", type=parse_positive_numbers, default="0.001,0.01,0.1,1")
    options.add_argument("--peers", type=parse_peers, default="ours,joblib,optuna,ray-tune")
    options.add_argument("--seconds", type=float, default=3.0, help="approximate duration of a cell")
    options.add_argument("--repeats", type=int, default=3, help="cells of which the median is taken")
    options.add_argument(
        "--quiet", type=float, default=float("inf"),
        help="leave out, and measure again, cells before which other programs kept more CPUs busy than this",
    )  # fmt: skip
    options.add_argument("--results", type=Path, default=CELLS_FILE, help="file in which cells are kept")
    options.add_argument("--write", action="store_true", help=f"write the tables into {SCALING_PAGE.name}")
    given = options.parse_args()
    page = render_page(measure_cells(given))
    print(page)
    if given.write:
        write_tables(page)


if __name__ == "__main__":
    main()
