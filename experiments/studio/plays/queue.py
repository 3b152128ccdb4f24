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

State = Literal["waiting", "running", "done", "failed"]
Place = tuple[str, str]
"""A page, and a side of it."""
SIDES = 4
"""Runs that one page may show at a time."""


class Busy(Exception):
    """More is asked for than the studio works at a time; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Played:
    """How a run stands. ``directory`` is an ordinary results directory, there once it is running."""

    key: str
    state: State
    directory: Path
    error: str | None


@dataclass(eq=False, slots=True)
class Job:
    """A run that somebody asked for."""

    key: str
    data: Mapping[str, Any]
    directory: Path
    state: State = "waiting"
    error: str | None = None
    places: set[Place] = field(default_factory=set)
    """Where it is shown."""
    readers: int = 0
    dropped: bool = False
    """Whether it is to be removed: at once, or when its last reader has done."""
    unwanted: threading.Event = field(default_factory=threading.Event)
    """Set where it is to be stopped."""

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed")

    @property
    def played(self) -> Played:
        return Played(self.key, self.state, self.directory, self.error)


class Jobs:
    """All runs, in directories of a folder. Results that are not wanted any more are in ``litter`` once they may be
    removed. Not for several threads at a time."""

    def __init__(self, folder: Path, kept: int) -> None:
        self._folder, self._kept = folder, kept
        self._numbers = itertools.count(1)
        self._known: OrderedDict[str, Job] = OrderedDict()
        """By key, the least recently asked for first."""
        self._pages: OrderedDict[str, dict[str, Job]] = OrderedDict()
        """By page, the least recently heard of first: what it shows on each side."""
        self.queue: deque[Job] = deque()
        self.running: set[Job] = set()
        self.litter: list[Path] = []

    def new_directory(self) -> Path:
        """A path in the folder that nobody else has."""
        return self._folder / str(next(self._numbers))

    def play(self, page: str, side: str, key: str, data: Mapping[str, Any]) -> Job:
        """The run of a key, which is now what a side of a page shows, and nothing else. Raises Busy."""
        shown = self._pages.get(page, {})
        if len(shown) >= SIDES and side not in shown:
            raise Busy(f"A page can show {SIDES} runs at a time. Close one of them first.")
        job = self._known.get(key)
        if job is None or job.state == "failed":
            self._check_room(shown.get(side), (page, side))
            job = self._begin(key, data, job)
        before = shown.get(side)
        self._heard_of(page)[side] = job
        job.places.add((page, side))
        self._known.move_to_end(key)
        if before is not None and before is not job:
            self._give_up(before, (page, side))
        return job

    def find(self, key: str) -> Job | None:
        """The run of a key, if it is there (still)."""
        job = self._known.get(key)
        if job is not None:
            self._known.move_to_end(key)
        return job

    def leave(self, page: str) -> None:
        """Forget a page: what only it waits for is given up."""
        for side, job in self._pages.pop(page, {}).items():
            self._give_up(job, (page, side))

    def next(self) -> Job:
        """The run that has waited longest, which is running from now on."""
        job = self.queue.popleft()
        job.state = "running"
        self.running.add(job)
        return job

    def end(self, job: Job, error: str | None) -> None:
        """Note how a run went, and drop what is not kept."""
        self.running.discard(job)
        job.state, job.error = ("done", None) if error is None else ("failed", error)
        if self._known.get(job.key) is not job:
            self._drop(job)
        spare = [each for each in self._known.values() if each.finished and not each.places and not each.readers]
        for each in spare[: max(0, len(spare) - self._kept)]:
            del self._known[each.key]
            self._drop(each)

    def read(self, job: Job) -> None:
        """A reader has done with a run."""
        job.readers -= 1
        if job.dropped:
            self._drop(job)

    def _begin(self, key: str, data: Mapping[str, Any], failed: Job | None) -> Job:
        """A new run, in the place of one that failed if there is one."""
        job = self._known[key] = Job(key, data, self.new_directory())
        if failed is not None:
            job.places = failed.places
            for page, side in job.places:
                self._pages[page][side] = job
            self._drop(failed)
        self.queue.append(job)
        return job

    def _check_room(self, before: Job | None, place: Place) -> None:
        """Raise Busy where one more cannot wait, though what this place showed before will wait no longer."""
        leaves = before is not None and before.state == "waiting" and before.places == {place}
        if len(self.queue) - leaves >= LIMITS.waiting:
            words = f"{LIMITS.waiting} runs are waiting already, which is as many as the studio takes."
            raise Busy(f"{words} Try again in a few seconds.")

    def _heard_of(self, page: str) -> dict[str, Job]:
        """What a page shows. Of too many pages the one longest unheard of is forgotten: few say that they leave."""
        shown = self._pages.setdefault(page, {})
        self._pages.move_to_end(page)
        if len(self._pages) > LIMITS.pages:
            self.leave(next(iter(self._pages)))
        return shown

    def _give_up(self, job: Job, place: Place) -> None:
        """A place shows a run no longer. One that nobody else waits for is forgotten, or stopped."""
        job.places.discard(place)
        if job.places or job.finished:
            return
        del self._known[job.key]
        if job.state == "waiting":
            self.queue.remove(job)
        else:
            job.unwanted.set()

    def _drop(self, job: Job) -> None:
        job.dropped = True
        if not job.readers:
            self.litter.append(job.directory)
