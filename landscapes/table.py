"""Landscapes made of a table of points whose losses were computed before: a search that costs nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from .arguments import Arguments, ArrayArguments, NamedArguments, make_space
from .bounded import hint_long_ranges, omit_unset
from .landscape import Array, AxisBounds, EvaluationError, Landscape, LandscapeError, Problem, Space
from .parameters import Parameters
from .table_file import read_columns, read_settings
from .user_code import resolve_path

EQUALLY_NEAR = 1e-9
"""The relative difference of two distances up to which they count as equal."""


class LossTable(Landscape):
    """A table of points with their losses, from a CSV or a Parquet file; each point has the loss of the nearest row.

    Use it to compare agents on evaluations that were made before, e.g. a grid of hyperparameters that took days: a
    search in the table costs nothing. Every column but that of the losses is an axis, or those that ``columns`` lists,
    and its box reaches from the least to the greatest value. The nearest row is that of the least Euclidean distance
    after every axis has been scaled to the width of the box; of several that are equally near (to one part in 10^9),
    the first in the file. A row without a loss, or with an infinite one, fails. There are no gradients.

    With ``parameters``, the columns of these names are axes of all kinds. A setting has the loss of the row with the
    same whole numbers and choices that is nearest to it on the other axes, logarithmic ones after their logarithm. It
    fails if no row has these whole numbers and choices.
    """

    kind: Literal["table"] = "table"
    file: str = Field(description='A file "path/to/losses.csv" or "losses.parquet", relative to the YAML.')
    loss: str = Field("loss", description="Name of the column with the losses.")
    columns: tuple[str, ...] | None = Field(
        None, min_length=1, description="Names of the columns that are axes, in order. Default: all but the losses'."
    )
    bounds: AxisBounds | None = Field(
        None,
        description="Bounds, one (low, high) per axis; rows outside are left out. Default: the columns' ranges.",
    )
    parameters: Parameters | None = Field(
        None,
        description="In place of columns and bounds, by the columns' names: {low, high, log, integer}, "
        "{choices: [...]} or a fixed value. Other rows are left out.",
    )
    start: dict[str, Any] | tuple[float, ...] | None = Field(
        None, description="A known setting, evaluated first: a number per axis, or values by name."
    )
    base: str | None = Field(
        None, exclude=True, repr=False, description="Directory that paths are relative to (set on loading)."
    )

    @field_validator("bounds")
    @classmethod
    def _check_bounds(cls, value: AxisBounds | None) -> AxisBounds | None:
        for low, high in value or ():
            if not low < high:
                raise ValueError(f"bounds must have low < high, got ({low}, {high}). Swap them.")
        return value

    @model_validator(mode="after")
    def _check_parameters(self) -> Self:
        if self.parameters is not None:
            for name in ("columns", "bounds"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} must be left out beside parameters, got both. Leave out one of them.")
            make_space(NamedArguments(self.parameters), False, 1, self.start)
        return self

    @model_serializer(mode="wrap")
    def _omit_unset(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not set: a run's id and its random streams are keyed by these settings."""
        return omit_unset(dump(self), "parameters", "start")

    def open(self) -> Problem:
        """Read the table. Raises LandscapeError if it cannot be read, or if no row can be used."""
        path = self.path
        try:
            status = path.stat()
        except OSError as error:
            why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
            raise LandscapeError(f"file must name a readable file, got {path}, which {why}. Check the path.") from None
        key = (path, status.st_mtime_ns, status.st_size, self.loss)
        arguments: Arguments
        if self.parameters is None:
            points, losses, pairs = self._select_rows(*read_columns(*key, self.columns))
            arguments = ArrayArguments(pairs)
        else:
            points, losses = read_settings(*key, json.dumps(self.parameters.to_settings()))
            arguments = NamedArguments(self.parameters)
        if not np.isfinite(losses).any():
            within = "bounds" if self.parameters is None else "parameters"
            raise LandscapeError(
                f"file must have a row with a loss within the {within}, got none in {path}. "
                f"Check its losses and the {within}."
            )
        try:
            space = make_space(arguments, False, 1, self.start)
        except ValueError as error:
            raise LandscapeError(str(error)) from None
        return TableProblem(points, losses, space, path.name)

    def _select_rows(self, names: tuple[str, ...], points: Array, losses: Array) -> tuple[Array, Array, AxisBounds]:
        """Return the points and losses within the bounds, and the bounds. Raises LandscapeError if they are none."""
        low, high = points.min(axis=0), points.max(axis=0)
        if self.bounds is not None:
            if len(self.bounds) != len(names):
                raise LandscapeError(
                    f"bounds must have one pair per axis ({len(names)}: {', '.join(names)}), got {len(self.bounds)}. "
                    "Give one for each, or leave them out."
                )
            low, high = np.array(self.bounds, dtype=float).T
            inside = ((points >= low) & (points <= high)).all(axis=1)
            points, losses = points[inside], losses[inside]
        for name, least, greatest in zip(names, low.tolist(), high.tolist(), strict=True):
            if not 0 < greatest - least < math.inf:
                raise LandscapeError(
                    f"columns must have at least two different values each, and a finite range, got {name!r} from "
                    f"{least:g} to {greatest:g}. Leave the column out, or give bounds."
                )
        # Of several rows with the same point, the first is found.
        _, first = np.unique(points, axis=0, return_index=True)
        first.sort()
        return points[first], losses[first], tuple(zip(low.tolist(), high.tolist(), strict=True))

    @property
    def path(self) -> Path:
        """The path of the file on this machine."""
        return resolve_path(self.file, self.base)

    @property
    def data_files(self) -> tuple[Path, ...]:
        """The file."""
        return (self.path,)

    @property
    def label(self) -> str:
        """A short name for tables and figures: the file's name, and the column of the losses."""
        return f"table {Path(self.file).stem}" + (f" {self.loss}" if self.loss != "loss" else "")

    @property
    def hints(self) -> tuple[str, ...]:
        """Ranges that may be meant to be logarithmic."""
        return () if self.parameters is None else hint_long_ranges(self.label, self.parameters)


