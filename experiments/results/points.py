"""Makes a table of the points that runs have tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .recorded_runs import RunData
from .table import Table


def make_points_table(runs: Sequence[RunData]) -> Table:
    """Make a table of the points of runs, one row each, in the order in which they were collected.

    ``evaluations`` is what the run had spent up to and including the point, ``loss`` is infinite for a failed
    evaluation, and the coordinates x1, x2, ... are in the landscape's own units, None beyond its dimension.
    """
    dimension = max((run.space.dimension for run in runs), default=0)
    heads = ("run", "landscape", "strategy", "repeat", "agent", "lease", "evaluations", "loss")
    columns: dict[str, list[Any]] = {name: [] for name in (*heads, *(f"x{axis + 1}" for axis in range(dimension)))}
    for run in runs:
        n = len(run.points.losses)
        if not n:
            continue
        for name in ("landscape", "strategy", "repeat"):
            columns[name] += [getattr(run, name)] * n
        columns["run"] += [run.id] * n
        columns["agent"] += [run.team[agent] for agent in run.points.agent]
        columns["lease"] += run.points.lease.tolist()
        columns["evaluations"] += run.spent.tolist()
        columns["loss"] += run.points.losses.tolist()
        box = run.space.to_box(run.points.cube)
        for axis in range(dimension):
            columns[f"x{axis + 1}"] += box[:, axis].tolist() if axis < run.space.dimension else [None] * n
    return Table(columns)
