"""The figures of a report one by one, as objects that a notebook shows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...landscapes.landscape import Refusal
from ..results import accounts
from ..results.curves import draw_curves
from ..results.grouping import find_minima, group_problems, landscape_labels, strategy_names
from ..results.recorded_runs import RunData
from ..results.run_summary import summarize_run
from ..spec.errors import suggest
from . import style
from .comparison import contributions_figure, convergence_figure, finals_figure, timeline_figure
from .landscape import contour_figure

OVERVIEWS = ("convergence", "finals", "contributions")
"""Plots of all runs."""
PORTRAITS = ("timeline", "landscape")
"""Plots of one run."""


class Plot:
    """A figure that a notebook shows.

    Attributes:
        figure: The matplotlib figure, which may be changed before it is shown or saved.
    """

    def __init__(self, figure: Any) -> None:
        self.figure = figure

    def save(self, path: str | Path) -> None:
        """Save the figure; the ending decides the format (.png, .svg, .pdf)."""
        with style.figure_style():
            self.figure.savefig(path, dpi=style.PNG_DPI)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with style.figure_style():
            self.figure.savefig(buffer, format="png", dpi=style.PNG_DPI)
        return buffer.getvalue()


def plot_runs(runs: Sequence[RunData], what: str, run: str | None = None) -> Plot:
    """Draw a plot of all runs, or of one of them.

    Args:
        runs: All runs.
        what: One of ``OVERVIEWS`` or ``PORTRAITS``.
        run: The id of the run of a portrait. Default: the run with the best loss.

    Raises:
        Refusal: If there is no such plot or run, or nothing to draw.
    """
    if what not in OVERVIEWS + PORTRAITS:
        raise Refusal(f"plot must be {', '.join(OVERVIEWS + PORTRAITS)}, got {what!r}. {suggest(what, OVERVIEWS)}")
    started = [each for each in runs if each.evaluations]
    if not started:
        raise Refusal("results must hold a point for a plot, got none yet. Wait for the first.")
    figure = _draw_overview(started, what) if what in OVERVIEWS else _draw_portrait(started, what, run)
    if figure is None:
        why = "a strategy with several agents" if what == "contributions" else "a landscape of two dimensions"
        raise Refusal(f"plot must have something to show, got {what!r} without {why}. Choose another.")
    return Plot(figure)


def _draw_overview(runs: Sequence[RunData], what: str) -> Any:
    landscapes, strategies = landscape_labels(runs), strategy_names(runs)
    summaries = [summarize_run(run) for run in runs]
    groups = group_problems(summaries)
    if what == "convergence":
        return style.draw_in_style(convergence_figure, draw_curves(summaries), find_minima(groups), strategies)
    if what == "finals":
        return style.draw_in_style(finals_figure, groups, find_minima(groups), strategies)
    table, order = accounts.contributions_table(runs), style.palette_names(runs)
    return style.draw_in_style(contributions_figure, table, landscapes, strategies, order)


def _draw_portrait(runs: Sequence[RunData], what: str, wanted: str | None) -> Any:
    found = min(runs, key=lambda run: run.final) if wanted is None else None
    found = found or next((run for run in runs if run.id == wanted), None)
    if found is None:
        ids = [run.id for run in runs]
        raise Refusal(f"run must be the id of a run with points, got {wanted!r}. {suggest(str(wanted), ids)}")
    tints = style.palette_names(runs)
    if what == "landscape":
        return style.draw_in_style(contour_figure, found, tints)
    return style.draw_in_style(timeline_figure, found, tints)[0]
