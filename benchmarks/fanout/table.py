"""Prints measured cells as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from .cell import Cell

OURS = ("ours", "ours-small")
COLUMN_HEADS = {
    "ours": "searchparty",
    "ours-small": "searchparty, batch = workers",
    "joblib-threading": "joblib, threads",
    "joblib-loky": "joblib, processes",
    "optuna": "Optuna",
    "ray-tune": "Ray Tune",
}
EQUAL_WITHIN = 0.01
"""Efficiencies that differ by less than this count as equal."""


def render_page(cells: Sequence[Cell]) -> str:
    """Return a table of efficiencies for each length of an evaluation, and a table of start-up times."""
    peers = [peer for peer in COLUMN_HEADS if any(cell.peer == peer for cell in cells)]
    parts = [efficiency_table(cells, sleep, peers) for sleep in sorted({cell.sleep for cell in cells})]
    return "\n\n".join([*parts, startup_table(cells, peers), comparison_sentence(cells)])


def efficiency_table(cells: Sequence[Cell], sleep: float, peers: Sequence[str]) -> str:
    """Return the table for one length of an evaluation: a row per number of workers and a column per library.

    The last column is the ratio of searchparty's efficiency to that of the best other library.
    """
    rows = []
    for workers in sorted({cell.workers for cell in cells if cell.sleep == sleep}):
        found = {peer: median_efficiency(cells, peer, workers, sleep) for peer in peers}
        best = max((value for peer, value in found.items() if peer not in OURS and value is not None), default=None)
        ours = found.get("ours")
        ratio = "" if ours is None or best is None else f"{ours / best:.2f}"
        shown = ["" if value is None else f"{100 * value:.1f} %" for value in found.values()]
        rows.append([str(workers), *shown, ratio])
    return f"Evaluations of {format_length(sleep)}:\n\n" + markdown_table(
        ["workers", *map(COLUMN_HEADS.get, peers), "ratio to the best peer"], rows
    )


def startup_table(cells: Sequence[Cell], peers: Sequence[str]) -> str:
    """Return a table of seconds until all workers are up: the median over all lengths of evaluations."""
    rows = []
    for workers in sorted({cell.workers for cell in cells}):
        found = [[c.startup for c in cells if (c.peer, c.workers) == (peer, workers)] for peer in peers]
        rows.append([str(workers), *(f"{median(values):.1f} s" if values else "" for values in found)])
    return "Start-up time until all workers are working:\n\n" + markdown_table(
        ["workers", *map(COLUMN_HEADS.get, peers)], rows
    )


def comparison_sentence(cells: Sequence[Cell]) -> str:
    """Return a sentence that says where another library is ahead, and how busy the machine was otherwise."""
    behind, compared = [], 0
    for sleep, workers in sorted({(cell.sleep, cell.workers) for cell in cells}):
        ours = median_efficiency(cells, "ours", workers, sleep)
        for peer in COLUMN_HEADS:
            theirs = None if peer in OURS else median_efficiency(cells, peer, workers, sleep)
            if ours is None or theirs is None:
                continue
            compared += 1
            if theirs > ours + EQUAL_WITHIN:
                behind.append(
                    f"{COLUMN_HEADS[peer]} by {100 * (theirs - ours):.1f} points at {workers} x {format_length(sleep)}"
                )
    busy = median(cell.busy for cell in cells) if cells else 0.0
    worst = max((cell.busy for cell in cells), default=0.0)
    ahead = f"Of {compared} comparisons, a peer is ahead by more than {100 * EQUAL_WITHIN:g} point in {len(behind)}"
    return (
        f"{ahead}{': ' + '; '.join(behind) if behind else ''}. Before a cell, other programs kept "
        f"{busy:.2f} CPUs busy in the median, and {worst:.2f} at most."
    )


def median_efficiency(cells: Iterable[Cell], peer: str, workers: int, sleep: float) -> float | None:
    """Return the median efficiency over the repeats, or None if there is no such cell."""
    key = (peer, workers, sleep)
    found = [cell.efficiency for cell in cells if (cell.peer, cell.workers, cell.sleep) == key]
    return median(found) if found else None


def format_length(sleep: float) -> str:
    return f"{sleep:g} s" if sleep >= 1 else f"{1000 * sleep:g} ms"


def markdown_table(heads: Sequence[object], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---:"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
