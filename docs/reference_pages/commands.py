"""The page of all commands, from the command line's own help."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import Any

import typer.main

from searchparty.experiments.cli.main import app

from .markdown import code, escape, table

HEAD = ("argument or option", "default", "what it does")


def commands_page() -> str:
    """Every command with its arguments and options."""
    group: Any = typer.main.get_command(app)
    return "".join(_command(name, group.get_command(None, name)) for name in group.commands)


def _command(name: str, command: Any) -> str:
    text, _, examples = re.sub(r"\n+Examples?: ", "\0", cleandoc(command.help or "")).partition("\0")
    listed = "\n".join(example.strip() for example in " ".join(examples.split()).split(";"))
    rows = [_parameter(each) for each in command.params if each.name != "help"]
    shown = f"```sh\n{listed}\n```\n\n" if examples else ""
    return f"## searchparty {name}\n\n{escape(text)}\n\n{shown}" + (table(HEAD, rows) if rows else "")


def _parameter(parameter: Any) -> tuple[str, str, str]:
    is_option = parameter.param_type_name == "option"
    names = ", ".join([*parameter.opts, *parameter.secondary_opts]) if is_option else parameter.metavar
    flag = getattr(parameter, "is_flag", False)
    value = f" {parameter.metavar}" if is_option and parameter.metavar and not flag else ""
    default = parameter.default
    shown = "" if default is None or callable(default) or flag or default == [] else str(default)
    return code(f"{names}{value}"), code(shown), escape(getattr(parameter, "help", "") or "")
