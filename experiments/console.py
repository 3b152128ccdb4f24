"""Where the command line prints, what it returns, and what its commands have in common."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

DONE, RUN_FAILED, INPUT_WRONG, INTERRUPTED = 0, 1, 2, 130

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Source = Annotated[str, typer.Argument(metavar="FILE|NAME", help="An experiment's YAML file, or a bundled name.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change a setting, e.g. --set budget=5000. May be repeated."),
]


def remark(line: str) -> None:
    """Say a line beside the results."""
    err.print(line, markup=False, soft_wrap=True)
