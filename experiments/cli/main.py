"""The command line: collects all commands. Each reads its input, calls one function, and prints the result."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from ...landscapes.landscape import LandscapeError, Refusal
from ...orchestrator.log.log import LogError, LogLost
from ...orchestrator.loop.executor import ExecutorError
from ..execution.results_directory import ResultsError
from ..spec import catalogue
from ..spec.errors import SpecError
from .commands import LateCommands
from .terminal.console import (
    DONE,
    INPUT_WRONG,
    RUN_FAILED,
    err,
    out,
)
from .terminal.streams import replace_closed_streams, tolerate_encodings
from .terminal.usage import UsageError, describe_usage_error, shows_help

INPUT_ERRORS = (Refusal, SpecError, ResultsError, LogError, LandscapeError, catalogue.CatalogueError)

app = typer.Typer(
    cls=LateCommands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="A search party: independent optimizer agents explore one loss landscape together.\n\n"
    "[bold]Examples[/bold]\n\n"
    "  searchparty run quickstart\n\n"
    "  searchparty init my-study\n\n"
    "  searchparty check my.yaml\n\n"
    "  searchparty run my.yaml --executor simulated --set budget=5000\n\n"
    "  searchparty simulate how-many-workers --workers 1,10,100\n\n"
    "  searchparty report results/quickstart-1",
    epilog="Exit codes: 0 success, 1 a run failed or found no finite loss, 2 the input is wrong, 3 all agents of a "
    "strategy failed in all of its runs, 130 stopped by Ctrl-C or by the objective.",
)


@app.callback(invoke_without_command=True)
def root_command(
    show: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if show:
        out.print(f"searchparty {version('searchparty')}")
        raise typer.Exit(DONE)


def main() -> None:
    """Run the command line. A user's mistake ends with a message and exit code 2, never with a traceback."""
    replace_closed_streams()
    tolerate_encodings()
    try:
        # The name also decides the variable by which a shell asks for completions.
        code = app(prog_name="searchparty", standalone_mode=False)
    except UsageError as error:
        if shows_help(error):
            typer.echo(error.ctx.get_help())  # type: ignore[attr-defined]
        else:
            err.print(describe_usage_error(error), style="red", soft_wrap=True)
        sys.exit(INPUT_WRONG)
    except typer.Abort:
        sys.exit(RUN_FAILED)
    except LogLost as error:
        err.print(str(error), style="red", soft_wrap=True)
        sys.exit(RUN_FAILED)
    except INPUT_ERRORS as error:
        err.print(str(error), style="red", soft_wrap=True)
        sys.exit(INPUT_WRONG)
    except ExecutorError as error:
        err.print(str(error), style="red", soft_wrap=True)
        sys.exit(RUN_FAILED)
    except BrokenPipeError:
        # `searchparty trace ... | head` closes the pipe, which is no mistake; nothing more can be printed.
        sys.stderr.close()
        sys.exit(DONE)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        cure = "What the log holds is safe: free some space or repair the directory, then use resume or report."
        err.print(f"{place}{error.strerror or error}. {cure}", style="red", soft_wrap=True)
        sys.exit(RUN_FAILED)
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
