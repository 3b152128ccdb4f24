"""Which runs of the playground are wanted, by whom, in what order; and which are kept. Plain bookkeeping: no thread, no
process, no file."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .limits import LIMITS

PlayState = Literal["waiting", "running", "done", "failed"]
PageSide = tuple[str, str]
"""A page, and a side of it."""
MOST_SIDES = 4
"""Runs that one page may show at a time."""


class StudioBusy(Exception):
    """More is asked for than the studio works at a time; the message says what to do."""


@dataclass(frozen=True, slots=True)
class PlayStatus:
    """How a run stands. ``directory`` is an ordinary results directory, there once it is running."""

    key: str
    state: PlayState
    directory: Path
    error: str | None


@dataclass(eq=False, slots=True)
class PlayJob:
    """A run that somebody asked for."""

    key: str
    data: Mapping[str, Any]
    directory: Path
    state: PlayState = "waiting"
    error: str | None = None
    places: set[PageSide] = field(default_factory=set)
    """Where it is shown."""
    reader_count: int = 0
    dropped: bool = False
    """Whether it is to be removed: at once, or when its last reader has done."""
    stop_requested: threading.Event = field(default_factory=threading.Event)
    """Set where it is to be stopped."""

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed")

    @property
    def play_status(self) -> PlayStatus:
        return PlayStatus(self.key, self.state, self.directory, self.error)


class PlayQueue:
    """All runs, in directories of a folder. Results that are not wanted any more are in ``removable`` once they may be
    removed. Not for several threads at a time."""

    def __init__(self, folder: Path, kept: int) -> None:
        self._folder, self._most_kept = folder, kept
        self._numbers = itertools.count(1)
        self._jobs_by_key: OrderedDict[str, PlayJob] = OrderedDict()
        """By key, the least recently asked for first."""
        self._jobs_by_page: OrderedDict[str, dict[str, PlayJob]] = OrderedDict()
        """By page, the least recently heard of first: what it shows on each side."""
        self.queue: deque[PlayJob] = deque()
        self.running: set[PlayJob] = set()
        self.removable: list[Path] = []

    def new_play_directory(self) -> Path:
        """A path in the folder that nobody else has."""
        return self._folder / str(next(self._numbers))

    def play(self, page: str, side: str, key: str, data: Mapping[str, Any]) -> PlayJob:
        """The run of a key, which is now what a side of a page shows, and nothing else. Raises Busy."""
        shown = self._jobs_by_page.get(page, {})
        if len(shown) >= MOST_SIDES and side not in shown:
            raise StudioBusy(f"A page can show {MOST_SIDES} runs at a time. Close one of them first.")
        job = self._jobs_by_key.get(key)
        if job is None or job.state == "failed":
            self._check_queue_length(shown.get(side), (page, side))
            job = self._add_job(key, data, job)
        before = shown.get(side)
        self._touch_page(page)[side] = job
        job.places.add((page, side))
        self._jobs_by_key.move_to_end(key)
        if before is not None and before is not job:
            self._withdraw_side(before, (page, side))
        return job

    def find(self, key: str) -> PlayJob | None:
        """The run of a key, if it is there (still)."""
        job = self._jobs_by_key.get(key)
        if job is not None:
            self._jobs_by_key.move_to_end(key)
        return job

    def leave(self, page: str) -> None:
        """Forget a page: what only it waits for is given up."""
        for side, job in self._jobs_by_page.pop(page, {}).items():
            self._withdraw_side(job, (page, side))

    def next(self) -> PlayJob:
        """The run that has waited longest, which is running from now on."""
        job = self.queue.popleft()
        job.state = "running"
        self.running.add(job)
        return job

    def end(self, job: PlayJob, error: str | None) -> None:
        """Note how a run went, and drop what is not kept."""
        self.running.discard(job)
        job.state, job.error = ("done", None) if error is None else ("failed", error)
        if self._jobs_by_key.get(job.key) is not job:
            self._discard_job(job)
        spare = [
            each for each in self._jobs_by_key.values() if each.finished and not each.places and not each.reader_count
        ]
        for each in spare[: max(0, len(spare) - self._most_kept)]:
            del self._jobs_by_key[each.key]
            self._discard_job(each)

    def release_reader(self, job: PlayJob) -> None:
        """A reader has done with a run."""
        job.reader_count -= 1
        if job.dropped:
            self._discard_job(job)

    def _add_job(self, key: str, data: Mapping[str, Any], failed: PlayJob | None) -> PlayJob:
        """A new run, in the place of one that failed if there is one."""
        job = self._jobs_by_key[key] = PlayJob(key, data, self.new_play_directory())
        if failed is not None:
            job.places = failed.places
            for page, side in job.places:
                self._jobs_by_page[page][side] = job
            self._discard_job(failed)
        self.queue.append(job)
        return job

    def _check_queue_length(self, before: PlayJob | None, place: PageSide) -> None:
        """Raise Busy where one more cannot wait, though what this place showed before will wait no longer."""
        leaves = before is not None and before.state == "waiting" and before.places == {place}
        if len(self.queue) - leaves >= LIMITS.waiting:
            words = f"{LIMITS.waiting} runs are waiting already, which is as many as the studio takes."
            raise StudioBusy(f"{words} Try again in a few seconds.")

    def _touch_page(self, page: str) -> dict[str, PlayJob]:
        """What a page shows. Of too many pages the one longest unheard of is forgotten: few say that they leave."""
        shown = self._jobs_by_page.setdefault(page, {})
        self._jobs_by_page.move_to_end(page)
        if len(self._jobs_by_page) > LIMITS.pages:
            self.leave(next(iter(self._jobs_by_page)))
        return shown

    def _withdraw_side(self, job: PlayJob, place: PageSide) -> None:
        """A place shows a run no longer. One that nobody else waits for is forgotten, or stopped."""
        job.places.discard(place)
        if job.places or job.finished:
            return
        del self._jobs_by_key[job.key]
        if job.state == "waiting":
            self.queue.remove(job)
        else:
            job.stop_requested.set()

    def _discard_job(self, job: PlayJob) -> None:
        job.dropped = True
        if not job.reader_count:
            self.removable.append(job.directory)
