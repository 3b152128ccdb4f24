"""The parameters of an estimator as scikit-learn's users write them: ranges, lists, distributions and fixed values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..spec.errors import quote


@dataclass(frozen=True, slots=True)
class EstimatorParameters:
    """Parameters to search, and what an estimator receives for them.

    Attributes:
        searched: Ranges and choices by name, as ``minimize`` takes them; objects are replaced by their positions.
        objects: The objects that are chosen from, by name.
        fixed: The values of the others, by name.
    """

    searched: dict[str, Any]
    objects: dict[str, list[Any]]
    fixed: dict[str, Any]

    def to_values(self, setting: dict[str, Any]) -> dict[str, Any]:
        """Return what the estimator receives for a setting."""
        chosen = {name: self.objects[name][setting[name]] for name in self.objects}
        return setting | chosen | self.fixed


def read_parameters(parameters: Any) -> EstimatorParameters:
    """Read the parameters of a search.

    Args:
        parameters: A mapping from names to ranges, choices, lists, distributions of scipy and fixed values.

    Raises:
        ValueError: They are no mapping, or a distribution has no ends that can be read from it exactly.

    Example:
        >>> from scipy.stats import loguniform, randint
        >>> found = read_parameters({"C": loguniform(1e-3, 10.0), "degree": randint(2, 6), "kernel": "poly"})
        >>> found.searched["C"], found.searched["degree"], found.fixed
        ({'low': 0.001, 'high': 10.0, 'log': True}, {'low': 2, 'high': 5, 'integer': True}, {'kernel': 'poly'})
    """
    if not isinstance(parameters, Mapping) or not parameters:
        raise ValueError(
            f"parameters must be a mapping from names to ranges, choices, distributions or values, got "
            f"{quote(parameters)}. Write e.g. {{'C': {{'low': 0.001, 'high': 1000.0, 'log': True}}}}."
        )
    found = EstimatorParameters({}, {}, {})
    for name, entry in parameters.items():
        if hasattr(entry, "rvs") or (hasattr(entry, "support") and hasattr(entry, "sample")):
            found.searched[name] = _read_distribution(name, entry)
        elif isinstance(entry, Mapping) and set(entry) == {"value"}:
            found.fixed[name] = entry["value"]
        elif isinstance(entry, list | tuple | np.ndarray) or (isinstance(entry, Mapping) and set(entry) == {"choices"}):
            _add_choices(found, name, entry["choices"] if isinstance(entry, Mapping) else entry)
        elif isinstance(entry, Mapping):
            found.searched[name] = dict(entry)
        else:
            found.fixed[name] = entry
    if not found.searched:
        raise ValueError(
            f"parameters must have at least one that is searched, got {', '.join(map(str, parameters))}, all fixed. "
            "Give one of them a range {'low': ..., 'high': ...}, or a list of choices."
        )
    return found


def _add_choices(found: EstimatorParameters, name: str, choices: Any) -> None:
    """Add choices: as they are if a log can hold them, else by their positions."""
    listed = choices.tolist() if isinstance(choices, np.ndarray) and choices.ndim == 1 else choices
    if not isinstance(listed, list | tuple) or not listed:
        raise ValueError(f"parameters: {name} must be a list of choices, got {quote(choices)}. Write ['a', 'b'].")
    if len(listed) == 1:
        found.fixed[name] = listed[0]
    elif all(_is_plain(each) for each in listed):
        found.searched[name] = {"choices": list(listed)}
    else:
        found.objects[name] = list(listed)
        found.searched[name] = {"choices": list(range(len(listed)))}


def _is_plain(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | bool | int)


def _read_distribution(name: str, entry: Any) -> dict[str, Any]:
    """Return the range of a frozen distribution of scipy whose ends are exact. Raises ValueError."""
    family = getattr(getattr(entry, "dist", None), "name", type(entry).__name__)
    if family in ("uniform", "loguniform", "reciprocal", "randint"):
        low, high = (each.item() if hasattr(each, "item") else each for each in entry.support())
        if family == "uniform":
            return {"low": low, "high": high}
        if family == "randint":
            return {"low": int(low), "high": int(high), "integer": True}
        # With a location other than 0, equal ratios are not equally likely.
        if math.isclose(entry.median(), math.sqrt(low) * math.sqrt(high), rel_tol=1e-9):
            return {"low": low, "high": high, "log": True}
        family = f"{family} with loc"
    raise ValueError(
        f"parameters: {name} must be a distribution whose range can be read exactly (uniform, loguniform without loc, "
        f"randint), got {family}. Write {{'low': ..., 'high': ...}}."
    )
