"""The command studio, which opens the studio."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from urllib.parse import urlencode

import typer

from ..spec.errors import SpecError
from ..spec.load import load
from ..studio.films.shelf import ResultsIndex
from ..trials.candidate import is_class_reference
from .terminal.console import handle_termination, out, print_remark


def studio_command(
    shown: Annotated[
        str | None,
        typer.Argument(
            metavar="[RESULTS|EXPERIMENT|FILE:CLASS]",
            help="A results directory to watch or replay, an experiment (a YAML file or a bundled name) to run and "
            "watch, or an agent or a policy in a file, to race in a sandbox against cma-es or party. Default: the "
            "playground.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at. All but loopback addresses need --token.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port to listen at. Default: the first free one from 8137 on."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="SEARCHPARTY_STUDIO_TOKEN",
            help='Token that every request must contain; "auto" creates one.',
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="Another host name of the studio, e.g. that of a proxy."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    executor: Annotated[
        str | None, typer.Option("--executor", help="For an experiment: ray or simulated. Default: as in the YAML.")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="For an experiment: a Ray cluster to join, as for `run`.")
    ] = None,
) -> None:
    """Open the studio, a local web page, to play with settings, watch a run live, or replay any run.

    Examples: searchparty studio; searchparty studio quickstart; searchparty studio results/quickstart-1;
    searchparty studio my_agent.py:Mine
    """
    # Import the web server here, so that the other commands need not import it.
    from ..studio.access.hosts import StudioError
    from ..studio.app import Studio
    from ..studio.plays.warm_processes import PlayPool
    from ..studio.serve import StudioListener, serve_studio

    handle_termination()
    with ExitStack() as stack:
        try:
            opening = stack.enter_context(closing(StudioListener(host, port, token, allow_host or ())))
        except StudioError as error:
            raise SpecError([str(error)]) from None
        if shown is None:
            shelf = ResultsIndex(folder=Path("results"))
        elif is_class_reference(shown):
            shelf, frame = _open_duel(shown, executor or address, stack)
            opening.address += frame
        else:
            shelf = _open_results(shown, executor, address, stack)
        studio = Studio(shelf, PlayPool(), "watch" if shelf.given_directories else "playground")
        serve_studio(studio, opening, not no_browser, print_line)


def _open_results(shown: str, executor: str | None, address: str | None, stack: ExitStack) -> ResultsIndex:
    """Return an index of the results to show: what is asked for first, then those in ./results.

    An experiment is started in a process of its own, which ends when the stack is closed.
    """
    from ..studio.serve import experiment_process

    options = {"--executor": executor, "--address": address}
    chosen = [part for name, value in options.items() if value for part in (name, value)]
    if is_results_directory(Path(shown)):
        if chosen:
            got = f"the results directory {shown}"
            raise SpecError([f"{chosen[0]} must be used with an experiment, got {got}. Omit {chosen[0]}."])
        return ResultsIndex((Path(shown),), Path("results"))
    directory = _create_run_directory(shown, executor, address)
    ended = stack.enter_context(experiment_process([shown, *chosen], directory, print_remark))
    return ResultsIndex((directory,), Path("results"), ended)


def _open_duel(reference: str, option: str | None, stack: ExitStack) -> tuple[ResultsIndex, str]:
    """Race a class in a sandbox, in a process of its own, against what is known.

    Returns:
        The index of results, and the part of the page's address that shows both runs side by side.
    """
    from ..execution.plan import make_plan
    from ..execution.results_directory import create_results_directory
    from ..studio.serve import experiment_process
    from ..trials.candidate import make_entry, open_candidate
    from ..trials.race import make_duel

    if option is not None:
        raise SpecError([f"--executor and --address must be left out with FILE:CLASS, got {option}. Leave it out."])
    candidate = open_candidate(reference, str(Path.cwd()))
    place, _, name = reference.rpartition(":")
    experiment = make_duel(candidate.family, candidate.kind, make_entry(f"{Path(place).resolve()}:{name}"))
    runs = make_plan(experiment).runs
    source = Path(stack.enter_context(TemporaryDirectory(prefix="searchparty-"))) / "race.yaml"
    source.write_text(experiment.to_yaml(), encoding="utf-8")
    directory = create_results_directory(None, experiment.name)
    ended = stack.enter_context(experiment_process([str(source), "--no-report"], directory, print_remark))
    shelf = ResultsIndex((directory,), Path("results"), ended)
    frame = {"view": "watch", "results": next(iter(shelf.directories())), "run": runs[0].id, "beside": runs[1].id}
    return shelf, f"#{urlencode(frame)}"


def print_line(line: str) -> None:
    """Print a line at once, without wrapping it: its output may be a pipe to a program that waits for it."""
    out.print(line, soft_wrap=True)
    out.file.flush()


def is_results_directory(path: Path) -> bool:
    """Return whether a path is a results directory.

    Raises:
        SpecError: If it is a directory without results.
    """
    if not path.is_dir():
        return False
    if (path / "log.sqlite").exists() or (path / "experiment.yaml").exists():
        return True
    raise SpecError([f"RESULTS must be a directory that `run` made, got {path}, which holds no log. Name another."])


def _create_run_directory(source: str, executor: str | None, address: str | None) -> Path:
    """Create the directory for a run of an experiment, after checking that the experiment can be planned."""
    from ..execution.plan import make_plan
    from ..execution.results_directory import create_results_directory

    experiment = load(source).with_executor(executor, address)
    make_plan(experiment)
    return create_results_directory(None, experiment.name)
