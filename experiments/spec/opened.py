"""Holds what is known of the landscapes of an experiment: each is opened only once."""

from __future__ import annotations

from ...landscapes.landscape import Landscape, LandscapeError
from ...landscapes.opening import LandscapeFacts, read_facts


class LandscapeCache:
    """Opens each landscape once, however many variants of an experiment contain it."""

    def __init__(self) -> None:
        self._facts_by_landscape: dict[tuple[str, str], LandscapeFacts | str] = {}

    def facts(self, landscape: Landscape) -> LandscapeFacts | str:
        """Return the facts of a landscape, or a message that says why it cannot be opened."""
        key = (f"{type(landscape).__module__}.{type(landscape).__qualname__}", landscape.model_dump_json())
        if key not in self._facts_by_landscape:
            self._facts_by_landscape[key] = _open_facts(landscape)
        return self._facts_by_landscape[key]


def _open_facts(landscape: Landscape) -> LandscapeFacts | str:
    try:
        return read_facts(landscape)
    except LandscapeError as error:
        return str(error)
    except Exception as error:
        # A landscape written by the user may raise anything, and a user's mistake must never end in a traceback.
        return (
            f"{landscape.kind} must open without an error, got {type(error).__name__}: {error}. "
            "Change its settings or correct its code."
        )
