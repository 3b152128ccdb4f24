"""The figure of a two-dimensional landscape with the points and regions of a run, and the shading that it uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator

from ...landscapes.landscape import Array
from ...orchestrator.state.events import Granted
from ..results.pictures.background import background_grid, is_evaluated
from ..results.pictures.picture_space import move_to_values
from ..results.recorded_runs import RunData
from .sides import draw_sides, name_sides
from .style import colour_of, format_label, limit_losses, run_heading

UNIT_CUBE = "unit cube: the log has no bounds"
"""How axes are labelled if the landscape's own bounds are not known."""


# From white to a medium grey, so that points and paths stand out even where the loss is highest.
GREYS = LinearSegmentedColormap.from_list("ground", ["#ffffff", "#8f8f8f"])


def contour_figure(run: RunData, names: Sequence[str] = ()) -> Figure | None:
    """Draw a two-dimensional landscape with every agent's points and the regions that it was asked to search.

    Returns None if the landscape does not have two dimensions.
    """
    if run.space.dimension != 2:
        return None
    names = names or run.team
    figure = Figure(figsize=(7.4, 6.0), layout="constrained")
    axes = figure.subplots()
    _draw_contour(figure, axes, run)
    _draw_regions(axes, run, names)
    box = run.picture.to_box(move_to_values(run.space, run.points.cube))
    for index, agent in enumerate(run.team):
        mine = run.points.agent == index
        if not mine.any():
            # The agent had no lease: under some policies one agent finds the minimum before the others get one.
            continue
        strength: Any = 0.3 + 0.6 * np.flatnonzero(mine) / max(len(mine), 1)
        axes.scatter(
            box[mine, 0], box[mine, 1], s=12, lw=0, color=colour_of(names, agent), alpha=strength, rasterized=True,
        )  # fmt: skip
    path = box[run.record_rows]
    axes.plot(
        path[:, 0], path[:, 1], color="black", lw=1.1, marker="o", ms=2.2, label="path of the best point",
        path_effects=[Stroke(linewidth=2.6, foreground="white"), Normal()],
    )  # fmt: skip
    known = run.drawn_minimizers
    if known is not None:
        axes.scatter(
            known[:, 0], known[:, 1], marker="*", s=170, color="white", edgecolors="black", zorder=5,
            label="known minimum",
        )  # fmt: skip
    (left, bottom), (right, top) = run.picture.lower, run.picture.upper
    unit, kinds = "" if run.bounded else f" ({UNIT_CUBE})", run.space.axes or (None, None)
    across, up = name_sides(run.picture.names, kinds)
    axes.set(xlim=(left, right), ylim=(bottom, top), xlabel=f"{across}{unit}", ylabel=f"{up}{unit}")
    draw_sides(axes, kinds)
    axes.set_title(run_heading(run))
    axes.grid(visible=False)
    handles, labels = axes.get_legend_handles_labels()
    # The dots in the plot fade with age; those in the legend are opaque.
    dots = [Line2D([], [], marker="o", ls="", ms=5, color=colour_of(names, agent)) for agent in run.team]
    labels = [*map(format_label, run.team), *labels]
    figure.legend(dots + handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def shading_levels(z: Array, count: int = 18) -> tuple[Any, SymLogNorm, Array] | None:
    """Return the losses above the lowest one (unknown ones masked), a colour norm, and ``count`` contour levels.

    Returns None if there is no finite loss or all finite losses are equal.
    """
    z = limit_losses(z)
    finite = z[np.isfinite(z)]
    if not len(finite) or finite.min() == finite.max():
        return None
    width = float(np.percentile(finite, 25) - finite.min()) or float(np.ptp(finite))
    norm = SymLogNorm(linthresh=max(width, 1e-12), vmin=0.0, vmax=float(np.ptp(finite)))
    return np.ma.masked_invalid(z) - finite.min(), norm, norm.inverse(np.linspace(0, 1, count))


def _draw_contour(figure: Figure, axes: Axes, run: RunData) -> None:
    x, y, z = background_grid(run)
    found = shading_levels(z)
    if found is None:
        return
    shifted, norm, levels = found
    filled = axes.contourf(x, y, shifted, levels=levels, norm=norm, cmap=GREYS)
    lines = axes.contour(x, y, shifted, levels=levels, norm=norm, colors="black", linewidths=0.25, alpha=0.35)
    # As vector paths they would add a megabyte to each figure.
    filled.set_rasterized(True)
    lines.set_rasterized(True)
    how = "on this grid" if is_evaluated(run) else "found; interpolated between the points"
    bar = figure.colorbar(filled, ax=axes, label=f"loss above the lowest {how}", format="%.3g")
    bar.locator = MaxNLocator(6)
    bar.ax.tick_params(labelsize=8)


def _draw_regions(axes: Axes, run: RunData, names: Sequence[str]) -> None:
    """Draw the regions of the leases that narrow the search: early ones faint, late ones strong."""
    granted = [lease for event in run.events if isinstance(event, Granted) for lease in event.leases]
    narrow = [lease for lease in granted if lease.region.radius < 0.5]
    # Only the last ones are drawn; all of them together would be unreadable.
    for order, lease in enumerate(narrow[-60:]):
        low, high = run.picture.to_box(lease.region.lower), run.picture.to_box(lease.region.upper)
        age = (order + 1) / min(len(narrow), 60)
        axes.add_patch(
            Rectangle(
                (low[0], low[1]), high[0] - low[0], high[1] - low[1], fill=False, lw=0.5 + 0.9 * age,
                ec=colour_of(names, lease.agent), alpha=0.2 + 0.6 * age,
            )
        )  # fmt: skip
