"""What an objective is called with: arrays of coordinates, or values by name; and what its gradients become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from .axis import Axis, Value
from .landscape import Array, AxisBounds, PointCheck, Space
from .parameters import ParameterSet
from .real_numbers import NotANumber, to_gradient


class Arguments(Protocol):
    """Protocol of what makes arguments from points.

    Attributes:
        axes: The axes, D of them, if some are named, logarithmic or stepped; empty for a plain box.
    """

    axes: tuple[Axis, ...]

    @property
    def bounds(self) -> AxisBounds:
        """The bounds of the axes that are searched."""
        ...

    def of_row(self, point: Array) -> Any:
        """Return the argument for a point (D,). The objective may change it."""
        ...

    def of_batch(self, points: Array) -> Any:
        """Return the argument for points (n, D). The objective may change it."""
        ...

    def read_gradient(self, found: Any) -> Array:
        """Return the gradient (D,) from what the user's gradient returned. Raises NotANumber."""
        ...

    def read_gradients(self, found: Any, n: int) -> Array:
        """Return the gradients (n, D) from what the user's gradient returned for n points. Raises NotANumber."""
        ...

    def locate(self, start: Any) -> Array:
        """Return the numbers (D,) of a setting that the user knows. Raises ValueError."""
        ...


class ArrayArguments:
    """Arrays of coordinates. Axes whose bounds are equal are fixed: they are in the arrays, but are not searched.

    Example:
        >>> made = ArrayArguments(((0.0, 1.0), (7.0, 7.0)))
        >>> made.of_row(np.array([0.25])).tolist()
        [0.25, 7.0]
    """

    axes: tuple[Axis, ...] = ()

    def __init__(self, pairs: AxisBounds) -> None:
        self.pairs = pairs
        self._free = np.array([low < high for low, high in pairs])
        self._whole = bool(self._free.all())
        self._template = np.array([low for low, _ in pairs], dtype=float)

    @property
    def bounds(self) -> AxisBounds:
        """The bounds of the axes that are searched."""
        return tuple(pair for pair in self.pairs if pair[0] < pair[1])

    def of_row(self, point: Array) -> Array:
        """Return the coordinates of all axes, shape (D + fixed,)."""
        if self._whole:
            return point.copy()
        found = self._template.copy()
        found[self._free] = point
        return found

    def of_batch(self, points: Array) -> Array:
        """Return the coordinates of all axes, shape (n, D + fixed)."""
        if self._whole:
            return points.copy()
        found = np.tile(self._template, (len(points), 1))
        found[:, self._free] = points
        return found

    def read_gradient(self, found: Any) -> Array:
        """Return the part of a gradient (D + fixed,) that is searched, shape (D,)."""
        return to_gradient(found, self._template.shape)[self._free]

    def read_gradients(self, found: Any, n: int) -> Array:
        """Return the part of gradients (n, D + fixed) that is searched, shape (n, D)."""
        return to_gradient(found, (n, len(self._template)))[:, self._free]

    def locate(self, start: Any) -> Array:
        """Return the searched coordinates of a list of all of them."""
        count = len(self.pairs)
        if not isinstance(start, Sequence | np.ndarray) or any(np.ndim(each) for each in start) or len(start) != count:
            raise ValueError(f"start must be a list of {count} numbers, one per axis, got {start!r}. Change it.")
        try:
            given = np.array(start, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"start must hold numbers, got {start!r}. Change it.") from None
        for (low, high), number in zip(self.pairs, given.tolist(), strict=True):
            if not low <= number <= high:
                raise ValueError(f"start must lie within the bounds, got {number:g}, outside [{low:g}, {high:g}].")
        return np.array(given[self._free])


