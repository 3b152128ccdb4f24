"""Opening a landscape: once for all runs of this process that may share it; and what is known of it then."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from .landscape import Landscape, Problem, Space, known_minimum

MOST_SHARED = 64
"""Problems that are kept open, the latest used."""

_shared: OrderedDict[tuple[type[Landscape], str], Problem] = OrderedDict()


@dataclass(frozen=True, slots=True)
class LandscapeFacts:
    """What is known of a landscape once it has been opened, so that it need not be opened again to read it."""

    space: Space
    minimum: float | None
    rowwise: bool = False
    """Whether its problem goes through a batch row by row."""


def open_problem(landscape: Landscape) -> Problem:
    """Open a landscape, or hand on the problem that is open already where its class lets runs share one."""
    if not landscape.shareable:
        return landscape.open()
    key = (type(landscape), landscape.model_dump_json())
    if key not in _shared:
        _shared[key] = landscape.open()
        if len(_shared) > MOST_SHARED:
            _shared.popitem(last=False)
    _shared.move_to_end(key)
    return _shared[key]


def read_facts(landscape: Landscape) -> LandscapeFacts:
    """Open a landscape to learn what is to be known of it."""
    problem = open_problem(landscape)
    return LandscapeFacts(problem.space, known_minimum(problem), bool(getattr(problem, "rowwise", False)))
