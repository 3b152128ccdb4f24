"""The command that predicts: simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..spec.load import load
from .console import INTERRUPTED, RUN_FAILED, Set, Source, err, heed_kill, out, print_table, watching


def simulate_command(
    source: Source,
    workers: Annotated[
        str, typer.Option("--workers", metavar="N,N,...", help="Numbers of workers: teams of so many agents each.")
    ] = "1,10,100",
    price: Annotated[
        float | None, typer.Option("--price", min=0, help="What a worker costs an hour. Default: the YAML's, if any.")
    ] = None,
    cost_limit: Annotated[
        float | None,
        typer.Option("--cost-limit", min=0, help="Most that a run may cost; worker-hours where there is no price."),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="RESULTS", help="Directory for the page. Default: results/<name>-simulation-<n>."
        ),
    ] = None,
    overrides: Set = None,
) -> None:
    """Predict time, idle share and cost for numbers of workers that are not at hand, and name the best.

    Example: searchparty simulate my.yaml --workers 1,10,100,1000 --set stop.precision=0.01 --cost-limit 5
    """
    from ..simulation.page import simulate
    from ..simulation.predict import planned_sizes
    from ..simulation.team_sizes import sizes_of

    experiment, sizes = load(source, overrides or []), sizes_of(workers)
    runs = planned_sizes(experiment, sizes)
    heed_kill()
    try:
        with watching(len(runs)) as bars:
            done = simulate(experiment, sizes, out=results, price=price, limit=cost_limit, watcher=bars, runs=runs)
    except KeyboardInterrupt:
        err.print("Stopped. A simulation keeps nothing by the way: begin it again.")
        raise typer.Exit(INTERRUPTED) from None
    for line in done.remarks():
        out.print(line, markup=False, soft_wrap=True)
    print_table(done.summary_rows(), "By number of workers")
    for line in done.verdicts():
        out.print(line, markup=False, soft_wrap=True)
    for run_id, error in done.errors.items():
        err.print(f"run {run_id} failed: {error}", style="red", markup=False, soft_wrap=True)
    out.print(f"Results: {done.path}", markup=False, soft_wrap=True)
    if done.errors:
        raise typer.Exit(RUN_FAILED)
