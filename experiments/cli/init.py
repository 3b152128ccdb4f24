"""The command init, which writes an experiment to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from ...orchestrator.command_line import format_command
from ..execution.results_directory import ResultsError
from .terminal.console import out

TEMPLATES = ("experiment.yaml", "objective.py")


def init_command(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="The directory for the files. Default: here.")] = (
        Path()
    ),
) -> None:
    """Write a template for an experiment: a commented YAML, and an objective function to replace with your own.

    Examples: searchparty init; searchparty init my-study
    """
    texts = {name: files(__package__).joinpath("templates", name).read_text(encoding="utf-8") for name in TEMPLATES}
    taken = [directory / name for name in texts if (directory / name).exists()]
    if taken:
        raise ResultsError(
            f"DIR must not contain {taken[0].name}, got {taken[0]}, which exists. Name another directory."
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (directory / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(
            f"DIR must be a directory that can be written, got {directory} ({error.strerror}). Name another."
        ) from None
    for name in texts:
        out.print(f"Wrote {directory / name}", soft_wrap=True)
    out.print(f"Run it with: {format_command('run', directory / TEMPLATES[0])}", soft_wrap=True)
