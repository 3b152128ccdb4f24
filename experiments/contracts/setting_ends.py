"""The ends of the ranges of a class's settings, read from its fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import BaseModel

from ..spec.errors import union_members

LARGEST_WHOLE = 300
"""The most of a whole number that is tried: beyond, it is mostly only slow."""


def read_limits(field: Any) -> dict[str, Any]:
    """Return the limits of a field's range: ge, gt, le, lt."""
    names = ("ge", "gt", "le", "lt")
    return {name: getattr(rule, name) for rule in field.metadata for name in names if hasattr(rule, name)}


def list_ends(cls: type[BaseModel]) -> Iterator[tuple[str, int | float]]:
    """Yield (setting, value) for both ends of the range of each number, where it has any.

    Of an open range, the values next to its ends; of numbers without an end, none. Of a closed range of numbers that
    begins at 0, also 1e-12 above.

    Args:
        cls: The class.

    Example:
        >>> from searchparty.agents.grid import Grid
        >>> ("points_per_axis", 2) in set(list_ends(Grid))
        True
    """
    for name, field in cls.model_fields.items():
        members, limits = union_members(field.annotation), read_limits(field)
        found: list[int | float] = []
        if float in members:
            found = _list_number_ends(limits)
        elif int in members:
            found = _list_whole_ends(limits)
        yield from ((name, value) for value in dict.fromkeys(found))


def _list_number_ends(limits: dict[str, Any]) -> list[int | float]:
    low, high = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))
    found: list[int | float] = []
    if low is not None:
        inner = float(np.nextafter(low, np.inf))
        found += [float(low)] if "ge" in limits else [inner]
        found.append(low + 1e-12 * min(1.0, (high - low) if high is not None else 1.0))
    if high is not None:
        found.append(float(high) if "le" in limits else float(np.nextafter(high, -np.inf)))
    return found


def _list_whole_ends(limits: dict[str, Any]) -> list[int | float]:
    low = limits.get("ge", limits["gt"] + 1 if "gt" in limits else None)
    high = limits.get("le", limits["lt"] - 1 if "lt" in limits else LARGEST_WHOLE)
    if low is None:
        return [min(int(high), LARGEST_WHOLE)] if "le" in limits or "lt" in limits else []
    return [int(low), max(int(low), min(int(high), LARGEST_WHOLE))]
