"""The command export, which writes results in the formats of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .completion import complete_formats
from .terminal.console import INTERRUPTED, ResultsArgument, err, handle_termination, out, print_remark


def export_command(
    results: ResultsArgument,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="coco|ioh|parquet|csv|optuna|mlflow",
            help="The format.",
            autocompletion=complete_formats,
        ),
    ],
    target: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="An empty or a new folder. Default: RESULTS/exports/FORMAT."),
    ] = None,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave out the runs that the format cannot hold, and name them.")
    ] = False,
) -> None:
    """Write results in the format of another tool, also while they grow. What it cannot hold is refused by name.

    coco: for cocopp, of runs on BBOB functions. ioh: for IOHanalyzer and iohinspector. parquet: all evaluations, for
    pandas, polars and duckdb. csv: all tables. optuna: a study a run. mlflow: its files, in a local folder.

    Examples: searchparty export results/quickstart-1 --to csv; searchparty export results/quickstart-1 --to parquet
    """
    from ..exchange.export import export_results

    handle_termination()
    try:
        path = export_results(results, to, target, skip, print_remark)
    except KeyboardInterrupt:
        err.print("Stopped. Nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    out.print(f"Exported: {path}", soft_wrap=True)
