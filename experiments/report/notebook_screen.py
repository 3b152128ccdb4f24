"""The first screen of a report as HTML that a notebook shows, without code of its own."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ..comparison.comparison import Comparison
from .first_screen import describe_first_screen, draw_first_figures
from .still_figures import draw_intervals, draw_shares


def draw_notebook_screen(compared: Comparison, directory: Path) -> str:
    """Return the first screen of the report of a results directory as HTML.

    It has what the page shows first: the question, the verdict, what would settle it, the forest plot of all strategies
    against the baseline, the share of targets reached, and what the verdict rests on.
    """
    first = describe_first_screen(compared, [directory])
    figures = draw_first_figures(compared) if compared.problems and len(compared.strategies) > 1 else {}
    drawn = []
    if "forest" in figures:
        drawn.append(draw_intervals(figures["forest"]))
    if "distribution" in figures:
        drawn.append(draw_shares(figures["distribution"]))
    side = "".join(f'<div style="flex:1 1 340px;max-width:540px">{figure}</div>' for figure in drawn)
    lines = [
        f"<p>{escape(first['question'])}</p>" if first["question"] else "",
        f'<p style="font-size:1.15em;font-weight:600">{escape(first["verdict"])}</p>',
        f"<p>{escape(first['change'])}</p>" if first["change"] else "",
        f'<div style="display:flex;flex-wrap:wrap;gap:16px">{side}</div>' if side else "",
        *(f"<p>{escape(line)}</p>" for line in (first["evidence"], *first["remarks"]) if line),
    ]
    return f"<div>{''.join(lines)}</div>"
