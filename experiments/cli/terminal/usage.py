"""Words what is wrong with a command line as all mistakes are worded."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import typer

from ....agents.evaluation.settings import Evaluation
from ...spec.errors import format_problem, quote, setting_names, suggest
from ...spec.models import Experiment, Stop

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What Typer raises for a wrong command line. It has no public name of its own there."""
UNKNOWN_COMMAND = re.compile(r"No such command '(.*?)'", re.DOTALL)


def describe_usage_error(error: Any) -> str:
    """Describe a wrong command line in one line, with what was probably meant.

    Args:
        error: The ``UsageError``. Its context may be missing.
    """
    context = error.ctx
    command = "searchparty" if context is None else context.command_path
    cure = f"See: {command} --help"
    if hasattr(error, "option_name") and hasattr(error, "possibilities"):
        known = [
            name for each in getattr(context, "command", error).params for name in [*each.opts, *each.secondary_opts]
        ]
        options = sorted({name for name in known if name.startswith("--")} | {"--help"})
        key = _find_key(error.option_name, options) if "--set" in options else None
        rule = f"be a known option of {command}"
        cure = suggest(error.option_name, options) if key is None else f"Write --set {key}=... in place of it."
        return format_problem("option", rule, quote(error.option_name), "", cure)
    unknown = UNKNOWN_COMMAND.search(error.format_message())
    if unknown is not None and context is not None:
        return format_problem(
            "command", "be a known command", quote(unknown[1]), "", suggest(unknown[1], context.command.commands)
        )
    message = error.format_message().rstrip(".")
    return f"{message}. {cure}"


def _find_key(option: str, options: list[str]) -> str | None:
    """Return the path of the key of an experiment that an unknown option probably means; None if it means an option.

    ``--repeats`` means ``repeats``, and ``--timeout`` means ``evaluation.timeout``.
    """
    keys = {name: name for name in setting_names(Experiment)}
    for part, cls in (("stop", Stop), ("evaluation", Evaluation)):
        keys = {name: f"{part}.{name}" for name in setting_names(cls)} | keys
    written = option.removeprefix("--").replace("-", "_")
    head, dot, rest = written.partition(".")
    if not dot:
        keys = {name: path for name, path in keys.items() if f"--{name}" not in options}
    near = get_close_matches(f"--{head}", [*options, *(f"--{key}" for key in keys)], n=1)
    return f"{keys[near[0][2:]]}{dot}{rest}" if near and near[0][2:] in keys else None


def shows_help(error: Any) -> bool:
    """Return whether nothing was given where something must be: the help is shown then, not a message."""
    return type(error).__name__ == "NoArgsIsHelpError"
