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
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator

from ..landscapes.landscape import Array
from ..landscapes.slices import between, grid2d
from ..orchestrator.run import Granted
from .accounts import leases
from .runs import RunData
from .table import Table

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
SVG = "{http://www.w3.org/2000/svg}"
CONTOUR_POINTS = 140
PNG_DPI = 130
LONGEST_NAME = 34
# From white to a middle grey: points and paths must stand out on the highest ground too.
GREYS = LinearSegmentedColormap.from_list("ground", ["#ffffff", "#8f8f8f"])
FLOOR = 1e-14
"""Gaps below this are drawn at it: a logarithm has no zero."""


def colour(names: Sequence[str], name: str) -> str:
    """The colour of a name: the same in every figure."""
    return COLOURS[list(names).index(name) % len(COLOURS)]


def written(name: str) -> str:
    """A name as matplotlib should draw it: not as mathematics, not hidden from a legend, not too long."""
    # Names that a sweep made differ at their ends: cut the middle.
    short = name if len(name) <= LONGEST_NAME else f"{name[:16]}…{name[16 + 1 - LONGEST_NAME :]}"
    # A legend leaves out labels that begin with an underscore.
    return (" " if short.startswith("_") else "") + short.replace("$", r"\$")


def heading(run: RunData) -> str:
    """Which run a figure shows."""
    return f"{written(run.strategy)} on {written(run.landscape)}, repeat {run.repeat}"


def palette(runs: Sequence[RunData]) -> list[str]:
    """Names of all agents, in the order in which figures give them colours; empty where there are too many for that:
    then each team has colours of its own."""
    names = list(dict.fromkeys(agent for run in runs for agent in run.team))
    return names if len(names) <= len(COLOURS) else []


def gap(losses: Any, minimum: float | None) -> Any:
    """Losses as distances above the known minimum; as they are where it is unknown."""
    values = np.asarray(losses, dtype=float)
    return values if minimum is None else np.maximum(values - minimum, FLOOR)


def loss_axis(axes: Axes, minimum: float | None, losses: Any, which: Literal["x", "y"] = "y") -> None:
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


