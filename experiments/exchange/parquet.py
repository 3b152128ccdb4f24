"""Evaluations as a Parquet file, one row each: for pandas, polars, duckdb and others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...landscapes.axis import Axis
from ...landscapes.extras import advise_install
from ...landscapes.landscape import Refusal, Space
from ...orchestrator.log.reader import LogReader
from ..results.recorded_runs import RunData
from ..results.run_header import LandscapeRecords, build_header
from .evaluations import FIXED, find_instance, list_lease_columns, name_columns, remove_instance
from .exported_runs import ExportedRuns, Misfit

PARQUET_NAME = "evaluations.parquet"
LAYOUT = {"layout": "searchparty evaluations", "version": 1}
"""What the file says of itself, under the key ``searchparty`` of its metadata."""
MOST_PARAMETERS = 2000
"""A Parquet file with more columns is slow to open."""
GROUP_ROWS = 250_000
"""About so many rows are written at a time."""
ZSTD_LEVEL = 3
"""The level of zstd; higher ones take longer, and gain less than one byte a row."""


def load_pyarrow() -> tuple[Any, Any]:
    """Return the modules pyarrow and pyarrow.parquet.

    Raises:
        Refusal: If pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise Refusal(f"Parquet files need pyarrow, which is not installed. {advise_install('parquet')}") from None
    return pyarrow, parquet


def write_parquet(runs: ExportedRuns, folder: Path, target: Path) -> None:
    """Write all evaluations of runs as one table, compressed by zstd. Its columns are in docs/how-to/export.md.

    Args:
        runs: The runs.
        folder: The folder into which it writes ``evaluations.parquet``.
        target: The path that the folder gets.

    Raises:
        Refusal: If pyarrow is not installed, parameters are too many, or those of one name have different types.
    """
    arrow, parquet = load_pyarrow()
    types = _find_types(arrow, _read_spaces(runs.directory))
    schema = _make_schema(arrow, types)
    real = [field.name for field in schema if field.type == arrow.float64()]
    others = [field.name for field in schema if field.name not in real]
    options = {"compression": "zstd", "compression_level": ZSTD_LEVEL, "write_statistics": ["run", "loss"]}
    # Only best losses and radii repeat; the bytes of losses and coordinates compress better apart from each other.
    repeated = ["radius", "best"]
    split = [name for name in real if name not in repeated]
    with parquet.ParquetWriter(
        folder / PARQUET_NAME, schema, use_dictionary=[*others, *repeated], use_byte_stream_split=split, **options
    ) as writer:
        waiting: list[Any] = []
        for run in runs.iterate(check_parquet):
            for table in _make_tables(arrow, run, schema, types):
                waiting.append(table)
                if sum(map(len, waiting)) >= GROUP_ROWS:
                    writer.write_table(arrow.concat_tables(waiting).unify_dictionaries())
                    waiting = []
        if waiting:
            writer.write_table(arrow.concat_tables(waiting).unify_dictionaries())


def check_parquet(run: RunData) -> Misfit | None:
    """Return why the file cannot hold a run; None if it can."""
    if run.dimension > MOST_PARAMETERS:
        what = f"it has {run.dimension:,} parameters, and a table of evaluations has a column for each of at most "
        return Misfit(f"{what}{MOST_PARAMETERS:,}", "Export to csv, whose file points.csv has them all, or to ioh.")
    for axis in run.space.axes:
        if axis.choices and _name_type(axis) is None:
            what = f"the choices of {axis.name} are of several types, and a column has one"
            return Misfit(what, "Export to csv, which has them as text.")
    return None


def _read_spaces(directory: Path) -> list[Space]:
    """Return the spaces of all runs of a log, in order."""
    with LogReader(directory) as reader:
        records = reader.runs()
        landscapes = LandscapeRecords(records)
        return [build_header(record, landscapes, None, pictured=False).space for record in records]


def _name_type(axis: Axis) -> str | None:
    """Return the type of the values of an axis: "double", "int64", "string" or "bool"; None if they have several."""
    if not axis.choices:
        return "int64" if axis.integer else "double"
    found = {type(choice) for choice in axis.choices}
    known = {bool: "bool", int: "int64", float: "double", str: "string"}
    if found == {int, float}:
        return "double"
    return known.get(next(iter(found))) if len(found) == 1 else None


