"""A try: contract, race, what the candidate does well and badly, what changed since the last try, and its folder."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...agents.sandbox.ladder import RUNG_TEXTS
from ...landscapes.landscape import Refusal
from ..comparison.comparison import compare_runs
from ..contracts.check import describe_broken
from ..contracts.clause import ClauseResult
from ..execution.results_directory import directory_stem, write_atomically
from ..execution.watcher import Watcher
from ..results.records.json_file import format_record, read_record
from ..results.run_summary import RunSummary, read_summaries
from .candidate import Candidate, check_candidate, hangs, time_candidate
from .race import Raced, choose_size, make_race, run_race
from .standings import Standing, find_standings
from .wording import Change, describe_candidate, find_change

TOTAL_SECONDS = 90.0
"""What a try takes at most."""
CONTRACT_SECONDS = 30.0
REST_SECONDS = 8.0
"""What is kept for reading and comparing runs."""
RACE_SHARE = 1.0
"""The part of the time of the race that the candidate's own evaluations may take."""
NEEDED = {"agent": ("points-in-cube",), "policy": ("valid-decisions", "budget-used")}
"""Clauses without which a race would say nothing."""
RECORD_NAME, PAGE_NAME, RECORD_FORMAT = "try.json", "try.html", "searchparty try 1"
RACE_NAME = re.compile(r"race-(\d+)")
RACES_KEPT = 2
MOST_RECORD_BYTES = 4_000_000
Say = Callable[[str], None]


class TryRecordError(ValueError):
    """A folder has no record of a try."""


@dataclass(frozen=True)
class Attempt:
    """A try.

    Attributes:
        candidate: What was tried.
        folder: Its folder.
        number: The number of the try in this folder, from 1.
        clauses: How the candidate does by each clause of its contract.
        seconds: The seconds of a proposal or a decision; None if it was not timed.
        raced: The race; None if there was none.
        why_not: Why there was no race, or a smaller one; "" if it was as usual.
        standings: How each strategy stands on each landscape.
        sentences: What the candidate does well and badly, in words.
        change: What changed since the last try; None if there was none.
        changed_clauses: Which clauses are broken or kept now and were not at the last try, in words.
    """

    candidate: Candidate
    folder: Path
    number: int
    clauses: list[ClauseResult]
    seconds: float | None
    raced: Raced | None
    why_not: str
    standings: list[Standing]
    sentences: list[str]
    change: Change | None
    changed_clauses: list[str]

    @property
    def broken(self) -> list[ClauseResult]:
        """The clauses that the candidate breaks."""
        return [each for each in self.clauses if each.is_broken]

    @property
    def unit(self) -> str:
        """What is timed."""
        return "proposal" if self.candidate.family == "agent" else "decision"

    def describe_contract(self) -> list[str]:
        """Return how the candidate does by its contract, in lines."""
        states = [each.state for each in self.clauses]
        counts = {state: states.count(state) for state in dict.fromkeys(states)}
        head = f"Contract: {', '.join(f'{count} clauses {state}' for state, count in counts.items())}."
        return [head.replace("1 clauses", "1 clause"), *describe_broken(self.clauses)]

    def describe_time(self) -> str:
        """Return what a proposal takes, in words; "" if it was not timed."""
        return "" if self.seconds is None else f"{self.seconds * 1e6:,.0f} us a {self.unit}"


def choose_folder(name: str) -> Path:
    """Return the folder of the tries of a candidate.

    Raises:
        Refusal: There is something else of this name.
    """
    folder = Path(f"try-{directory_stem(name)}")
    if folder.exists() and not (folder / RECORD_NAME).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal(
            f"{folder} must be the folder of an earlier try, or not exist, got something else. Rename it, or work in "
            "another folder."
        )
    return folder


