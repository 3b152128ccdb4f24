"""The format of IOHprofiler (json and dat), which IOHanalyzer and iohinspector read.

de Nobel, Ye, Vermetten, Wang, Doerr & Baeck 2024, "IOHexperimenter: benchmarking platform for iterative optimization
heuristics".
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...landscapes.bbob import FUNCTION_NAMES
from ...landscapes.landscape import Array
from ..execution.results_directory import directory_stem
from ..results.recorded_runs import RunData
from .coco import name_folder
from .evaluations import find_instance, remove_instance
from .exported_runs import ExportedRuns, Misfit

VERSION = "0.3.18"
"""The version of IOHexperimenter whose format this is."""
MOST_NUMBER = 2**16 - 1
"""iohinspector keeps dimensions and instances in 16 bits."""


def write_ioh(runs: ExportedRuns, folder: Path, target: Path) -> None:
    """Write runs as IOHexperimenter would have: a json for each strategy and function, a dat for each dimension.

    A dat has the evaluations at which the best loss improved, beginning with evaluation 1, and the last one.

    Args:
        runs: The runs.
        folder: The folder into which it writes.
        target: The path that the folder gets.

    Raises:
        Refusal: If the first evaluation of a run has no loss, or a number is too large for the format.
    """
    numbers: dict[str, int] = {}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for run in runs.iterate(check_ioh):
        function = name_function(run)
        number = run.settings["landscape"].get("function") if function.startswith("bbob ") else None
        number = number or numbers.setdefault(function, len(numbers) + 1)
        entry = found.setdefault((run.strategy, function), _describe_function(run, function, number))
        # Functions of other suites may have the number of one of BBOB's.
        stem = f"f{number}_{directory_stem(function)}"
        home = folder / name_folder(run.strategy, [strategy for strategy, _ in found])
        path = Path(f"data_{stem}") / f"IOHprofiler_{stem}_DIM{run.dimension}.dat"
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        spent, losses = list_improvements(run.spent, run.points.losses)
        with (home / path).open("a", encoding="ascii") as file:
            file.write("evaluations raw_y\n")
            file.writelines(f"{at} {loss!r}\n" for at, loss in zip(spent.tolist(), losses.tolist(), strict=True))
        scenarios = entry["scenarios"]
        scenario = scenarios.setdefault(run.dimension, {"dimension": run.dimension, "path": str(path), "runs": []})
        scenario["runs"].append(_describe_run(run))
        entry["home"], entry["stem"] = home, stem
    for entry in found.values():
        home, stem = entry.pop("home"), entry.pop("stem")
        entry["scenarios"] = list(entry["scenarios"].values())
        text = json.dumps(entry, indent=1, ensure_ascii=False, allow_nan=False)
        (home / f"IOHprofiler_{stem}.json").write_text(text, encoding="utf-8")


def check_ioh(run: RunData) -> Misfit | None:
    """Return why IOHprofiler's format cannot hold a run; None if it can."""
    paid = np.flatnonzero(run.points.cost)
    if not len(paid) or not np.isfinite(run.points.losses[paid[0]]):
        what = "its first evaluation has no loss, and every run in IOHprofiler's files begins with that of evaluation 1"
        return Misfit(what, "Export to parquet or csv, which hold failed evaluations.")
    for name, number in (("axes", run.dimension), ("for its instance", find_instance(run) or 1)):
        if number > MOST_NUMBER:
            return Misfit(f"it has {number:,} {name}, and the format at most {MOST_NUMBER:,}", "Export to parquet.")
    return None


def list_improvements(spent: NDArray[np.int64], losses: Array) -> tuple[NDArray[np.int64], Array]:
    """Return the evaluations at which the best loss improved, beginning with 1, and the last; and the losses there.

    A gradient is charged with its point: the first loss counts as that of evaluation 1, whatever it was charged. Points
    that were free have the evaluations spent before them, and at least 1.

    Args:
        spent: The evaluations up to and including each point, shape (n,), n at least 1.
        losses: The losses, shape (n,); infinite for failed evaluations. One of them is finite.

    Example:
        >>> spent, losses = list_improvements(np.array([2, 4, 6, 8]), np.array([3.0, np.inf, 1.0, 2.0]))
        >>> spent.tolist(), losses.tolist()
        ([1, 2, 6, 8], [3.0, 3.0, 1.0, 1.0])
    """
    best = np.minimum.accumulate(losses)
    rows = np.flatnonzero(best < np.concatenate([[np.inf], best[:-1]]))
    at = np.concatenate([np.maximum(spent[rows], 1), [spent[-1]]])
    found = np.concatenate([best[rows], [best[-1]]])
    if at[0] > 1:
        at, found = np.concatenate([[1], at]), np.concatenate([found[:1], found])
    # Of points that end at the same evaluation, the last has the best loss.
    kept = np.append(np.diff(at) > 0, True)
    return at[kept].astype(np.int64), found[kept]


def name_function(run: RunData) -> str:
    """Return the name of the function of a run: the label of its landscape without its dimension and its instance."""
    settings = run.settings["landscape"]
    if settings["kind"] == "bbob":
        return f"bbob {FUNCTION_NAMES[settings['function'] - 1]}"
    return re.sub(rf"\s+D={run.dimension}(?=\s|$)", "", remove_instance(run.landscape, find_instance(run)))


def _describe_function(run: RunData, function: str, number: int) -> dict[str, Any]:
    return {
        "version": VERSION,
        "suite": "BBOB" if run.settings["landscape"]["kind"] == "bbob" else "searchparty",
        "function_id": number,
        "function_name": function.removeprefix("bbob "),
        "maximization": False,
        "algorithm": {"name": run.strategy, "info": "searchparty"},
        # iohinspector calls eval() on the values of attributes: there are none.
        "attributes": ["evaluations", "raw_y"],
        "scenarios": {},
    }


def _describe_run(run: RunData) -> dict[str, Any]:
    row = int(run.record_rows[-1])
    point = run.points.find(row)
    return {
        "instance": find_instance(run) or 1,
        "evals": run.evaluations,
        "best": {
            "evals": max(int(run.spent[row]), 1),
            "y": run.final,
            "x": [] if point is None else run.space.to_box(point).tolist(),
        },
    }
