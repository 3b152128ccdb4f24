"""Files of losses that were computed before: their columns, points and settings."""

from __future__ import annotations

import csv
import io
import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axis import Axis, Choice
from .extras import advise_install
from .landscape import Array, LandscapeError
from .parameters import parse_parameters

MISSING = {"", "na", "n/a", "nan", "null", "none", "-"}
"""Texts that stand for a missing loss, whatever their case."""
MOST_LISTED = 10
"""The most values of a column that a message lists."""


@lru_cache(maxsize=8)
def read_columns(
    path: Path, modified: int, size: int, loss: str, columns: tuple[str, ...] | None
) -> tuple[tuple[str, ...], Array, Array]:
    """Read the names of the axes, the points (k, D) and the losses (k,), NaN where there is none.

    The time of its last change and its size are given so that a file that has changed is read again.
    """
    table = _read_file(path)
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
    return names, np.array(axes, dtype=float).T.copy(), _read_losses(table[loss], loss, path)


@lru_cache(maxsize=8)
def read_settings(path: Path, modified: int, size: int, loss: str, parameters: str) -> tuple[Array, Array]:
    """Read the rows whose values are settings of named parameters.

    Rows with a value outside a range, that is none of the choices, or that differs from a fixed value are left out. A
    setting that stands in several rows counts once, with its loss if one of them has one.

    Args:
        path: The file; a column of the same name belongs to each parameter.
        modified: The time of its last change, so that a file that has changed is read again.
        size: Its size, for the same reason.
        loss: Name of the column with the losses.
        parameters: The parameters as JSON of ``ParameterSet.to_settings``.

    Returns:
        The settings as numbers of the axes, shape (k, D), and their losses, shape (k,); NaN where there is none.

    Raises:
        LandscapeError: A column is missing, or its values are of another kind than the parameter; or one setting has
            two losses.
    """
    found = parse_parameters(json.loads(parameters))
    table = _read_file(path)
    for name in (loss, *found.names):
        if name not in table:
            field = "loss" if name == loss else "parameters"
            raise LandscapeError(f"{field} must name columns of {path.name}, got {name!r}. It has: {', '.join(table)}.")
    if loss in found.names:
        raise LandscapeError(f"parameters must be other columns than the losses', got {loss!r}. Leave it out.")
    if not table[loss]:
        raise LandscapeError(f"file must have rows below its header, got none in {path}. Add them.")
    columns = {name: _read_choices(table[name], name, (value,), path) for name, value in found.fixed.items()}
    columns |= {
        axis.name: _read_choices(table[axis.name], f"{axis.name}.choices", axis.choices, path)
        for axis in found.axes
        if axis.choices
    }
    inside: NDArray[np.bool_] = np.ones(len(table[loss]), dtype=bool)
    for column in columns.values():
        inside &= np.isfinite(column)
    for axis in found.axes:
        # Rows that are left out anyway need not have numbers there, as a linear kernel has no width.
        if not axis.choices:
            columns[axis.name] = _read_range(table[axis.name], axis, path, inside)
    complete = np.isfinite(list(columns.values())).all(axis=0)
    points = np.array([columns[axis.name] for axis in found.axes]).T
    losses = _read_losses(table[loss], loss, path)
    rows: dict[tuple[float, ...], int] = {}
    for row in np.flatnonzero(complete).tolist():
        first = rows.setdefault(tuple(points[row].tolist()), row)
        if math.isnan(losses[first]):
            rows[tuple(points[row].tolist())] = row
        elif not math.isnan(losses[row]) and losses[row] != losses[first]:
            raise LandscapeError(
                f"file must have one loss for each setting of the parameters, got {losses[first]:g} and "
                f"{losses[row]:g} in rows {first + 1} and {row + 1} below the header of {path}. Leave one of them out, "
                "or name the column that tells them apart."
            )
    kept = list(rows.values())
    return points[kept], losses[kept]


def _read_range(column: list[Any], axis: Axis, path: Path, inside: NDArray[np.bool_]) -> Array:
    """Return the numbers of a column on an axis, shape (k,); NaN in rows that are not inside, or not in its range."""
    numbers = np.full(len(column), math.nan)
    for row in np.flatnonzero(inside).tolist():
        number = _to_number(column[row], axis.name, row, path, cure="Correct it, or leave the parameter out.")
        if axis.low <= number <= axis.high:
            numbers[row] = number
            if axis.integer and number != round(number):
                raise LandscapeError(
                    f"column {axis.name!r} of {path.name} must hold whole numbers, got {number:g} in row {row + 1} "
                    "below the header. Leave out integer, or correct it."
                )
    return numbers


def _read_choices(column: list[Any], field: str, choices: tuple[Choice, ...], path: Path) -> Array:
    """Return the position of each value of a column among choices, shape (k,); NaN where it is none of them."""
    places = (next((n for n, each in enumerate(choices) if _is_value(value, each)), math.nan) for value in column)
    found = np.array(list(places), dtype=float)
    for number, choice in enumerate(choices):
        if number not in found:
            has = list(dict.fromkeys(str(value) for value in column))
            more = f" and {len(has) - MOST_LISTED} more" if len(has) > MOST_LISTED else ""
            raise LandscapeError(
                f"parameters.{field} must be values of that column of {path.name}, got {choice!r}. It has: "
                f"{', '.join(has[:MOST_LISTED])}{more}."
            )
    return found


def _is_value(value: Any, choice: Choice) -> bool:
    """Return whether a value of a file is a choice: texts of a CSV are read as what the choice is.

    Example:
        >>> _is_value("rbf", "rbf"), _is_value("0.50", 0.5), _is_value("True", True), _is_value("", None)
        (True, True, True, True)
        >>> _is_value("1", True), _is_value(True, 1), _is_value(1, "1")
        (False, False, False)
    """
    if choice is None:
        return _is_missing(value)
    if isinstance(choice, str):
        return isinstance(value, str) and value.strip() == choice.strip()
    if isinstance(choice, bool):
        return value is choice or (isinstance(value, str) and value.strip().lower() == str(choice).lower())
    try:
        return not isinstance(value, bool) and float(value) == choice
    except (TypeError, ValueError, OverflowError):
        return False


def _read_losses(column: list[Any], loss: str, path: Path) -> Array:
    """Return the losses of a column, shape (k,); NaN where there is none."""
    losses = [
        math.nan if _is_missing(value) else _to_number(value, loss, row, path, finite=False)
        for row, value in enumerate(column)
    ]
    found = np.array(losses, dtype=float)
    found[~np.isfinite(found)] = np.nan
    return found


def _read_file(path: Path) -> dict[str, list[Any]]:
    """Return the values of each column, by name."""
    return _read_parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _read_csv(path)


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


def _to_number(value: Any, name: str, row: int, path: Path, finite: bool = True, cure: str = "") -> float:
    """Convert a value to a number; an infinite or undefined one only if ``finite`` is False."""
    number: float | None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or (finite and not math.isfinite(number)):
        usual = "Leave its column out by columns: [...]." if finite else "Leave it empty if it is missing."
        raise LandscapeError(
            f"column {name!r} of {path.name} must hold numbers, got {value!r} in row {row + 1} below the header. "
            f"{cure or usual}"
        )
    return number
