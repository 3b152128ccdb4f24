"""A try: contract, race, what the candidate does well and badly, what changed since the last try, and its folder."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...agents.sandbox.ladder import RUNG_TEXTS
from ...landscapes.landscape import Refusal
from ...orchestrator.log.log import LogError
from ..comparison.comparison import compare_runs
from ..comparison.wording import list_names
from ..contracts.check import describe_broken
from ..contracts.clause import NOT_TRIED, ClauseResult
from ..execution.results_directory import directory_stem
from ..execution.watcher import Watcher
from ..results.records.json_file import read_record
from ..results.run_summary import RunSummary, read_summaries
from .candidate import Candidate, CandidateFailed, check_candidate, hangs, time_candidate
from .race import RIVAL_POLICIES, Raced, choose_size, make_race, run_race
from .rivals import Rivals
from .standings import Standing, find_standings
from .wording import Change, describe_candidate, find_change

TOTAL_SECONDS = 90.0
"""What a try takes at most."""
CONTRACT_SECONDS = 40.0
REST_SECONDS = 12.0
"""What is kept for reading and comparing runs."""
NEEDED_CLAUSES = {"agent": ("points-in-cube",), "policy": ("valid-decisions", "budget-used")}
"""Clauses without which a race would say nothing."""
RECORD_NAME, RECORD_FORMAT = "try.json", "searchparty try 1"
RACE_NAME = re.compile(r"race-(\d+)")
OWN_NAME = re.compile(r"race-\d+|rivals-[0-9a-f]{8}|rivals\.yaml|try\.(json|html)")
"""The names of what lies in the folder of a try."""
MOST_RECORD_BYTES = 4_000_000
STATES = ("kept", "broken", "left out", NOT_TRIED)
"""The states of clauses, in the order in which they are counted."""
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
        rivals: The results directory of the runs of its rivals.
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
    rivals: Path
    standings: list[Standing]
    sentences: list[str]
    change: Change | None
    changed_clauses: list[str]

    @property
    def broken(self) -> list[ClauseResult]:
        """The clauses that the candidate breaks."""
        return [each for each in self.clauses if each.is_broken]

    @property
    def unranked(self) -> str:
        """Why it has no rank although it was raced, in a sentence; "" if it has one, or was not raced."""
        if self.raced is None or any(each.strategy == self.candidate.kind for each in self.standings):
            return ""
        return "It has no ranks: on no landscape have all raced to their end with a loss that counts."

    @property
    def unit(self) -> str:
        """What is timed."""
        return "proposal" if self.candidate.family == "agent" else "decision"

    def describe_contract(self) -> list[str]:
        """Return how the candidate does by its contract, in lines."""
        states = [each.state for each in self.clauses]
        counts = {state: states.count(state) for state in STATES if state in states}
        told = [f"{count} clause{'' if count == 1 else 's'} {state}" for state, count in counts.items()]
        over = " The time for them was over." if NOT_TRIED in states and not hangs(self.clauses) else ""
        return [f"Contract: {', '.join(told)}.{over}", *describe_broken(self.clauses)]

    def describe_time(self) -> str:
        """Return what a proposal takes, in words; "" if it was not timed."""
        if self.seconds is None:
            return ""
        taken = f"{self.seconds * 1e6:,.0f} us" if self.seconds < 0.01 else f"{self.seconds * 1e3:,.0f} ms"
        return f"{taken} a {self.unit}"


def choose_folder(name: str) -> Path:
    """Return the folder of the tries of a candidate.

    Raises:
        Refusal: There is something else of this name.
    """
    folder = Path(f"try-{directory_stem(name)}")
    # A try that was interrupted has left no record.
    if folder.exists() and not (folder.is_dir() and all(OWN_NAME.fullmatch(each.name) for each in folder.iterdir())):
        raise Refusal(
            f"{folder} must be the folder of an earlier try, or not exist, got something else. Rename it, or work in "
            "another folder."
        )
    return folder


def make_attempt(candidate: Candidate, base: str, watch: Callable[[int], Any], say: Say = lambda _: None) -> Attempt:
    """Try a candidate. Its runs are written into its folder; ``keep_attempt`` writes the rest.

    Args:
        candidate: The candidate.
        base: The folder in which paths start.
        watch: Returns a context that shows the progress of a number of runs, and gives a watcher.
        say: Is told what happens, one line at a time.

    Raises:
        Refusal: Its folder is something else, or a rival has its name.
    """
    began = time.monotonic()
    if candidate.kind in RIVAL_POLICIES:
        raise Refusal(
            f"FILE:CLASS must have a kind that no rival has, got {candidate.kind!r}. Rename it: it is raced against "
            f"{', '.join(RIVAL_POLICIES)}."
        )
    folder = choose_folder(candidate.kind)
    before = _read_last(folder)
    say(f"{candidate.reference}: {candidate.family} {candidate.kind}, {RUNG_TEXTS[candidate.rung]}")
    number = _find_number(folder) + 1
    folder.mkdir(exist_ok=True)
    seconds, each, raced, compared = None, 0.0, None, None
    with Rivals(folder, candidate.family) as rivals:
        clauses = check_candidate(candidate, began + CONTRACT_SECONDS)
        why_not = _find_obstacle(candidate, clauses)
        if not why_not:
            try:
                seconds, each = time_candidate(candidate)
            except CandidateFailed as error:
                why_not = f"Not raced: when it was timed, {error}. Mend that first."
        if not why_not:
            end = began + TOTAL_SECONDS - REST_SECONDS
            size = choose_size(each, end - time.monotonic())
            raced = _race(candidate, folder / f"race-{number}", size, base, end, watch)
            known = rivals.wait(end)
            compared = compare_runs(_choose_common([*raced.runs, *known], size.seeds))
            why_not = _describe_size(raced, each, len(known) < rivals.total)
    change = None if raced is None or before is None else find_change(raced.runs, before.runs, candidate.kind)
    return Attempt(
        candidate, folder, number, clauses, seconds, raced, why_not, rivals.path,
        [] if compared is None else find_standings(compared),
        [] if compared is None or not compared.problems else describe_candidate(compared, candidate.kind),
        change, [] if before is None else _compare_clauses(clauses, before.broken),
    )  # fmt: skip


def _race(candidate: Candidate, path: Path, size: Any, base: str, end: float, watch: Callable[[int], Any]) -> Raced:
    experiment = make_race(candidate.family, candidate.kind, candidate.entry, size, base)
    runs = len(experiment.landscapes) * size.seeds
    watcher: Watcher
    with watch(runs) as watcher:
        return run_race(experiment, size, path, end, watcher)


def _find_obstacle(candidate: Candidate, clauses: Sequence[ClauseResult]) -> str:
    """Return why a race would say nothing; "" if nothing stands against one."""
    if hangs(list(clauses)):
        return f"Not raced: it takes too long for a {'proposal' if candidate.family == 'agent' else 'decision'}."
    broken = [each.clause for each in clauses if each.is_broken and each.clause in NEEDED_CLAUSES[candidate.family]]
    return f"Not raced: it breaks {list_names(broken)}. Mend that first." if broken else ""


def _choose_common(runs: Sequence[RunSummary], seeds: int) -> list[RunSummary]:
    """Return the runs on the landscapes on which all strategies have runs that have ended, with all the first seeds.

    A landscape on which fewer seeds have ended would unsettle the verdict on all of them.
    """
    ended: dict[str, set[tuple[str, int]]] = {}
    for run in runs:
        if run.stopped is not None and run.repeat < seeds:
            ended.setdefault(run.landscape, set()).add((run.strategy, run.repeat))
    count = len({run.strategy for run in runs}) * seeds
    return [run for run in runs if run.repeat < seeds and len(ended.get(run.landscape, ())) == count]


def _describe_size(raced: Raced, each: float, rivals_cut: bool) -> str:
    """Return why a race was smaller than usual; "" if it was not."""
    if raced.cut or rivals_cut:
        whose = "its runs" if raced.cut else "the runs of its rivals, which the next try resumes,"
        return f"The time was over before all {whose} had ended: landscapes that not all have run are left out."
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
    except (Refusal, LogError, OSError):
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
