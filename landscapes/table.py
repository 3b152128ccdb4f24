"""Landscapes made of a table of points whose losses were computed before: a search that costs nothing."""

from __future__ import annotations

import csv
import io
import math
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from .extras import advise_install
from .landscape import Array, AxisBounds, EvaluationError, Landscape, LandscapeError, Problem, Space
from .user_code import resolve_path

MISSING = {"", "na", "n/a", "nan", "null", "none", "-"}
"""Texts that stand for a missing loss, whatever their case."""
EQUALLY_NEAR = 1e-9
"""The relative difference of two distances up to which they count as equal."""


class LossTable(Landscape):
    """A table of points with their losses, from a CSV or a Parquet file; each point has the loss of the nearest row.

    Use it to compare agents on evaluations that were made before, e.g. a grid of hyperparameters that took days: a
    search in the table costs nothing. Every column but that of the losses is an axis, or those that ``columns`` lists,
    and its box reaches from the least to the greatest value. The nearest row is that of the least Euclidean distance
    after every axis has been scaled to the width of the box; of several that are equally near (to one part in 10^9),
    the first in the file. A row without a loss, or with an infinite one, fails. There are no gradients.
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

    def open(self) -> Problem:
        """Read the table. Raises LandscapeError if it cannot be read, or if no row can be used."""
        path = self.path
        try:
            status = path.stat()
        except OSError as error:
            why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
            raise LandscapeError(f"file must name a readable file, got {path}, which {why}. Check the path.") from None
        names, points, losses = _read_columns(path, status.st_mtime_ns, status.st_size, self.loss, self.columns)
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
        points, losses = points[first], losses[first]
        if not np.isfinite(losses).any():
            raise LandscapeError(
                f"file must have a row with a loss within the bounds, got none in {path}. "
                "Check its losses and the bounds."
            )
        return TableProblem(points, losses, Space(low.copy(), high.copy()), path.name)

    @property
    def path(self) -> Path:
        """The path of the file on this machine."""
        return resolve_path(self.file, self.base)

    @property
    def label(self) -> str:
        """A short name for tables and figures: the file's name, and the column of the losses."""
        return f"table {Path(self.file).stem}" + (f" {self.loss}" if self.loss != "loss" else "")


class TableProblem:
    """An opened table.

    Args:
        points: The points of the rows within the box, shape (k, D), in the units of the columns; no two are equal.
        losses: Their losses, shape (k,); NaN where there is none.
        space: The box.
        name: The file's name, for causes.
    """

    def __init__(self, points: Array, losses: Array, space: Space, name: str) -> None:
        # Imported here so that the command line starts without it.
        from scipy.spatial import KDTree

        self.space = space
        self._points, self._losses, self._name = points, losses, name
        self._tree = KDTree(self._scale(points))

    def evaluate(self, points: Array) -> Array:
        """Return the losses (n,) of the rows nearest to points (n, D). Raises EvaluationError if a row has none."""
        rows = self.find_rows(points)
        losses = self._losses[rows]
        causes = dict.fromkeys(
            np.flatnonzero(np.isnan(losses)).tolist(), f"the nearest row of {self._name} has no loss"
        )
        if causes:
            raise EvaluationError(losses, causes)
        return losses

    def find_rows(self, points: Array) -> Any:
        """Return the index of the nearest row of each point (n, D), shape (n,)."""
        scaled = self._scale(points)
        nearest, _ = self._tree.query(scaled)
        near = self._tree.query_ball_point(scaled, nearest * (1.0 + EQUALLY_NEAR))
        return np.array([min(rows) for rows in near], dtype=np.int64)

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

    def _scale(self, points: Array) -> Array:
        scaled: Array = (points - self.space.lower) / (self.space.upper - self.space.lower)
        return scaled


@lru_cache(maxsize=8)
def _read_columns(
    path: Path, modified: int, size: int, loss: str, columns: tuple[str, ...] | None
) -> tuple[tuple[str, ...], Array, Array]:
    """Read the names of the axes, the points (k, D) and the losses (k,), NaN where there is none.

    The time of its last change and its size are given so that a file that has changed is read again.
    """
    table = _read_parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _read_csv(path)
    names = tuple(name for name in table if name != loss) if columns is None else columns
    for name in dict.fromkeys((loss, *names)):
        if name not in table:
            field = "loss" if name == loss else "columns"
            raise LandscapeError(
                f"{field} must name a column of {path.name}, got {name!r}. It has: {', '.join(table)}."
            )
    if not names or len(set(names)) < len(names) or loss in names:
        raise LandscapeError(f"columns must be different columns, without {loss!r}, got {list(names)}. Name the axes.")
    if not table[loss]:
        raise LandscapeError(f"file must have rows below its header, got none in {path}. Add them.")
    axes = [[_to_number(value, name, row, path) for row, value in enumerate(table[name])] for name in names]
    losses = [
        math.nan if _is_missing(value) else _to_number(value, loss, row, path, finite=False)
        for row, value in enumerate(table[loss])
    ]
    found = np.array(losses, dtype=float)
    found[~np.isfinite(found)] = np.nan
    return names, np.array(axes, dtype=float).T.copy(), found


def _read_csv(path: Path) -> dict[str, list[Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LandscapeError(f"file must be readable text, got {path} ({error}). Save it as CSV in UTF-8.") from None
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    except csv.Error as error:
        raise LandscapeError(f"file must be CSV, got {path} ({error}). Save it as CSV.") from None
    names = [name.strip() for name in lines[0]] if lines else []
    if len(set(names)) < len(names) or not all(names):
        raise LandscapeError(
            f"file must have a header with different names, got {names} in {path}. Correct its first line."
        )
    for number, line in enumerate(lines[1:], 1):
        if len(line) != len(names):
            raise LandscapeError(
                f"file must have {len(names)} values in each row, got {len(line)} in row {number} of {path}. "
                "Correct it."
            )
    return {name: [line[index] for line in lines[1:]] for index, name in enumerate(names)}


def _read_parquet(path: Path) -> dict[str, list[Any]]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise LandscapeError(
            f"file must be CSV where pyarrow is not installed, got {path}. {advise_install('parquet')}, or save it as "
            "CSV."
        ) from None
    try:
        found: dict[str, list[Any]] = parquet.read_table(path).to_pydict()
    except Exception as error:
        # Arrow's errors have no common base class.
        raise LandscapeError(f"file must be Parquet, got {path} ({error}). Save it again, or as CSV.") from None
    return found


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in MISSING)


def _to_number(value: Any, name: str, row: int, path: Path, finite: bool = True) -> float:
    """Convert a value to a number; an infinite or undefined one only if ``finite`` is False."""
    number: float | None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or (finite and not math.isfinite(number)):
        cure = "Leave its column out by columns: [...]." if finite else "Leave it empty if it is missing."
        raise LandscapeError(
            f"column {name!r} of {path.name} must hold numbers, got {value!r} in row {row + 1} below the header. {cure}"
        )
    return number
