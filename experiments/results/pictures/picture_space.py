"""The space in which pictures are drawn: every axis is linear, whatever its scale and steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np

from ....landscapes.axis import Axis
from ....landscapes.landscape import Array, Space
from ....landscapes.parameters import parse_parameters


def picture_space(space: Space) -> Space:
    """Return a space of linear axes on which the points of a space can be drawn.

    A logarithmic axis becomes an axis of the number's logarithm. Of an axis with finitely many values, every value is
    the middle of a unit interval; those of a choice are numbered from 0. A plain box remains what it is.

    Args:
        space: The space that was searched.

    Returns:
        A space of the same dimension, whose ``names`` say what the numbers on its axes are.

    Example:
        >>> shown = picture_space(Space.of_axes((Axis("rate", 1e-4, 1e-2, log=True), Axis("k", 0, 2, integer=True))))
        >>> shown.names, shown.lower.tolist(), shown.upper.tolist()
        (('log10 rate', 'k'), [-4.0, -0.5], [-2.0, 2.5])
    """
    return Space.of_axes(tuple(map(_picture_axis, space.axes))) if space.axes else space


def _picture_axis(axis: Axis) -> Axis:
    if axis.choices:
        listed = ", ".join(f"{number} {choice}" for number, choice in enumerate(axis.choices))
        return Axis(f"{axis.name}: {listed}", -0.5, len(axis.choices) - 0.5)
    margin = 0.5 if axis.integer else 0.0
    if axis.log:
        return Axis(f"log10 {axis.name}", math.log10(axis.low - margin), math.log10(axis.high + margin))
    return Axis(axis.name, axis.low - margin, axis.high + margin)


def move_to_values(space: Space, cube: Array) -> Array:
    """Return points (n, D) of the unit cube where pictures show them: at the values that were evaluated.

    On an axis of finitely many values, that is the middle of the value's cell, wherever in it the agent proposed.
    """
    stepped = [index for index, axis in enumerate(space.axes) if axis.is_stepped]
    if not stepped or not len(cube):
        return cube
    moved = cube.copy()
    moved[:, stepped] = space.to_cube(space.to_box(cube))[:, stepped]
    return moved


def describe_setting(setting: Mapping[str, object], named: bool, most: int, digits: int = 6) -> str:
    """Return values in words, at most ``most`` of them: numbers, or with their names."""
    shown = ((name, format_value(value, digits)) for name, value in islice(setting.items(), most))
    return ", ".join(f"{name}={value}" if named else value for name, value in shown) + (
        ", ..." if len(setting) > most else ""
    )


def name_values(space: Space, box: Array) -> dict[str, object]:
    """Return the values of a point (D,) in the landscape's units by the names of its axes."""
    if not space.axes:
        return dict(zip(space.names, box.tolist(), strict=True))
    return {axis.name: axis.name_number(number) for axis, number in zip(space.axes, box.tolist(), strict=True)}


def name_all_values(landscape: Mapping[str, Any], space: Space, box: Array) -> dict[str, object]:
    """Return the values of a point (D,) as the objective received them, by name: fixed ones are included.

    Args:
        landscape: The recorded settings of the landscape. What they do not tell is left out.
        space: The space that was searched.
        box: The point in the landscape's units.
    """
    try:
        if space.axes:
            parameters = parse_parameters(landscape["parameters"])
            known = parameters.axes == space.axes
            return dict(parameters.name_values(box.tolist())) if known else name_values(space, box)
        pairs = np.array(landscape["bounds"], dtype=float).reshape(-1, 2)
        fixed = pairs[:, 0] == pairs[:, 1]
        if not fixed.any() or not np.array_equal(pairs[~fixed], np.column_stack([space.lower, space.upper])):
            return name_values(space, box)
        coordinates = pairs[:, 0].copy()
        coordinates[~fixed] = box
        return {f"x{number}": value for number, value in enumerate(coordinates.tolist(), 1)}
    except (KeyError, TypeError, ValueError):
        # A landscape of another kind, whose settings mean something else.
        return name_values(space, box)


def format_value(value: object, digits: int) -> str:
    """Return a value as text: a float with so many digits, anything else as it is."""
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
