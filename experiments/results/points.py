"""Makes a table of the points that runs have tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...landscapes.causes import INFEASIBLE_CAUSE
from ...landscapes.landscape import Space
from ...orchestrator.state.events import findings
from .recorded_runs import RunData
from .table import Table

HEADS = ("run", "landscape", "strategy", "repeat", "agent", "lease", "evaluations", "loss", "free")
"""The columns before those of the coordinates."""


def make_points_table(runs: Sequence[RunData]) -> Table:
    """Make a table of the points of runs, one row each, in the order in which they were collected.

    ``evaluations`` is what the run had spent up to and including the point, ``loss`` is infinite for a failed
    evaluation, ``free`` says why a point was not evaluated ("known" or "infeasible"; "" for one that was), and the
    coordinates x1, x2, ... are in the landscape's own units, None beyond its dimension. Parameters
    that have names have columns of these names, with the values that the objective received.
    """
    named = dict.fromkeys(column for run in runs for column in _coordinate_columns(run.space))
    columns: dict[str, list[Any]] = {name: [] for name in (*HEADS, *named)}
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
        columns["free"] += _list_free(run)
        box = run.space.to_box(run.points.cube)
        values = dict(zip(_coordinate_columns(run.space), box.T.tolist(), strict=True))
        for axis, column in zip(run.space.axes, _coordinate_columns(run.space), strict=False):
            values[column] = [axis.name_number(number) for number in values[column]]
        for column in named:
            columns[column] += values.get(column, [None] * n)
    return Table(columns)


def _list_free(run: RunData) -> list[str]:
    """Return why each point of a run was not evaluated: "known" or "infeasible"; "" for a point that was."""
    free = {
        (finding.lease, failure.row): "infeasible" if failure.cause.startswith(INFEASIBLE_CAUSE) else "known"
        for finding in findings(run.events)
        for failure in finding.failures
        if failure.is_free
    }
    places = zip(run.points.lease.tolist(), run.points.row.tolist(), strict=True)
    return [free.get(place, "") for place in places] if free else [""] * len(run.points.losses)


def _coordinate_columns(space: Space) -> list[str]:
    """Return the columns of the coordinates; a parameter with the name of another column has an underscore after it."""
    return [f"{name}_" if name in HEADS else name for name in space.names]