def make_attempt(candidate: Candidate, base: str, watch: Callable[[int], Any], say: Say = lambda _: None) -> Attempt:
    """Try a candidate, and write what was found into its folder.

    Args:
        candidate: The candidate.
        base: The folder in which paths start.
        watch: Returns a context that shows the progress of a number of runs, and gives a watcher.
        say: Is told what happens, one line at a time.

    Raises:
        Refusal: Its folder is something else.
    """
    began = time.monotonic()
    folder = choose_folder(candidate.kind)
    before = _read_last(folder)
    say(f"{candidate.reference}: {candidate.family} {candidate.kind}, {RUNG_TEXTS[candidate.rung]}")
    clauses = check_candidate(candidate, began + CONTRACT_SECONDS)
    seconds, raced, why_not = None, None, _find_obstacle(candidate, clauses)
    number = _find_number(folder) + 1
    folder.mkdir(exist_ok=True)
    if not why_not:
        seconds, each = time_candidate(candidate)
        end = began + TOTAL_SECONDS - REST_SECONDS
        size = choose_size(each, RACE_SHARE * (end - time.monotonic()))
        raced = _race(candidate, folder / f"race-{number}", size, base, end, watch)
        why_not = _describe_size(raced, each)
    compared = None if raced is None else compare_runs(raced.runs)
    change = None if raced is None or before is None else find_change(raced.runs, before.runs, candidate.kind)
    attempt = Attempt(
        candidate, folder, number, clauses, seconds, raced, why_not,
        [] if compared is None else find_standings(compared),
        [] if compared is None else describe_candidate(compared, candidate.kind),
        change, [] if before is None else _compare_clauses(clauses, before.broken),
    )  # fmt: skip
    _keep(attempt)
    return attempt


def _race(candidate: Candidate, path: Path, size: Any, base: str, end: float, watch: Callable[[int], Any]) -> Raced:
    experiment = make_race(candidate.family, candidate.kind, candidate.entry, size, base)
    runs = len(experiment.landscapes) * len(experiment.strategies) * size.seeds
    watcher: Watcher
    with watch(runs) as watcher:
        return run_race(experiment, size, path, end, watcher)


def _find_obstacle(candidate: Candidate, clauses: Sequence[ClauseResult]) -> str:
    """Return why a race would say nothing; "" if nothing stands against one."""
    if hangs(list(clauses)):
        return f"Not raced: it takes too long for a {'proposal' if candidate.family == 'agent' else 'decision'}."
    broken = [each.clause for each in clauses if each.is_broken and each.clause in NEEDED[candidate.family]]
    return f"Not raced: it breaks {' and '.join(broken)}. Mend that first." if broken else ""


def _describe_size(raced: Raced, each: float) -> str:
    """Return why a race was smaller than usual; "" if it was not."""
    if raced.cut:
        ended = sum(run.stopped is not None for run in raced.runs)
        return f"Its time was over before all runs had ended: {ended} of them are compared."
    if raced.size != choose_size(0.0, 1.0):
        return f"It is slow ({each * 1e3:.1f} ms an evaluation), so the race was smaller: {raced.size.describe()}."
    return ""


@dataclass(frozen=True)
class _Last:
    """What the last try left: its runs, and the clauses that were broken."""

    runs: list[RunSummary]
    broken: frozenset[str]


def _read_last(folder: Path) -> _Last | None:
    """Return what the last try in a folder left; None if there was none, or it cannot be read."""
    try:
        broken = read_record(folder / RECORD_NAME, MOST_RECORD_BYTES, "a try", _parse_broken, TryRecordError)
    except TryRecordError:
        return None
    number = _find_number(folder)
    races = folder / f"race-{number}"
    try:
        return _Last(read_summaries(races), broken)
    except (Refusal, OSError):
        return _Last([], broken)


def _parse_broken(data: Any) -> frozenset[str]:
    if data["format"] != RECORD_FORMAT:
        raise ValueError(f"its format is {data['format']!r}")
    return frozenset(str(each["clause"]) for each in data["clauses"] if each["state"] == "broken")


def _compare_clauses(clauses: Sequence[ClauseResult], before: frozenset[str]) -> list[str]:
    """Return which clauses are broken now and were not before, and the other way round, in sentences."""
    now = {each.clause for each in clauses if each.is_broken}
    mended = sorted(each.clause for each in clauses if each.state == "kept" and each.clause in before)
    lines = [f"Broken since the last try: {', '.join(sorted(now - before))}."] if now - before else []
    return lines + ([f"Kept now, and broken at the last try: {', '.join(mended)}."] if mended else [])


def _find_number(folder: Path) -> int:
    """Return the greatest number of a race in a folder; 0 if there is none."""
    names = [each.name for each in folder.iterdir()] if folder.is_dir() else []
    return max((int(found[1]) for name in names if (found := RACE_NAME.fullmatch(name))), default=0)


def _keep(attempt: Attempt) -> None:
    """Write the record and the page, and leave out the races of earlier tries but the last."""
    from .page import write_page

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
    write_page(attempt, attempt.folder / PAGE_NAME)
    for each in attempt.folder.iterdir():
        found = RACE_NAME.fullmatch(each.name)
        if found and int(found[1]) <= attempt.number - RACES_KEPT and each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
