"""Reads evaluations from a Parquet file of the layout that ``searchparty export --to parquet`` writes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...landscapes.landscape import Array, Refusal
from ...orchestrator.log.regular_files import open_regular_file
from ..results.run_summary import RunSummary
from .foreign_runs import BEYOND_WHOLE, ForeignRun, find_records
from .parquet import load_pyarrow

NEEDED_COLUMNS = ("landscape", "loss")
OPTIONAL_COLUMNS = ("strategy", "run", "repeat", "cost")
"""Without ``strategy``, the file's name is that of one strategy; without ``run`` and ``repeat``, a strategy has one run
on each landscape; without ``cost``, each row is one evaluation."""
MOST_COLUMNS_NAMED = 12


def read_parquet(path: Path, known: Sequence[RunSummary]) -> list[ForeignRun]:
    """Read a Parquet file whose rows are evaluations, those of a run in the order in which they were spent.

    Args:
        path: The file.
        known: The runs of results: landscapes are found among theirs by their labels.

    Raises:
        Refusal: If pyarrow is not installed, the file cannot be read, or lacks a column, or one has another type.
    """
    if not path.exists():
        raise Refusal(f"a Parquet file must exist, got {path}, which does not. Check its path.")
    arrow, parquet = load_pyarrow()
    try:
        with os.fdopen(open_regular_file(path), "rb") as raw, parquet.ParquetFile(raw) as file:
            names = file.schema_arrow.names
            _check_columns(path, names)
            table = file.read([name for name in (*NEEDED_COLUMNS, *OPTIONAL_COLUMNS) if name in names])
    except (arrow.ArrowException, OSError) as error:
        raise Refusal(f"a Parquet file must be one that pyarrow can read, got {path} ({error}).") from None
    n = len(table)
    columns = {name: table.column(name).combine_chunks() for name in table.column_names}
    landscape, labels = _encode_texts(arrow, path, columns, "landscape", n, "")
    strategy, strategies = _encode_texts(arrow, path, columns, "strategy", n, path.stem)
    run, _ = _encode_texts(arrow, path, columns, "run", n, "")
    losses = _read_numbers(arrow, path, columns, "loss", n, np.nan)
    costs = _read_numbers(arrow, path, columns, "cost", n, 1.0)
    repeats = _read_numbers(arrow, path, columns, "repeat", n, 0.0)
    if not (np.isfinite(costs).all() and (costs >= 0).all() and (costs == np.floor(costs)).all()):
        wrong = costs[~(np.isfinite(costs) & (costs >= 0) & (costs == np.floor(costs)))][0]
        raise Refusal(f"cost must be a whole number of evaluations of at least 0 in {path}, got {wrong:g}.")
    if costs.sum() >= BEYOND_WHOLE:
        raise Refusal(f"cost must be of fewer than 2^53 evaluations in all in {path}, got {costs.sum():g}.")
    likes = {each.landscape: each for each in reversed(known)}
    found = []
    for rows in _group_rows(strategy, landscape, run, repeats):
        label = labels[landscape[rows[0]]]
        spent = np.cumsum(costs[rows]).astype(np.int64)
        at, best = find_records(np.maximum(spent, 1), losses[rows])
        found.append(
            ForeignRun(strategies[strategy[rows[0]]], label, likes.get(label), at, best, int(max(spent[-1], 1)))
        )
    return found


def _check_columns(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in NEEDED_COLUMNS if name not in names]
    if missing:
        listed = ", ".join(names[:MOST_COLUMNS_NAMED]) + (", ..." if len(names) > MOST_COLUMNS_NAMED else "")
        raise Refusal(
            f"a Parquet file of evaluations must have the columns {' and '.join(NEEDED_COLUMNS)}, got {path}, which "
            f"has {listed or 'none'}. Rename its columns as `searchparty export --to parquet` names them: "
            f"{', '.join((*NEEDED_COLUMNS, *OPTIONAL_COLUMNS))}."
        )


def _encode_texts(
    arrow: Any, path: Path, columns: dict[str, Any], name: str, n: int, default: str
) -> tuple[NDArray[np.int64], list[str]]:
    """Return a column of texts as places in a list of texts."""
    if name not in columns:
        return np.zeros(n, dtype=np.int64), [default]
    column = columns[name]
    if not arrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    kind = column.type.value_type
    if not (arrow.types.is_string(kind) or arrow.types.is_large_string(kind)) or column.null_count:
        raise Refusal(f"{name} must be text in every row of {path}, got {kind} with {column.null_count:,} empty rows.")
    return column.indices.to_numpy(zero_copy_only=False).astype(np.int64), column.dictionary.to_pylist()


def _read_numbers(arrow: Any, path: Path, columns: dict[str, Any], name: str, n: int, default: float) -> Array:
    if name not in columns:
        return np.full(n, default)
    column = columns[name]
    if not (arrow.types.is_integer(column.type) or arrow.types.is_floating(column.type)):
        raise Refusal(f"{name} must be numbers in {path}, got {column.type}.")
    found: Array = column.cast(arrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found


def _group_rows(*keys: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Return the rows that have equal keys, in the order of the file; groups in the order of their first rows."""
    n = len(keys[0])
    if not n:
        return []
    order = np.lexsort((np.arange(n), *reversed(keys)))
    changes = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    groups = np.split(order, np.flatnonzero(changes) + 1)
    return sorted(groups, key=lambda rows: int(rows[0]))
