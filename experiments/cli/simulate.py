"""The command simulate, which predicts time and cost for other numbers of workers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..spec.load import load
from .terminal.console import (
    INTERRUPTED,
    RUN_FAILED,
    OverridesOption,
    SourceArgument,
    describe_errors,
    err,
    handle_termination,
    open_watcher,
    out,
    print_table,
)


def simulate_command(
    source: SourceArgument,
    workers: Annotated[
        str,
        typer.Option(
            "--workers", metavar="N,N,...", help="Numbers of workers to predict. Each team has one agent per worker."
        ),
    ] = "1,10,100",
    price: Annotated[
        float | None,
        typer.Option("--price", min=0, help="Price of one worker per hour. Default: as in the YAML, if given."),
    ] = None,
    cost_limit: Annotated[
        float | None,
        typer.Option("--cost-limit", min=0, help="Maximum cost of a run; in worker-hours if there is no price."),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="RESULTS", help="Directory for the page. Default: results/<name>-simulation-<n>."
        ),
    ] = None,
    overrides: OverridesOption = None,
) -> None:
    """Predict time, idle share and cost for numbers of workers that you do not have, and name the best number.

    Example: searchparty simulate my.yaml --workers 1,10,100,1000 --set stop.precision=0.01 --cost-limit 5
    """
    from ..simulation.page import run_simulation
    from ..simulation.predict import plan_sizes
    from ..simulation.team_sizes import parse_sizes

    experiment, sizes = load(source, overrides or []), parse_sizes(workers)
    runs = plan_sizes(experiment, sizes)
    handle_termination()
    try:
        with open_watcher(len(runs)) as bars:
            done = run_simulation(
                experiment, sizes, out=results, price=price, limit=cost_limit, watcher=bars, runs=runs
            )
    except KeyboardInterrupt:
        err.print("Stopped. A simulation stores no intermediate results: start it again.")
        raise typer.Exit(INTERRUPTED) from None
    for line in done.remarks():
        out.print(line, soft_wrap=True)
    print_table(done.summary_rows(), "By number of workers")
    for line in done.verdicts():
        out.print(line, soft_wrap=True)
    for line in describe_errors(done.errors, {}):
        err.print(line, style="red", soft_wrap=True)
    out.print(f"Results: {done.path}", soft_wrap=True)
    if done.errors:
        raise typer.Exit(RUN_FAILED)
