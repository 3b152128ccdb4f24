"""One axis of a space: how a coordinate in [0, 1] becomes a value, and the other way round."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Choice = str | int | float | bool | None
"""A value of an axis without order."""
Value = Choice
"""A value of any axis, as the objective receives it: a float, an int, or a choice."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a space: real, logarithmic, of whole numbers, or a choice of values without order.

    A coordinate in [0, 1] becomes a number: of a choice, it is the choice's position from 0. Stepped axes divide [0, 1]
    into one cell for each value. The cells are equally wide, or equally wide before the logarithm is rounded where
    the axis has one.

    Every coordinate is computed alone, exponentials by the functions of ``math``: no bit depends on the points beside
    it.

    Attributes:
        name: The parameter's name.
        low: The least number, in the landscape's units.
        high: The greatest number.
        log: Whether equal distances are equal ratios; then 0 < low.
        integer: Whether the numbers are whole.
        choices: The values of an axis without order; then low is 0 and high is their number - 1.

    Example:
        >>> rate = Axis("rate", 1e-4, 1e-2, log=True)
        >>> round(rate.to_number(0.5), 12)
        0.001
        >>> depth = Axis("depth", 2, 8, integer=True)
        >>> [depth.to_number(x) for x in (0.0, 0.14, 0.15, 1.0)]
        [2.0, 2.0, 3.0, 8.0]
        >>> kernel = Axis.of_choices("kernel", ("rbf", "poly"))
        >>> kernel.to_value(0.75)
        'poly'
    """

    name: str
    low: float
    high: float
    log: bool = False
    integer: bool = False
    choices: tuple[Choice, ...] = ()
    is_plain: bool = field(init=False, repr=False, compare=False)
    """Whether the number is a linear function of the coordinate."""
    _first: float = field(init=False, repr=False, compare=False)
    """What a coordinate of 0 becomes before it is rounded, cut or raised to a power."""
    _width: float = field(init=False, repr=False, compare=False)
    """By how much that grows from 0 to 1."""

    def __post_init__(self) -> None:
        # Computed once: they are needed at every row. Ends that cannot be used are told of by whoever checks them.
        low, high = float(self.low), float(self.high)
        first, width = low, high - low
        if self.log:
            # Half a step beyond either end, so that the first and the last number have whole cells.
            margin = 0.5 if self.integer else 0.0
            first, last = (math.log(end) if end > 0 else math.nan for end in (low - margin, high + margin))
            width = last - first
        elif self.is_stepped and math.isfinite(width):
            width = round(width) + 1.0
        plain = not (self.log or self.is_stepped)
        for name, value in (("low", low), ("high", high), ("is_plain", plain), ("_first", first), ("_width", width)):
            object.__setattr__(self, name, value)

    @classmethod
    def of_choices(cls, name: str, choices: tuple[Choice, ...]) -> Axis:
        """Return an axis whose values are these choices."""
        return cls(name, 0.0, len(choices) - 1.0, choices=choices)

    @property
    def is_stepped(self) -> bool:
        """Whether the axis has finitely many values."""
        return self.integer or bool(self.choices)

    @property
    def is_ordered(self) -> bool:
        """Whether values that are near each other on the axis are alike."""
        return not self.choices

    @property
    def steps(self) -> int:
        """The number of values; 0 if there are infinitely many."""
        return round(self.high - self.low) + 1 if self.is_stepped else 0

    def to_number(self, coordinate: float) -> float:
        """Convert a coordinate in [0, 1] to a number in [low, high]."""
        if not 0.0 < coordinate < 1.0:
            return self.low if coordinate <= 0.0 else self.high
        return self.to_box(coordinate)

    def to_box(self, coordinate: float) -> float:
        """Convert a coordinate in [0, 1] as ``Space.to_box`` converts many at once, to the last bit.

        Of a plain axis with bounds that are not round numbers, 1 may become the last number before the upper bound.
        """
        if self.is_plain:
            number = self._first + coordinate * self._width
        elif not 0.0 < coordinate < 1.0:
            return self.low if coordinate <= 0.0 else self.high
        elif self.log:
            number = math.exp(self._first + coordinate * self._width)
            if self.integer:
                number = float(round(number))
            if number < self.low:
                return self.low
        else:
            number = self.low + math.floor(coordinate * self._width)
        return number if number < self.high else self.high

    def to_numbers(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert coordinates in [0, 1], an array of any shape, to numbers in [low, high]."""
        if self.log:
            # Not by numpy: the last bit of its exponentials depends on the processor.
            powers = map(math.exp, (self._first + coordinates * self._width).ravel().tolist())
            inner = np.fromiter(powers, float, coordinates.size).reshape(coordinates.shape)
            inner = np.maximum(np.rint(inner) if self.integer else inner, self.low)
        elif self.is_plain:
            inner = self._first + coordinates * self._width
        else:
            inner = self.low + np.floor(coordinates * self._width)
        inner = np.where(coordinates > 0.0, np.minimum(inner, self.high), self.low)
        found: NDArray[np.float64] = np.where(coordinates >= 1.0, self.high, inner)
        return found

    def to_coordinate(self, number: float) -> float:
        """Convert a number to its coordinate in [0, 1]; of a stepped axis, to the middle of the number's cell."""
        if self.log:
            return min(max((math.log(max(number, self.low)) - self._first) / self._width, 0.0), 1.0)
        if self.is_stepped:
            return min(max((round(number) - self.low + 0.5) / self.steps, 0.0), 1.0)
        return min(max((number - self.low) / (self.high - self.low), 0.0), 1.0)

    def slope(self, number: float) -> float:
        """Return by how much the number of a real axis grows per unit of its coordinate, at this number."""
        if self.log:
            return number * self._width
        return self.high - self.low

    def to_value(self, coordinate: float) -> Value:
        """Convert a coordinate in [0, 1] to what the objective receives."""
        return self.name_number(self.to_number(coordinate))

    def name_number(self, number: float) -> Value:
        """Convert a number of this axis to what the objective receives: a float, an int, or the choice."""
        if self.choices:
            return self.choices[int(number)]
        return int(number) if self.integer else float(number)
