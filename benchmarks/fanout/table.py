"""The cells as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from .cell import Cell

OURS = ("ours", "ours-small")
HEADS = {
    "ours": "searchparty",
    "ours-small": "searchparty, batch = workers",
    "joblib-threading": "joblib, threads",
    "joblib-loky": "joblib, processes",
    "optuna": "Optuna",
    "ray-tune": "Ray Tune",
}
LEVEL = 0.01
"""Efficiencies that differ by less are called equal."""


def page_of(cells: Sequence[Cell]) -> str:
    """A table of efficiencies for each length of an evaluation, and one of start-ups."""
    peers = [peer for peer in HEADS if any(cell.peer == peer for cell in cells)]
    parts = [efficiencies(cells, sleep, peers) for sleep in sorted({cell.sleep for cell in cells})]
    return "\n\n".join([*parts, startups(cells, peers), verdict(cells)])


def efficiencies(cells: Sequence[Cell], sleep: float, peers: Sequence[str]) -> str:
    """One length of an evaluation: workers down, peers across, and how far we are ahead of the best of them."""
    rows = []
    for workers in sorted({cell.workers for cell in cells if cell.sleep == sleep}):
        found = {peer: efficiency(cells, peer, workers, sleep) for peer in peers}
        best = max((value for peer, value in found.items() if peer not in OURS and value is not None), default=None)
        ours = found.get("ours")
        ratio = "" if ours is None or best is None else f"{ours / best:.2f}"
        shown = ["" if value is None else f"{100 * value:.1f} %" for value in found.values()]
        rows.append([str(workers), *shown, ratio])
    return f"Evaluations of {length(sleep)}:\n\n" + table(["workers", *map(HEADS.get, peers), "to the best peer"], rows)


def startups(cells: Sequence[Cell], peers: Sequence[str]) -> str:
    """Seconds until all workers are up, the median over all lengths of evaluations."""
    rows = []
    for workers in sorted({cell.workers for cell in cells}):
        found = [[c.startup for c in cells if (c.peer, c.workers) == (peer, workers)] for peer in peers]
        rows.append([str(workers), *(f"{median(values):.1f} s" if values else "" for values in found)])
    return "Start-up, until all workers are at work:\n\n" + table(["workers", *map(HEADS.get, peers)], rows)


def verdict(cells: Sequence[Cell]) -> str:
    """Where a peer is ahead, and what else the machine did."""
    behind, compared = [], 0
    for sleep, workers in sorted({(cell.sleep, cell.workers) for cell in cells}):
        ours = efficiency(cells, "ours", workers, sleep)
        for peer in HEADS:
            theirs = None if peer in OURS else efficiency(cells, peer, workers, sleep)
            if ours is None or theirs is None:
                continue
            compared += 1
            if theirs > ours + LEVEL:
                behind.append(f"{HEADS[peer]} by {100 * (theirs - ours):.1f} points at {workers} x {length(sleep)}")
    busy = median(cell.busy for cell in cells) if cells else 0.0
    worst = max((cell.busy for cell in cells), default=0.0)
    ahead = f"Of {compared} comparisons, a peer is ahead by over {100 * LEVEL:g} point in {len(behind)}"
    return (
        f"{ahead}{': ' + '; '.join(behind) if behind else ''}. Other programs kept {busy:.2f} CPUs busy before a cell "
        f"in the median, {worst:.2f} at most."
    )


def efficiency(cells: Iterable[Cell], peer: str, workers: int, sleep: float) -> float | None:
    """The median over repeats."""
    key = (peer, workers, sleep)
    found = [cell.efficiency for cell in cells if (cell.peer, cell.workers, cell.sleep) == key]
    return median(found) if found else None


def length(sleep: float) -> str:
    return f"{sleep:g} s" if sleep >= 1 else f"{1000 * sleep:g} ms"


def table(heads: Sequence[object], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---:"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
