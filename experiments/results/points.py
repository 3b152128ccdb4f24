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
PROJECTION = "projection_"
"""First characters of the columns of projections."""


def make_points_table(runs: Sequence[RunData]) -> Table:
    """Make a table of the points of runs, one row each, in the order in which they were collected.

    ``evaluations`` is what the run had spent up to and including the point, ``loss`` is infinite for a failed
    evaluation, ``free`` says why a point was not evaluated ("known" or "infeasible"; "" for one that was), and the
    coordinates x1, x2, ... are in the landscape's own units, None beyond its dimension. Parameters that have names have
    columns of these names, with the values that the objective received. Where the log does not keep all points, the
    others have no coordinates (None), and all have columns projection_1, projection_2, ...
    """
    named = dict.fromkeys(column for run in runs for column in _coordinate_columns(run.space))
    named |= dict.fromkeys(column for run in runs for column in _projection_columns(run))
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
        values: dict[str, list[Any]] = dict(zip(_coordinate_columns(run.space), box.T.tolist(), strict=True))
        for axis, column in zip(run.space.axes, _coordinate_columns(run.space), strict=False):
            values[column] = [axis.name_number(number) for number in values[column]]
        if run.points.whole is not None and run.points.projections is not None:
            places = run.points.whole.tolist()
            values = {column: _spread(listed, places, n) for column, listed in values.items()}
            values |= dict(zip(_projection_columns(run), run.points.projections.T.tolist(), strict=True))
        for column in named:
            columns[column] += values.get(column, [None] * n)
    return Table(columns)


def _spread(values: list[Any], places: list[int], n: int) -> list[Any]:
    """Return values laid out at their places in a list of n; None elsewhere."""
    found: list[Any] = [None] * n
    for place, value in zip(places, values, strict=True):
        found[place] = value
    return found


def _projection_columns(run: RunData) -> list[str]:
    projections = run.points.projections
    return [] if projections is None else [f"{PROJECTION}{number}" for number in range(1, projections.shape[1] + 1)]


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
