"""Draws the figures of the first screen as SVG, where no code runs that could draw them: in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, inf, isfinite, log10
from typing import Any

from ..drawing.palette import COLOURS

DASHES = ("", "8 4", "2 3", "9 3 2 3", "14 4", "5 2 1 2")
"""Dashes of lines by their number, so that they differ without their colours."""
SHAPES = ("M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z", "M-4,-4h8v8h-8z", "M0,-5L5,4H-5z", "M0,-5L5,0L0,5L-5,0z",
          "M0,5L5,-4H-5z", "M-4,-4L4,4M-4,4L4,-4")  # fmt: skip
"""Outlines of marks on lines, by number."""
FIGURE_WIDTH, FIGURE_HEIGHT = 520, 250
LEFT, EDGE, TOP, BOTTOM = 46, 506, 24, 42
ROW = 36
MARKS = 5
"""The marks on each line."""


def draw_intervals(figure: dict[str, Any]) -> str:
    """Draw ratios with their intervals as SVG: the figure ``forest`` of ``draw_first_figures``."""
    rows, bottom = figure["rows"], TOP + ROW * len(figure["rows"])
    ends = [end for row in rows for end in (row["value"], row["low"], row["high"]) if end is not None and 0 < end < inf]
    low, high = floor(log10(min(*ends, 0.5))), ceil(log10(max(*ends, 2.0)))

    def place(ratio: float | None, beyond: float) -> float:
        if ratio is None or not isfinite(ratio):
            return beyond
        return _place(log10(ratio), low, high, 14, EDGE) if ratio > 0 else 14.0

    region = [place(end, 0) for end in figure["region"]]
    parts = [
        f'<rect x="{region[0]:.1f}" y="{TOP}" width="{region[1] - region[0]:.1f}" height="{bottom - TOP}" '
        'fill="currentColor" fill-opacity="0.12"/>',
        *_draw_columns([(10.0**power, place(10.0**power, 0)) for power in range(low, high + 1)], bottom),
        _draw_line(place(1.0, 0), TOP, place(1.0, 0), bottom, 'stroke="currentColor" stroke-width="1.4"'),
    ]
    for number, row in enumerate(rows):
        y, stroke = TOP + ROW * number + 26, f'stroke="{_colour(row["colour"])}" stroke-width="2.5"'
        start, dot, end = (
            place(row["low"], 14),
            place(row["value"], EDGE),
            place(row["high"], EDGE),
        )
        parts.append(_write(14, y - 11, row["name"]))
        if row["value"] is None:
            continue
        parts += [
            _draw_line(start, y, end, y, stroke),
            _draw_end(start, y, stroke, 1 if row["bound"] in ("at most", "about") else 0),
            _draw_end(end, y, stroke, -1 if row["bound"] in ("at least", "about") else 0),
            _draw_mark(dot, y, row["colour"]),
        ]
    parts.append(_write(EDGE, bottom + 36, figure["xName"], "end"))
    parts.append(_write(14, TOP - 9, figure["title"]))
    return _wrap(figure["label"], bottom + BOTTOM, parts)


def draw_shares(figure: dict[str, Any]) -> str:
    """Draw shares over evaluations as SVG, with their legend: the figure ``distribution`` of ``draw_first_figures``."""
    series, bottom = figure["series"], FIGURE_HEIGHT - BOTTOM
    last = max((x for one in series for x in one["x"]), default=1.0)
    high = max(log10(max(last, 2.0)), 0.1)

    def place(x: float, y: float) -> tuple[float, float]:
        return _place(log10(max(x, 1.0)), 0, high, LEFT, EDGE), _place(y, 0, 1, bottom, TOP)

    columns = [(10.0**power, place(10.0**power, 0)[0]) for power in range(floor(high) + 1)]
    parts = _draw_columns(columns, bottom)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = place(1, share)[1]
        parts += [
            _draw_line(LEFT, y, EDGE, y, _GRID),
            _write(LEFT - 6, y + 4, f"{100 * share:.0f} %", "end"),
        ]
    for number, one in enumerate(series):
        spots = [place(x, y) for x, y in zip(one["x"], one["y"], strict=True)]
        outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{outline}" fill="none" {_style(number)}/>')
        # The marks of lines that lie on each other are at other places.
        step = max(len(spots) // MARKS, 1)
        parts += [_draw_mark(x, y, number) for x, y in spots[step * (number + 1) // (len(series) + 1) :: step]]
    parts.append(_write(EDGE, FIGURE_HEIGHT - 6, figure["xName"], "end"))
    parts.append(_write(LEFT, TOP - 9, figure["title"]))
    return _wrap(figure["label"], FIGURE_HEIGHT, parts) + _draw_legend([one["name"] for one in series])


_GRID = 'stroke="currentColor" stroke-opacity="0.2"'


def _place(value: float, low: float, high: float, start: float, end: float) -> float:
    return start + (value - low) / (high - low) * (end - start)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _style(number: int) -> str:
    return f'stroke="{_colour(number)}" stroke-width="2" stroke-dasharray="{DASHES[number % len(DASHES)]}"'


def _draw_line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _draw_end(x: float, y: float, style: str, opening: int) -> str:
    """Draw the end of an interval: a stroke, or an arrow where what is drawn is a bound (1: to the left, -1: right)."""
    if not opening:
        return _draw_line(x, y - 5, x, y + 5, style)
    back = x + 7 * opening
    return f'<path d="M{back:.1f},{y - 6:.1f}L{x:.1f},{y:.1f}L{back:.1f},{y + 6:.1f}" fill="none" {style}/>'


def _draw_mark(x: float, y: float, number: int) -> str:
    colour, shape = _colour(number), SHAPES[number % len(SHAPES)]
    return f'<path d="{shape}" transform="translate({x:.1f},{y:.1f})" fill="{colour}" stroke="{colour}"/>'


def _draw_columns(places: Sequence[tuple[float, float]], bottom: float) -> list[str]:
    """Draw the lines of powers of ten, and write those for which there is room."""
    every = ceil(len(places) / 8)
    return [
        part
        for number, (value, x) in enumerate(places)
        for part in (
            _draw_line(x, TOP, x, bottom, _GRID),
            _write(x, bottom + 16, f"{value:,.0f}" if value >= 1 else f"{value:g}", "middle") * (number % every == 0),
        )
    ]


def _write(x: float, y: float, text: str, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="13" fill="currentColor">{escape(text)}</text>'


def _wrap(label: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {FIGURE_WIDTH} {height}" width="{FIGURE_WIDTH}" '
        f'style="max-width:100%;height:auto" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _draw_legend(names: Sequence[str]) -> str:
    samples = "".join(
        '<span style="display:inline-flex;gap:6px;align-items:center;margin-right:16px"><svg width="40" height="14" '
        f'aria-hidden="true">{_draw_line(0, 7, 40, 7, _style(number))}{_draw_mark(20, 7, number)}</svg>'
        f"{escape(name)}</span>"
        for number, name in enumerate(names)
    )
    return f"<div>{samples}</div>"
