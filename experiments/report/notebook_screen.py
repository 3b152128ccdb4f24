"""The first screen of a report as HTML that a notebook shows, without code of its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from ..comparison.comparison import Comparison
from ..results.table import MOST_SHOWN
from .first_screen import describe_first_screen, draw_first_figures
from .still_figures import draw_intervals, draw_shares


def draw_notebook_screen(
    compared: Comparison, directory: Path, rows: Sequence[dict[str, str]], decisions: Sequence[str] = ()
) -> str:
    """Return the first screen of the report of a results directory as HTML.

    It has what the page shows first: the question, the verdict, what would settle it, the forest plot of all strategies
    against the baseline, the share of targets reached, and what the verdict rests on. Below that are decisions, and a
    table.

    Args:
        compared: The comparison.
        directory: The results directory.
        rows: The rows of a table of strategies, formatted as text.
        decisions: The decisions that mattered most, after a heading (``describe_decisions``).
    """
    first = describe_first_screen(compared, [directory])
    figures = draw_first_figures(compared) if first["figures"] else {}
    drawn = []
    if "forest" in figures:
        drawn.append(draw_intervals(figures["forest"]))
    if "distribution" in figures:
        drawn.append(draw_shares(figures["distribution"]))
    side = "".join(f'<div style="flex:1 1 340px;max-width:540px">{figure}</div>' for figure in drawn)
    command = f' <code style="white-space:pre-wrap">{escape(first["command"])}</code>' if first["command"] else ""
    lines = [
        f"<p>{escape(first['question'])}</p>" if first["question"] else "",
        f'<p style="font-size:1.15em;font-weight:600">{escape(first["verdict"])}</p>',
        f"<p><b>Cost</b> {escape(first['cost'])}</p>" if first["cost"] else "",
        f"<p><b>Next</b> {escape(first['next'])}{command}</p>" if first["next"] else "",
        f'<div style="display:flex;flex-wrap:wrap;gap:16px">{side}</div>' if side else "",
        *(f"<p>{escape(line)}</p>" for line in (first["others"], first["evidence"], *first["remarks"]) if line),
    ]
    if decisions:
        told = "".join(f"<li>{escape(line)}</li>" for line in decisions[1:])
        lines.append(f"<p>{escape(decisions[0])}</p><ul>{told}</ul>")
    place = f"<p>searchparty results in {escape(str(directory))}</p>"
    return f"<div>{''.join(lines)}</div>{_draw_table(rows) if rows else ''}{place}"


def _draw_table(rows: Sequence[dict[str, str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    cells = ("".join(f"<td>{escape(value)}</td>" for value in row.values()) for row in rows[:MOST_SHOWN])
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    rest = len(rows) - MOST_SHOWN
    more = f"<p>... and {rest:,} more rows in <code>summary_rows()</code></p>" if rest > 0 else ""
    table = f"<table><tr>{head}</tr>{body}</table>{more}"
    return f"<details><summary>Strategies on each problem</summary>{table}</details>"
