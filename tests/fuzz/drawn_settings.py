"""Draws settings for a class from its fields, so that a new class or setting is drawn without an edit here."""

from __future__ import annotations

import typing
from typing import Any

import numpy as np
from pydantic import BaseModel

from searchparty.experiments.spec.errors import union_members

DIMENSIONS = (1, 1, 2, 2, 2, 3, 3, 4, 5, 7, 11)
SMALL = {"points_per_axis": 9, "max_points": 60, "candidates": 200, "population": 40, "batch": 60, "first": 60}
"""The most of settings that make one proposal large: far beyond a small budget, it is only slow."""


def choose(rng: np.random.Generator, options: Any) -> Any:
    """Return one of the options."""
    return options[int(rng.integers(len(options)))]


def draw_settings(rng: np.random.Generator, cls: type[BaseModel]) -> dict[str, Any]:
    """Draw some settings of a class, each from what its field may be."""
    found = {}
    for name, field in cls.model_fields.items():
        if name in ("kind", "bounds") or field.exclude or (rng.random() < 0.6 and not field.is_required()):
            continue
        options = [value for part in union_members(field.annotation) for value in list_options(rng, name, part, field)]
        if options:
            found[name] = choose(rng, options)
    return found


def list_options(rng: np.random.Generator, name: str, annotation: Any, field: Any) -> list[Any]:
    """Return values that a field may be given, those at the ends of its range among them."""
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    if annotation is bool:
        return [True, False]
    if annotation is int:
        return list_whole_numbers(rng, name, field)
    if annotation is float:
        return list_numbers(rng, field)
    return []


def read_limits(field: Any) -> dict[str, Any]:
    """Return the limits of a field's range: ge, gt, le, lt."""
    names = ("ge", "gt", "le", "lt")
    return {name: getattr(rule, name) for rule in field.metadata for name in names if hasattr(rule, name)}


def list_whole_numbers(rng: np.random.Generator, name: str, field: Any) -> list[int]:
    limits = read_limits(field)
    low, high = limits.get("ge", limits.get("gt", -1) + 1), limits.get("le", limits.get("lt", 10**12 + 1) - 1)
    if name == "dimension":
        return [each for each in DIMENSIONS if low <= each <= high]
    high = min(high, SMALL.get(name, high))
    return [low, low, min(low + 1, high), min(low + 5, high), min(low + int(rng.integers(40)), high), high]


def list_numbers(rng: np.random.Generator, field: Any) -> list[float]:
    limits = read_limits(field)
    low, high = float(limits.get("ge", limits.get("gt", -1e300))), float(limits.get("le", limits.get("lt", 1e300)))
    found = [low + (min(high, low + 1) - low) * float(rng.random()), low + 1e-12 * (min(high, low + 1) - low)]
    found += [low] if "gt" not in limits else [float(np.nextafter(low, high))]
    found += [high] if "lt" not in limits else [float(np.nextafter(high, low))]
    return found
