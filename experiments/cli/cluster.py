"""The commands for clusters: submit, fetch and doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...orchestrator.command_line import format_command
from ..execution.plan import make_plan
from ..execution.results_directory import ResultsError
from ..spec.load import load
from .terminal.console import INTERRUPTED, RUN_FAILED, OverridesOption, SourceArgument, err, out, print_remark

if TYPE_CHECKING:
    from ...orchestrator.executors.on_ray.jobs import Jobs

DASHBOARD = "http://127.0.0.1:8265"
DashboardOption = Annotated[
    str, typer.Option("--address", metavar="URL", help="The dashboard of the Ray cluster, http://HEAD:8265.")
]
ResultsOption = Annotated[
    Path | None, typer.Option("--out", metavar="RESULTS", help="Directory for the results. Default: results/<job>.")
]


def submit_command(
    source: SourceArgument,
    address: DashboardOption = DASHBOARD,
    overrides: OverridesOption = None,
    results: ResultsOption = None,
    place: Annotated[
        str | None,
        typer.Option("--place", metavar="DIR", help="Directory on the head's disk for the job's results."),
    ] = None,
    resumed: Annotated[
        str | None, typer.Option("--resume", metavar="JOB", help="Resume the results of an earlier job.")
    ] = None,
    python: Annotated[
        str,
        typer.Option(
            "--python", help="Python interpreter that starts the job on the head node; the run uses Ray's Python."
        ),
    ] = "python3",
    cpus: Annotated[float | None, typer.Option("--driver-cpus", help="Cores that Ray reserves for the driver.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Show the job's log, then fetch its results.")
    ] = True,
) -> None:
    """Submit an experiment to a Ray cluster as a job, follow its log, and fetch its results.

    If this command is stopped or its machine is shut down, the job continues: `searchparty fetch JOB` gets the results.

    Example: searchparty submit my.yaml --address http://HEAD:8265
    """
    from ..cluster import submit

    experiment = load(source, overrides or [])
    # Find mistakes in the experiment here, before it is submitted.
    runs = len(make_plan(experiment).runs)
    cluster = submit.connect_jobs(address)
    options: dict[str, Any] = {} if cpus is None else {"entrypoint_num_cpus": cpus}
    job = submit.submit_experiment(experiment, cluster, place=place, resumed=resumed, python=python, options=options)
    print_remark(f"Submitted {experiment.name} ({runs} runs) to {address} as {job}.")
    later = format_command("fetch", job, "--address", address)
    if not follow:
        print_remark(f"Fetch its results with: {later}")
        return
    try:
        ended = cluster.follow(job, lambda line: out.print(line, soft_wrap=True))
    except KeyboardInterrupt:
        print_remark(f"The job continues. Fetch its results with: {later}")
        print_remark(f"Stop it with: ray job stop {job} --address {address}")
        raise typer.Exit(INTERRUPTED) from None
    if ended.status == "SUCCEEDED":
        _fetch_and_report(cluster, job, results)
        return
    err.print(f"Job {job} {ended.status.lower()}: {ended.message}", style="red", soft_wrap=True)
    try:
        _fetch_and_report(cluster, job, results)
        print_remark(f"Resume it with: {format_command('submit', source, '--resume', job, '--address', address)}")
    except ResultsError as error:
        print_remark(str(error))
    raise typer.Exit(RUN_FAILED)


def fetch_command(
    job: Annotated[str, typer.Argument(metavar="JOB", help="The id that `searchparty submit` printed.")],
    address: DashboardOption = DASHBOARD,
    results: ResultsOption = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Do not write the report now.")] = False,
) -> None:
    """Fetch the results of a submitted job, finished or not, and write the report.

    Example: searchparty fetch quickstart-1a2b3c --address http://HEAD:8265
    """
    from ..cluster import submit

    _fetch_and_report(submit.connect_jobs(address), job, results, not no_report)


def _fetch_and_report(cluster: Jobs, job: str, results: Path | None, report: bool = True) -> None:
    from ..cluster import submit
    from ..results_api import Results

    directory = submit.fetch_results(cluster, job, results, print_remark)
    out.print(f"Results: {directory}", soft_wrap=True)
    if not (directory / "log.sqlite").exists():
        print_remark("The job has not begun its runs yet. Fetch its results again in a moment.")
    elif report:
        out.print(f"Report:  {Results(directory).report()}", soft_wrap=True)


def doctor_command(
    source: Annotated[
        str | None, typer.Argument(metavar="[FILE|NAME]", help="An experiment that is to run on the cluster.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", help='The cluster: "auto", HOST:6379 or ray://HOST:10001. Default: start Ray here.'),
    ] = None,
    overrides: OverridesOption = None,
) -> None:
    """Check every node of a Ray cluster, and say what to do about each problem.

    It checks versions, imports of each objective and agent, memory, clocks, round trips, throughput and files to copy.

    Example: searchparty doctor my.yaml --address auto
    """
    from ..cluster.doctor import examine_cluster

    findings = examine_cluster(None if source is None else load(source, overrides or []), address, print_remark)
    for line in findings.table:
        out.print(line, soft_wrap=True)
    for finding in findings.found_problems:
        style = {"error": "red", "warning": "yellow"}[finding.level]
        out.print(f"{finding.level}: {finding.text}", style=style, soft_wrap=True)
    if not findings.found_problems:
        out.print("No problems found.")
    if any(finding.level == "error" for finding in findings.found_problems):
        raise typer.Exit(RUN_FAILED)
