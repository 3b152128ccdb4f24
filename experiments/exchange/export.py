"""Exports results to the formats of other tools."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

from ...landscapes.landscape import Refusal
from ...orchestrator.log.reader import LogReader
from ..spec.errors import quote, suggest
from .destination import open_destination
from .exported_runs import ExportedRuns

ExportFormat = Literal["coco", "ioh", "parquet", "csv", "optuna", "mlflow"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
_WRITERS = {
    "coco": ("coco", "write_coco"),
    "ioh": ("ioh", "write_ioh"),
    "parquet": ("parquet", "write_parquet"),
    "csv": ("csv_tables", "write_csv"),
    "optuna": ("optuna_studies", "write_optuna"),
    "mlflow": ("mlflow_folder", "write_mlflow"),
}
"""The module of each format, and the function there that writes it."""


def export_results(
    directory: Path | str,
    to: str,
    out: Path | str | None = None,
    skip: bool = False,
    remark: Callable[[str], None] = lambda _: None,
) -> Path:
    """Export the results of an experiment, also while it is still running.

    Args:
        directory: The results directory.
        to: The format: "coco", "ioh", "parquet", "csv", "optuna" or "mlflow".
        out: The folder to write, which must be empty or not exist. Default: RESULTS/exports/<format>, which is
            replaced.
        skip: Whether runs that the format cannot hold are left out. If not, the first of them ends the export.
        remark: Receives a line for what is left out.

    Returns:
        The path of the folder.

    Raises:
        LogError: If the log does not exist, or cannot be read.
        Refusal: If there is no such format, it cannot hold a run, or a package that it needs is not installed.
    """
    if to not in EXPORT_FORMATS:
        listed = ", ".join(EXPORT_FORMATS)
        raise Refusal(f"to must be one of {listed}, got {quote(to)}. {suggest(to, EXPORT_FORMATS)}")
    module, name = _WRITERS[to]
    with LogReader(Path(directory)):
        # A misspelt path is refused before a folder is made.
        pass
    runs = ExportedRuns(Path(directory), to, skip, remark)
    write = getattr(import_module(f".{module}", __package__), name)
    with open_destination(Path(directory), to, None if out is None else Path(out)) as (part, target):
        write(runs, part, target)
    return target
