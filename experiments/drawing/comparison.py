"""Figures that compare strategies, and figures of single runs over their evaluations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..results.accounts import leases_table
from ..results.curves import Curve
from ..results.recorded_runs import RunData
from ..results.run_summary import RunSummary
from ..results.table import Table
from .style import COLOURS, colour_of, format_label, gap_above_minimum, make_panels, run_heading, scale_loss_axis


def convergence_figure(
    curves: dict[str, dict[str, Curve]], minima: dict[str, float | None], strategies: Sequence[str]
) -> Figure:
    """Draw the median best loss against evaluations, with a band between the quartiles, one panel per problem."""
    figure, all_axes = make_panels(len(minima))
    lines: dict[str, Line2D] = {}
    for axes, (problem, minimum) in zip(all_axes, minima.items(), strict=True):
        here = curves.get(problem, {})
        for strategy, curve in here.items():
            x = curve.evaluations
            low, middle, high = (gap_above_minimum(part, minimum) for part in (curve.lower, curve.median, curve.upper))
            shown = np.isfinite(middle)
            tint = colour_of(strategies, strategy)
            dashes = ("-", "--", ":")[list(strategies).index(strategy) // len(COLOURS) % 3]
            axes.plot(x[shown], middle[shown], dashes, color=tint, lw=1.8)
            lines[strategy] = Line2D([], [], color=tint, ls=dashes, lw=1.8)
            band = shown & np.isfinite(high)
            if not band.any():
                continue
            axes.fill_between(x[band], low[band], high[band], color=tint, alpha=0.15, lw=0)
        drawn = np.concatenate([np.empty(0), *(part for each in here.values() for part in (each.median, each.upper))])
        if np.isfinite(drawn).any():
            axes.set_xscale("log")
        scale_loss_axis(axes, minimum, drawn)
        axes.set(title=format_label(problem), xlabel="evaluations")
    figure.legend(
        list(lines.values()), [format_label(name) for name in lines], loc="outside upper center",
        ncols=min(4, max(len(lines), 1)), frameon=False, fontsize=10,
    )  # fmt: skip
    return figure


def finals_figure(
    groups: dict[str, dict[str, list[RunSummary]]], minima: dict[str, float | None], strategies: Sequence[str]
) -> Figure:
    """Draw each run's best loss as a dot and the median as a bar, one panel per problem."""
    figure, all_axes = make_panels(len(minima), height=0.7 + 0.55 * len(strategies) + 0.8)
    for axes, (problem, minimum) in zip(all_axes, minima.items(), strict=True):
        for line, strategy in enumerate(strategies):
            finals = np.array([run.final for run in groups.get(problem, {}).get(strategy, [])])
            values = gap_above_minimum(finals[np.isfinite(finals)], minimum)
            if not len(values):
                continue
            spread = (np.arange(len(values)) % 5 - 2) * 0.07
            tint = colour_of(strategies, strategy)
            axes.scatter(values, line + spread, s=22, color=tint, alpha=0.7, lw=0)
            axes.plot([np.median(values)] * 2, [line - 0.3, line + 0.3], color=tint, lw=2.5)
        axes.set_yticks(range(len(strategies)), [format_label(strategy) for strategy in strategies])
        axes.set_ylim(len(strategies) - 0.5, -0.5)
        scale_loss_axis(axes, minimum, [run.final for group in groups.get(problem, {}).values() for run in group], "x")
        axes.set_title(format_label(problem))
    return figure


def timeline_figure(run: RunData, names: Sequence[str] = ()) -> tuple[Figure, dict[str, str]]:
    """Draw each agent's leases over the run (upper panel) and the radius of their regions (lower panel).

    ``names`` gives the order in which agents get their colours. Returns the figure and the hover texts by the id of a
    lease's bar; each text holds the lease's size, its reason and its outcome.
    """
    table = leases_table(run).rows()
    team, names = run.team, names or run.team
    figure = Figure(figsize=(10.4, 1.4 + 0.45 * len(team) + 2.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[0.5 + 0.45 * len(team), 2.2])
    hover: dict[str, str] = {}
    for row in table:
        if row["collected_at"] is None:
            continue
        name = f"lease-{run.id}-{row['lease']}"
        line, end = team.index(row["agent"]), row["collected_at"]
        tint = colour_of(names, row["agent"])
        bar = Rectangle(
            (end - row["charged"], line - 0.34), max(row["charged"], 1), 0.68, color=tint, alpha=0.85, lw=0.6,
            ec="white",
        )  # fmt: skip
        bar.set_gid(name)
        above.add_patch(bar)
        if row["record"]:
            above.plot(end, line, marker="*", color="black", ms=7, zorder=3)
        best = "no finite loss" if row["best"] is None else f"best loss {row['best']:.6g}"
        hover[name] = (
            f"lease {row['lease']} of {row['agent']}: {row['charged']} of {row['budget']} evaluations, radius "
            f"{row['radius']:.3g}, {best}\nwhy: {row['reason']}\nended: {row['outcome']}"
        )
    above.set_yticks(range(len(team)), [format_label(agent) for agent in team])
    above.set_ylim(len(team) - 0.5, -0.5)
    above.set_xlim(0, max(run.evaluations, 1))
    above.grid(axis="y", visible=False)
    above.set_title(f"{run_heading(run)}: leases (star: new best loss)")
    for agent in team:
        mine = [row for row in table if row["agent"] == agent and row["collected_at"] is not None]
        x = [row["collected_at"] - row["charged"] for row in mine] + [row["collected_at"] for row in mine[-1:]]
        y = [row["radius"] for row in mine] + [row["radius"] for row in mine[-1:]]
        below.step(x, y, where="post", color=colour_of(names, agent), lw=1.6)
    below.set_yscale("log")
    below.set(xlabel="evaluations of the whole team", ylabel="radius (unit cube)")
    return figure, hover


def contributions_figure(
    table: Table, landscapes: Sequence[str], strategies: Sequence[str], order: Sequence[str] = ()
) -> Figure | None:
    """Draw each agent's share of evaluations, records, gains and final best points, for strategies with a team.

    Returns None if no strategy has more than one agent.
    """
    members = {s: set(group.columns["agent"]) for (s,), group in table.groups("strategy").items()}
    teams = [s for s in strategies if len(members.get(s, ())) > 1]
    parts = {key: group.rows() for key, group in table.groups("landscape", "strategy").items()}
    bars = [(la, s) for la in landscapes for s in teams if (la, s) in parts]
    if not bars:
        return None
    drawn = [row for bar in bars for row in parts[bar]]
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
            for row in parts[landscape, strategy]:
                axes.barh(line, row[column], left=left, color=colour_of(tints, row["agent"]), height=0.7)
                left += row[column]
        axes.set(title=f"share of {title}", xlim=(0, 1), xticks=(0, 0.5, 1))
        axes.grid(axis="y", visible=False)
    all_axes[0].set_yticks(range(len(bars)), [f"{format_label(s)}\n{format_label(la)}" for la, s in bars], fontsize=9)
    all_axes[0].set_ylim(len(bars) - 0.5, -0.5)
    handles = [Rectangle((0, 0), 1, 1, color=colour_of(tints, name)) for name in names]
    labels = [format_label(name) for name in names]
    figure.legend(handles, labels, loc="outside lower center", ncols=min(6, len(names)), frameon=False, fontsize=9)
    return figure
