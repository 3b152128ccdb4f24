"""The pool of warm processes that work the playground's runs."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .folder import PlayFolder
from .limits import LIMITS
from .play_process import PlayProcess
from .queue import PlayJob, PlayQueue, PlayStatus, StudioBusy

__all__ = ["PlayPool", "PlayStatus", "StudioBusy"]


class PlayPool:
    """A pool of ``workers`` processes that work runs, each for at most ``seconds`` of CPU time.

    It keeps the last ``kept`` finished runs in addition to those that a page shows. Every method may be called from any
    thread and returns at once, except ``close``. Results are in a separate temporary directory (under ``parent``),
    which ``close`` removes. No worker process outlives this process, however it ends.
    """

    def __init__(
        self,
        workers: int = 2,
        seconds: float = LIMITS.seconds,
        kept: int = LIMITS.kept,
        parent: Path | None = None,
    ) -> None:
        self._seconds = seconds
        self._folder = PlayFolder(parent)
        self._queue = PlayQueue(self._folder.path, kept)
        self._condition = threading.Condition()
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._run_worker_thread, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def play(self, page: str, side: str, key: str, data: Mapping[str, Any]) -> PlayStatus:
        """Request a run (``key`` from ``play_key``, ``data`` from ``experiment_data``) for a side of a page.

        The run that the side showed before is cancelled, unless it is shown elsewhere too. A run that exists already is
        not worked again, unless it failed. Raises StudioBusy if too many runs wait or the page shows too many.
        """
        with self._condition:
            job = self._queue.play(page, side, key, data)
            self._condition.notify_all()
            return job.play_status

    def check_room(self, page: str, side: str) -> None:
        """Raise StudioBusy if a side of a page could not have a new run now."""
        with self._condition:
            self._queue.check_room(page, side)

    def prepare(self, wanted: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Have runs (key, data) worked while nothing else is to do; they replace those prepared before that wait."""
        with self._condition:
            self._queue.prepare(wanted)
            self._condition.notify_all()

    def state(self, key: str) -> PlayStatus | None:
        """Return the status of a run; None if it does not exist or has been removed."""
        with self._condition:
            job = self._queue.find(key)
            return None if job is None else job.play_status

    @contextlib.contextmanager
    def hold_for_reading(self, key: str) -> Iterator[PlayStatus | None]:
        """Yield the status of a run, or None; its directory is not removed within the context."""
        with self._condition:
            job = self._queue.find(key)
            if job is not None:
                job.reader_count += 1
        try:
            yield None if job is None else job.play_status
        finally:
            if job is not None:
                with self._condition:
                    self._queue.release_reader(job)
                    self._condition.notify_all()

    def leave(self, page: str) -> None:
        """Forget a page: runs that only this page waits for are cancelled."""
        with self._condition:
            self._queue.leave(page)

    def close(self) -> None:
        """End all processes and remove all results."""
        with self._condition:
            self._closing.set()
            for job in self._queue.running:
                job.stop_requested.set()
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()
        self._folder.close()

    def _run_worker_thread(self) -> None:
        """Run a thread: start one worker process and give it runs. The process dies with the thread."""
        worker = self._start_process()
        try:
            while (job := self._next_job()) is not None:
                if worker.has_failed():
                    worker = self._start_process(worker)
                error = worker.work_run(job.data, job.directory, job.stop_requested, self._seconds)
                with self._condition:
                    self._queue.end(job, error)
                    self._condition.notify_all()
                if worker.failure_reason:
                    worker = self._start_process(worker)
        finally:
            worker.kill()

    def _start_process(self, before: PlayProcess | None = None) -> PlayProcess:
        """Start a worker process, kill the one before, and wait; the returned process is ready or has failed."""
        if before is not None:
            before.kill()
        with self._condition:
            warm = self._queue.new_play_directory()
        worker = PlayProcess(self._folder.path, warm)
        worker.wait_until_ready(self._closing)
        shutil.rmtree(warm, ignore_errors=True)
        return worker

    def _next_job(self) -> PlayJob | None:
        """Wait for the next run and return it, or None when the pool closes; meanwhile remove discarded results."""
        jobs = self._queue
        while True:
            with self._condition:
                self._condition.wait_for(lambda: jobs.has_next or jobs.removable or self._closing.is_set())
                if self._closing.is_set():
                    return None
                if jobs.has_next:
                    return jobs.next()
                litter, jobs.removable = jobs.removable, []
            for directory in litter:
                shutil.rmtree(directory, ignore_errors=True)
