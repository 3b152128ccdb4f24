"""Output, exit codes and common options of the commands."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as RichTable
from rich.text import Text

from ....agents.evaluation.interrupts import interrupts
from ....landscapes.cause_groups import group_causes
from ..completion import EXECUTORS, complete_executors, complete_experiments, complete_results
from .progress import ProgressBars, ProgressLines
from .streams import open_console

DONE, RUN_FAILED, INPUT_WRONG, STRATEGY_FAILED, INTERRUPTED = 0, 1, 2, 3, 130

out = open_console("stdout")
err = open_console("stderr")
LEFT_ALIGNED = ("landscape", "problem", "strategy")
NARROWEST_TABLE = 80
"""The columns that a terminal must have for a table; below, its rows would be torn apart, and a list is printed."""

SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE|NAME",
        help="The YAML file of an experiment, or the name of a bundled one.",
        autocompletion=complete_experiments,
    ),
]
ResultsArgument = Annotated[
    Path, typer.Argument(metavar="RESULTS", help="A results directory.", autocompletion=complete_results)
]
OverridesOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change a setting, e.g. --set budget=5000. May be repeated."),
]
ExecutorOption = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="|".join(EXECUTORS),
        help="Where leases are worked; the findings are the same. Default: as in the YAML.",
        autocompletion=complete_executors,
    ),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address", help='A Ray cluster to join: "auto", HOST:6379 or ray://HOST:10001. Default: start Ray here.'
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="RESULTS", help="Directory for the results. Default: results/<name>-<n>."),
]
NoReportOption = Annotated[
    bool, typer.Option("--no-report", help="Do not write the report now; `searchparty report` can write it later.")
]

TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Run the code that RESULTS name, although they do not bear your signature, and sign them as they are now.",
    ),
]


OpenlyOption = Annotated[
    bool,
    typer.Option(
        "--allow-unsandboxed",
        help="Where no sandbox starts, work what stands under `sandbox:` without one: it can read, write and send "
        "whatever you can.",
    ),
]


def handle_termination() -> None:
    """Treat SIGTERM (a plain `kill`) like Ctrl-C, and end the command by either so that nothing that was found is lost.

    This also works in the background, where the signal of Ctrl-C is ignored.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(*_: object) -> None:
    interrupts.receive()


def open_watcher(total: int) -> AbstractContextManager[Any]:
    """Return a context that shows the progress of this number of runs: as bars on a terminal, or else as lines."""
    return ProgressBars(err, total) if err.is_terminal else ProgressLines(err, total)


def describe_errors(errors: Mapping[str, Exception], titles: Mapping[str, str]) -> list[str]:
    """Return a line for each error that ended runs; errors that differ in numbers alone are one.

    Args:
        errors: The error of each run that failed, by the run's id.
        titles: Strategy, landscape and repeat of each run in words, by its id.
    """
    shown = group_causes(map(str, errors.values()))
    runs: dict[str, list[str]] = {}
    for run_id, error in errors.items():
        runs.setdefault(shown[str(error)], []).append(titles.get(run_id, run_id))
    return [
        f"run {names[0]} failed: {words}"
        if len(names) == 1
        else f"{len(names)} runs failed, the first of them {names[0]}: {words}"
        for words, names in runs.items()
    ]


def print_table(rows: list[dict[str, str]], title: str = "Comparison of strategies") -> None:
    """Print rows as a table on a terminal, as a list if it is narrow, or as aligned columns if it is no terminal."""
    if out.width < NARROWEST_TABLE and (out.is_terminal or "COLUMNS" in os.environ):
        _print_list(rows, title)
    elif out.is_terminal:
        table = RichTable(title=Text(title), title_justify="left")
        for name in rows[0] if rows else {}:
            table.add_column(name, justify="left" if name in LEFT_ALIGNED else "right")
        for row in rows:
            table.add_row(*(Text(value) for value in row.values()))
        out.print(table)
    else:
        _print_columns(rows)


def _print_list(rows: list[dict[str, str]], title: str) -> None:
    """Print each row on lines of its own: what it is about, and one value a line below."""
    out.print(title)
    for row in rows:
        out.print(", ".join(value for name, value in row.items() if name in LEFT_ALIGNED))
        for name, value in row.items():
            if name not in LEFT_ALIGNED:
                out.print(f"  {name}: {value}")


def _print_columns(rows: list[dict[str, str]]) -> None:
    names = list(rows[0]) if rows else []
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    for row in [dict(zip(names, names, strict=True)), *rows]:
        cells = (row[n].ljust(widths[n]) if n in LEFT_ALIGNED else row[n].rjust(widths[n]) for n in names)
        out.print("  ".join(cells).rstrip(), soft_wrap=True)


def print_remark(line: str) -> None:
    """Print a line to stderr, apart from the results on stdout."""
    err.print(line, soft_wrap=True)
