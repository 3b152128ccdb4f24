"""The commands that run experiments: run, resume and check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ...agents.sandbox.ladder import allow_unsandboxed
from ...orchestrator.command_line import format_command
from ..api import resume_plan, run_plan
from ..comparison.bars import draw_bars
from ..comparison.exports import list_sentences
from ..execution.cost import describe_plan
from ..execution.growth import load_for_resuming
from ..execution.plan import Plan, make_plan
from ..execution.results_directory import salvage_results
from ..execution.session import RunExited, RunInterrupted
from ..execution.staging import requested_files
from ..execution.trust.sandboxes import describe_sandboxes
from ..execution.watcher import Watcher
from ..results.accounts import describe_impossible
from ..results.recorded_runs import describe_faces, describe_time_limits
from ..results_api import Results
from ..spec.load import load
from ..studies.sweep_sentences import list_sweep_sentences
from ..studies.worth import study_worth
from ..studies.worth_sentences import describe_worth
from .completion import complete_experiments
from .terminal.console import (
    INTERRUPTED,
    RUN_FAILED,
    STRATEGY_FAILED,
    AddressOption,
    ExecutorOption,
    NoReportOption,
    OpenlyOption,
    OutOption,
    OverridesOption,
    ResultsArgument,
    SourceArgument,
    TrustOption,
    describe_errors,
    err,
    handle_termination,
    open_watcher,
    out,
    print_remark,
    print_table,
)

BudgetOption = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="N",
        help='Extend every run to N evaluations in total, or to "<n> D" (n times the dimension).',
    ),
]
RepeatsOption = Annotated[
    int | None,
    typer.Option("--repeats", min=1, metavar="N", help="Add repeats, up to N of each strategy on each landscape."),
]
GrownOption = Annotated[
    str | None,
    typer.Option(
        "--yaml",
        metavar="FILE|NAME",
        help="A YAML with further strategies, landscapes or repeats. It replaces the YAML in RESULTS.",
        autocompletion=complete_experiments,
    ),
]
ForceOption = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Resume even if the YAML, the package or the code of an agent has changed. "
        "Runs that are no longer planned stay in the log.",
    ),
]
SalvageOption = Annotated[
    Path | None,
    typer.Option(
        "--salvage",
        metavar="NEW",
        help="Write what is intact of a damaged log into the new directory NEW, and do nothing else.",
    ),
]
MOST_FAILED_AGENTS = 12
"""The most agents that failed of which the end of a run tells."""
MOST_POINTS = 8
"""The most landscapes whose best points are printed. The report has those of all landscapes."""


def run_command(
    source: SourceArgument,
    executor: ExecutorOption = None,
    address: AddressOption = None,
    results: OutOption = None,
    overrides: OverridesOption = None,
    openly: OpenlyOption = False,
    no_report: NoReportOption = False,
) -> None:
    """Run an experiment and write its report.

    Examples: searchparty run quickstart; searchparty run my.yaml --out results/mine --set seed=7
    """
    with allow_unsandboxed(openly):
        planned = make_plan(load(source, overrides or []).with_executor(executor, address))

    work_plan(planned, results, no_report)


def work_plan(planned: Plan, results: Path | None, no_report: bool) -> None:
    """Run a plan into a new results directory, show its progress, and print its summary."""

    def work(watcher: Watcher) -> Results:
        return run_plan(planned, out=results, watcher=watcher, remark=print_remark, report=not no_report)

    _run_watched(planned, work, not no_report)


def resume_planned(planned: Plan, directory: Path, no_report: bool, budgets: Sequence[int] = ()) -> None:
    """Resume a plan in its results directory, extend it to each of some budgets in turn, and print its summary."""
    said = set[str]()

    def remark_once(line: str) -> None:
        if line not in said:
            said.add(line)
            print_remark(line)

    def work(watcher: Watcher) -> Results:
        for budget in (None, *budgets[:-1]) if budgets else ():
            resume_plan(planned, directory, budget=budget, watcher=watcher, remark=remark_once, report=False)
        last, report = budgets[-1] if budgets else None, not no_report
        return resume_plan(planned, directory, budget=last, watcher=watcher, remark=remark_once, report=report)

    _run_watched(planned, work, not no_report)


def resume_command(
    results: ResultsArgument,
    executor: ExecutorOption = None,
    address: AddressOption = None,
    budget: BudgetOption = None,
    repeats: RepeatsOption = None,
    source: GrownOption = None,
    force: ForceOption = False,
    salvage: SalvageOption = None,
    trust: TrustOption = False,
    openly: OpenlyOption = False,
    no_report: NoReportOption = False,
) -> None:
    """Resume an experiment that was stopped or killed, extend its budget, or add repeats and strategies to it.

    Existing runs keep all their decisions and points.

    Examples: searchparty resume results/quickstart-1; searchparty resume results/quickstart-1 --budget 5000;
    searchparty resume results/quickstart-1 --repeats 20
    """
    if salvage is not None:
        for line in salvage_results(results, salvage):
            out.print(line, soft_wrap=True)
        return
    with allow_unsandboxed(openly):
        experiment, grown = load_for_resuming(results, repeats, source, trust, print_remark)
        planned = make_plan(experiment.with_executor(executor, address))

    def work(watcher: Watcher) -> Results:
        return resume_plan(
            planned,
            results,
            budget=budget,
            grown=grown,
            force=force,
            watcher=watcher,
            remark=print_remark,
            report=not no_report,
        )

    _run_watched(planned, work, not no_report)


def _run_watched(planned: Plan, work: Callable[[Watcher], Results], reported: bool) -> None:
    handle_termination()
    try:
        with open_watcher(len(planned.runs)) as bars:
            results = work(bars)
    except RunInterrupted as stopped:
        err.print(f"Stopped. Everything found so far is in {stopped.path}.", soft_wrap=True)
        err.print(f"Resume with: {format_command('resume', stopped.path)}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    except RunExited as left:
        err.print(str(left), soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    except KeyboardInterrupt:
        err.print("Stopped. The findings are in the log: use `searchparty resume` or `searchparty report`.")
        raise typer.Exit(INTERRUPTED) from None
    _print_summary(results, reported)
    if results.errors:
        raise typer.Exit(RUN_FAILED)
    if results.failed_strategies:
        raise typer.Exit(STRATEGY_FAILED)
    if not results.best():
        raise typer.Exit(RUN_FAILED)


def _print_summary(results: Results, reported: bool) -> None:
    """Print the best points, the comparison of strategies, and the path of the report."""
    best = results.best()
    if not best:
        out.print("No evaluation gave a finite loss.")
    for line in describe_impossible(results.runs):
        out.print(line, style="yellow", soft_wrap=True)
    late = describe_time_limits(results.runs)
    if late is not None:
        out.print(late, style="yellow", soft_wrap=True)
    evaluations = sum(run.evaluations for run in results.runs)
    for start, line in (("row: ", f"of {evaluations:,} evaluations"), ("gradient: ", "gradients")):
        failed = Counter[str]()
        for row in results.failures.rows():
            if row["cause"].startswith(start):
                failed[row["cause"].removeprefix(start)] += row["count"]
        if failed:
            cause, times = failed.most_common(1)[0]
            line = f"{failed.total():,} {line} failed. The most frequent cause ({times:,} times): {cause}"
            out.print(line, style="yellow", soft_wrap=True)
    _print_failed_agents(results)
    for found in best[:MOST_POINTS]:
        line = f"Best point of {found.landscape}: loss {found.loss:.8g} at ({found.describe(8)})"
        out.print(f"{line}, by {found.agent} of {found.strategy}", soft_wrap=True)
    for line in describe_faces(results.runs):
        out.print(line, style="yellow", soft_wrap=True)
    print_table(results.summary_rows())
    _print_verdict(results)
    titles = {run.id: f"{run.strategy} on {run.landscape}, repeat {run.repeat}" for run in results.runs}
    for line in describe_errors(results.errors, titles):
        err.print(line, style="red", soft_wrap=True)
    out.print(f"Results: {results.path}", soft_wrap=True)
    if reported:
        out.print(f"Report:  {results.path / 'report.html'}", soft_wrap=True)


def _print_verdict(results: Results) -> None:
    """Print the verdict in words, and the interval of each strategy against the first one as a bar."""
    compared = results.compare()
    if len(compared.strategies) < 2:
        return
    for line in list_sentences(compared, str(results.path)):
        out.print(line, soft_wrap=True)
    worths = [line for each in study_worth(compared) for line in describe_worth(each)]
    for line in (*list_sweep_sentences(results.path, compared), *worths):
        out.print(line, soft_wrap=True)
    bars = draw_bars(compared.verdicts)
    if bars:
        out.print(f"Evaluations needed, as a multiple of those of {compared.baseline} (95 % interval):", soft_wrap=True)
        for line in bars:
            out.print(line, soft_wrap=True)
    heading, *decisions = results.turning_points or [""]
    if decisions:
        out.print(heading, soft_wrap=True)
    for line in decisions:
        out.print(f"- {line}", soft_wrap=True)


def _print_failed_agents(results: Results) -> None:
    """Print in how many runs each agent failed, and why."""
    rows = results.failed_agents.rows()
    several = len({run.strategy for run in results.runs}) > 1
    for row in rows[:MOST_FAILED_AGENTS]:
        where = f"{row['strategy']}: " if several else ""
        line = f"{where}{row['agent']} failed in {row['failed_runs']} of {row['runs']} runs: {row['cause']}"
        out.print(line, style="yellow", soft_wrap=True)
    if len(rows) > MOST_FAILED_AGENTS:
        more = len(rows) - MOST_FAILED_AGENTS
        out.print(f"{more} more agents failed. The report lists all of them.", style="yellow")


def check_command(
    source: SourceArgument,
    timed: Annotated[
        bool,
        typer.Option(
            "--time",
            help="Evaluate a few points to estimate the time, also where that calls your objective or program.",
        ),
    ] = False,
    overrides: OverridesOption = None,
    openly: OpenlyOption = False,
) -> None:
    """Validate an experiment and print its plan: runs, evaluations, estimated time and disk space.

    The files and modules that it names are imported; without --time no objective is called and no program started.
    """
    with allow_unsandboxed(openly):
        planned = make_plan(load(source, overrides or []))
    for line in describe_sandboxes(planned.runs)[1]:
        print_remark(line)
    # The files that would be copied to a cluster must exist, too.
    list(requested_files(planned.experiment))
    for hint in dict.fromkeys(hint for run in planned.runs for hint in run.landscape.hints):
        print_remark(hint)
    out.print(describe_plan(planned, timed), soft_wrap=True)
