"""Draws what lies between minima: barriers, eigenvalues over runs, and how eigenvalues are spread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...landscapes.landscape import Array
from ..results.records.minima_record import BestPointRecord, MinimaRecord, TrackRecord
from . import style
from .palette import COLOURS

MINIMA_FIGURES = {
    "straight": "Barriers between best points on straight lines",
    "matched": "The same with hidden units matched",
    "tracks": "Largest and least eigenvalue over runs",
    "spectra": "How eigenvalues are spread at the best point of each strategy",
}
"""The pictures by name, and what each shows."""
CELL, LEAST_SIDE = 0.42, 4.6
DENSITY_WIDTH = 0.12
"""The width to which each eigenvalue is widened, on the axis that is drawn."""
LINEAR_PART = 1e-4
"""Eigenvalues within this part of the greatest are drawn on a linear axis, which has a zero."""
LEAST_DENSITY = 1e-5
LARGEST_SHOWN = 1e100
"""Greater numbers are drawn as this."""


def write_minima_pictures(record: MinimaRecord, stem: Path) -> None:
    """Write all pictures side by side, as PNG and SVG."""
    names = [name for name in MINIMA_FIGURES if _has_data(record, name)]
    side = _measure_side(record)
    columns = min(2, len(names))
    lines = -(-len(names) // columns)
    with style.figure_style():
        figure = Figure(figsize=(columns * (side + 1.0), lines * side), layout="constrained")
        panes: Any = figure.subfigures(lines, columns, squeeze=False)
        hover: dict[str, str] = {}
        for name, pane in zip(names, panes.flat, strict=False):
            hover |= _draw_picture(pane, record, name)
        style.save_figure(figure, stem, hover)


def draw_minima_svg(record: MinimaRecord, name: str, what: str) -> str:
    """Return one of ``MINIMA_FIGURES`` as SVG; empty if there is nothing to draw.

    Args:
        record: What is drawn.
        name: What tells the pictures of a page apart.
        what: Which of them.
    """
    if not _has_data(record, what):
        return ""
    side = _measure_side(record) if what in ("straight", "matched") else LEAST_SIDE
    with style.figure_style():
        figure = Figure(figsize=(side + 1.0, side), layout="constrained")
        hover = _draw_picture(figure, record, what)
        return style.render_svg(figure, f"{name}-{what}", hover)


def measure_least_width(record: MinimaRecord, what: str) -> int:
    """Return how many pixels wide a picture must be for its texts to be read."""
    return max(540, 130 + 34 * len(record.points)) if what in ("straight", "matched") else 540


def _limit(values: Any) -> Array:
    """Return numbers with those moved that axes cannot show; NaN stays."""
    return np.clip(np.asarray(values, dtype=float), -LARGEST_SHOWN, LARGEST_SHOWN)


def _measure_side(record: MinimaRecord) -> float:
    return max(LEAST_SIDE, 1.8 + CELL * len(record.points))


def _has_data(record: MinimaRecord, what: str) -> bool:
    if what == "tracks":
        return bool(record.tracks)
    if what == "spectra":
        return bool(_list_spread(record))
    return what == "straight" or any(np.isfinite(pair.matched_height) for pair in record.pairs)


def _list_spread(record: MinimaRecord) -> list[BestPointRecord]:
    """Return the points whose whole spectrum was estimated."""
    return [point for point in record.points if point.curvature and point.curvature.values]


def _draw_picture(figure: Any, record: MinimaRecord, what: str) -> dict[str, str]:
    if what == "tracks":
        return _draw_tracks(figure, record)
    if what == "spectra":
        return _draw_spectra(figure, record)
    return _draw_barriers(figure, record, what)


def _draw_barriers(figure: Any, record: MinimaRecord, what: str) -> dict[str, str]:
    axes, count = figure.subplots(), len(record.points)
    heights = np.full((2, count, count), np.nan)
    hover = {}
    for pair in record.pairs:
        for number, height in enumerate((pair.height, pair.matched_height)):
            heights[number, pair.one, pair.other] = heights[number, pair.other, pair.one] = height
    heights = _limit(heights)
    shown = heights[int(what == "matched")]
    # Both matrices share their colours, so that they can be compared.
    top = float(np.nanmax(heights)) if np.isfinite(heights).any() else 1.0
    low = min(max(record.basin_height, 1e-12), LARGEST_SHOWN) if record.basin_height > 0 else 1e-12
    # What joins two points has one colour: differences below it are in the numbers.
    colours = np.log10(np.clip(shown, low, None) / low)
    image = axes.imshow(colours, cmap="viridis_r", vmin=0.0, vmax=max(1.0, float(np.log10(max(top, low) / low))))
    names = [style.format_label(point.name) for point in record.points]
    axes.set_xticks(range(count), names, rotation=90, fontsize=8)
    axes.set_yticks(range(count), names, fontsize=8)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    for row in range(count):
        for column in range(count):
            if row == column:
                continue
            value, gid = shown[row, column], f"{what}-{row}-{column}"
            shade = image.norm(colours[row, column]) if np.isfinite(value) else 0.0
            axes.text(
                column, row, _shorten(value), ha="center", va="center", fontsize=8, gid=gid,
                color="white" if shade > 0.45 else "black",
            )  # fmt: skip
            hover[gid] = f"{record.points[row].name} and {record.points[column].name}: barrier {value:.4g}"
    words = "on straight lines" if what == "straight" else "with hidden units matched"
    # At the left: what is wider than a page is scrolled.
    title = f"Barriers {words}: yellow is at most {low:.2g}, which joins two points"
    figure.suptitle(title, x=0.01, horizontalalignment="left", fontsize=10)
    return hover


def _shorten(value: float) -> str:
    """Write a barrier in a few characters."""
    if not np.isfinite(value):
        return "?"
    if value == 0:
        return "0"
    text = f"{value:.2g}" if 0.001 <= value < 1000 else f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return text.removeprefix("0") if text.startswith("0.") else text


def _colour_strategies(record: MinimaRecord) -> dict[str, str]:
    # Only of those that are drawn, which are as many as there are colours at most.
    drawn = {track.strategy for track in record.tracks} | {point.strategy for point in _list_spread(record)}
    names = [name for name in dict.fromkeys(point.strategy for point in record.points) if name in drawn]
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}


def _draw_tracks(figure: Any, record: MinimaRecord) -> dict[str, str]:
    upper, lower = figure.subplots(2, 1, sharex=True)
    colours, hover = _colour_strategies(record), {}
    largest, least = (
        [_limit(each) for each in lists] for lists in zip(*((t.largest, t.least) for t in record.tracks), strict=True)
    )
    for number, track in enumerate(record.tracks):
        colour = colours[track.strategy]
        upper.plot(track.evaluations, largest[number], color=colour, lw=1.2, label=style.format_label(track.name))
        lower.plot(track.evaluations, least[number], color=colour, lw=1.2, marker="o", ms=3)
        for place, spent in enumerate(track.evaluations):
            gid = f"track-{number}-{place}"
            upper.plot(spent, largest[number][place], marker="o", ms=4, color=colour, gid=gid)
            hover[gid] = _describe_place(track, place)
        bounds = _limit(track.limit / np.array(track.rates))
        upper.plot(track.evaluations, bounds, color=colour, lw=0.9, ls="--")
    if any(np.isfinite(track.limit) for track in record.tracks):
        upper.plot([], [], color="0.4", lw=0.9, ls="--", label="limit / rate")
    for axes, parts, share in ((upper, largest, LINEAR_PART), (lower, least, 1e-3)):
        sizes = np.abs(np.concatenate(parts))
        known = sizes[np.isfinite(sizes)]
        if known.any():
            axes.set_yscale("symlog", linthresh=max(1e-12, float(known.max()) * share))
    lower.axhline(0.0, color="0.4", lw=0.8)
    upper.set(ylabel="largest, at least")
    lower.set(xlabel="evaluations", ylabel="least, at most")
    figure.suptitle("Eigenvalues over the best run of each strategy", fontsize=10)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return hover


def _describe_place(track: TrackRecord, place: int) -> str:
    product = track.rates[place] * track.largest[place]
    rate = f", rate x largest {product:.3g}" if np.isfinite(product) else ""
    return (
        f"{track.name} after {track.evaluations[place]:,} evaluations: {track.words[place]}, loss "
        f"{track.losses[place]:.4g}, eigenvalues from {track.least[place]:.3g} to {track.largest[place]:.3g}{rate}"
    )


def _draw_spectra(figure: Any, record: MinimaRecord) -> dict[str, str]:
    axes: Axes = figure.subplots()
    found = _list_spread(record)
    colours = _colour_strategies(record)
    spectra = [
        tuple(np.nan_to_num(_limit(each)) for each in (point.curvature.values, point.curvature.weights))
        for point in found
        if point.curvature
    ]
    scale = LINEAR_PART * max(float(np.abs(values).max()) for values, _ in spectra)
    scale = 10.0 ** np.floor(np.log10(max(scale, 1e-12)))
    for point, (values, weights) in zip(found, spectra, strict=True):
        places, density = spread_values(values, weights, scale)
        axes.plot(places, density, color=colours[point.strategy], lw=1.3, label=style.format_label(point.name))
    axes.set_xscale("symlog", linthresh=scale)
    axes.set_yscale("log")
    axes.set(ylim=(LEAST_DENSITY, None), xlabel="eigenvalue", ylabel="share of eigenvalues, per step of the axis")
    axes.axvline(0.0, color="0.4", lw=0.8)
    axes.tick_params(axis="x", labelrotation=45, labelsize=8)
    figure.suptitle("How eigenvalues are spread (both axes logarithmic)", fontsize=10)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return {}


def spread_values(values: Array, weights: Array, scale: float) -> tuple[Array, Array]:
    """Return where eigenvalues lie, and how densely, on an axis that is linear near zero and logarithmic beyond.

    Args:
        values: Eigenvalues, shape (n,).
        weights: The share of all that each stands for, shape (n,).
        scale: Where the axis begins to be logarithmic.

    Returns:
        Places, and the density there for each unit of arsinh(value / scale), both of shape (400,).
    """
    moved = np.arcsinh(values / scale)
    places = np.linspace(moved.min() - 1.0, moved.max() + 1.0, 400)
    apart = (places[:, None] - moved) / DENSITY_WIDTH
    density: Array = np.exp(-0.5 * apart**2) @ weights / (DENSITY_WIDTH * np.sqrt(2 * np.pi))
    return scale * np.sinh(places), np.maximum(density, LEAST_DENSITY / 10)
