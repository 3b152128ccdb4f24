"""The commands that only read: report, trace, verify, list and schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ..comparison.exports import format_comparison
from ..comparison.verdict import EQUIVALENCE
from ..comparison.words.decisions import describe_decisions
from ..results.recorded_runs import read_run
from ..spec import catalogue
from ..spec.errors import SpecError, format_problem, quote, suggest
from ..spec.load import bundled_descriptions
from ..spec.schema import experiment_schema
from .completion import LISTED_FAMILIES, complete_families, complete_kinds, complete_results
from .terminal.console import RUN_FAILED, OpenlyOption, ResultsArgument, TrustOption, err, out, print_remark


def report_command(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS...",
            help="One or more results directories. Folders of COCO's data (.info) and Parquet files of evaluations are "
            "strategies to compare with.",
            autocompletion=complete_results,
        ),
    ],
    baseline: Annotated[
        str | None,
        typer.Option(help="The strategy that the others are compared with. Default: the first one of the YAML."),
    ] = None,
    equivalence: Annotated[
        float,
        typer.Option(help="Ratios of running times between this and its inverse count as equivalent in practice."),
    ] = EQUIVALENCE,
    format: Annotated[
        str | None,
        typer.Option(help="Print the comparison as json, md (Markdown) or tex (LaTeX), and write no page."),
    ] = None,
    figures: Annotated[bool, typer.Option("--figures", help="Write figures/*.png and figures/*.svg, too.")] = False,
    power: Annotated[
        bool,
        typer.Option("--power", help="Estimate how many repeats would settle each comparison that is open."),
    ] = False,
) -> None:
    """Write the report of one or more results directories. Several are compared in one report.

    Example: searchparty report results/quickstart-1 --baseline team
    """
    from ..report.report import read_comparison, write_report

    if format is None:
        path = write_report(list(results), figures, baseline, equivalence, power, print_remark)
        out.print(f"Report: {path}", soft_wrap=True)
        return
    compared = read_comparison(list(results), baseline, equivalence, power)
    single = str(results[0]) if len(results) == 1 else ""
    decisions = describe_decisions(compared, lambda id: read_run(results[0], id)) if single else []
    print(format_comparison(compared, format, single, decisions))  # noqa: T201


def trace_command(
    results: ResultsArgument,
    hashed: Annotated[bool, typer.Option("--hash", help="Print only the trace's SHA-256.")] = False,
) -> None:
    """Print the log as canonical text, without wall-clock times: equal traces mean equal findings."""
    from ...orchestrator.log.reader import LogReader
    from ...orchestrator.log.trace import trace, trace_hash

    with LogReader(results) as reader:
        if "salvaged" in reader.meta:
            found = reader.meta["salvaged"]
            where = f"{found.get('from')}, at {found.get('at')}"
            err.print(f"This log was salvaged from a damaged one, {where}.", soft_wrap=True)
        if hashed:
            print(trace_hash(reader))  # noqa: T201
            return
        for line in trace(reader):
            print(line)  # noqa: T201


def verify_command(
    results: ResultsArgument,
    trust: TrustOption = False,
    openly: OpenlyOption = False,
) -> None:
    """Replay a log without evaluating anything, and check that every decision and every point follows from it.

    Your own files must be those that wrote it.

    Example: searchparty verify results/quickstart-1
    """
    from ...agents.sandbox.ladder import allow_unsandboxed
    from ..execution.verification import verify_results

    with allow_unsandboxed(openly):
        report = verify_results(results, trust, print_remark)
    for line in [*report.changed, *report.problems]:
        err.print(line, style="red", soft_wrap=True)
    out.print(report.describe(), soft_wrap=True)
    if report.problems or report.changed:
        raise typer.Exit(RUN_FAILED)


def list_command(
    family: Annotated[
        str,
        typer.Argument(metavar="|".join(LISTED_FAMILIES), help="The family to list.", autocompletion=complete_families),
    ],
    kind: Annotated[str | None, typer.Argument(help="List only this kind.", autocompletion=complete_kinds)] = None,
) -> None:
    """List what an experiment can name, with all settings and their defaults."""
    if family not in LISTED_FAMILIES:
        rule = f"be one of {', '.join(LISTED_FAMILIES)}"
        raise SpecError(
            [format_problem("family", rule, quote(family), "", suggest(family, LISTED_FAMILIES, listed=False))]
        )
    if family == "experiments":
        for name, description in bundled_descriptions().items():
            _print_entry(name, description)
        return
    rows = catalogue.list_entries(family)
    if kind is not None:
        catalogue.resolve_class(family, kind)
        rows = [row for row in rows if row.kind == kind]
    for row in rows:
        _print_entry(row.kind, row.summary)
        if row.note:
            out.print(f"    {row.note}", soft_wrap=True)
        for name, type_, default, description in row.settings:
            out.print(f"    {name} ({type_}, default {default}): {description}", soft_wrap=True)


def _print_entry(name: str, summary: str) -> None:
    out.print(Text.assemble((name, "bold"), "  ", summary), soft_wrap=True)


def schema_command() -> None:
    """Print the JSON Schema of an experiment's YAML, for editors."""
    print(json.dumps(experiment_schema(), indent=2))  # noqa: T201
