"""COCO's data format bbob-new2, which cocopp and the archives of COCO read: .info, .dat and .tdat.

Hansen, Auger, Ros, Mersmann, Tusar & Brockhoff 2021, "COCO: a platform for comparing continuous optimizers in a
black-box setting"; the files are those of COCO's own observer of the suite bbob.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...landscapes.bbob import MOST_PLAIN_DIMENSIONS
from ...landscapes.landscape import Array
from ..execution.results_directory import directory_stem
from ..results.recorded_runs import RunData
from .exported_runs import ExportedRuns, Misfit, check_coordinates

LEAST_TARGET = 1e-8
"""The least gap whose first reaching COCO records."""
TARGETS_A_DECADE = 5
"""The .dat has a line where a gap of 10^(k / 5) is first reached."""
LINES_A_DECADE = 20
"""The .tdat has a line at 10^(k / 20) evaluations."""
HEAD = (
    "% f evaluations | g evaluations | best noise-free fitness - Fopt ({minimum:.12e}) + sum g_i+ | measured fitness | "
    "best measured fitness or single-digit g-values | x1 | x2...\n"
)


@dataclass
class _Function:
    """What the .info of one strategy on one function says: its runs, by dimension."""

    function: int
    runs: dict[int, list[str]] = field(default_factory=dict)


def write_coco(runs: ExportedRuns, folder: Path, target: Path) -> None:
    """Write runs on BBOB functions as COCO's observer would have: one folder for each strategy.

    Args:
        runs: The runs.
        folder: The folder into which it writes.
        target: The path that the folder gets.

    Raises:
        Refusal: If a run is not on a BBOB function, or its first evaluation has no loss.
    """
    found: dict[tuple[str, int], _Function] = {}
    for run in runs.iterate(check_coco):
        settings = run.settings["landscape"]
        function, dimension = settings["function"], settings["dimension"]
        entry = found.setdefault((run.strategy, function), _Function(function))
        home = folder / name_folder(run.strategy, [name for name, _ in found]) / f"data_f{function}"
        home.mkdir(parents=True, exist_ok=True)
        gaps = run.best - float(run.minimum or 0.0)
        for ending, rows in ((".dat", choose_target_rows(gaps)), (".tdat", choose_time_rows(run.spent))):
            with (home / f"{_stem(function, dimension)}{ending}").open("a", encoding="ascii") as file:
                file.write(HEAD.format(minimum=run.minimum))
                file.writelines(_format_rows(run, gaps, rows))
        entry.runs.setdefault(dimension, []).append(
            f"{settings['instance']}:{run.evaluations}|{max(float(gaps[-1]), 0.0):.1e}"
        )
    names = [name for name, _ in found]
    for (strategy, _), entry in found.items():
        _write_info(folder / name_folder(strategy, names), strategy, entry)


def check_coco(run: RunData) -> Misfit | None:
    """Return why COCO's format cannot hold a run; None if it can."""
    settings = run.settings["landscape"]
    if settings["kind"] != "bbob":
        what = (
            f"its landscape is of the kind {settings['kind']}, and COCO's files are of the functions of its suite bbob"
        )
        return Misfit(what, "Export to ioh, which holds runs on any landscape.")
    if settings["dimension"] > MOST_PLAIN_DIMENSIONS:
        return Misfit(
            f"it has {settings['dimension']} axes, and the suite bbob has at most {MOST_PLAIN_DIMENSIONS}",
            "Export to ioh or parquet.",
        )
    if run.minimum is None:
        return Misfit("the minimum of its landscape is not in the log", "Export to ioh or parquet.")
    if not np.isfinite(run.points.losses[0]) or run.spent[0] != 1:
        what = "its first evaluation has no loss, and COCO's files begin with that of evaluation 1"
        return Misfit(what, "Export to parquet or csv, which hold failed evaluations.")
    return check_coordinates(run)


def choose_target_rows(gaps: Array) -> NDArray[np.int64]:
    """Return the rows of a .dat: the first, the last, and where a gap of 10^(k / 5), at least 1e-8, is first reached.

    Args:
        gaps: The least gap so far at each evaluation, shape (n,), n at least 1.

    Example:
        >>> choose_target_rows(np.array([9.0, 8.0, 0.5, 0.5, 1e-9, 0.0, 0.0])).tolist()
        [0, 2, 4, 6]
    """
    # A power of ten is reached by itself: its logarithm must not be rounded up.
    steps = np.ceil(np.round(TARGETS_A_DECADE * np.log10(np.maximum(gaps, LEAST_TARGET)), 12))
    return np.unique([0, *np.flatnonzero(np.diff(steps) < 0) + 1, len(gaps) - 1])


def choose_time_rows(spent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of a .tdat: those at 10^(k / 20) evaluations, and the last.

    Args:
        spent: The evaluations up to and including each row, shape (n,), n at least 1.

    Example:
        >>> choose_time_rows(np.arange(1, 31)).tolist()[-4:]
        [21, 24, 27, 29]
    """
    decades = np.log10(max(int(spent[-1]), 1))
    times = np.unique(np.floor(10 ** (np.arange(int(LINES_A_DECADE * decades) + 1) / LINES_A_DECADE)).astype(np.int64))
    rows = np.searchsorted(spent, times, side="left")
    return np.unique([*rows[rows < len(spent)], len(spent) - 1])


def name_folder(strategy: str, strategies: list[str]) -> str:
    """Return the name of a strategy's folder: that of the strategy, with a number where others have it too.

    Example:
        >>> name_folder("a/b", ["a b", "a/b"]), name_folder("party", ["party"])
        ('a-b-2', 'party')
    """
    stem = directory_stem(strategy)
    alike = [name for name in dict.fromkeys(strategies) if directory_stem(name) == stem]
    place = alike.index(strategy)
    return stem if not place else f"{stem}-{place + 1}"


def _stem(function: int, dimension: int) -> str:
    return f"bbobexp_f{function}_DIM{dimension}"


def _format_rows(run: RunData, gaps: Array, rows: NDArray[np.int64]) -> list[str]:
    box = run.space.to_box(run.points.cube[rows])
    return [
        f"{run.spent[row]} 0 {gaps[row]:+.16e} {run.points.losses[row]:+.9e} {run.best[row]:+.9e} "
        f"{' '.join(f'{value:+.8e}' for value in point)}\n"
        for row, point in zip(rows.tolist(), box.tolist(), strict=True)
    ]


def _write_info(home: Path, strategy: str, entry: _Function) -> None:
    name = re.sub(r"[^\w .+-]", "_", strategy)
    lines = []
    for dimension, runs in sorted(entry.runs.items()):
        lines += [
            f"suite = 'bbob', funcId = {entry.function}, DIM = {dimension}, Precision = {LEAST_TARGET:.3e}, "
            f"algId = '{name}', coco_version = '2.8.2', logger = 'bbob', data_format = 'bbob-new2'",
            "% written by searchparty",
            f"data_f{entry.function}/{_stem(entry.function, dimension)}.dat, {', '.join(runs)}",
        ]
    (home / f"bbobexp_f{entry.function}.info").write_text("\n".join(lines) + "\n", encoding="utf-8")
