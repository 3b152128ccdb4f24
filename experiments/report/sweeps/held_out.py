"""The trade-off of networks in a sweep: how good they are on held-out data, against passes and against seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...results.measures import is_higher_better
from ...results.run_summary import RunSummary
from ...studies.cells import Cell
from ...studies.front import find_front
from ..island import round_value

HELD_OUT_PREFIX = "held-out"
"""How the names begin of what landscapes tell of data on which nothing was trained."""


def list_held_out(cells: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    """Yield figures of a measure on held-out data against passes and against simulated seconds; none without one.

    Passes are evaluations: each reads all training data once. A run counts at its last improvement of the loss.

    Args:
        cells: The settings of a sweep on one problem.
    """
    name = _choose_measure(cells)
    if name is None:
        return
    yield _draw_measure(cells, name, "passes over the data", "passes")
    if all(run.clock is not None and len(run.clock.record_seconds) for cell in cells for run in cell.runs):
        yield _draw_measure(cells, name, "simulated seconds", "s")


def _choose_measure(cells: Sequence[Cell]) -> str | None:
    """Return the measure on held-out data that all runs have, an accuracy if there is one; None if there is none."""
    shared = [set(run.measures) for cell in cells for run in cell.runs]
    names = sorted(name for name in set.intersection(*shared) if name.startswith(HELD_OUT_PREFIX)) if shared else []
    return next((name for name in names if is_higher_better(name)), names[0] if names else None)


def _draw_measure(cells: Sequence[Cell], name: str, x_name: str, unit: str) -> dict[str, Any]:
    higher = is_higher_better(name)
    values = [np.array([run.measures[name][1][-1] for run in cell.runs]) for cell in cells]
    costs = [np.array([_find_cost(run, name, unit) for run in cell.runs]) for cell in cells]
    x, y = (np.array([float(np.median(each)) for each in part]) for part in (costs, values))
    on_front = find_front(x, -y if higher else y)
    points = [
        {
            "name": cell.setting.describe(), "x": round_value(float(x[k])), "y": round_value(float(y[k])),
            "low": round_value(float(np.quantile(values[k], 0.25))),
            "high": round_value(float(np.quantile(values[k], 0.75))), "front": bool(on_front[k]), "knee": False,
            "share": None, "run": None,
        }
        for k, cell in enumerate(cells)
    ]  # fmt: skip
    best = int((y if higher else -y).argmax())
    return {
        "kind": "front", "title": name, "xName": x_name, "unit": unit, "log": not higher and float(y.min()) > 0,
        "label": f"{name} against {x_name} of {len(cells)} settings; the best: {cells[best].setting.describe()}",
        "higher": higher, "points": points, "chosen": best,
    }  # fmt: skip


def _find_cost(run: RunSummary, name: str, unit: str) -> float:
    if unit == "s" and run.clock is not None:
        return float(run.clock.record_seconds[-1])
    return float(run.measures[name][0][-1])