class TableProblem:
    """An opened table.

    Args:
        points: The points of the rows within the box, shape (k, D), in the units of the space; no two are equal.
        losses: Their losses, shape (k,); NaN where there is none.
        space: The box, and the kinds of its axes.
        name: The file's name, for causes.
    """

    def __init__(self, points: Array, losses: Array, space: Space, name: str) -> None:
        # Imported here so that the command line starts without it.
        from scipy.spatial import KDTree

        self.space = space
        self._points, self._losses, self._name = points, losses, name
        self._stepped = np.array(space.steps) > 0
        scaled = self._scale(points)
        self._groups: dict[tuple[float, ...], tuple[Any, Any]] = {}
        for values, rows in self._group(points).items():
            # Without an axis left, the one row of the group is found by its values.
            tree = None if self._stepped.all() else KDTree(scaled[rows])
            self._groups[values] = np.array(rows), tree

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of the rows nearest to points (n, D). Raises EvaluationError if a row has none."""
        rows = self.find_rows(points)
        losses = np.where(rows < 0, np.nan, self._losses[rows])
        causes = {row: self._explain(points[row], rows[row]) for row in np.flatnonzero(np.isnan(losses)).tolist()}
        if causes:
            raise EvaluationError(losses, causes)
        return losses

    def find_rows(self, points: Array) -> Any:
        """Return the index of the row of each point (n, D), shape (n,); -1 where no row has its stepped values."""
        found = np.full(len(points), -1, dtype=np.int64)
        scaled = self._scale(points)
        for values, where in self._group(points).items():
            rows, tree = self._groups.get(values, (None, None))
            if tree is not None:
                nearest, _ = tree.query(scaled[where])
                near = tree.query_ball_point(scaled[where], nearest * (1.0 + EQUALLY_NEAR))
                found[where] = rows[[min(each) for each in near]]
            elif rows is not None:
                found[where] = rows[0]
        return found

    def gradient(self, points: Array) -> Array:
        """Raise NotImplementedError: a table has no gradients."""
        raise NotImplementedError("Tables have no gradients; space.has_gradient says so.")

    @property
    def minimum(self) -> float:
        """The least loss that a point can have."""
        return float(np.nanmin(self._losses))

    @property
    def minimizers(self) -> Array:
        """The points of the rows with the least loss, shape (k, D)."""
        return self._points[self._losses == self.minimum]

    def _explain(self, point: Array, row: int) -> str:
        """Return why a point (D,) has no loss."""
        if row < 0:
            pairs = zip(self.space.axes, point.tolist(), strict=True)
            listed = [f"{axis.name} = {axis.name_number(number)}" for axis, number in pairs if axis.is_stepped]
            return f"no row of {self._name} has {', '.join(listed)}"
        return f"the {'' if self._stepped.all() else 'nearest '}row of {self._name} has no loss"

    def _group(self, points: Array) -> dict[tuple[float, ...], list[int]]:
        """Return the rows of points (n, D) by their values on stepped axes."""
        if not self._stepped.any():
            return {(): list(range(len(points)))}
        found: dict[tuple[float, ...], list[int]] = {}
        for row, values in enumerate(points[:, self._stepped].tolist()):
            found.setdefault(tuple(values), []).append(row)
        return found

    def _scale(self, points: Array) -> Array:
        """Return the coordinates in the unit cube on the axes without steps, shape (n, their number)."""
        return self.space.to_cube(points)[:, ~self._stepped]