class NamedArguments:
    """Values by name: of a row, numbers and choices; of a batch, an array or a list of n values for each name.

    Example:
        >>> from searchparty.landscapes.parameters import parse_parameters
        >>> made = NamedArguments(parse_parameters({"depth": {"low": 1, "high": 4, "integer": True}, "momentum": 0.9}))
        >>> made.of_row(np.array([3.0]))
        {'depth': 3, 'momentum': 0.9}
    """

    def __init__(self, parameters: ParameterSet) -> None:
        self.parameters, self.axes = parameters, parameters.axes

    @property
    def bounds(self) -> AxisBounds:
        """The bounds of the axes that are searched."""
        return tuple((axis.low, axis.high) for axis in self.axes)

    def of_row(self, point: Array) -> dict[str, Value]:
        """Return the value of each parameter."""
        return self.parameters.name_values(point.tolist())

    def of_batch(self, points: Array) -> dict[str, Any]:
        """Return the n values of each searched parameter, and the value of each fixed one."""
        found: dict[str, Any] = dict(self.parameters.fixed)
        for axis, column in zip(self.axes, points.T, strict=True):
            values = [axis.name_number(x) for x in column.tolist()]
            found[axis.name] = values if axis.choices else np.array(values)
        return {name: found[name] for name in self.parameters.names}

    def read_gradient(self, found: Any) -> Array:
        """Return a gradient (D,) from a mapping by name, or a list in the order of the searched parameters."""
        return to_gradient(self._order(found), (len(self.axes),))

    def read_gradients(self, found: Any, n: int) -> Array:
        """Return gradients (n, D) from a mapping from names to n numbers, or an array (n, D)."""
        ordered = self._order(found)
        if isinstance(found, Mapping):
            ordered = np.array(ordered, dtype=float).T
        return to_gradient(ordered, (n, len(self.axes)))

    def _order(self, found: Any) -> Any:
        if not isinstance(found, Mapping):
            return found
        missing = [axis.name for axis in self.axes if axis.name not in found]
        if missing:
            raise NotANumber(f"returned a gradient without {', '.join(missing)}")
        return [found[axis.name] for axis in self.axes]

    def locate(self, start: Any) -> Array:
        """Return the numbers of a mapping from the names of all searched parameters to values."""
        names = [axis.name for axis in self.axes]
        if not isinstance(start, Mapping):
            raise ValueError(f"start must be a mapping from names to values, got {start!r}. Write {{{names[0]}: ...}}.")
        for name, value in start.items():
            if name in self.parameters.fixed:
                fixed = self.parameters.fixed[name]
                if value != fixed:
                    raise ValueError(f"start.{name} must be left out, or be {fixed!r}, got {value!r}: it is fixed.")
                continue
            if name not in names:
                raise ValueError(f"start.{name} must be a searched parameter, got {name!r}. Known: {', '.join(names)}.")
        for name in names:
            if name not in start:
                raise ValueError(f"start.{name} must be given, got nothing. Add it.")
        return np.array([_locate_value(axis, start[axis.name]) for axis in self.axes])


def _locate_value(axis: Axis, value: Any) -> float:
    """Return the number of a value on an axis. Raises ValueError if the axis does not have it."""
    if axis.choices:
        for position, choice in enumerate(axis.choices):
            if choice == value and isinstance(choice, bool) == isinstance(value, bool):
                return float(position)
        listed = ", ".join(map(str, axis.choices))
        raise ValueError(f"start.{axis.name} must be one of its choices, got {value!r}. Known: {listed}.")
    if isinstance(value, bool | str) or not isinstance(value, int | float | np.number):
        raise ValueError(f"start.{axis.name} must be a number, got {value!r}. Change it.")
    number = float(value)
    if not axis.low <= number <= axis.high:
        raise ValueError(
            f"start.{axis.name} must lie within its range, got {number:g}, outside [{axis.low:g}, {axis.high:g}]. "
            "Change it."
        )
    if axis.integer and number != round(number):
        raise ValueError(f"start.{axis.name} must be a whole number, got {number:g}. Leave out the fraction.")
    return number


def make_space(
    arguments: Arguments,
    has_gradient: bool,
    gradient_price: int,
    start: Sequence[Any] | Mapping[str, Any] | None,
    noisy: bool = False,
    conditions: PointCheck | None = None,
) -> Space:
    """Return the space of the axes that are searched.

    Args:
        arguments: What makes the arguments of the objective.
        has_gradient: Whether it has a gradient.
        gradient_price: Cost of one gradient, in evaluations.
        start: A setting that the user knows, or None.
        noisy: Whether a setting may have another loss each time.
        conditions: Conditions that a point must meet.

    Raises:
        ValueError: The start is not a setting of these axes.
    """
    low, high = np.array(arguments.bounds, dtype=float).T
    space = Space(
        low.copy(), high.copy(), has_gradient, gradient_price, arguments.axes, noisy=noisy, conditions=conditions
    )
    if start is None:
        return space
    located = arguments.locate(start)
    broken = "" if conditions is None else conditions.broken_by(located)
    if broken:
        raise ValueError(f"start must meet the constraints, got {start!r}, which is {broken}. Change one of them.")
    return replace(space, start=space.to_cube(located))