def panels(count: int, width: float = 5.2, height: float = 3.6) -> tuple[Figure, list[Axes]]:
    """A figure of so many axes, two or three a line."""
    columns = max(1, min(2 if count <= 4 else 3, count))
    lines = max(1, -(-count // columns))
    figure = Figure(figsize=(width * columns, height * lines), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False)
    flat = list(grid.flat)
    for unused in flat[count:]:
        unused.set_axis_off()
    return figure, flat[:count]


def convergence_figure(table: Table, minima: dict[str, float | None], strategies: Sequence[str]) -> Figure:
    """Median best loss against evaluations, with the band between the quartiles, a panel a landscape."""
    figure, all_axes = panels(len(minima))
    lines: dict[str, Line2D] = {}
    for axes, (landscape, minimum) in zip(all_axes, minima.items(), strict=True):
        here = table.where(landscape=landscape)
        for strategy in strategies:
            rows = here.where(strategy=strategy).columns
            x = np.array(rows["evaluations"])
            low, middle, high = (gap(rows[k], minimum) for k in ("lower_quartile", "median", "upper_quartile"))
            shown = np.isfinite(middle)
            tint = colour(strategies, strategy)
            dashes = ("-", "--", ":")[list(strategies).index(strategy) // len(COLOURS) % 3]
            axes.plot(x[shown], middle[shown], dashes, color=tint, lw=1.8)
            lines[strategy] = Line2D([], [], color=tint, ls=dashes, lw=1.8)
            band = shown & np.isfinite(high)
            if not band.any():
                continue
            axes.fill_between(x[band], low[band], high[band], color=tint, alpha=0.15, lw=0)
        if np.isfinite(here.columns["median"]).any():
            axes.set_xscale("log")
        loss_axis(axes, minimum, here.columns["median"] + here.columns["upper_quartile"])
        axes.set(title=written(landscape), xlabel="evaluations")
    figure.legend(
        list(lines.values()), [written(name) for name in lines], loc="outside upper center",
        ncols=min(4, max(len(lines), 1)), frameon=False, fontsize=10,
    )  # fmt: skip
    return figure


def finals_figure(runs: Sequence[RunData], minima: dict[str, float | None], strategies: Sequence[str]) -> Figure:
    """Every run's best loss as a dot, the median as a bar, a panel a landscape."""
    figure, all_axes = panels(len(minima), height=0.7 + 0.55 * len(strategies) + 0.8)
    for axes, (landscape, minimum) in zip(all_axes, minima.items(), strict=True):
        for line, strategy in enumerate(strategies):
            finals = np.array([r.final for r in runs if r.landscape == landscape and r.strategy == strategy])
            values = gap(finals[np.isfinite(finals)], minimum)
            if not len(values):
                continue
            spread = (np.arange(len(values)) % 5 - 2) * 0.07
            tint = colour(strategies, strategy)
            axes.scatter(values, line + spread, s=22, color=tint, alpha=0.7, lw=0)
            axes.plot([np.median(values)] * 2, [line - 0.3, line + 0.3], color=tint, lw=2.5)
        axes.set_yticks(range(len(strategies)), [written(strategy) for strategy in strategies])
        axes.set_ylim(len(strategies) - 0.5, -0.5)
        loss_axis(axes, minimum, [r.final for r in runs if r.landscape == landscape], "x")
        axes.set_title(written(landscape))
    return figure


def timeline_figure(run: RunData, names: Sequence[str] = ()) -> tuple[Figure, dict[str, str]]:
    """Each agent's leases over the run (above) and the radius of their regions (below); and, by the id of a bar, the
    text to show on hover: the lease's reason and what came of it. ``names`` is the palette."""
    table = leases(run).rows()
    team, names = run.team, names or run.team
    figure = Figure(figsize=(10.4, 1.4 + 0.45 * len(team) + 2.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[0.5 + 0.45 * len(team), 2.2])
    hover: dict[str, str] = {}
    for row in table:
        if row["collected_at"] is None:
            continue
        name = f"lease-{run.id}-{row['lease']}"
        line, end = team.index(row["agent"]), row["collected_at"]
        tint = colour(names, row["agent"])
        bar = Rectangle(
            (end - row["charged"], line - 0.34), max(row["charged"], 1), 0.68, color=tint, alpha=0.85, lw=0.6,
            ec="white",
        )  # fmt: skip
        bar.set_gid(name)
        above.add_patch(bar)
        if row["record"]:
            above.plot(end, line, marker="*", color="black", ms=7, zorder=3)
        best = "nothing finite" if row["best"] is None else f"best {row['best']:.6g}"
        hover[name] = (
            f"lease {row['lease']} of {row['agent']}: {row['charged']} of {row['budget']} evaluations, radius "
            f"{row['radius']:.3g}, {best}\nwhy: {row['reason']}\nended: {row['outcome']}"
        )
    above.set_yticks(range(len(team)), [written(agent) for agent in team])
    above.set_ylim(len(team) - 0.5, -0.5)
    above.set_xlim(0, max(run.evaluations, 1))
    above.grid(axis="y", visible=False)
    above.set_title(f"{heading(run)}: leases (a star: a new best loss)")
    for agent in team:
        mine = [row for row in table if row["agent"] == agent and row["collected_at"] is not None]
        x = [row["collected_at"] - row["charged"] for row in mine] + [row["collected_at"] for row in mine[-1:]]
        y = [row["radius"] for row in mine] + [row["radius"] for row in mine[-1:]]
        below.step(x, y, where="post", color=colour(names, agent), lw=1.6)
    below.set_yscale("log")
    below.set(xlabel="evaluations of the whole team", ylabel="radius (cube units)")
    return figure, hover


def contributions_figure(
    table: Table, landscapes: Sequence[str], strategies: Sequence[str], order: Sequence[str] = ()
) -> Figure | None:
    """Shares of evaluations, records, gains and best points by agent, for strategies with a team; None without one."""
    teams = [s for s in strategies if len(set(table.where(strategy=s).columns["agent"])) > 1]
    bars = [(la, s) for la in landscapes for s in teams if len(table.where(landscape=la, strategy=s))]
    if not bars:
        return None
    drawn = [row for la, s in bars for row in table.where(landscape=la, strategy=s).rows()]
    names = list(dict.fromkeys(row["agent"] for row in drawn))
    figure = Figure(figsize=(10.4, 1.5 + 0.55 * len(bars)), layout="constrained")
    all_axes = figure.subplots(1, 4, sharey=True)
    tints = order or names
    titles = {
        "evaluations": "evaluations",
        "records": "new best losses",
        "gains": "gains in rank",
        "finals": "final best",
    }
    shares = [(f"{name}_share", title) for name, title in titles.items()]
    for axes, (column, title) in zip(all_axes, shares, strict=True):
        for line, (landscape, strategy) in enumerate(bars):
            left = 0.0
            for row in table.where(landscape=landscape, strategy=strategy).rows():
                axes.barh(line, row[column], left=left, color=colour(tints, row["agent"]), height=0.7)
                left += row[column]
        axes.set(title=f"share of {title}", xlim=(0, 1), xticks=(0, 0.5, 1))
        axes.grid(axis="y", visible=False)
    all_axes[0].set_yticks(range(len(bars)), [f"{written(s)}\n{written(la)}" for la, s in bars], fontsize=9)
    all_axes[0].set_ylim(len(bars) - 0.5, -0.5)
    handles = [Rectangle((0, 0), 1, 1, color=colour(tints, name)) for name in names]
    labels = [written(name) for name in names]
    figure.legend(handles, labels, loc="outside lower center", ncols=min(6, len(names)), frameon=False, fontsize=9)
    return figure


def contour_figure(run: RunData, names: Sequence[str] = ()) -> Figure | None:
    """A two-dimensional landscape with every agent's points and the regions it was asked to search; None where there
    are not two dimensions, or the landscape cannot be opened."""
    if run.problem is None or run.space.dimension != 2:
        return None
    names = names or run.team
    figure = Figure(figsize=(7.4, 6.0), layout="constrained")
    axes = figure.subplots()
    _contour(figure, axes, run)
    _regions(axes, run, names)
    box = run.space.to_box(run.points.cube)
    for index, agent in enumerate(run.team):
        mine = run.points.agent == index
        if not mine.any():
            # It had no lease: under some policies nobody else has a turn before the best is found.
            continue
        strength: Any = 0.3 + 0.6 * np.flatnonzero(mine) / max(len(mine), 1)
        axes.scatter(
            box[mine, 0], box[mine, 1], s=12, lw=0, color=colour(names, agent), alpha=strength, rasterized=True,
        )  # fmt: skip
    path = box[run.record_rows]
    axes.plot(
        path[:, 0], path[:, 1], color="black", lw=1.1, marker="o", ms=2.2, label="path of the best point",
        path_effects=[Stroke(linewidth=2.6, foreground="white"), Normal()],
    )  # fmt: skip
    if run.problem.minimizers is not None:
        known = run.problem.minimizers
        axes.scatter(
            known[:, 0], known[:, 1], marker="*", s=170, color="white", edgecolors="black", zorder=5,
            label="known minimum",
        )  # fmt: skip
    (left, bottom), (right, top) = run.space.lower, run.space.upper
    axes.set(xlim=(left, right), ylim=(bottom, top), xlabel="x1", ylabel="x2")
    axes.set_title(heading(run))
    axes.grid(visible=False)
    handles, labels = axes.get_legend_handles_labels()
    # Dots of the legend at full strength; those of the plot fade with age.
    dots = [Line2D([], [], marker="o", ls="", ms=5, color=colour(names, agent)) for agent in run.team]
    labels = [*map(written, run.team), *labels]
    figure.legend(dots + handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def background(run: RunData, axes: tuple[int, int] = (0, 1), at: Array | None = None) -> tuple[Array, Array, Array]:
    """x (k,), y (k,) and losses (k, k), row by y, on the plane of two axes through ``at`` (D,): evaluated where that
    costs nothing, else, in two dimensions, interpolated between the points found. NaN where nothing is known."""
    first, second = axes
    if run.problem is not None and run.pictured:
        return grid2d(run.problem, CONTOUR_POINTS, axes, at)
    space = run.space
    x, y = (np.linspace(space.lower[axis], space.upper[axis], CONTOUR_POINTS) for axis in axes)
    z = np.full((CONTOUR_POINTS, CONTOUR_POINTS), np.nan)
    if space.dimension == 2:
        # In the cube both axes are of one size, as nearness wants it.
        z = between(run.points.cube[:, [first, second]], run.points.losses, (0.0, 1.0, 0.0, 1.0), CONTOUR_POINTS)
    return x, y, z


def shades(z: Array, count: int = 18) -> tuple[Any, SymLogNorm, Array] | None:
    """Losses above the lowest (those unknown masked), the norm, and so many levels, to draw them with; None where there
    is nothing to tell apart."""
    finite = z[np.isfinite(z)]
    if not len(finite) or finite.min() == finite.max():
        return None
    width = float(np.percentile(finite, 25) - finite.min()) or float(np.ptp(finite))
    norm = SymLogNorm(linthresh=max(width, 1e-12), vmin=0.0, vmax=float(np.ptp(finite)))
    return np.ma.masked_invalid(z) - finite.min(), norm, norm.inverse(np.linspace(0, 1, count))


def _contour(figure: Figure, axes: Axes, run: RunData) -> None:
    x, y, z = background(run)
    found = shades(z)
    if found is None:
        return
    shifted, norm, levels = found
    filled = axes.contourf(x, y, shifted, levels=levels, norm=norm, cmap=GREYS)
    lines = axes.contour(x, y, shifted, levels=levels, norm=norm, colors="black", linewidths=0.25, alpha=0.35)
    # As paths they would weigh a megabyte a figure.
    filled.set_rasterized(True)
    lines.set_rasterized(True)
    how = "seen on this grid" if run.pictured else "found; interpolated between the points"
    bar = figure.colorbar(filled, ax=axes, label=f"loss above the lowest {how}", format="%.3g")
    bar.locator = MaxNLocator(6)
    bar.ax.tick_params(labelsize=8)


def _regions(axes: Axes, run: RunData, names: Sequence[str]) -> None:
    """The regions of the leases that narrow the search, early ones faint, late ones strong."""
    granted = [lease for event in run.events if isinstance(event, Granted) for lease in event.leases]
    narrow = [lease for lease in granted if lease.region.radius < 0.5]
    # The last of them tell the story; all of them would hide it.
    for order, lease in enumerate(narrow[-60:]):
        low, high = run.space.to_box(lease.region.lower), run.space.to_box(lease.region.upper)
        age = (order + 1) / min(len(narrow), 60)
        axes.add_patch(
            Rectangle(
                (low[0], low[1]), high[0] - low[0], high[1] - low[1], fill=False, lw=0.5 + 0.9 * age,
                ec=colour(names, lease.agent), alpha=0.2 + 0.6 * age,
            )
        )  # fmt: skip


def sizes_figure(table: Table, targeted: bool, priced: bool) -> Figure:
    """What a number of workers brings, a line of panels a landscape: time (to the target, where there is one), loss
    reached, idle share and cost over workers, with the band between the quartiles."""
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
                _draw_sizes(axes, here.where(strategy=strategy), quantity, minimum, colour(strategies, strategy))
            axes.set(xscale="log", xlabel="workers", ylabel=label, title=written(landscape))
            axes.set_xlim(sizes[0] / 1.4, sizes[-1] * 1.4)
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8, rotation=45 if len(sizes) > 5 else 0)
            axes.minorticks_off()
            if quantity == "loss":
                loss_axis(axes, minimum, here.columns["loss"] + here.columns["loss_high"])
            elif quantity == "idle_share":
                axes.set_ylim(-0.02, 1.02)
            elif max(here.columns[quantity]) > 0:
                axes.set_yscale("log")
    handles = [Line2D([], [], color=colour(strategies, name), marker="o", ms=4, lw=1.8) for name in strategies]
    names = [written(name) for name in strategies]
    if targeted and not np.isfinite(table.columns["to_target"]).all():
        handles.append(Line2D([], [], color="#5c5c5c", marker="o", mfc="white", ms=5, lw=0))
        names.append("to the end of the budget: no more than half of the runs reach the target")
    figure.legend(handles, names, loc="outside upper center", ncols=min(4, len(names)), frameon=False, fontsize=10)
    return figure


def _draw_sizes(axes: Axes, sizes: Table, quantity: str, minimum: float | None, tint: str) -> None:
    """One strategy's line in one panel of ``sizes_figure``."""

    def values(name: str) -> Array:
        found = np.array(sizes.columns[name], dtype=float)
        return np.asarray(gap(found, minimum), dtype=float) if quantity == "loss" else found

    if not len(sizes):
        return
    workers, middle = np.array(sizes.columns["workers"]), values(quantity)
    shown = np.isfinite(middle)
    # What is not finite breaks the line.
    axes.plot(workers, np.where(shown, middle, np.nan), "o-", color=tint, lw=1.8, ms=4)
    if quantity == "to_target":
        axes.plot(workers[~shown], values("seconds")[~shown], "o", color=tint, mfc="white", ms=5)
    if f"{quantity}_low" in sizes.columns:
        low, high = values(f"{quantity}_low"), values(f"{quantity}_high")
        band = shown & np.isfinite(high)
        axes.fill_between(workers[band], low[band], high[band], color=tint, alpha=0.15, lw=0)


def save(figure: Figure, stem: Path, hover: dict[str, str] | None = None) -> str:
    """Write ``stem``.png and .svg; the SVG's text, for embedding. ``hover`` maps ids of artists to texts, which a
    browser shows when the pointer rests on them."""
    # A salt of its own: pictures in one page must not share ids, for what a hidden one defines others may not see.
    with matplotlib.rc_context(STYLE | {"svg.hashsalt": stem.name}):
        figure.savefig(stem.with_suffix(".png"), dpi=PNG_DPI)
        # The layout is found by now; finding it again would cost as much as drawing.
        figure.set_layout_engine("none")
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", dpi=110, metadata={"Date": None, "Creator": None})
    text = with_titles(buffer.getvalue(), hover or {})
    stem.with_suffix(".svg").write_text(text, encoding="utf-8")
    return text


def with_titles(svg: str, hover: dict[str, str]) -> str:
    """An SVG whose elements with these ids have <title> children; without XML prologue, so that HTML can hold it."""
    for prefix, uri in (("", SVG[1:-1]), ("xlink", "http://www.w3.org/1999/xlink")):
        ET.register_namespace(prefix, uri)
    root = ET.fromstring(svg)
    for element in root.iter():
        title = hover.get(element.get("id", ""))
        if title is not None:
            child = ET.Element(f"{SVG}title")
            child.text = title
            element.insert(0, child)
    for metadata in root.findall(f"{SVG}metadata"):
        root.remove(metadata)
    return ET.tostring(root, encoding="unicode")


def styled(draw: Any, *arguments: Any) -> Any:
    """Call a figure function in the house's style."""
    with matplotlib.rc_context(STYLE):
        return draw(*arguments)
