"""Groups causes of failure that differ in numbers alone, such as the settings that a message of the user's quotes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLACE = re.compile(r"(; in|,) \S+:\d+$")
"""The place of an error at the end of its cause: another line is another error."""
_NUMBER = re.compile(r"(?<![\w.])(?<!exit code )(?<!signal )[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\w)")
"""A number that is no part of a name. Exit codes and signals say what happened, and are kept."""


def group_causes(causes: Iterable[str]) -> dict[str, str]:
    """Return how each cause is shown: causes that differ in numbers alone are shown alike, with the first as example.

    Example:
        >>> shown = group_causes(["raised ValueError: at 0.1", "raised ValueError: at 2e-3", "raised OSError: no"])
        >>> sorted(set(shown.values()))
        ['raised OSError: no', 'raised ValueError: at # (e.g. raised ValueError: at 0.1)']
    """
    groups: dict[str, list[str]] = {}
    for cause in dict.fromkeys(causes):
        groups.setdefault(_leave_out_numbers(cause), []).append(cause)
    return {
        cause: cause if len(alike) == 1 else f"{masked} (e.g. {alike[0]})"
        for masked, alike in groups.items()
        for cause in alike
    }


def _leave_out_numbers(cause: str) -> str:
    place = _PLACE.search(cause)
    text, end = (cause, "") if place is None else (cause[: place.start()], place[0])
    return _NUMBER.sub("#", text) + end
