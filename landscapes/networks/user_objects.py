"""The user's functions, called where a mistake of theirs must be told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..landscape import LandscapeError


def call_user_function(field: str, reference: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of the user while a landscape is opened.

    Args:
        field: The setting that names it, for messages.
        reference: What the setting says.
        function: The function.
        arguments: What it is called with.

    Raises:
        LandscapeError: It raised something.
    """
    try:
        return function(*arguments)
    except LandscapeError:
        raise
    except Exception as error:
        words = " ".join(str(error).split())[:300]
        raise LandscapeError(
            f"{field} must name a function that runs, got {reference}, which raised {type(error).__name__}: {words}. "
            "Correct it."
        ) from None


def qualify_reference(reference: str, beside: str) -> str:
    """Return a reference in full: a name without a path is in the same file as another reference."""
    return reference if ":" in reference else f"{beside.rpartition(':')[0]}:{reference}"
