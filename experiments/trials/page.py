"""The page of a try, and its tables as text."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment

from ..comparison.bootstrap import Interval
from ..execution.results_directory import write_atomically
from .standings import Standing

if TYPE_CHECKING:
    from .attempt import Attempt


def write_page(attempt: Attempt, path: Path) -> None:
    """Write the page of a try."""
    text = files(__package__).joinpath("templates", "try.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text).render(
        attempt=attempt, candidate=attempt.candidate, groups=_group(attempt.standings),
        format=format_interval, percent=_percent,
    )  # fmt: skip
    write_atomically(path, page)


def list_standing_rows(standings: Sequence[Standing], name: str) -> list[dict[str, str]]:
    """Return the table of a candidate's standings: a row for each landscape, beside the best of the others."""
    rows = []
    for landscape, found in _group(standings).items():
        own = next((each for each in found if each.strategy == name), None)
        others = sorted((each for each in found if each.strategy != name), key=lambda each: -each.area.estimate)
        if own is None:
            continue
        rows.append({
            "landscape": landscape, "rank": f"{own.rank.estimate:.2f} of {len(found)}", "95 %": _span(own.rank, 2),
            "area": f"{own.area.estimate:.3f}", "95 % of it": _span(own.area, 3),
            "best other": f"{others[0].strategy} {others[0].area.estimate:.3f}" if others else "-",
        })  # fmt: skip
    return rows


def format_interval(found: Interval, digits: int) -> str:
    """Return an estimate with its interval: "1.40 (1.10 to 1.93)"."""
    return f"{found.estimate:.{digits}f} ({_span(found, digits)})"


def _span(found: Interval, digits: int) -> str:
    return f"{found.low:.{digits}f} to {found.high:.{digits}f}"


def _group(standings: Sequence[Standing]) -> dict[str, list[Standing]]:
    found: dict[str, list[Standing]] = {}
    for each in standings:
        found.setdefault(each.landscape, []).append(each)
    return found


def _percent(area: float) -> float:
    """Return a share as a percentage from 0 to 100, for bars."""
    return round(100 * min(max(area, 0.0), 1.0), 2)
