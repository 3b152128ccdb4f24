"""What is kept of a try: its record and its page; and its tables as text."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment

from ...orchestrator.command_line import format_command
from ..comparison.bootstrap import Interval
from ..execution.results_directory import write_atomically
from ..results.records.json_file import format_record
from .attempt import RACE_NAME, RECORD_FORMAT, RECORD_NAME, Attempt
from .standings import Standing

TRY_PAGE = "try.html"
RACES_KEPT = 2


def keep_attempt(attempt: Attempt) -> Path:
    """Write the record and the page of a try, delete the races of all tries but the last two, and return the page."""
    record = {
        "format": RECORD_FORMAT, "number": attempt.number, "reference": attempt.candidate.reference,
        "family": attempt.candidate.family, "kind": attempt.candidate.kind, "digest": attempt.candidate.digest,
        "rung": attempt.candidate.rung, "seconds": attempt.seconds, "why_not": attempt.why_not,
        "clauses": [asdict(each) for each in attempt.clauses],
        "standings": [asdict(each) for each in attempt.standings],
        "sentences": attempt.sentences,
        "change": None if attempt.change is None else attempt.change.describe(),
        "score": None if attempt.change is None else attempt.change.score.estimate,
    }  # fmt: skip
    write_atomically(attempt.folder / RECORD_NAME, format_record(record))
    for each in attempt.folder.iterdir():
        found = RACE_NAME.fullmatch(each.name)
        if found and int(found[1]) <= attempt.number - RACES_KEPT and each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
    return _write_try_page(attempt, attempt.folder / TRY_PAGE)


def _write_try_page(attempt: Attempt, path: Path) -> Path:
    """Write the page of a try."""
    text = files(__package__).joinpath("templates", "try.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text).render(
        attempt=attempt, candidate=attempt.candidate, groups=_group(attempt.standings),
        format=format_interval, percent=_percent, format_command=format_command,
    )  # fmt: skip
    write_atomically(path, page)
    return path


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
