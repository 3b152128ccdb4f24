"""Draws verdicts with text: each interval of a ratio of running times as a bar on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, isfinite, log10

from .bootstrap import Interval
from .verdict import Verdict
from .wording import format_factor, name_bound

WIDTH = 41
"""The characters of a bar; odd, so that a ratio of 1 has a character of its own."""
LEAST_REACH, MOST_REACH = 1, 4
"""The scale reaches at least a factor of 10 and at most one of 10,000 to both sides of 1."""


def draw_bars(verdicts: Sequence[Verdict], width: int = WIDTH) -> list[str]:
    """Draw the ratios of running times of all strategies to the baseline's, one line each below a scale.

    A dot is the ratio and a line its 95 % interval; they lie to the left of 1 where the strategy needs fewer
    evaluations. An arrowhead stands for an end beyond the scale. Ratios are the bounded ones, of all problems that at
    least one of the two solves; "at least" and "at most" say that a ratio is a bound, because only one solves some.

    Args:
        verdicts: All strategies against the baseline.
        width: The characters of a bar; odd.
    """
    drawn = [verdict for verdict in verdicts if verdict.bounded is not None]
    if not drawn:
        return []
    reach = _choose_reach([verdict.bounded for verdict in drawn if verdict.bounded is not None])
    names = max(len(verdict.first) for verdict in drawn)
    lines = [" " * names + "  " + _draw_scale(reach, width)]
    for verdict in drawn:
        assert verdict.bounded is not None
        bar = _draw_bar(verdict.bounded, reach, width)
        lines.append(
            f"{verdict.first.ljust(names)}  {bar}  {name_bound(verdict.only_second, verdict.only_first)}"
            f"{format_factor(verdict.bounded.estimate)}  {verdict.decision}"
        )
    return lines


def _choose_reach(intervals: Sequence[Interval]) -> int:
    """Return the powers of ten on each side of 1."""
    ends = [end for each in intervals for end in (each.low, each.estimate, each.high) if isfinite(end) and end > 0]
    widest = max((abs(log10(end)) for end in ends), default=1.0)
    return min(max(ceil(widest), LEAST_REACH), MOST_REACH)


def _find_place(ratio: float, reach: int, width: int) -> int:
    share = 0.5 if ratio == 1 else -1.0 if ratio <= 0 else (log10(min(ratio, 1e300)) / reach + 1) / 2
    return floor(share * (width - 1) + 0.5)


def _draw_bar(found: Interval, reach: int, width: int) -> str:
    cells = [" "] * width
    low, dot, high = (_find_place(end, reach, width) for end in (found.low, found.estimate, found.high))
    for place in range(max(low, 0), min(high, width - 1) + 1):
        cells[place] = "─"
    if 0 <= low < width:
        cells[low] = "├"
    if 0 <= high < width:
        cells[high] = "┤"
    middle = width // 2
    cells[middle] = "┼" if cells[middle] == "─" else "│"
    cells[min(max(dot, 0), width - 1)] = "●"
    if low < 0:
        cells[0] = "◀"
    if high >= width:
        cells[-1] = "▶"
    return "".join(cells)


def _draw_scale(reach: int, width: int) -> str:
    """Return the line of the scale: as many powers of ten as have room, at equal distances on both sides of 1."""
    return next(line for step in range(1, reach + 2) if (line := _write_powers(reach, width, step)) is not None)


def _write_powers(reach: int, width: int, step: int) -> str | None:
    """Return the labels of every so many powers of ten, each below its place; None if two of them would touch."""
    line = ""
    for power in range(-(reach // step) * step, reach + 1, step):
        label = f"{10.0**power:,.0f}" if power >= 0 else f"{10.0**power:g}"
        start = max(_find_place(10.0**power, reach, width) - len(label) // 2, 0)
        if line and start <= len(line):
            return None
        line = line.ljust(start) + label
    return line
