"""Losses that are rounded: to a float of fewer bits, or to a few decimal digits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

MOST_BITS = 24
"""Losses with at most this many significant bits are rounded: a float of single precision has 24, a double 53."""
MOST_DIGITS = 8
"""Losses with at most this many significant decimal digits are rounded; the shortest text of a double has 15 to 17."""
USUAL_DIGITS = 6
"""The significant digits that ``printf("%g")`` writes."""
LEAST_BITS, LEAST_DIGITS = 12, 4
"""A loss that is rounded to at least as many places is hardly a round number by chance."""
FEW_LOSSES = 4
"""The default of ``few``."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """How losses are rounded.

    Attributes:
        base: 2 if they have few bits, 10 if they have few decimal digits.
        places: The most significant bits or digits that any of them has.
        finest: Exponent, to this base, of the finest place that any of them has.

    Example:
        >>> rounding = find_rounding([0.25, 0.251, 0.254, 1.25])
        >>> rounding.describe(), rounding.unit(1.5)
        ('3 digits', 0.01)
    """

    base: int
    places: int
    finest: int

    def unit(self, loss: float) -> float:
        """Return the unit of the last place of a loss, which bounds the error of a difference of two such losses."""
        highest = _find_places(loss, self.base)[1] if loss else self.finest
        return float(self.base) ** max(self.finest, highest - self.places + 1, -300)

    def describe(self) -> str:
        """Return the rounding in words."""
        return f"{self.places} {'bit' if self.base == 2 else 'digit'}{'s' if self.places > 1 else ''}"


def find_rounding(losses: Iterable[float], few: int = FEW_LOSSES) -> Rounding | None:
    """Return how losses are rounded; None if some have all the digits of a double.

    Args:
        losses: Losses. Those that are zero or not finite tell nothing.
        few: From fewer distinct losses than this, it cannot be told whether they have still fewer bits than a float, or
            digits than are usual.

    Returns:
        The finer of both kinds of rounding if the losses are rounded in both; None if they are in neither, or if all of
        them tell nothing.

    Example:
        >>> find_rounding([0.1, 0.2, 1 / 3]) is None
        True
        >>> import numpy as np
        >>> find_rounding(float(np.float32(x)) for x in (0.1, 0.7, 1 / 3, 2 / 3)).describe()
        '24 bits'
    """
    telling = {float(loss) for loss in losses if loss and math.isfinite(loss)}
    if not telling:
        return None
    bits, digits = (MOST_BITS, USUAL_DIGITS) if len(telling) < few else (0, 0)
    both = (_round_to(2, telling, MOST_BITS, bits), _round_to(10, telling, MOST_DIGITS, digits))
    found = [rounding for rounding in both if rounding is not None]
    greatest = max(map(abs, telling))
    return min(found, key=lambda rounding: rounding.unit(greatest), default=None)


def describe_rounding(losses: Iterable[float]) -> str:
    """Return how losses are rounded, in words; "" if they are not.

    Example:
        >>> describe_rounding([0.1, 0.2, 0.25, 0.37]), describe_rounding([1 / 3])
        ('2 digits', '')
    """
    rounding = find_rounding(losses)
    return "" if rounding is None else rounding.describe()


def has_many_places(loss: float) -> bool:
    """Return whether a loss is rounded, but to so many places that it is hardly a round number by chance.

    Example:
        >>> [has_many_places(loss) for loss in (0.25, 0.123457, 1 / 3)]
        [False, True, False]
    """
    rounding = find_rounding([loss], few=0)
    return rounding is not None and rounding.places >= (LEAST_BITS if rounding.base == 2 else LEAST_DIGITS)


def _round_to(base: int, losses: set[float], most: int, usual: int) -> Rounding | None:
    """Return the rounding to a base, of at least ``usual`` places; None if it has more than ``most``."""
    lowest, places = math.inf, 0
    for loss in losses:
        low, high = _find_places(loss, base)
        places = max(places, high - low + 1)
        if places > most:
            return None
        lowest = min(lowest, low, high - usual + 1)
    return Rounding(base, max(places, usual), int(lowest))


def _find_places(loss: float, base: int) -> tuple[int, int]:
    """Return the exponents of the lowest and highest places, to base 2 or 10, of a loss that is not zero."""
    if base == 2:
        fraction, exponent = math.frexp(loss)
        digits = int(abs(fraction) * 2**53)
        return exponent - 53 + (digits & -digits).bit_length() - 1, exponent - 1
    number = Decimal(repr(loss)).normalize().as_tuple()
    assert isinstance(number.exponent, int)
    return number.exponent, number.exponent + len(number.digits) - 1
