"""Writes commands for readers to copy into a shell."""

from __future__ import annotations

import shlex


def quote_words(*words: object) -> list[str]:
    """Return the words of a command of this program, each quoted where a POSIX shell would not take it as it is.

    Args:
        words: The words after the program's name: texts, paths or numbers.

    Returns:
        The words as a shell reads them, the program's name first.

    Example:
        >>> quote_words("resume", "d 1", "--repeats", 5)
        ['searchparty', 'resume', "'d 1'", '--repeats', '5']
    """
    return [shlex.quote(str(word)) for word in ("searchparty", *words)]


def format_command(*words: object) -> str:
    """Return a command of this program as one line that can be copied into a shell. Arguments: see ``quote_words``.

    Example:
        >>> format_command("report", "results/quickstart-1", "--power")
        'searchparty report results/quickstart-1 --power'
    """
    return " ".join(quote_words(*words))
