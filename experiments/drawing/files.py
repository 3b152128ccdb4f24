"""Writes the figures of a report as PNG and SVG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..results.curves import Curve
from ..results.grouping import find_minima, group_problems, landscape_labels, strategy_names
from ..results.recorded_runs import RunData
from ..results.run_summary import RunSummary
from ..results.table import Table
from . import style
from .comparison import contributions_figure, convergence_figure, finals_figure, timeline_figure
from .landscape import contour_figure


def write_figures(
    runs: Sequence[RunSummary],
    chosen: Sequence[RunData],
    curves: dict[str, dict[str, Curve]],
    contributions: Table,
    folder: Path,
) -> None:
    """Write the figures over all runs, and those of chosen runs, into a folder; figures without data are left out.

    Args:
        runs: All runs.
        chosen: The runs that get figures of their own.
        curves: The quartiles of the best loss, by problem and strategy.
        contributions: The table of what each agent contributed.
        folder: The folder, which is made.
    """
    folder.mkdir(exist_ok=True)
    started = [run for run in runs if run.evaluations]
    if not started:
        return
    landscapes, strategies = landscape_labels(started), strategy_names(started)
    order = style.palette_names(started)
    groups = group_problems(started)
    minima = find_minima(groups)
    drawn = {
        "convergence": style.draw_in_style(convergence_figure, curves, minima, strategies),
        "finals": style.draw_in_style(finals_figure, groups, minima, strategies),
        "contributions": style.draw_in_style(contributions_figure, contributions, landscapes, strategies, order),
    }
    for run in chosen:
        figure, hover = style.draw_in_style(timeline_figure, run, order)
        style.save_figure(figure, folder / f"timeline-{run.id}", hover)
        drawn[f"contour-{run.id}"] = style.draw_in_style(contour_figure, run, order)
    for name, figure in drawn.items():
        if figure is not None:
            style.save_figure(figure, folder / name)
