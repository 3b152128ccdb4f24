"""Writes the figures of a report as PNG and SVG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from ..results import comparison as statistics
from ..results.recorded_runs import RunData
from ..results.run_summary import RunSummary
from ..results.table import Table
from . import style
from .comparison import contributions_figure, convergence_figure, finals_figure, timeline_figure
from .landscape import contour_figure


def write_figures(
    runs: Sequence[RunSummary], chosen: Sequence[RunData], tables: dict[str, Table], folder: Path
) -> None:
    """Write the figures over all runs, and those of chosen runs, into a folder; figures without data are left out.

    Args:
        runs: All runs.
        chosen: The runs that get figures of their own.
        tables: The tables "convergence" and "contributions" of the runs.
        folder: The folder, which is made.
    """
    folder.mkdir(exist_ok=True)
    started = cast(list[RunData], [run for run in runs if run.evaluations])
    if not started:
        return
    landscapes, strategies = statistics.landscape_labels(started), statistics.strategy_names(started)
    order = style.palette_names(started)
    minima = {run.landscape: run.minimum for run in reversed(started)}
    minima = {landscape: minima[landscape] for landscape in landscapes}
    drawn = {
        "convergence": style.draw_in_style(convergence_figure, tables["convergence"], minima, strategies),
        "finals": style.draw_in_style(finals_figure, started, minima, strategies),
        "contributions": style.draw_in_style(
            contributions_figure, tables["contributions"], landscapes, strategies, order
        ),
    }
    for run in chosen:
        figure, hover = style.draw_in_style(timeline_figure, run, order)
        style.save_figure(figure, folder / f"timeline-{run.id}", hover)
        drawn[f"contour-{run.id}"] = style.draw_in_style(contour_figure, run, order)
    for name, figure in drawn.items():
        if figure is not None:
            style.save_figure(figure, folder / name)
