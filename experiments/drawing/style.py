"""The common style of the figures: colours, labels, loss axes, panels, and saving a figure as PNG and SVG."""

from __future__ import annotations

import io
import textwrap
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..results.recorded_runs import RunData
from ..results.run_summary import RunSummary
from .palette import COLOURS as COLOURS

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
"""Smaller gaps are drawn at this value, because a logarithmic axis has no zero."""


LARGEST_LOSS = 1e300
"""Larger losses are drawn at this value: the range of an axis must be a number, too."""


def colour_of(names: Sequence[str], name: str) -> str:
    """Return the colour of a name; it is the same in every figure that gets the same ``names``."""
    return COLOURS[list(names).index(name) % len(COLOURS)]


def format_label(name: str) -> str:
    """Return a name so that matplotlib draws it literally: no math text, not hidden from a legend, not too long."""
    # Names from a sweep differ at their ends, so the middle is cut out.
    short = name if len(name) <= LONGEST_LABEL else f"{name[:16]}…{name[16 + 1 - LONGEST_LABEL :]}"
    # Matplotlib leaves labels that begin with an underscore out of legends.
    return (" " if short.startswith("_") else "") + short.replace("$", r"\$")


def format_title(text: str) -> str:
    """Return a text so that matplotlib draws it literally, in lines that fit a figure."""
    return textwrap.fill(text, 60).replace("$", r"\$")


def run_heading(run: RunData) -> str:
    """Return the heading that says which run a figure shows."""
    return f"{format_label(run.strategy)} on {format_label(run.landscape)}, repeat {run.repeat}"


def palette_names(runs: Sequence[RunData] | Sequence[RunSummary]) -> list[str]:
    """Return the names of all agents, in the order in which figures give them colours.

    The list is empty if there are more names than colours; each team then gets its colours separately.
    """
    names = list(dict.fromkeys(agent for run in runs for agent in run.team))
    return names if len(names) <= len(COLOURS) else []


def gap_above_minimum(losses: Any, minimum: float | None) -> Any:
    """Return losses as distances above the known minimum, or unchanged if the minimum is unknown."""
    values = limit_losses(losses)
    return values if minimum is None else np.maximum(values - minimum, SMALLEST_GAP)


def limit_losses(losses: Any) -> Any:
    """Return losses with the finite ones moved to within what an axis can show."""
    values = np.asarray(losses, dtype=float)
    return np.where(np.isfinite(values), np.clip(values, -LARGEST_LOSS, LARGEST_LOSS), values)


def scale_loss_axis(axes: Axes, minimum: float | None, losses: Any, which: Literal["x", "y"] = "y") -> None:
    """Label and scale a loss axis: logarithmic for gaps, otherwise symmetric-logarithmic if the range is wide."""
    label = "best loss" if minimum is None else "best loss above the known minimum"
    getattr(axes, f"set_{which}label")(label)
    scale = getattr(axes, f"set_{which}scale")
    sizes = np.abs(limit_losses(losses))
    if not np.isfinite(sizes).any():
        # A logarithmic axis without data cannot be drawn.
        axes.text(0.5, 0.5, "no finite loss", ha="center", va="center", transform=axes.transAxes)
        return
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if minimum is not None:
        scale("log")
    elif len(sizes) and sizes.max() > 100 * np.median(sizes):
        # Losses may be negative: linear around zero, and logarithmic beyond a power of ten.
        scale("symlog", linthresh=10 ** np.ceil(np.log10(np.median(sizes))))
    else:
        axes.locator_params(axis=which, nbins=5)


def make_panels(count: int, width: float = 5.2, height: float = 3.6) -> tuple[Figure, list[Axes]]:
    """Create a figure with ``count`` panels, two or three per row; return it and the axes of the panels."""
    columns = max(1, min(2 if count <= 4 else 3, count))
    lines = max(1, -(-count // columns))
    figure = Figure(figsize=(width * columns, height * lines), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False)
    flat = list(grid.flat)
    for unused in flat[count:]:
        unused.set_axis_off()
    return figure, flat[:count]


def save_figure(figure: Figure, stem: Path, hover: dict[str, str] | None = None) -> str:
    """Write ``stem``.png and ``stem``.svg, and return the SVG's text for embedding.

    ``hover`` maps the ids of artists to texts that a browser shows when the pointer rests on them.
    """
    with figure_style():
        figure.savefig(stem.with_suffix(".png"), dpi=PNG_DPI)
        # The layout has been computed by now; computing it again would take as long as drawing.
        figure.set_layout_engine("none")
    text = render_svg(figure, stem.name, hover or {})
    stem.with_suffix(".svg").write_text(text, encoding="utf-8")
    return text


def render_svg(figure: Figure, name: str, hover: dict[str, str]) -> str:
    """Return a figure as the text of an SVG for embedding.

    Args:
        figure: The figure.
        name: What tells it apart from other figures of the same page. Figures in one page must not share ids, because
            a definition in a hidden figure has no effect in the others.
        hover: Texts that a browser shows when the pointer rests on artists, by their ids.
    """
    with figure_style({"svg.hashsalt": name}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", dpi=110, metadata={"Date": None, "Creator": None})
    return add_svg_titles(buffer.getvalue(), hover)


def add_svg_titles(svg: str, hover: dict[str, str]) -> str:
    """Return an SVG with a <title> child in each element whose id is in ``hover``.

    The result has no XML prologue, so that it can be embedded in HTML.
    """
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
    """Call a figure function with the common style in force, and return its result."""
    with figure_style():
        return draw(*arguments)


@contextmanager
def figure_style(settings: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Draw in the common style, with further settings of matplotlib's, and without any warning.

    No reader of a figure can do anything about a sign that its font lacks, or about a loss too large for an axis.
    """
    with matplotlib.rc_context({**STYLE, **(settings or {})}), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
