"""Output, exit codes and common options of the commands."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from .progress import ProgressBars, ProgressLines

DONE, RUN_FAILED, INPUT_WRONG, STRATEGY_FAILED, INTERRUPTED = 0, 1, 2, 3, 130

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
LEFT_ALIGNED = ("landscape", "strategy")


class ExecutorKind(StrEnum):
    """The executors that the command line accepts."""

    RAY = "ray"
    SIMULATED = "simulated"


SourceArgument = Annotated[
    str, typer.Argument(metavar="FILE|NAME", help="The YAML file of an experiment, or the name of a bundled one.")
]
OverridesOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change a setting, e.g. --set budget=5000. May be repeated."),
]
ExecutorOption = Annotated[
    ExecutorKind | None,
    typer.Option("--executor", help="Where leases are worked; the findings are the same. Default: as in the YAML."),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address", help='A Ray cluster to join: "auto", HOST:6379 or ray://HOST:10001. Default: start Ray here.'
    ),
]
NoReportOption = Annotated[
    bool, typer.Option("--no-report", help="Do not write the report now; `searchparty report` can write it later.")
]


def handle_termination() -> None:
    """Treat SIGTERM (a plain `kill`) like Ctrl-C, so that it ends the command as cleanly.

    This also works in the background, where the signal of Ctrl-C is ignored.
    """
    signal.signal(signal.SIGTERM, _raise_interrupt)


def _raise_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def open_watcher(total: int) -> AbstractContextManager[Any]:
    """Return a context that shows the progress of this number of runs: as bars on a terminal, or else as lines."""
    return ProgressBars(err, total) if err.is_terminal else ProgressLines(err, total)


def print_table(
    rows: list[dict[str, str]], title: str = "Comparison of strategies (* = winner on its landscape)"
) -> None:
    """Print rows as a table on a terminal, or else as aligned columns."""
    names = list(rows[0]) if rows else []
    if out.is_terminal:
        table = RichTable(title=title, title_justify="left")
        for name in names:
            table.add_column(name, justify="left" if name in LEFT_ALIGNED else "right")
        for row in rows:
            table.add_row(*(escape(value) for value in row.values()))
        out.print(table)
        return
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    for row in [dict(zip(names, names, strict=True)), *rows]:
        cells = (row[n].ljust(widths[n]) if n in LEFT_ALIGNED else row[n].rjust(widths[n]) for n in names)
        out.print("  ".join(cells).rstrip(), markup=False, soft_wrap=True)


def print_remark(line: str) -> None:
    """Print a line to stderr, apart from the results on stdout."""
    err.print(line, markup=False, soft_wrap=True)
