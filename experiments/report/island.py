"""The data of a report's figures and tables: compressed JSON in one element, from which the page draws on demand."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...landscapes.landscape import Array
from ..comparison.verdict import Verdict
from ..comparison.wording import format_amount, name_bound
from ..results.curves import Curve
from ..results.run_summary import RunSummary
from ..results.table import Table
from .sentences import format_number

DIGITS = 4
"""Significant digits of numbers that are drawn; files in tables/ have all."""
LEAST_GAP = 1e-14
"""Smaller gaps are drawn at this value, because a logarithmic axis has no zero."""
MOST_DOTS = 200
"""The most runs of a strategy on a problem that are drawn as dots, evenly chosen by their losses."""


def pack_island(data: dict[str, Any]) -> str:
    """Return data as compressed JSON in base64; ``report/island.js`` of the page unpacks it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack_island(packed: str) -> dict[str, Any]:
    """Return the data that was packed."""
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return found


def round_all(values: Iterable[Any]) -> list[Any]:
    """Return values for JSON: floats with ``DIGITS`` significant digits, None if they are not finite."""
    return [round_value(value) for value in values]


def round_value(value: Any) -> Any:
    """Return a value for JSON, as ``round_all``."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, float):
        return value
    if not np.isfinite(value):
        return None
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e6 else short


def pack_table(caption: str, heads: Sequence[str], rows: Iterable[Iterable[Any]]) -> dict[str, Any]:
    """Return a table for the page. Lists become text."""
    cells = [[str(cell) if isinstance(cell, list | bool) else round_value(cell) for cell in row] for row in rows]
    return {"caption": caption, "heads": list(heads), "rows": cells}


LEAST_RATIO = 30
"""Positive losses whose ratio is above this are drawn on a logarithmic scale."""


def pack_problems(
    groups: dict[str, dict[str, list[RunSummary]]], curves: dict[str, dict[str, Curve]], strategies: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what the page draws of each problem: curves of the best loss, and the best loss of each run.

    Args:
        groups: The runs, by problem and strategy.
        curves: The quartiles of the best loss, by problem and strategy.
        strategies: The names of all strategies, in order.
    """
    return [_pack_problem(name, found, curves[name], strategies) for name, found in groups.items()]