def _find_types(arrow: Any, spaces: list[Space]) -> dict[str, Any]:
    """Return the type of each column of parameters, by name."""
    names: dict[str, set[str]] = {}
    for space in spaces:
        if space.dimension <= MOST_PARAMETERS:
            kinds = [_name_type(axis) for axis in space.axes] or ["double"] * space.dimension
            for name, kind in zip(name_columns(space), kinds, strict=True):
                if kind is not None:
                    names.setdefault(name, set()).add(kind)
    if len(names) > MOST_PARAMETERS:
        raise Refusal(
            f"parquet cannot hold {len(names):,} parameters, at most {MOST_PARAMETERS:,}. Export to csv or ioh."
        )
    found = {}
    for name, several in names.items():
        if len(several) > 1 and several != {"int64", "double"}:
            raise Refusal(
                f"parquet cannot hold parameter {name}: its values are {' and '.join(sorted(several))} in different "
                "landscapes, and a column has one type. Rename it in one of them, or export to csv."
            )
        kind = "double" if len(several) > 1 else next(iter(several))
        found[name] = {
            "double": arrow.float64(), "int64": arrow.int64(), "bool": arrow.bool_(), "string": _make_names(arrow),
        }[kind]  # fmt: skip
    return found


def _make_names(arrow: Any) -> Any:
    return arrow.dictionary(arrow.int32(), arrow.string())


def _make_schema(arrow: Any, types: dict[str, Any]) -> Any:
    names, whole = _make_names(arrow), arrow.int32()
    fixed = dict.fromkeys(FIXED, names)
    fixed |= dict.fromkeys(("instance", "evaluations"), arrow.int64())
    fixed |= dict.fromkeys(("repeat", "lease", "cost"), whole)
    fixed |= dict.fromkeys(("radius", "loss", "best"), arrow.float64())
    return arrow.schema(list((fixed | types).items()), metadata={"searchparty": json.dumps(LAYOUT)})


def _make_tables(arrow: Any, run: RunData, schema: Any, types: dict[str, Any]) -> Iterator[Any]:
    """Yield the evaluations of a run as tables of up to ``GROUP_ROWS`` rows."""
    radius, origin = list_lease_columns(run)
    instance = find_instance(run)
    for start in range(0, len(run.points.losses), GROUP_ROWS):
        part = slice(start, start + GROUP_ROWS)
        n = len(run.points.losses[part])
        texts = {
            "run": run.id, "strategy": run.strategy, "landscape": run.landscape,
            "problem": remove_instance(run.landscape, instance),
        }  # fmt: skip
        columns = {name: _encode_names(arrow, np.zeros(n, dtype=np.int64), [text]) for name, text in texts.items()}
        columns["instance"] = arrow.nulls(n, arrow.int64()) if instance is None else np.full(n, instance)
        columns |= {
            "repeat": np.full(n, run.repeat), "agent": _encode_names(arrow, run.points.agent[part], run.team),
            "lease": run.points.lease[part], "radius": radius[part],
            "began_at": _encode_names(arrow, origin[part], run.team), "evaluations": run.spent[part],
            "cost": run.points.cost[part], "loss": run.points.losses[part], "best": run.best[part],
        }  # fmt: skip
        columns |= _encode_parameters(arrow, run, part, types)
        arrays = [
            arrow.array(columns[field.name], field.type)
            if isinstance(columns.get(field.name), np.ndarray)
            else columns.get(field.name, arrow.nulls(n, field.type))
            for field in schema
        ]
        yield arrow.Table.from_arrays(arrays, schema=schema)


def _encode_names(arrow: Any, places: NDArray[np.int64], names: list[str]) -> Any:
    """Return a column of names by their places; those below 0 are null."""
    found = arrow.array(places.astype(np.int32), arrow.int32(), mask=places < 0)
    return arrow.DictionaryArray.from_arrays(found, arrow.array(names, arrow.string()))


def _encode_parameters(arrow: Any, run: RunData, part: slice, types: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a run's parameters; what the log does not keep is null."""
    n, found = len(run.points.losses[part]), {}
    whole = run.points.whole
    rows: Any = part if whole is None else slice(*np.searchsorted(whole, [part.start, part.start + n]).tolist())
    axes = run.space.axes or (None,) * run.dimension
    for name, axis, values in zip(
        name_columns(run.space), axes, run.space.to_box(run.points.cube[rows]).T, strict=True
    ):
        kept, missing = values, np.zeros(n, dtype=bool)
        if whole is not None:
            kept, missing = np.zeros(n), np.ones(n, dtype=bool)
            at = whole[rows] - part.start
            kept[at], missing[at] = values, False
        if axis is not None and axis.choices:
            places = np.where(missing, -1, kept).astype(np.int64)
            found[name] = _encode_choices(arrow, axis, places, types[name])
        else:
            found[name] = arrow.array(np.ascontiguousarray(kept), mask=missing if missing.any() else None).cast(
                types[name]
            )
    return found


def _encode_choices(arrow: Any, axis: Axis, places: NDArray[np.int64], type: Any) -> Any:
    if arrow.types.is_dictionary(type):
        return _encode_names(arrow, places, [str(choice) for choice in axis.choices])
    return arrow.array([None if place < 0 else axis.choices[place] for place in places.tolist()], type)
