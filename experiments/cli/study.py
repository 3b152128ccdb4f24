"""The commands that run studies: sweep."""

from __future__ import annotations

from typing import Annotated

import typer

from ..execution.plan import find_idle_settings, make_plan
from ..spec.load import load_sweep
from .run import work_plan
from .terminal.console import (
    AddressOption,
    ExecutorOption,
    NoReportOption,
    OutOption,
    OverridesOption,
    SourceArgument,
    print_remark,
)


def sweep_command(
    source: SourceArgument,
    over: Annotated[
        list[str],
        typer.Option(
            "--over",
            metavar="KEY.PATH=A,B,...",
            help="A setting and its values, e.g. --over region.radius=0.1,0.2. MEMBER.SETTING stands for every member "
            "of that name, e.g. grid.points_per_axis=3,5,9. May be repeated: every combination is run.",
        ),
    ],
    executor: ExecutorOption = None,
    address: AddressOption = None,
    results: OutOption = None,
    overrides: OverridesOption = None,
    no_report: NoReportOption = False,
) -> None:
    """Run an experiment with every combination of values of some settings: which are worth their cost?

    Examples: searchparty sweep grid-radius --over grid.points_per_axis=3,5,9 --over region.radius=0.1,0.2,0.4
    """
    experiment = load_sweep(source, over, overrides or []).with_executor(executor, address)
    planned = make_plan(experiment)
    for key in find_idle_settings(experiment):
        print_remark(f"{key} does nothing here: with each of its values, the runs are the same.")
    work_plan(planned, results, no_report)
