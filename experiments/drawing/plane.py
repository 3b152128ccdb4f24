"""Draws a plane: the losses on it with the paths beside it, and along the paths their true losses and distances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke

from ..results.records.plane_record import PlaneRecord, ProjectedPath
from . import style
from .palette import COLOURS

MAP_SIZE, LINES_SIZE = (6.4, 6.2), (6.4, 6.2)
LEVELS = 24
WIDE_RANGE = 30.0
"""Losses whose greatest is so many times their least are coloured by their logarithm."""
NEAR = 0.05
"""Points no farther from the plane than this part of the window's side are drawn as lying on it."""


def write_pictures(record: PlaneRecord, stem: Path) -> None:
    """Write the pictures of a plane side by side, as PNG and SVG."""
    with style.figure_style():
        figure = Figure(figsize=(MAP_SIZE[0] + LINES_SIZE[0], MAP_SIZE[1]), layout="constrained")
        panes: Any = figure.subfigures(1, 2)
        left, right = panes
        hover = draw_map(left, record)
        draw_lines(right, record)
        style.save_figure(figure, stem, hover)


def draw_svg(record: PlaneRecord, name: str, what: str) -> str:
    """Return one of both pictures as SVG: "map" or "lines"; ``name`` tells the pictures of a page apart."""
    with style.figure_style():
        figure = Figure(figsize=MAP_SIZE if what == "map" else LINES_SIZE, layout="constrained")
        hover = draw_map(figure, record) if what == "map" else draw_lines(figure, record)
        return style.render_svg(figure, f"{name}-{what}", hover)


def draw_map(figure: Any, record: PlaneRecord) -> dict[str, str]:
    """Draw the losses on the plane and the paths beside it; return texts for points by the ids of artists."""
    axes = figure.subplots()
    left, right, bottom, top = record.bounds
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.set(
        xlabel=f"{style.format_label(record.names[0])}\n({style.format_label(record.unit)})",
        ylabel=style.format_label(record.names[1]),
    )
    figure.suptitle(f"Loss on the plane: {style.format_title(record.text)}", fontsize=10)
    axes.grid(visible=False)
    # Holes are hatched: nothing is known there.
    axes.add_patch(_make_hatching(record.bounds))
    _draw_losses(figure, axes, record)
    hover: dict[str, str] = {}
    for number, path in enumerate(record.paths):
        hover |= _draw_path(axes, record, path, number)
    if any(path.best >= 0 for path in record.paths):
        axes.plot([], [], marker="*", ms=9, ls="", mfc="white", mec="0.3", label="best point; hollow: off the plane")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return hover


def _make_hatching(bounds: tuple[float, float, float, float]) -> Any:
    from matplotlib.patches import Rectangle

    left, right, bottom, top = bounds
    return Rectangle((left, bottom), right - left, top - bottom, fill=False, hatch="///", ec="0.75", lw=0, zorder=0)


def _draw_losses(figure: Any, axes: Axes, record: PlaneRecord) -> None:
    finite = record.losses[np.isfinite(record.losses)]
    if not len(finite):
        box = {"facecolor": "white", "edgecolor": "none"}
        axes.text(0.5, 0.5, "no loss anywhere on it", ha="center", transform=axes.transAxes, bbox=box, zorder=6)
        return
    low, high = float(finite.min()), float(np.percentile(finite, 99.5))
    wide = low > 0 and high > WIDE_RANGE * low
    # Where all losses are equal, their colour is the middle of a bar as wide as a tenth of them.
    room = 0.0 if high > low else 0.05 * abs(low) or 1.0
    norm: Normalize = LogNorm(low, high, clip=True) if wide else Normalize(low - room, high + room, clip=True)
    left, right, bottom, top = record.bounds
    size = len(record.losses)
    # Cells are centred at the points of the grid, and clipped by the axes.
    across, up = (right - left) / (size - 1) / 2, (top - bottom) / (size - 1) / 2
    image = axes.imshow(
        record.losses, origin="lower", extent=(left - across, right + across, bottom - up, top + up), norm=norm,
        cmap="viridis", interpolation="nearest", aspect="equal",
    )  # fmt: skip
    axes.set(xlim=(left, right), ylim=(bottom, top))
    u, v = np.linspace(left, right, size), np.linspace(bottom, top, size)
    levels = np.geomspace(low, high, LEVELS) if wide else np.linspace(low, high, LEVELS)
    if high > low:
        lines = axes.contour(u, v, np.ma.masked_invalid(record.losses), levels=levels[1:-1], colors="white",
                             linewidths=0.3, alpha=0.6)  # fmt: skip
        lines.set_rasterized(True)
    bar = figure.colorbar(image, ax=axes, shrink=0.75, label="loss" + (", by its logarithm" if wide else ""))
    bar.ax.tick_params(labelsize=8)


