"""The command line: each command reads its input, calls one function, and prints."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..landscapes.landscape import LandscapeError
from ..orchestrator.drive import ExecutorError
from ..orchestrator.log import LogError, LogLost
from . import catalogue
from .cli_animate import animate_command
from .cli_cluster import doctor_command, fetch_command, submit_command
from .cli_simulate import simulate_command
from .cli_studio import studio_command
from .console import (
    DONE,
    INPUT_WRONG,
    INTERRUPTED,
    RUN_FAILED,
    Set,
    Source,
    err,
    heed_kill,
    out,
    print_table,
    remark,
    watching,
)
from .plan import plan
from .results import Results
from .resuming import ResultsError
from .running import Interrupted, resume, run
from .spec import SpecError, bundled, load, schema
from .staging import asked_for
from .watching import Watcher

BAD_INPUT = (SpecError, ResultsError, LogError, LandscapeError, catalogue.CatalogueError)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="A search party: independent optimizer agents explore one loss landscape together.\n\n"
    "[bold]Examples[/bold]\n\n"
    "  searchparty run quickstart\n\n"
    "  searchparty check my.yaml\n\n"
    "  searchparty run my.yaml --executor simulated --set budget=5000\n\n"
    "  searchparty simulate how-many-workers --workers 1,10,100\n\n"
    "  searchparty report results/quickstart-1",
    epilog="Exit codes: 0 done, 1 a run failed, 2 the input is wrong, 130 stopped by Ctrl-C.",
)
MOST_POINTS = 8
"""Of so many landscapes the best points are printed; the report has all."""


class ExecutorKind(StrEnum):
    """Where leases are worked."""

    RAY = "ray"
    SIMULATED = "simulated"


class Family(StrEnum):
    """What can be listed."""

    AGENTS = "agents"
    LANDSCAPES = "landscapes"
    POLICIES = "policies"
    EXPERIMENTS = "experiments"


ExecutorOption = Annotated[
    ExecutorKind | None,
    typer.Option("--executor", help="Where leases are worked; the findings are the same. Default: the YAML's."),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address", help='A Ray cluster to join: "auto", HOST:6379, ray://HOST:10001. Default: start Ray here.'
    ),
]
NoReport = Annotated[bool, typer.Option("--no-report", help="Leave the report for later: `searchparty report`.")]


@app.callback(invoke_without_command=True)
def _root(
    show: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if show:
        out.print(f"searchparty {version('searchparty')}")
        raise typer.Exit(DONE)


@app.command("run")
def run_command(
    source: Source,
    executor: ExecutorOption = None,
    address: AddressOption = None,
    results: Annotated[
        Path | None,
        typer.Option("--out", metavar="RESULTS", help="Directory for the results. Default: results/<name>-<n>."),
    ] = None,
    overrides: Set = None,
    no_report: NoReport = False,
) -> None:
    """Run an experiment and write its report.

    Examples: searchparty run quickstart; searchparty run my.yaml --out results/mine --set seed=7
    """
    experiment = load(source, overrides or [])
    _work(
        len(plan(experiment).runs),
        lambda watcher: run(
            experiment,
            out=results,
            executor=executor,
            address=address,
            watcher=watcher,
            remark=remark,
            report=not no_report,
        ),
        not no_report,
    )


@app.command("resume")
def resume_command(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A results directory.")],
    executor: ExecutorOption = None,
    address: AddressOption = None,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="N", help='Extend every run to N evaluations, or "<n> D", from where it stands.'
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Go on though the YAML, the package or the code of an agent has changed. "
            "Runs that are not planned any more stay in the log.",
        ),
    ] = False,
    no_report: NoReport = False,
) -> None:
    """Go on with an experiment that was stopped or killed, or give it more budget.

    Examples: searchparty resume results/quickstart-1; searchparty resume results/quickstart-1 --budget 5000
    """
    settings = results / "experiment.yaml"
    total = len(plan(load(settings)).runs) if settings.exists() else 0
    _work(
        total,
        lambda watcher: resume(
            results,
            executor=executor,
            address=address,
            budget=budget,
            force=force,
            watcher=watcher,
            remark=remark,
            report=not no_report,
        ),
        not no_report,
    )


def _work(total: int, work: Callable[[Watcher], Results], reported: bool) -> None:
    heed_kill()
    try:
        with watching(total) as bars:
            results = work(bars)
    except Interrupted as stopped:
        err.print(f"Stopped. Everything found so far is in {stopped.path}.", markup=False, soft_wrap=True)
        err.print(f"Go on with: searchparty resume {stopped.path}", markup=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    except KeyboardInterrupt:
        err.print("Stopped. What was found is in the log: go on with `searchparty resume`, or `searchparty report`.")
        raise typer.Exit(INTERRUPTED) from None
    _summary(results, reported)
    if results.errors or not results.best():
        raise typer.Exit(RUN_FAILED)


def _summary(results: Results, reported: bool) -> None:
    """The best points, who compares how, and where the report is."""
    best = results.best()
    if not best:
        out.print("No evaluation gave a finite loss.")
    failed = Counter[str]()
    for row in results.failures.rows():
        failed[row["cause"].removeprefix("row: ")] += row["count"] if row["cause"].startswith("row: ") else 0
    if failed.total():
        (cause, times), evaluations = failed.most_common(1)[0], sum(run.evaluations for run in results.runs)
        line = f"{failed.total():,} of {evaluations:,} evaluations failed, most often ({times:,} times): {cause}"
        out.print(line, style="yellow", markup=False, soft_wrap=True)
    for found in best[:MOST_POINTS]:
        point = ", ".join(f"{x:.6g}" for x in found.point[:8]) + (", ..." if len(found.point) > 8 else "")
        line = (
            f"Best point of {found.landscape}: loss {found.loss:.8g} at ({point}), by {found.agent} of {found.strategy}"
        )
        out.print(line, markup=False, soft_wrap=True)
    print_table(results.summary_rows())
    for run_id, error in results.errors.items():
        err.print(f"run {run_id} failed: {error}", style="red", markup=False, soft_wrap=True)
    out.print(f"Results: {results.path}", markup=False, soft_wrap=True)
    if reported:
        out.print(f"Report:  {results.path / 'report.html'}", markup=False, soft_wrap=True)


@app.command("check")
def check_command(source: Source, overrides: Set = None) -> None:
    """Validate an experiment and print its plan: runs, evaluations, estimated time and disk."""
    planned = plan(load(source, overrides or []))
    # What is to travel must be there, too.
    list(asked_for(planned.experiment))
    out.print(planned.describe(), markup=False)


@app.command("report")
def report_command(
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS...", help="One or more results directories.")],
) -> None:
    """Write the report of one or more results directories (several: one report that compares them all)."""
    from .report import write_report

    out.print(f"Report: {write_report(list(results))}", soft_wrap=True)


@app.command("trace")
def trace_command(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A results directory.")],
    hashed: Annotated[bool, typer.Option("--hash", help="Print only the trace's SHA-256.")] = False,
) -> None:
    """Print the log as canonical text, without the wall clock: equal traces, equal findings."""
    from ..orchestrator.reading import LogReader, trace, trace_hash

    with LogReader(results) as reader:
        if hashed:
            print(trace_hash(reader))  # noqa: T201
            return
        for line in trace(reader):
            print(line)  # noqa: T201


@app.command("verify")
def verify_command(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A results directory.")],
) -> None:
    """Replay a log, evaluating nothing, and say whether every decision and every point follows from it.

    Example: searchparty verify results/quickstart-1
    """
    from .verifying import verified

    report = verified(results)
    for line in report.problems:
        err.print(line, style="red", markup=False, soft_wrap=True)
    out.print(report.describe(), markup=False, soft_wrap=True)
    if report.problems:
        raise typer.Exit(RUN_FAILED)


@app.command("list")
def list_command(
    family: Annotated[Family, typer.Argument(help="What to list.")],
    kind: Annotated[str | None, typer.Argument(help="Only this one.")] = None,
) -> None:
    """List what an experiment can name, with settings and defaults."""
    if family is Family.EXPERIMENTS:
        for name, description in bundled().items():
            out.print(f"[bold]{escape(name)}[/bold]  {escape(description)}", soft_wrap=True)
        return
    rows = catalogue.describe(family.value)
    if kind is not None:
        catalogue.resolve(family.value, kind)
        rows = [row for row in rows if row.kind == kind]
    for row in rows:
        out.print(f"[bold]{escape(row.kind)}[/bold]  {escape(row.summary)}", soft_wrap=True)
        for name, type_, default, description in row.settings:
            out.print(f"    {name} ({type_}, default {default}): {description}", markup=False, soft_wrap=True)


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of the YAML, for editors."""
    print(json.dumps(schema(), indent=2))  # noqa: T201


app.command("animate")(animate_command)
app.command("simulate")(simulate_command)
app.command("studio")(studio_command)
app.command("submit")(submit_command)
app.command("fetch")(fetch_command)
app.command("doctor")(doctor_command)


def main() -> None:
    """The command. A user's mistake ends with a message and exit code 2, never with a traceback."""
    try:
        app()
    except LogLost as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(RUN_FAILED)
    except BAD_INPUT as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(INPUT_WRONG)
    except ExecutorError as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(RUN_FAILED)
    except BrokenPipeError:
        # `searchparty trace ... | head` is no mistake; nothing more can be printed.
        sys.stderr.close()
        sys.exit(DONE)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        cure = "What the log holds is safe: free some space or mend the place, then resume, or report."
        err.print(f"{place}{error.strerror or error}. {cure}", style="red", markup=False, soft_wrap=True)
        sys.exit(RUN_FAILED)


if __name__ == "__main__":
    main()