def _pack_problem(
    name: str, found: dict[str, list[RunSummary]], drawn: dict[str, Curve], strategies: Sequence[str]
) -> dict[str, Any]:
    minimum = next((run.minimum for runs in found.values() for run in runs), None)
    finals, medians, curves = [], [], []
    for strategy in strategies:
        runs = found.get(strategy, [])
        losses = np.sort([run.final for run in runs])
        shown = losses if len(losses) <= MOST_DOTS else losses[np.linspace(0, len(losses) - 1, MOST_DOTS).astype(int)]
        finals.append(round_all(to_gaps(shown, minimum).tolist()))
        middle = losses[(len(losses) - 1) // 2 : len(losses) // 2 + 1]
        with np.errstate(all="ignore"):
            medians.append(round_value(float(to_gaps(middle, minimum).mean())) if len(losses) else None)
        curves.append(_pack_curve(drawn[strategy], len(runs), minimum) if strategy in drawn else None)
    told = ", ".join(
        f"{strategy} {'none' if median is None else format_number(float(median))}"
        for strategy, median in zip(strategies, medians, strict=True)
        if strategy in found
    )
    what = "best loss" if minimum is None else "best loss above the known minimum"
    return {
        "name": name, "label": f"{name}: median {what} at the end: {told}",
        "gaps": minimum is not None,
        "log": minimum is not None or _span_magnitudes(drawn.values()),
        "curves": curves, "finals": finals, "medians": medians,
    }  # fmt: skip


def _span_magnitudes(curves: Iterable[Curve]) -> bool:
    """Return whether losses are positive and differ by orders of magnitude, so that a linear scale would hide most."""
    losses = np.concatenate([curve.median[np.isfinite(curve.median)] for curve in curves])
    return bool(len(losses) and losses.min() > 0 and losses.max() > LEAST_RATIO * losses.min())


def _pack_curve(curve: Curve, runs: int, minimum: float | None) -> list[Any]:
    """Return [x, median, lower, upper] where any of them changes; the quartiles are None for a single run."""
    listed = (curve.median, curve.lower, curve.upper)[: 3 if runs > 1 else 1]
    parts = np.array([to_gaps(part, minimum) for part in listed])
    kept = np.concatenate([[True], np.any(parts[:, 1:] != parts[:, :-1], axis=0)])
    kept[-1] = True
    median, *bands = (round_all(part[kept].tolist()) for part in parts)
    return [curve.evaluations[kept].tolist(), median, *(bands or (None, None))]


def to_gaps(losses: Array, minimum: float | None) -> Array:
    """Return losses as distances above the known minimum, or unchanged if it is unknown."""
    if minimum is None:
        return np.asarray(losses, dtype=float)
    found: Array = np.maximum(np.asarray(losses, dtype=float) - minimum, LEAST_GAP)
    return found


def pack_intervals(
    subject: str, baseline: str, equivalence: float, verdicts: Iterable[tuple[str, int, Verdict]]
) -> dict[str, Any]:
    """Return a forest plot: ratios of running times with their intervals, and which are bounds.

    Args:
        subject: The title, which says what is compared: "Evaluations needed".
        baseline: What they are compared with.
        equivalence: The lower end of the region of practical equivalence.
        verdicts: The name, the number of the colour and the verdict of each row; those without a ratio have no mark.
    """
    rows = [_pack_interval(name, colour, each) for name, colour, each in verdicts]
    told = "; ".join(row["name"] for row in rows)
    return {
        "kind": "intervals", "title": subject,
        "label": f"{subject}, compared with {baseline}, with 95 % intervals: {told}",
        "xName": f"as a multiple of those of {baseline}", "log": True, "reference": 1,
        "region": round_all([equivalence, 1 / equivalence]), "rows": rows,
    }  # fmt: skip


def _pack_interval(name: str, colour: int, verdict: Verdict) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "colour": colour, "value": None, "low": None, "high": None, "bound": ""}
    if verdict.bounded is None:
        return row
    bound = name_bound(verdict.only_second, verdict.only_first)
    ends = (verdict.bounded.estimate, verdict.bounded.low, verdict.bounded.high)
    row |= zip(("value", "low", "high"), map(round_value, ends), strict=True)
    return row | {"name": f"{name}, {format_amount(verdict.bounded.estimate, bound)}", "bound": bound.strip()}


def pack_ratios(ratios: Table, baseline: str) -> dict[str, Any]:
    """Return the heat map: expected running times of each strategy, divided by the baseline's, by problem.

    A ratio of 0 says that only the strategy reaches the target, -1 that only the baseline does, None that neither does.
    Problems on which strategies differ most come first.
    """
    names = list(dict.fromkeys(ratios.columns["strategy"]))
    found: dict[str, dict[str, float | None]] = {}
    for row in ratios.rows():
        shown = {"": row["ratio"], "strategy": -1.0, "baseline": 0.0, "both": None}[row["bound"]]
        found.setdefault(row["problem"], {})[row["strategy"]] = shown
    rows = [(problem, [listed.get(name) for name in names]) for problem, listed in found.items()]
    rows.sort(key=lambda row: -max((_strength(ratio) for ratio in row[1]), default=0.0))
    return {
        "kind": "heat", "names": names, "problems": [problem for problem, _ in rows],
        "caption": f"Expected running time divided by that of {baseline}, by problem",
        "baseline": baseline, "ratios": [round_all(row) for _, row in rows],
    }  # fmt: skip


def _strength(ratio: float | None) -> float:
    return 0.0 if ratio is None else (1e9 if ratio <= 0 else abs(float(np.log10(ratio))))
