"""The sides of a map: ticks in the units of the parameters, and bands for axes with a few values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from ...landscapes.axis import Axis
from .style import format_label

MOST_BANDS = 20
"""Up to this many values, the cells of an axis are drawn; of more choices, not all are named."""
MOST_TICKS = 7
LONGEST_TICK = 14


def draw_sides(axes: Axes, kinds: Sequence[Axis | None]) -> None:
    """Draw the sides of a map whose limits are set, in the units of a picture space, as what they are.

    A logarithmic axis has ticks at numbers, not at their logarithms; whole numbers have ticks at whole numbers. Choices
    are named. The cells of a few values are bands.

    Args:
        axes: The map.
        kinds: The searched axis that goes from left to right, and the one that goes upwards if there is one; None for
            that of a plain box.
    """
    sides = ((axes.xaxis, axes.get_xlim(), axes.axvline), (axes.yaxis, axes.get_ylim(), axes.axhline))
    for kind, (side, (low, high), line) in zip(kinds, sides, strict=False):
        if kind is None:
            continue
        if 0 < kind.steps <= MOST_BANDS and not kind.log:
            first = 0.0 if kind.choices else kind.low
            for number in range(kind.steps - 1):
                line(first + number + 0.5, color="0.5", lw=0.6, ls=":", zorder=1)
        if kind.choices:
            names = [_shorten(str(choice)) for choice in kind.choices]
            side.set_major_locator(FixedLocator(list(range(0, kind.steps, math.ceil(kind.steps / MOST_BANDS)))))
            side.set_major_formatter(FuncFormatter(lambda place, _, names=names: names[round(place) % len(names)]))
        elif kind.log:
            side.set_major_locator(FixedLocator(_log_ticks(low, high, kind.integer)))
            side.set_major_formatter(FuncFormatter(lambda place, _: f"{10.0**place:.4g}"))
        elif kind.integer:
            side.set_major_locator(MaxNLocator(MOST_TICKS, integer=True))


def name_sides(names: Sequence[str], kinds: Sequence[Axis | None]) -> list[str]:
    """Return the labels of the sides of a map, which ``draw_sides`` draws.

    Args:
        names: What a picture space calls its axes.
        kinds: The searched axes; None for those of a plain box.
    """
    return [format_label(name if kind is None else kind.name) for name, kind in zip(names, kinds, strict=True)]


def _log_ticks(low: float, high: float, integer: bool) -> list[float]:
    """Return the logarithms of round numbers between two logarithms to base 10: powers of ten if two fit."""
    powers = np.arange(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    if len(powers) >= 2:
        return powers[:: math.ceil(len(powers) / MOST_TICKS)].astype(float).tolist()
    numbers = [leading * 10.0**power for power in range(math.floor(low), math.ceil(high)) for leading in (1, 2, 5)]
    found = [math.log10(number) for number in numbers if not integer or number >= 1]
    found = [place for place in found if low <= place <= high]
    return found if len(found) >= 2 else [low, high]


def _shorten(text: str) -> str:
    return format_label(text if len(text) <= LONGEST_TICK else f"{text[: LONGEST_TICK - 1]}…")