def _draw_path(axes: Axes, record: PlaneRecord, path: ProjectedPath, number: int) -> dict[str, str]:
    colour = COLOURS[number % len(COLOURS)]
    u, v, distance = np.array(path.u), np.array(path.v), np.array(path.distance)
    on_plane = distance <= NEAR * (record.bounds[1] - record.bounds[0])
    outline = [Stroke(linewidth=2.2, foreground="white"), Normal()]
    if path.guides:
        axes.plot(u, v, color=colour, lw=1.0, alpha=0.9, path_effects=outline, zorder=3)
    else:
        # The plane was not laid through it: a faint line, under the others.
        axes.plot(u, v, color=colour, lw=0.8, alpha=0.7, zorder=2)
    hover = {}
    # Full where it lies on the plane, hollow where it does not.
    faces = np.where(on_plane, colour, "white")
    for place in range(len(u) if path.guides else 0):
        gid = f"path-{number}-{place}"
        axes.plot(
            u[place], v[place], marker="o", ms=4.0, ls="", mec=colour, mfc=faces[place], mew=1.0, zorder=4, gid=gid,
        )  # fmt: skip
        hover[gid] = describe_point(record, path, place)
    marker = "o" if path.guides else ""
    axes.plot([], [], color=colour, marker=marker, ms=4, lw=1.0, label=style.format_label(path.name))
    if path.best >= 0:
        edge = "white" if on_plane[path.best] else colour
        axes.plot(
            u[path.best], v[path.best], marker="*", ms=13, ls="", mfc=faces[path.best], mec=edge, mew=0.9, zorder=5,
            gid=f"best-{number}",
        )  # fmt: skip
        hover[f"best-{number}"] = f"Best point: {describe_point(record, path, path.best)}"
    return hover


def describe_point(record: PlaneRecord, path: ProjectedPath, place: int) -> str:
    """Say of a point of a path how far it is from the plane, and what its loss is there and on the plane."""
    loss, shadow = (f"{each[place]:.4g}" if np.isfinite(each[place]) else "none" for each in (path.loss, path.shadow))
    return (
        f"{path.name} after {path.evaluations[place]:,} evaluations: true loss {loss}, {path.distance[place]:.3g} from "
        f"the plane ({record.unit}), loss on the plane below it {shadow}"
    )


def draw_lines(figure: Any, record: PlaneRecord) -> dict[str, str]:
    """Draw along each path the true losses beside those on the plane, and the distance from it."""
    upper, lower = figure.subplots(2, 1, sharex=True)
    losses = []
    for number, path in enumerate(record.paths):
        colour = COLOURS[number % len(COLOURS)]
        upper.plot(path.evaluations, path.loss, color=colour, lw=1.4, marker=".", ms=3)
        upper.plot(path.evaluations, path.shadow, color=colour, lw=1.0, ls=":")
        lower.plot(path.evaluations, path.distance, color=colour, lw=1.4, marker=".", ms=3)
        losses += [*path.loss, *path.shadow]
    finite = np.array(losses)[np.isfinite(losses)]
    if len(finite) and finite.min() > 0 and finite.max() > WIDE_RANGE * finite.min():
        upper.set_yscale("log")
    upper.plot([], [], color="0.3", lw=1.4, label="true loss at the point")
    upper.plot([], [], color="0.3", lw=1.0, ls=":", label="loss on the plane, at the nearest point")
    # Above the axes: within them, no place is free of curves.
    upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=8)
    upper.set_ylabel("loss")
    figure.suptitle("What the plane does not show", fontsize=10)
    lower.set(
        xlabel="evaluations", ylabel=f"distance from the plane\n({style.format_label(record.unit)})", ylim=(0, None)
    )
    return {}
