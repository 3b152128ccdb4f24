"""The commands that run studies: sweep, ablate and branch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...orchestrator.taken_prefix import BranchError
from ..execution.plan import find_idle_settings, make_plan
from ..spec.errors import quote
from ..spec.load import load, load_sweep
from ..studies.ablation import plan_ablation
from ..studies.branch import begin_branch, plan_branch
from .run import resume_planned, work_plan
from .terminal.console import (
    AddressOption,
    ExecutorOption,
    NoReportOption,
    OutOption,
    OverridesOption,
    ResultsArgument,
    SourceArgument,
    TrustOption,
    print_remark,
)

MOST_DIGITS = 15


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


def ablate_command(
    source: SourceArgument,
    strategy: Annotated[
        str | None,
        typer.Option("--strategy", help="The strategy to take apart. Default: the one with the largest team."),
    ] = None,
    executor: ExecutorOption = None,
    address: AddressOption = None,
    results: OutOption = None,
    overrides: OverridesOption = None,
    no_report: NoReportOption = False,
) -> None:
    """Run a strategy, and the same one without each of its parts: what is each part worth?

    It runs the team without each member, each member alone (up to four members, every combination), and the policy with
    one choice switched off: sharing, radius, budget. All have the same random numbers.

    Examples: searchparty ablate quickstart; searchparty ablate my.yaml --strategy team --set repeats=10
    """
    experiment, remarks = plan_ablation(load(source, overrides or []), strategy)
    for line in remarks:
        print_remark(line)
    work_plan(make_plan(experiment.with_executor(executor, address)), results, no_report)


def _read_moment(text: str) -> int:
    digits = text.replace(",", "").replace("_", "")
    if not digits.removeprefix("-").isdecimal() or len(digits) > MOST_DIGITS:
        raise BranchError(f"--at must be a whole number of evaluations, got {quote(text)}. Write e.g. --at 600.")
    return int(digits)


def branch_command(
    results: ResultsArgument,
    run: Annotated[
        str, typer.Option("--run", help="The run: its id, the beginning of it, or its strategy if that has one run.")
    ],
    at: Annotated[
        str, typer.Option("--at", metavar="EVALUATION", help="Go on from the first decision after so many evaluations.")
    ],
    changes: Annotated[
        list[str],
        typer.Option("--set", metavar="POLICY.PATH=VALUE", help="A setting of the policy, e.g. policy.radius=fixed."),
    ],
    executor: ExecutorOption = None,
    address: AddressOption = None,
    out_directory: OutOption = None,
    trust: TrustOption = False,
    no_report: NoReportOption = False,
) -> None:
    """Go on from a moment of a recorded run with another setting of its policy, beside the original: what if?

    The recorded beginning is taken over, and evaluates nothing. From there, the branch draws from the random streams of
    the original run, so that only the setting differs.

    Example: searchparty branch results/quickstart-1 --run 9c6e --at 600 --set policy.radius=fixed
    """
    planned = plan_branch(results, run, _read_moment(at), changes, trust, print_remark)
    directory = begin_branch(planned, out_directory, print_remark)
    experiment = planned.plan.experiment.with_executor(executor, address)
    resume_planned(make_plan(experiment), Path(directory), no_report, planned.budgets)
