"""The command try, which checks someone's agent or policy in a sandbox, and races it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ...agents.sandbox.ladder import OPEN, RUNG_TEXTS, allow_unsandboxed, find_rung
from ...landscapes.landscape import Refusal
from .terminal.console import (
    INTERRUPTED,
    RUN_FAILED,
    OpenlyOption,
    err,
    handle_termination,
    open_watcher,
    out,
    print_remark,
    print_table,
)

WATCH_SECONDS = 0.5


def try_command(
    reference: Annotated[
        str, typer.Argument(metavar="FILE:CLASS", help="The agent or the policy: path/to/file.py:Class.")
    ],
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Try again whenever the file changes, on the same seeds, and print what that changed."
        ),
    ] = False,
    openly: OpenlyOption = False,
) -> None:
    """Check an agent or a policy against its contract in a sandbox, and race it against what is known.

    It takes up to 90 seconds. An agent is raced beside random, slsqp and cma-es; a policy leads the usual team, beside
    equal, bandit and party. What was found lies in try-KIND/: try.html, and the runs. The exit code is 1 if a clause of
    the contract is broken.

    Examples: searchparty try my_agent.py:Mine; searchparty try my_policy.py:Mine --watch
    """
    handle_termination()
    with allow_unsandboxed(openly):
        if openly and not find_rung()[0]:
            print_remark(f"{reference} is {RUNG_TEXTS[OPEN]}.")
        try:
            if watch:
                _watch(reference)
            elif _try_once(reference):
                raise typer.Exit(RUN_FAILED)
        except KeyboardInterrupt:
            err.print("Stopped.")
            raise typer.Exit(INTERRUPTED) from None


def _watch(reference: str) -> None:
    """Try a class, and again whenever its text changes, until Ctrl-C."""
    from ..trials.candidate import read_digest

    tried = None
    while True:
        try:
            digest = read_digest(reference, str(Path.cwd()))
            if digest == tried:
                time.sleep(WATCH_SECONDS)
                continue
            tried = digest
            _try_once(reference)
        except Refusal as error:
            if tried is None:
                raise
            err.print(str(error), style="red", soft_wrap=True)
            time.sleep(WATCH_SECONDS)
        out.print(f"Watching {reference}; Ctrl-C ends it.", soft_wrap=True)


def _try_once(reference: str) -> bool:
    """Try a class, and print what was found. Return whether it breaks its contract."""
    from ..trials.attempt import make_attempt
    from ..trials.candidate import open_candidate
    from ..trials.page import keep_attempt, list_standing_rows

    base = str(Path.cwd())
    attempt = make_attempt(open_candidate(reference, base), base, open_watcher, _print_line)
    page = keep_attempt(attempt)
    for line in attempt.describe_contract():
        out.print(line, soft_wrap=True, style="yellow" if attempt.broken else None)
    if attempt.raced is not None:
        out.print(f"Race: {attempt.raced.size.describe()}; {attempt.describe_time()}.", soft_wrap=True)
    if attempt.why_not:
        out.print(attempt.why_not, style="yellow", soft_wrap=True)
    if attempt.unranked:
        out.print(attempt.unranked, style="yellow", soft_wrap=True)
    elif attempt.standings:
        print_table(list_standing_rows(attempt.standings, attempt.candidate.kind), "Ranks and areas")
    for line in [*attempt.sentences, *attempt.changed_clauses]:
        out.print(line, soft_wrap=True)
    if attempt.change is not None:
        out.print("Since the last try:", soft_wrap=True)
        for line in attempt.change.describe():
            out.print(f"  {line}", soft_wrap=True)
    out.print(f"Report: {page}", soft_wrap=True)
    return bool(attempt.broken)


def _print_line(line: str) -> None:
    out.print(line, soft_wrap=True)
