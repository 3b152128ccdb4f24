"""The commands by name. The module of a command is imported when the command is used: none needs the whole package."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

import typer
import typer.core
import typer.main

HOMES = {
    "init": "init",
    "run": "run",
    "resume": "run",
    "check": "run",
    "sweep": "study",
    "ablate": "study",
    "branch": "study",
    "report": "inspect",
    "export": "export",
    "trace": "inspect",
    "verify": "inspect",
    "list": "inspect",
    "schema": "inspect",
    "animate": "animate",
    "embed": "embed",
    "landscape": "landscape",
    "simulate": "simulate",
    "try": "try_class",
    "studio": "studio",
    "submit": "cluster",
    "fetch": "cluster",
    "doctor": "cluster",
}
"""The module of each command, in the order in which the help lists them. Its function there is ``<name>_command``."""


class LateCommands(typer.core.TyperGroup):
    """A group of commands, each of which is made when it is first asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # The names are known from the beginning, e.g. to suggest the one that was meant.
        self.commands: dict[str, Any] = dict.fromkeys(HOMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of this name; None if there is none."""
        if cmd_name in HOMES and self.commands[cmd_name] is None:
            self.commands[cmd_name] = make_command(cmd_name)
        return self.commands.get(cmd_name)


def make_command(name: str) -> Any:
    """Import the module of a command, and make what parses its arguments and calls it."""
    # What is imported stays: to look through it for garbage, again and again, would take a tenth of the start.
    enabled = gc.isenabled()
    gc.disable()
    try:
        function = getattr(import_module(f".{HOMES[name]}", __package__), f"{name}_command")
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    alone.command(name)(function)
    return typer.main.get_command(alone)
