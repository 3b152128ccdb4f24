"""The figure of a simulation: time and cost against the number of workers."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...landscapes.landscape import Array
from ..drawing.style import colour_of, format_label, gap_above_minimum, scale_loss_axis
from ..results.table import Table


def sizes_figure(table: Table, targeted: bool, priced: bool) -> Figure:
    """Draw time, loss, idle share and cost against the number of workers, one row of panels per landscape.

    Time is the time to the target if ``targeted``, otherwise to the end. Cost is in money if ``priced``, otherwise in
    worker-hours. A band lies between the quartiles.
    """
    landscapes, strategies = (list(dict.fromkeys(table.columns[key])) for key in ("landscape", "strategy"))
    figure = Figure(figsize=(17.0, 0.6 + 3.4 * len(landscapes)), layout="constrained")
    grid = figure.subplots(len(landscapes), 4, squeeze=False)
    time, paid = ("to_target" if targeted else "seconds"), ("cost" if priced else "worker_hours")
    goal, dear = ("to the target" if targeted else "to the end"), ("cost" if priced else "worker-hours")
    labels = {time: f"simulated seconds {goal}", "loss": "", "idle_share": "idle share", paid: dear}
    sizes = sorted(set(table.columns["workers"]))
    for landscape, line in zip(landscapes, grid, strict=True):
        here = table.where(landscape=landscape)
        minimum = here.columns["minimum"][0]
        for axes, (quantity, label) in zip(line, labels.items(), strict=True):
            for strategy in strategies:
                _draw_sizes(axes, here.where(strategy=strategy), quantity, minimum, colour_of(strategies, strategy))
            axes.set(xscale="log", xlabel="workers", ylabel=label, title=format_label(landscape))
            axes.set_xlim(sizes[0] / 1.4, sizes[-1] * 1.4)
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8, rotation=45 if len(sizes) > 5 else 0)
            axes.minorticks_off()
            if quantity == "loss":
                scale_loss_axis(axes, minimum, here.columns["loss"] + here.columns["loss_high"])
            elif quantity == "idle_share":
                axes.set_ylim(-0.02, 1.02)
            elif max(here.columns[quantity]) > 0:
                axes.set_yscale("log")
    handles = [Line2D([], [], color=colour_of(strategies, name), marker="o", ms=4, lw=1.8) for name in strategies]
    names = [format_label(name) for name in strategies]
    if targeted and not np.isfinite(table.columns["to_target"]).all():
        handles.append(Line2D([], [], color="#5c5c5c", marker="o", mfc="white", ms=5, lw=0))
        names.append("to the end of the budget: at most half of the runs reach the target")
    figure.legend(handles, names, loc="outside upper center", ncols=min(4, len(names)), frameon=False, fontsize=10)
    return figure


def _draw_sizes(axes: Axes, sizes: Table, quantity: str, minimum: float | None, tint: str) -> None:
    """Draw one strategy's line in one panel of ``sizes_figure``."""

    def values(name: str) -> Array:
        found = np.array(sizes.columns[name], dtype=float)
        return np.asarray(gap_above_minimum(found, minimum), dtype=float) if quantity == "loss" else found

    if not len(sizes):
        return
    workers, middle = np.array(sizes.columns["workers"]), values(quantity)
    shown = np.isfinite(middle)
    # Values that are not finite leave a gap in the line.
    axes.plot(workers, np.where(shown, middle, np.nan), "o-", color=tint, lw=1.8, ms=4)
    if quantity == "to_target":
        axes.plot(workers[~shown], values("seconds")[~shown], "o", color=tint, mfc="white", ms=5)
    if f"{quantity}_low" in sizes.columns:
        low, high = values(f"{quantity}_low"), values(f"{quantity}_high")
        band = shown & np.isfinite(high)
        axes.fill_between(workers[band], low[band], high[band], color=tint, alpha=0.15, lw=0)
