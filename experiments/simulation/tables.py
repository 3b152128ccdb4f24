"""Tables of predictions by number of workers: time, loss, idle share and cost; and the best numbers of workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..results.curves import quartiles
from ..results.table import Table
from ..results.time_use import format_duration
from .predict import Prediction

SIZE_COLUMNS = (
    "landscape", "strategy", "workers", "runs", "seconds", "seconds_low", "seconds_high", "reached", "to_target",
    "to_target_low", "to_target_high", "loss", "loss_low", "loss_high", "minimum", "idle_share", "workers_lost",
    "worker_hours", "cost", "speed_up", "efficiency",
)  # fmt: skip


def runs_table(predictions: Sequence[Prediction]) -> Table:
    """Return a table with one row per run."""
    names = (
        "landscape", "strategy", "workers", "repeat", "seconds", "to_target", "target", "loss", "idle_share",
        "workers_lost", "leases", "evaluations", "worker_hours", "stopped",
    )  # fmt: skip
    return Table.from_rows(names, [[getattr(p, name) for name in names] for p in predictions])


def sizes_table(predictions: Sequence[Prediction], price: float | None) -> Table:
    """Return a table with one row for each landscape, strategy and number of workers.

    It holds medians and quartiles (``_low``, ``_high``) over the repeats. ``reached`` counts the runs that reached the
    target. ``cost`` is ``price`` times the worker-hours, or None without a price. ``speed_up`` is the time with the
    fewest workers divided by the time with this number; the time is that to the target, or to the end if there is no
    target. ``efficiency`` is the speed-up divided by the ratio of the numbers of workers. Both are None if either
    time is infinite.
    """
    groups: dict[tuple[str, str], dict[int, list[Prediction]]] = {}
    for p in predictions:
        groups.setdefault((p.landscape, p.strategy), {}).setdefault(p.workers, []).append(p)
    rows = []
    for (landscape, strategy), sizes in groups.items():
        first: tuple[int, float] | None = None
        for workers, group in sizes.items():
            row = _size_row(group, price)
            time = row["seconds"] if group[0].target is None else row["to_target"]
            first = (workers, time) if first is None else first
            gained = first[1] / time if 0 < time < np.inf and first[1] < np.inf else None
            part = None if gained is None else gained * first[0] / workers
            row |= {"landscape": landscape, "strategy": strategy, "speed_up": gained, "efficiency": part}
            rows.append([row[name] for name in SIZE_COLUMNS])
    return Table.from_rows(SIZE_COLUMNS, rows)


def _size_row(group: Sequence[Prediction], price: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {"workers": group[0].workers, "runs": len(group), "minimum": group[0].minimum}
    for name in ("seconds", "to_target", "loss"):
        low, middle, high = quartiles(np.array([getattr(p, name) for p in group]))
        row |= {name: middle, f"{name}_low": low, f"{name}_high": high}
    row["reached"] = sum(np.isfinite(p.to_target) for p in group)
    row["idle_share"] = float(np.mean([p.idle_share for p in group]))
    row["workers_lost"] = float(np.mean([p.workers_lost for p in group]))
    row["worker_hours"] = float(np.median([p.worker_hours for p in group]))
    row["cost"] = None if price is None else price * row["worker_hours"]
    return row


def best_sizes_table(table: Table, targeted: bool, limit: float | None) -> Table:
    """Return the best numbers of workers for each landscape and strategy.

    ``question`` is "fastest" (within the limit of cost, or of worker-hours if there is no price), and either
    "cheapest" if there is a target or "best loss" (within the limit) if there is none. ``workers`` is None if no size
    qualifies; a size that reached the target in at most half of its runs does not qualify.
    """
    rows = []
    pairs = dict.fromkeys(zip(table.columns["landscape"], table.columns["strategy"], strict=True))
    for landscape, strategy in pairs:
        sizes = table.where(landscape=landscape, strategy=strategy).rows()
        able = [row for row in sizes if not targeted or np.isfinite(row["to_target"])]
        within = [row for row in able if limit is None or size_cost(row) <= limit]
        time = "to_target" if targeted else "seconds"
        found = {"fastest": min(within, key=lambda r: (r[time], r["workers"]), default=None)}
        if targeted:
            found["cheapest"] = min(able, key=lambda r: (size_cost(r), r["workers"]), default=None)
        else:
            found["best loss"] = min(within, key=lambda r: (r["loss"], r["workers"]), default=None)
        rows += [(landscape, strategy, question, *_choice_cells(row, time)) for question, row in found.items()]
    names = ("landscape", "strategy", "question", "workers", "seconds", "paid", "loss", "reached", "runs")
    return Table.from_rows(names, rows)


def _choice_cells(row: dict[str, Any] | None, time: str) -> tuple[Any, ...]:
    if row is None:
        return (None,) * 6
    return row["workers"], row[time], size_cost(row), row["loss"], row["reached"], row["runs"]


def size_cost(row: dict[str, Any]) -> float:
    """Return the cost of a size: money if there is a price, otherwise worker-hours."""
    return float(row["worker_hours"] if row["cost"] is None else row["cost"])


def describe_choices(chosen: Table, targeted: bool, priced: bool, limit: float | None) -> list[str]:
    """Describe the best numbers of workers, one sentence for each row of ``chosen``."""
    unit = "" if priced else " worker-hours"
    within = "" if limit is None else f" within {limit:g}{unit}"
    lines = []
    for row in chosen.rows():
        question = row["question"] + (" that reaches the target" if row["question"] == "cheapest" else within)
        head = f"{row['landscape']}, {row['strategy']}, {question}: "
        if row["workers"] is None:
            lines.append(f"{head}none of the sizes tried{', or too few of its runs reach it' if targeted else ''}.")
            continue
        workers = f"{row['workers']:,} worker{'s' if row['workers'] > 1 else ''}"
        goal = f"target in {format_duration(row['seconds'])} ({row['reached']} of {row['runs']} runs reach it)"
        if not targeted:
            goal = f"done in {format_duration(row['seconds'])}, median loss {row['loss']:.4g}"
        lines.append(f"{head}{workers}, {goal}, cost {row['paid']:.3g}{unit}.")
    return lines


def format_size_rows(table: Table, targeted: bool, priced: bool) -> list[dict[str, str]]:
    """Return the table of sizes as text, in a few columns."""
    rows = []
    for row in table.rows():
        shown = {"landscape": row["landscape"], "strategy": row["strategy"], "workers": f"{row['workers']:,}"}
        shown["makespan"] = format_duration(row["seconds"])
        if targeted:
            shown["to target"] = format_duration(row["to_target"])
            shown["reached"] = f"{row['reached']}/{row['runs']}"
        shown["median loss"] = f"{row['loss']:.4g}"
        shown["idle"] = f"{row['idle_share']:.0%}"
        shown["lost"] = f"{row['workers_lost']:.3g}"
        shown["worker-hours"] = f"{row['worker_hours']:.3g}"
        if priced:
            shown["cost"] = f"{row['cost']:.3g}"
        shown["speed-up"] = "-" if row["speed_up"] is None else f"{row['speed_up']:.3g}"
        shown["efficiency"] = "-" if row["efficiency"] is None else f"{row['efficiency']:.0%}"
        rows.append(shown)
    return rows
