"""Pictures of the tables. The only door to matplotlib; every function returns a Figure."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..results.recorded_runs import RunData

# Okabe & Ito 2008: told apart by the colour-blind too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F3C8D", "#5C5C5C")
STYLE = {
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "svg.fonttype": "none",
}
SVG_NAMESPACE = "{http://www.w3.org/2000/svg}"
PNG_DPI = 130
LONGEST_LABEL = 34
SMALLEST_GAP = 1e-14
"""Gaps below this are drawn at it: a logarithm has no zero."""


def colour_of(names: Sequence[str], name: str) -> str:
    """The colour of a name: the same in every figure."""
    return COLOURS[list(names).index(name) % len(COLOURS)]


def format_label(name: str) -> str:
    """A name as matplotlib should draw it: not as mathematics, not hidden from a legend, not too long."""
    # Names that a sweep made differ at their ends: cut the middle.
    short = name if len(name) <= LONGEST_LABEL else f"{name[:16]}…{name[16 + 1 - LONGEST_LABEL :]}"
    # A legend leaves out labels that begin with an underscore.
    return (" " if short.startswith("_") else "") + short.replace("$", r"\$")


def run_heading(run: RunData) -> str:
    """Which run a figure shows."""
    return f"{format_label(run.strategy)} on {format_label(run.landscape)}, repeat {run.repeat}"


def palette_names(runs: Sequence[RunData]) -> list[str]:
    """Names of all agents, in the order in which figures give them colours; empty where there are too many for that:
    then each team has colours of its own."""
    names = list(dict.fromkeys(agent for run in runs for agent in run.team))
    return names if len(names) <= len(COLOURS) else []


def gap_above_minimum(losses: Any, minimum: float | None) -> Any:
    """Losses as distances above the known minimum; as they are where it is unknown."""
    values = np.asarray(losses, dtype=float)
    return values if minimum is None else np.maximum(values - minimum, SMALLEST_GAP)


def scale_loss_axis(axes: Axes, minimum: float | None, losses: Any, which: Literal["x", "y"] = "y") -> None:
    """Label and scale a loss axis: logarithmic for gaps, else symmetric-logarithmic where the range is wide."""
    label = "best loss" if minimum is None else "best loss above the known minimum"
    getattr(axes, f"set_{which}label")(label)
    scale = getattr(axes, f"set_{which}scale")
    sizes = np.abs(np.asarray(losses, dtype=float))
    if not np.isfinite(sizes).any():
        # A logarithmic axis without data cannot be drawn.
        axes.text(0.5, 0.5, "no finite loss", ha="center", va="center", transform=axes.transAxes)
        return
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if minimum is not None:
        scale("log")
    elif len(sizes) and sizes.max() > 100 * np.median(sizes):
        # Losses may be negative: linear about zero, logarithmic farther out, from a tick on.
        scale("symlog", linthresh=10 ** np.ceil(np.log10(np.median(sizes))))
    else:
        axes.locator_params(axis=which, nbins=5)


def make_panels(count: int, width: float = 5.2, height: float = 3.6) -> tuple[Figure, list[Axes]]:
    """A figure of so many axes, two or three a line."""
    columns = max(1, min(2 if count <= 4 else 3, count))
    lines = max(1, -(-count // columns))
    figure = Figure(figsize=(width * columns, height * lines), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False)
    flat = list(grid.flat)
    for unused in flat[count:]:
        unused.set_axis_off()
    return figure, flat[:count]


def save_figure(figure: Figure, stem: Path, hover: dict[str, str] | None = None) -> str:
    """Write ``stem``.png and .svg; the SVG's text, for embedding. ``hover`` maps ids of artists to texts, which a
    browser shows when the pointer rests on them."""
    # A salt of its own: pictures in one page must not share ids, for what a hidden one defines others may not see.
    with matplotlib.rc_context(STYLE | {"svg.hashsalt": stem.name}):
        figure.savefig(stem.with_suffix(".png"), dpi=PNG_DPI)
        # The layout is found by now; finding it again would cost as much as drawing.
        figure.set_layout_engine("none")
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", dpi=110, metadata={"Date": None, "Creator": None})
    text = add_svg_titles(buffer.getvalue(), hover or {})
    stem.with_suffix(".svg").write_text(text, encoding="utf-8")
    return text


def add_svg_titles(svg: str, hover: dict[str, str]) -> str:
    """An SVG whose elements with these ids have <title> children; without XML prologue, so that HTML can hold it."""
    for prefix, uri in (("", SVG_NAMESPACE[1:-1]), ("xlink", "http://www.w3.org/1999/xlink")):
        ET.register_namespace(prefix, uri)
    root = ET.fromstring(svg)
    for element in root.iter():
        title = hover.get(element.get("id", ""))
        if title is not None:
            child = ET.Element(f"{SVG_NAMESPACE}title")
            child.text = title
            element.insert(0, child)
    for metadata in root.findall(f"{SVG_NAMESPACE}metadata"):
        root.remove(metadata)
    return ET.tostring(root, encoding="unicode")


def draw_in_style(draw: Any, *arguments: Any) -> Any:
    """Call a figure function in the house's style."""
    with matplotlib.rc_context(STYLE):
        return draw(*arguments)
