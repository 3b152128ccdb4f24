"""Words what is wrong with a command line as all mistakes are worded."""

from __future__ import annotations

import re
from typing import Any

import typer

from ..spec.errors import format_problem, quote, suggest

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
        rule = f"be a known option of {command}"
        return format_problem("option", rule, quote(error.option_name), "", suggest(error.option_name, options))
    unknown = UNKNOWN_COMMAND.search(error.format_message())
    if unknown is not None and context is not None:
        return format_problem(
            "command", "be a known command", quote(unknown[1]), "", suggest(unknown[1], context.command.commands)
        )
    message = error.format_message().rstrip(".")
    return f"{message}. {cure}"


def shows_help(error: Any) -> bool:
    """Return whether nothing was given where something must be: the help is shown then, not a message."""
    return type(error).__name__ == "NoArgsIsHelpError"
