"""Writes the tables (Markdown) and draws the ECDF figure of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from .score import FUNCTION_GROUPS, Scores, by_group
from .study import FUNCTIONS

BEHIND = 0.02
"""A team is listed as behind if the best rival's area is larger by more than this."""


def score_table(scores: Scores, bounds: dict[str, Sequence[str]]) -> str:
    """Return a table with one row per solver, best first.

    ``bounds`` maps names to solvers; the virtual best of these solvers becomes a row of that name.
    """
    rows = [
        (name, scores.areas(name), f"{scores.reached_share(name):.3f}", f"{scores.micros[name]:.0f}")
        for name in scores.runtimes
    ]
    for name, solvers in bounds.items():
        present = [solver for solver in solvers if solver in scores.runtimes]
        if len(present) > 1:
            rows.append((f"*{name}*", scores.best_of(present), "", ""))
    rows.sort(key=lambda row: -row[1].mean())
    head = ["solver", "area", *(f"D = {d}" for d in scores.dimensions), *FUNCTION_GROUPS, "reached", "µs/eval"]
    lines = [_markdown_row(head), _markdown_row(["---", *["---:"] * (len(head) - 1)])]
    for name, areas, reached, micros in rows:
        cells = [areas.mean(), *areas.mean(axis=1), *by_group(areas).values()]
        lines.append(_markdown_row([name, *(f"{value:.3f}" for value in cells), reached, micros]))
    return "\n".join(lines)


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def list_deficits(scores: Scores, team: str, rivals: Sequence[str]) -> str:
    """List the functions on which a team is behind the best rival, by dimension, with that rival and the difference."""
    present = [rival for rival in rivals if rival in scores.runtimes]
    areas, theirs = scores.areas(team), np.array([scores.areas(rival) for rival in present])
    lines = []
    for row, dimension in enumerate(scores.dimensions):
        behind = []
        for column, function in enumerate(FUNCTIONS):
            best = int(theirs[:, row, column].argmax())
            gap = theirs[best, row, column] - areas[row, column]
            if gap > BEHIND:
                behind.append((gap, f"f{function} {present[best]} (+{gap:.2f})"))
        words = ", ".join(text for _, text in sorted(behind, reverse=True)) or "nowhere"
        lines.append(f"- D = {dimension}: {words}")
    return "\n".join(lines)


def draw_figure(scores: Scores, shown: Sequence[str], team: str, path: Path, title: str) -> None:
    """Draw the ECDFs of runtimes, one panel per dimension and one for all, with the team in bold."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    at = np.logspace(0, np.log10(scores.multiple), 200)
    solvers = [name for name in shown if name in scores.runtimes]
    solvers.sort(key=lambda name: -scores.areas(name).mean())
    panels = [*([d] for d in scores.dimensions), scores.dimensions]
    columns = 2 if len(panels) < 5 else 3
    figure, axes = plt.subplots(
        -(-len(panels) // columns), columns, figsize=(4.6 * columns, 7.2), sharex=True, sharey=True
    )
    colours = plt.get_cmap("tab10")
    for axis, dimensions in zip(axes.flat, panels, strict=False):
        for number, name in enumerate(solvers):
            bold = name == team
            colour, style = ("black", "-") if bold else (colours(number % 10), "-" if number < 10 else "--")
            axis.semilogx(
                at, scores.ecdf(name, at, dimensions), label=name, color=colour, linestyle=style,
                linewidth=2.4 if bold else 1.1, zorder=3 if bold else 2,
            )  # fmt: skip
        axis.set_title(f"D = {dimensions[0]}" if len(dimensions) == 1 else "all dimensions", fontsize=10)
        axis.grid(alpha=0.25)
        axis.set_xlim(1, scores.multiple)
        axis.set_ylim(0, 1)
    for axis in list(axes.flat)[len(panels) :]:
        axis.axis("off")
    for axis in list(axes.flat)[: len(panels)][-columns:]:
        axis.tick_params(labelbottom=True)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    place = {
        "loc": "center",
        "bbox_to_anchor": list(axes.flat)[-1].get_position(),
        "bbox_transform": figure.transFigure,
    }
    if len(panels) == axes.size:
        place = {"loc": "outside right center"}
    figure.legend(handles, labels, fontsize=8, frameon=False, **place)
    figure.supxlabel("evaluations / D")
    figure.supylabel("fraction of (problem, target) pairs reached", x=0.004)
    figure.suptitle(title, fontsize=11)
    figure.tight_layout(rect=(0.015, 0, 1, 1))
    figure.savefig(path, dpi=110)
    plt.close(figure)
