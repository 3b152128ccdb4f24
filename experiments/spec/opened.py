"""What is known of the landscapes of an experiment, each opened once."""

from __future__ import annotations

from ...landscapes.landscape import Landscape, LandscapeError
from ...landscapes.opening import Facts, read_facts


class Opened:
    """Opens each landscape once, however many variants have it."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Facts | str] = {}

    def facts(self, landscape: Landscape) -> Facts | str:
        """What is known of the landscape, or why it cannot be opened."""
        key = (f"{type(landscape).__module__}.{type(landscape).__qualname__}", landscape.model_dump_json())
        if key not in self._known:
            self._known[key] = _facts(landscape)
        return self._known[key]


def _facts(landscape: Landscape) -> Facts | str:
    try:
        return read_facts(landscape)
    except LandscapeError as error:
        return str(error)
    except Exception as error:
        # A landscape of the user's own may raise anything, and a user's mistake never ends in a traceback.
        return f"{landscape.kind} must open, got {type(error).__name__}: {error}. Change its settings or mend its code."
