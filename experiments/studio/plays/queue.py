"""The queue of the playground's runs: which pages show which runs, the order of work, and which runs are kept.

It is pure bookkeeping and uses no threads, processes or files.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .limits import LIMITS

PlayState = Literal["waiting", "running", "done", "failed"]
PageSide = tuple[str, str]
"""A page and one of its sides."""
MOST_SIDES = 4
"""Maximum number of runs that one page may show at a time."""


class StudioBusy(Exception):
    """Too many runs are requested at a time; the message says what to do."""


@dataclass(frozen=True, slots=True)
class PlayStatus:
    """The status of a run.

    ``data`` is what its process is told. ``directory`` is an ordinary results directory, which exists once the run is
    running.
    """

    key: str
    state: PlayState
    directory: Path
    error: str | None
    data: Mapping[str, Any]


@dataclass(eq=False, slots=True)
class PlayJob:
    """A requested run."""

    key: str
    data: Mapping[str, Any]
    directory: Path
    state: PlayState = "waiting"
    error: str | None = None
    places: set[PageSide] = field(default_factory=set)
    """The pages and sides that show the run."""
    reader_count: int = 0
    ahead: bool = False
    """Whether the run was prepared, and no page has asked for it yet."""
    dropped: bool = False
    """Whether the run is to be removed, at once or when its last reader has finished."""
    stop_requested: threading.Event = field(default_factory=threading.Event)
    """Set if the run is to be stopped."""

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed")

    @property
    def play_status(self) -> PlayStatus:
        return PlayStatus(self.key, self.state, self.directory, self.error, self.data)


class PlayQueue:
    """All runs, each with a directory in a folder. It is not thread-safe.

    ``removable`` lists the directories of results that are no longer needed and may be removed.
    """

    def __init__(self, folder: Path, kept: int) -> None:
        self._folder, self._most_kept = folder, kept
        self._numbers = itertools.count(1)
        self._jobs_by_key: OrderedDict[str, PlayJob] = OrderedDict()
        """Jobs by key, the least recently requested first."""
        self._jobs_by_page: OrderedDict[str, dict[str, PlayJob]] = OrderedDict()
        """What each page shows on each side; the page with the oldest last request is first."""
        self.queue: deque[PlayJob] = deque()
        self._ahead: deque[PlayJob] = deque()
        """Runs that are worked only while nothing else is to do, because a page may ask for them next."""
        self.running: set[PlayJob] = set()
        self.removable: list[Path] = []

    def new_play_directory(self) -> Path:
        """Return a new, unique path in the folder."""
        return self._folder / str(next(self._numbers))

    def play(self, page: str, side: str, key: str, data: Mapping[str, Any]) -> PlayJob:
        """Return the run of a key, queued if it is new or has failed, and note that a side of a page now shows it.

        The side no longer shows its previous run. Raises StudioBusy if the page shows too many runs or too many wait.
        """
        self._check_sides(page, side)
        job = self._jobs_by_key.get(key)
        if job is None or job.state == "failed":
            self._check_queue_length(page, side)
            job = self._add_job(key, data, job)
        before = self._jobs_by_page.get(page, {}).get(side)
        self._touch_page(page)[side] = job
        job.places.add((page, side))
        self._call_in(job)
        self._jobs_by_key.move_to_end(key)
        if before is not None and before is not job:
            self._withdraw_side(before, (page, side))
        return job

    def check_room(self, page: str, side: str) -> None:
        """Raise StudioBusy if a side of a page could not have a new run now."""
        self._check_sides(page, side)
        self._check_queue_length(page, side)

    def prepare(self, wanted: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Have runs (key, data) worked while nothing else is to do; they replace those prepared before that wait."""
        self._drop_prepared()
        for key, data in itertools.islice(wanted, LIMITS.ahead):
            if key not in self._jobs_by_key:
                job = self._jobs_by_key[key] = PlayJob(key, data, self.new_play_directory(), ahead=True)
                self._ahead.append(job)

    @property
    def has_next(self) -> bool:
        """Whether a run is to be worked now. Prepared runs are worked one at a time, so that a process stays free."""
        return bool(self.queue) or bool(self._ahead and not self.running)

    def find(self, key: str) -> PlayJob | None:
        """Return the run of a key, or None if it does not exist or has been removed."""
        job = self._jobs_by_key.get(key)
        if job is not None:
            self._jobs_by_key.move_to_end(key)
        return job

    def leave(self, page: str) -> None:
        """Forget a page: runs that only this page waits for are cancelled."""
        for side, job in self._jobs_by_page.pop(page, {}).items():
            self._withdraw_side(job, (page, side))

    def next(self) -> PlayJob:
        """Return the run that has waited longest, and mark it as running; a prepared run only if no other waits."""
        job = (self.queue or self._ahead).popleft()
        job.state = "running"
        self.running.add(job)
        return job

    def end(self, job: PlayJob, error: str | None) -> None:
        """Record how a run ended, and discard finished runs beyond those that are kept."""
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
        """Note that a reader has finished with a run."""
        job.reader_count -= 1
        if job.dropped:
            self._discard_job(job)

    def _call_in(self, job: PlayJob) -> None:
        """Note that a page asks for a run now; a prepared run that is worked meanwhile must not keep it waiting."""
        if job.ahead and job.state == "waiting":
            self._ahead.remove(job)
            self.queue.append(job)
        job.ahead = False
        for other in [each for each in self.running if each.ahead]:
            other.stop_requested.set()
            if self._jobs_by_key.get(other.key) is other:
                del self._jobs_by_key[other.key]

    def _drop_prepared(self) -> None:
        for job in self._ahead:
            del self._jobs_by_key[job.key]
        self._ahead.clear()

    def _add_job(self, key: str, data: Mapping[str, Any], failed: PlayJob | None) -> PlayJob:
        """Add a new run to the queue; it replaces the failed run, if there is one."""
        job = self._jobs_by_key[key] = PlayJob(key, data, self.new_play_directory())
        if failed is not None:
            job.places = failed.places
            for page, side in job.places:
                self._jobs_by_page[page][side] = job
            self._discard_job(failed)
        self.queue.append(job)
        return job

    def _check_sides(self, page: str, side: str) -> None:
        """Raise StudioBusy if a page shows so many runs that it has no place for another side."""
        shown = self._jobs_by_page.get(page, {})
        if len(shown) >= MOST_SIDES and side not in shown:
            raise StudioBusy(f"A page can show {MOST_SIDES} runs at a time. Close one of them first.")

    def _check_queue_length(self, page: str, side: str) -> None:
        """Raise StudioBusy if the queue is full, not counting the run that this side showed and that will leave it."""
        before = self._jobs_by_page.get(page, {}).get(side)
        leaves = before is not None and before.state == "waiting" and before.places == {(page, side)}
        if len(self.queue) - leaves >= LIMITS.waiting:
            words = f"{LIMITS.waiting} runs are waiting already, which is the maximum."
            raise StudioBusy(f"{words} Try again in a few seconds.")

    def _touch_page(self, page: str) -> dict[str, PlayJob]:
        """Return what a page shows, and note that it is active.

        If there are too many pages, forget the one with the oldest last request, because few pages report that they
        close.
        """
        shown = self._jobs_by_page.setdefault(page, {})
        self._jobs_by_page.move_to_end(page)
        if len(self._jobs_by_page) > LIMITS.pages:
            self.leave(next(iter(self._jobs_by_page)))
        return shown

    def _withdraw_side(self, job: PlayJob, place: PageSide) -> None:
        """Note that a place no longer shows a run; remove or stop the run if no other place waits for it."""
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
