"""One axis of a space: how a coordinate in [0, 1] becomes a value, and the other way round."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Choice = str | int | float | bool | None
"""A value of an axis without order."""
Value = Choice
"""A value of any axis, as the objective receives it: a float, an int, or a choice."""
MANY = 30
"""From this many coordinates on, numpy is faster. It has the same bits for sums, products and whole parts, but not for
exponentials."""


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
    def is_plain(self) -> bool:
        """Whether the number is a linear function of the coordinate."""
        return not (self.log or self.is_stepped)

    @property
    def steps(self) -> int:
        """The number of values; 0 if there are infinitely many."""
        return round(self.high - self.low) + 1 if self.is_stepped else 0

    def to_number(self, coordinate: float) -> float:
        """Convert a coordinate in [0, 1] to a number in [low, high]."""
        return self.to_numbers((coordinate,))[0]

    def to_numbers(self, coordinates: Sequence[float]) -> list[float]:
        """Convert coordinates in [0, 1] to numbers in [low, high]."""
        low, high = float(self.low), float(self.high)
        if self.log:
            first, last = self._log_ends
            width, exp = last - first, math.exp
            found = [exp(first + x * width) if 0.0 < x < 1.0 else low for x in coordinates]
            if self.integer:
                found = [float(round(number)) for number in found]
            inner = [low if number < low else high if number > high else number for number in found]
        elif self.is_stepped:
            steps = self.steps
            if len(coordinates) >= MANY:
                x = np.asarray(coordinates)
                cells = np.minimum(low + np.floor(x * steps), high)
                numbers: list[float] = np.where(x >= 1.0, high, np.where(x > 0.0, cells, low)).tolist()
                return numbers
            inner = [min(low + math.floor(x * steps), high) if 0.0 < x < 1.0 else low for x in coordinates]
        else:
            inner = [min(low + x * (high - low), high) for x in coordinates]
        return [low if x <= 0.0 else high if x >= 1.0 else y for x, y in zip(coordinates, inner, strict=True)]

    def to_coordinate(self, number: float) -> float:
        """Convert a number to its coordinate in [0, 1]; of a stepped axis, to the middle of the number's cell."""
        if self.log:
            first, last = self._log_ends
            return min(max((math.log(max(number, self.low)) - first) / (last - first), 0.0), 1.0)
        if self.is_stepped:
            return min(max((round(number) - self.low + 0.5) / self.steps, 0.0), 1.0)
        return min(max((number - self.low) / (self.high - self.low), 0.0), 1.0)

    def slope(self, number: float) -> float:
        """Return by how much the number of a real axis grows per unit of its coordinate, at this number."""
        if self.log:
            first, last = self._log_ends
            return number * (last - first)
        return self.high - self.low

    def to_value(self, coordinate: float) -> Value:
        """Convert a coordinate in [0, 1] to what the objective receives."""
        return self.name_number(self.to_number(coordinate))

    def name_number(self, number: float) -> Value:
        """Convert a number of this axis to what the objective receives: a float, an int, or the choice."""
        if self.choices:
            return self.choices[int(number)]
        return int(number) if self.integer else float(number)

    @property
    def _log_ends(self) -> tuple[float, float]:
        # Half a step beyond either end, so that the first and the last number have whole cells.
        margin = 0.5 if self.integer else 0.0
        return math.log(self.low - margin), math.log(self.high + margin)
